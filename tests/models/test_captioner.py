import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.captioner import Captioner
from lstmjax.models.encoder_decoder import START

WORDS, TIME, SHOWN = 7, 5, np.random.default_rng(0).uniform(size=(3, 9, 11, 3)).astype(np.float32)
SENTENCES = np.array([[START, 1, 2, 3, 4], [START, 6, 6, 0, 5], [START, 3, 1, 1, 2]])


def made(attention):
    model = Captioner(
        outputs=WORDS, features=6, embedding=4, filters=(3,), pool=(2,), attention=attention
    )
    params = jax.jit(model.init)(jax.random.key(1), (SHOWN, SENTENCES))["params"]
    # larger than at first, so that words and places make a difference
    params = jax.tree.map(lambda leaf: 3 * np.asarray(leaf), params)
    apply = jax.jit(model.apply, static_argnames=("method", "forced", "mutable"))
    return apply, {"params": params}


@pytest.mark.parametrize("attention", [True, False])
def test_word_by_word_is_all_at_once(attention):
    apply, variables = made(attention)
    together, carry = apply(variables, (SHOWN, SENTENCES), forced=True)
    state, logits = apply(variables, SHOWN, method="start"), []
    for symbols in SENTENCES.T:
        now, state = apply(variables, symbols, state, method="step")
        logits.append(now)
    chex.assert_trees_all_close(jnp.stack(logits, 1), together, atol=1e-5)
    chex.assert_trees_all_close(state[0], carry, atol=1e-5)
    # by itself it reads what it thinks likeliest: given that, it says the same
    alone, _ = apply(variables, (SHOWN, SENTENCES))
    own = np.concatenate([np.full((3, 1), START), alone.argmax(-1)[:, :-1]], 1)
    assert (own != SENTENCES).any()
    again, _ = apply(variables, (SHOWN, own), forced=True)
    chex.assert_trees_all_close(alone, again, atol=1e-5)


@pytest.mark.parametrize("attention", [True, False])
def test_a_word_sees_the_picture_and_no_later_word(attention):
    apply, variables = made(attention)

    def third(embedded, pictures):
        params = {**variables["params"], "embed": {"embedding": embedded}}
        inputs = pictures, np.array([[START, 1, 2, 3, 4]])
        return apply({"params": params}, inputs, forced=True)[0][0, 2].sum()

    embedding = variables["params"]["embed"]["embedding"]
    by_word, by_pixel = jax.jit(jax.grad(third, (0, 1)))(embedding, SHOWN[:1])
    size = np.abs(by_word).sum(1)
    assert (size[[1, 2]] > 0).all() and (size[[3, 4]] == 0).all()
    assert np.abs(by_pixel).sum() > 0


def test_where_it_looks_is_the_published_softmax_asked_by_the_word_as_well():
    """The weights of the second word, and what is read with it, by NumPy in float64."""
    apply, variables = made(True)
    (logits, _), sown = apply(variables, (SHOWN, SENTENCES), forced=True, mutable="intermediates")
    (weights,) = sown["intermediates"]["attention"]
    assert weights.shape == (3, TIME, 3, 4)  # 9 x 11 pixels: windows of 3, then pooled by 2
    carry, places = apply(variables, SHOWN, method="start")
    first, (carry, _) = apply(variables, SENTENCES[:, 0], (carry, places), method="step")
    np.testing.assert_allclose(first, logits[:, 0], atol=1e-5)
    of = jax.tree.map(np.float64, variables["params"])
    word = of["embed"]["embedding"][SENTENCES[:, 1]]
    asked = np.concatenate([np.float64(carry[1]), word], 1)
    query = asked @ of["score_query"]["kernel"] + of["score_query"]["bias"]
    keys = np.float64(places.features) @ of["score_place"]["kernel"]
    scores = np.tanh(query[:, None] + keys) @ of["score"]["kernel"][:, 0]
    expected = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    np.testing.assert_allclose(weights[:, 1].reshape(3, 12), expected, atol=1e-5)
    assert np.ptp(expected, axis=1).max() > 0.05  # it does prefer some
    context = (expected[..., None] * np.float64(places.features)).sum(1)
    read = np.concatenate([word, context], 1)
    cell = nn.OptimizedLSTMCell(6)
    _, hidden = cell.apply({"params": variables["params"]["decoder"]["cell"]}, carry, read)
    both = np.concatenate([hidden, context], 1)
    both = np.tanh(both @ of["combine"]["kernel"] + of["combine"]["bias"])
    said = both @ of["head"]["kernel"] + of["head"]["bias"]
    np.testing.assert_allclose(logits[:, 1], said, atol=1e-4)


def test_layers_and_pools_are_as_many():
    with pytest.raises(UserError, match=r"model\.pool"):
        model = Captioner(outputs=3, filters=(2, 2), pool=(2,))
        model.init(jax.random.key(0), (SHOWN, SENTENCES))
