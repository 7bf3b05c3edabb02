import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.models.tagger import Tagger
from lstmjax.recurrent import LSTM

SIZES = dict(words=9, characters=7, outputs=3)
WIDTHS = dict(word_features=4, character_features=3, spelling_features=2)


def sentences(rows=2, time=5, longest=4):
    rng = np.random.default_rng(0)
    return (
        rng.integers(0, 9, (rows, time)),
        rng.integers(0, 7, (rows, time, longest)),
        rng.integers(1, longest + 1, (rows, time)),
    )


@pytest.fixture(scope="module")
def two_layers():
    model = Tagger(features=(5, 4), dropout=0.5, word_dropout=0.5, **SIZES, **WIDTHS)
    shapes = jax.eval_shape(model.init, jax.random.key(0), sentences())
    rng = np.random.default_rng(0)
    return model, jax.tree.map(lambda leaf: jnp.float32(rng.normal(size=leaf.shape) / 2), shapes)


def test_is_its_layers_by_hand(two_layers):
    model, variables = two_layers
    inputs = words, characters, spelled = sentences()
    params = variables["params"]
    hidden = np.zeros((2, 5, 4 + 4))
    for place in np.ndindex(2, 5):
        letters = params["characters_embedding"]["embedding"][characters[place][: spelled[place]]]
        ends = [
            LSTM(2).apply({"params": params[f"spelling_{way}"]}, read)[1][1]
            for way, read in (("forward", letters), ("backward", letters[::-1]))
        ]
        word = params["words_embedding"]["embedding"][words[place]]
        hidden[place] = np.concatenate([word, *ends])
    for i, width in enumerate(model.features):
        forward, _ = LSTM(width).apply({"params": params[f"layer_{i}_forward"]}, hidden)
        backward, _ = LSTM(width).apply({"params": params[f"layer_{i}_backward"]}, hidden[:, ::-1])
        hidden = np.concatenate([forward, backward[:, ::-1]], -1)
    expected = hidden @ params["Dense_0"]["kernel"] + params["Dense_0"]["bias"]
    chex.assert_trees_all_close(model.apply(variables, inputs)[0], expected, atol=1e-5)


def test_padding_changes_nothing(two_layers):
    model, variables = two_layers
    inputs = words, characters, spelled = sentences()
    lengths = np.array([5, 2])
    outputs, carry = model.apply(variables, inputs, lengths=lengths)
    row = (words[1:, :2], characters[1:, :2], spelled[1:, :2])
    alone, last = model.apply(variables, row)
    chex.assert_trees_all_close(outputs[1:, :2], alone, atol=1e-6)
    chex.assert_trees_all_close(jax.tree.map(lambda leaf: leaf[1:], carry), last, atol=1e-6)
    # what follows a word's last character is not read
    other = np.where(np.arange(4) < spelled[..., None], characters, 0)
    again, _ = model.apply(variables, (words, other, spelled), lengths=lengths)
    chex.assert_trees_all_close(again, outputs, atol=1e-6)


def test_sentences_in_a_row_do_not_see_each_other(two_layers):
    model, variables = two_layers
    words, *spelling = (leaf[:1] for leaf in sentences())
    first = np.arange(5)[None] < 2
    apply = jax.jit(lambda words, resets: model.apply(variables, (words, *spelling), resets=resets))

    def changed(where, resets):
        (one, _), (other, _) = (
            apply(read, resets) for read in (words, np.where(where, (words + 1) % 9, words))
        )
        return np.any(one != other, -1)  # exactly

    for sentence in (first, ~first):
        starts = np.arange(5)[None] == 2
        np.testing.assert_array_equal(changed(sentence, starts), sentence)
        assert changed(sentence, np.zeros((1, 5), bool)).all()


def test_in_training_words_are_taken_for_unknown(two_layers):
    model, variables = two_layers
    model = model.clone(dropout=0.0)
    _, characters, spelled = sentences(1, 1)
    known, unknown = (
        model.apply(variables, (np.full((1, 1), code), characters, spelled))[0] for code in (3, 0)
    )
    inputs = (np.full((1, 1), 3), characters, spelled)
    logits = jax.jit(
        jax.vmap(lambda key: model.apply(variables, inputs, train=True, rngs={"dropout": key})[0])
    )(jax.random.split(jax.random.key(0), 30))
    was_unknown, was_known = (
        jnp.isclose(logits, of, atol=1e-6).all((1, 2, 3)) for of in (unknown, known)
    )
    assert jnp.all(was_unknown ^ was_known) and 5 < was_unknown.sum() < 25
