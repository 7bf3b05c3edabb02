import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np

from lstmjax.inference.decoding import beam_search
from lstmjax.models.encoder_decoder import START, EncoderDecoder

SYMBOLS, STOP = 4, 3


def table(seed, rows):
    """A model whose next symbol depends on the last one and the row: logits (rows, last, next)."""
    return jnp.array(np.random.default_rng(seed).normal(size=(rows, SYMBOLS + 1, SYMBOLS)) * 2)


def step(symbols, state):
    return state[jnp.arange(len(symbols)), symbols], state


def every_sequence(logits, length, stop=None):
    """All sequences and their log probabilities, by enumeration; after `stop` only `stop`."""
    scores = np.asarray(jax.nn.log_softmax(logits))
    found = {}
    for sequence in itertools.product(range(SYMBOLS), repeat=length):
        total, last, ended = 0.0, START, False
        for symbol in sequence:
            if ended and symbol != stop:
                break
            total += 0.0 if ended else scores[last, symbol]
            last, ended = symbol, ended or symbol == stop
        else:
            found[sequence] = total
    return sorted(found.items(), key=lambda pair: -pair[1])


def test_a_wide_beam_finds_the_likeliest_sequences():
    model = table(0, 2)
    for stop in (None, STOP):
        written, scores = beam_search(step, model, start=START, length=3, beam=64, stop=stop)
        for row in range(2):
            best = every_sequence(model[row], 3, stop)[:5]
            np.testing.assert_array_equal(written[row, :5], [sequence for sequence, _ in best])
            np.testing.assert_allclose(scores[row, :5], [score for _, score in best], atol=1e-5)


def test_a_beam_of_one_is_greedy():
    model = table(1, 3)
    written, _ = beam_search(step, model, start=START, length=5, beam=1)
    for row in range(3):
        last = START
        for symbol in np.asarray(written[row, 0]):
            assert symbol == model[row, last].argmax()
            last = symbol


def test_beam_search_writes_what_free_running_writes():
    model = EncoderDecoder(features=(6,), attention="dot", outputs=SYMBOLS)
    source = np.random.default_rng(0).integers(0, SYMBOLS, (3, 5))
    inputs = source, np.zeros((3, 4), int)
    lengths = np.array([5, 2, 3])
    variables = {"params": model.init(jax.random.key(0), inputs)["params"]}
    variables = jax.tree.map(lambda leaf: 4 * leaf, variables)
    outputs, _ = model.apply(variables, inputs, lengths=lengths)
    state = model.apply(variables, source, lengths, method="start")
    written, scores = beam_search(
        lambda symbols, state: model.apply(variables, symbols, state, method="step"),
        state,
        start=START,
        length=4,
        beam=1,
    )
    chex.assert_trees_all_equal(written[:, 0], outputs.argmax(-1).astype(written.dtype))
    greedy = jax.nn.log_softmax(outputs).max(-1).sum(-1)
    chex.assert_trees_all_close(scores[:, 0], greedy, atol=1e-4)


def test_the_loop_ends_once_all_have_stopped():
    """A step that would fail after the third is never taken a fourth time."""

    def stops(symbols, state):
        logits = jnp.where(state[:, None] < 2, jnp.eye(SYMBOLS)[0], jnp.eye(SYMBOLS)[STOP])
        return jnp.where(state[:, None] < 3, 50 * logits, jnp.nan), state + 1

    written, scores = beam_search(
        stops, jnp.zeros(2, int), start=START, length=6, beam=1, stop=STOP
    )
    np.testing.assert_array_equal(written[:, 0], [[0, 0, STOP, STOP, STOP, STOP]] * 2)
    assert np.all(np.isfinite(scores))
