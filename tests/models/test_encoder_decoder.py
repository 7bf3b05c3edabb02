import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.encoder_decoder import START, EncoderDecoder, RepeatVector
from lstmjax.recurrent import LSTM
from lstmjax.tasks import writing

SYMBOLS = 6
attentions = pytest.mark.parametrize("attention", ["none", "dot", "additive"])


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(0, SYMBOLS, shape)


def shift(target):
    return np.concatenate([np.full_like(target[:, :1], START), target[:, :-1]], 1)


def built(attention="none", features=(7, 5), sharp=True):
    model = EncoderDecoder(features=features, attention=attention, outputs=SYMBOLS)
    inputs = integers(0, 3, 6), shift(integers(1, 3, 4))
    variables = {"params": model.init(jax.random.key(0), inputs)["params"]}
    if sharp:  # larger weights: different rows write different symbols
        variables = jax.tree.map(lambda leaf: 4 * leaf, variables)
    return model, variables, inputs


def test_a_decoder_reads_as_start_what_tasks_write_as_start():
    assert START == writing.START


def test_published_parameter_count():
    model = RepeatVector(features=75, decoder_features=50, outputs=12)
    inputs = jnp.zeros((1, 8), int), jnp.zeros((1, 2), int)
    shapes = jax.eval_shape(model.init, jax.random.key(0), inputs)["params"]
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 52212


def test_repeat_vector_reads_the_source_and_not_the_target():
    model = RepeatVector(features=7, decoder_features=5, outputs=SYMBOLS)
    source, target = integers(0, 3, 6), integers(1, 3, 4)
    variables = model.init(jax.random.key(0), (source, target))
    for train in (False, True):
        outputs, _ = model.apply(variables, (source, target), train=train)
        other, _ = model.apply(variables, (source, integers(2, 3, 4)), train=train)
        chex.assert_trees_all_equal(outputs, other)
    chex.assert_shape(outputs, (3, 4, SYMBOLS))
    lengths = np.array([6, 2, 3])
    outputs, _ = model.apply(variables, (source, target), lengths=lengths)
    for row, length in enumerate(lengths):
        alone = source[row : row + 1, :length], target[row : row + 1]
        chex.assert_trees_all_close(
            outputs[row : row + 1], model.apply(variables, alone)[0], atol=1e-6
        )


@attentions
def test_free_running_does_not_see_the_target(attention):
    model, variables, (source, shifted) = built(attention)
    outputs, carry = model.apply(variables, (source, shifted))
    other = model.apply(variables, (source, shift(integers(9, 3, 4))))
    chex.assert_trees_all_equal((outputs, carry), other)
    chex.assert_shape(outputs, (3, 4, SYMBOLS))


@attentions
def test_training_reads_the_target_up_to_each_step(attention):
    model, variables, (source, shifted) = built(attention)
    outputs, _ = model.apply(variables, (source, shifted), train=True)
    changed = shifted.copy()
    changed[:, 2] = (changed[:, 2] + 1) % SYMBOLS
    other, _ = model.apply(variables, (source, changed), train=True)
    chex.assert_trees_all_equal(outputs[:, :2], other[:, :2])
    assert np.all(np.abs(outputs - other)[:, 2:].max(-1) > 0)


@attentions
def test_free_running_is_teacher_forcing_with_its_own_symbols(attention):
    model, variables, (source, shifted) = built(attention)
    lengths = np.array([6, 2, 0])
    outputs, carry = model.apply(variables, (source, shifted), lengths=lengths)
    written = np.asarray(outputs.argmax(-1))
    assert len(np.unique(written)) > 1
    forced = model.apply(variables, (source, shift(written)), lengths=lengths, train=True)
    # the same sums in another order
    chex.assert_trees_all_close((outputs, carry), forced, atol=1e-4)


@attentions
def test_padding_of_the_source_changes_nothing(attention):
    model, variables, (source, shifted) = built(attention)
    lengths = np.array([6, 1, 4])
    for train in (False, True):
        outputs, _ = model.apply(variables, (source, shifted), lengths=lengths, train=train)
        for row, length in enumerate(lengths):
            alone = source[row : row + 1, :length], shifted[row : row + 1]
            expected, _ = model.apply(variables, alone, train=train)
            chex.assert_trees_all_close(outputs[row : row + 1], expected, atol=1e-4)


@pytest.mark.parametrize("attention", ["dot", "additive"])
def test_attention_weights_are_a_distribution_over_the_valid_source(attention):
    model, variables, inputs = built(attention)
    lengths = np.array([6, 2, 0])
    for train in (False, True):
        _, state = model.apply(
            variables, inputs, lengths=lengths, train=train, mutable="intermediates"
        )
        (weights,) = state["intermediates"]["attention"]
        chex.assert_shape(weights, (3, 4, 6))
        np.testing.assert_allclose(weights.sum(-1)[:2], 1, atol=1e-5)
        assert np.all(weights[1, :, 2:] == 0) and np.all(weights[2] == 0)
        assert np.all(weights[0] > 0)


def test_dot_attention_by_hand():
    """Luong et al. (2015), equations 4 to 8, from the layers' own outputs."""
    model, variables, (source, shifted) = built("dot", features=(5,), sharp=False)
    params = variables["params"]

    def read(module):
        def run(model):
            inputs = jax.nn.one_hot(shifted if module == "decoder" else source, SYMBOLS)
            _, start = model.encoder[0](jax.nn.one_hot(source, SYMBOLS))
            return getattr(model, module)[0](inputs, carry=start if module == "decoder" else None)

        return np.asarray(model.apply(variables, method=run)[0], np.float64)

    memory, hidden = read("encoder"), read("decoder")
    scores = np.einsum("btf,bsf->bts", hidden, memory)
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    context = np.einsum("bts,bsf->btf", weights, memory)
    combine, head = params["combine"], params["head"]
    joined = np.concatenate([context, hidden], -1) @ combine["kernel"] + combine["bias"]
    expected = np.tanh(joined) @ head["kernel"] + head["bias"]
    outputs, _ = model.apply(variables, (source, shifted), train=True)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_an_empty_source_has_finite_gradients():
    model, variables, inputs = built("additive")

    def loss(variables):
        return model.apply(variables, inputs, lengths=np.array([0, 0, 3]), train=True)[0].sum()

    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(jax.grad(loss)(variables)))


def test_a_bidirectional_encoder_is_two_layers_side_by_side():
    model = EncoderDecoder(
        features=(6, 4), bidirectional=True, embedding=3, source_symbols=9, outputs=SYMBOLS
    )
    source = np.random.default_rng(0).integers(0, 9, (2, 5))
    shifted, lengths = shift(integers(1, 2, 4)), np.array([5, 3])
    params = jax.jit(model.init)(jax.random.key(0), (source, shifted))["params"]
    assert params["embed_source"]["embedding"].shape == (9, 3)
    assert params["embed_target"]["embedding"].shape == (SYMBOLS, 3)
    carry, memory = model.apply({"params": params}, source, lengths, method="start")
    assert memory is None
    for row, length in enumerate(lengths):
        hidden = params["embed_source"]["embedding"][source[row : row + 1, :length]]
        for layer, width in enumerate((3, 2)):
            sides = []
            for name, step in (("encoder", 1), ("backward", -1)):
                weights = {"params": params[f"{name}_{layer}"]}
                read, last = LSTM(width).apply(weights, hidden[:, ::step])
                sides.append((read[:, ::step], last))
            hidden, last = jax.tree.map(lambda *both: jnp.concatenate(both, -1), *sides)
            found = jax.tree.map(lambda leaf, row=row: leaf[row : row + 1], carry[layer])
            chex.assert_trees_all_close(found, last, atol=1e-6)


def test_embeddings_read_the_start_as_zeros():
    model = EncoderDecoder(features=(6,), embedding=3, outputs=SYMBOLS)
    inputs = integers(0, 3, 6), shift(integers(1, 3, 4))
    variables = model.init(jax.random.key(0), inputs)

    def first(variables):
        return model.apply(variables, inputs, train=True)[0][:, 0].sum()

    assert np.all(jax.grad(first)(variables)["params"]["embed_target"]["embedding"] == 0)


def test_forced_is_training_without_dropout():
    model = EncoderDecoder(features=(6,), attention="dot", dropout=0.5, outputs=SYMBOLS)
    inputs = integers(0, 3, 6), shift(integers(1, 3, 4))
    variables = model.init(jax.random.key(0), inputs)
    forced = model.apply(variables, inputs, forced=True)
    without = model.clone(dropout=0.0)
    chex.assert_trees_all_equal(forced, without.apply(variables, inputs, train=True))


def test_an_odd_width_has_no_halves():
    model = EncoderDecoder(features=(7,), bidirectional=True, outputs=SYMBOLS)
    with pytest.raises(UserError, match="model.bidirectional halves each width"):
        model.init(jax.random.key(0), (integers(0, 3, 6), integers(1, 3, 4)))
