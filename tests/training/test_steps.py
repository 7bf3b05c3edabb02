import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import SGD
from lstmjax.tasks.base import Batch
from lstmjax.training.steps import init_state, make_advance, make_step, stretch_of
from tests import tiny


def prepare(experiment):
    experiment = experiment.resolve()
    data = experiment.task.load()
    return experiment, data, init_state(experiment, data)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Each kind of training with its compiled program: (experiment, data, state, advance)."""
    kinds = {
        "generated": tiny.echo(),
        "stream": tiny.text(tmp_path_factory.mktemp("text")),
        "seeds": tiny.echo(seeds=3, seed=5),
        "buckets": tiny.listops(),
    }
    return {
        name: (*made, jax.jit(make_advance(*made[:2])))
        for name, made in ((name, prepare(experiment)) for name, experiment in kinds.items())
    }


def advance_by(experiment, data, state, advance, count):
    """`count` steps in stretches of at most log_every; the log is that of the last stretch."""
    while count:
        now = min(count, experiment.log_every)
        stretch = stretch_of(experiment, data, int(np.max(state.step)), now)
        state, log = advance(state, data.arrays, stretch, np.int32(now))
        count -= now
    return state, log


def plain(tree):
    """Keys as the numbers they are, so that trees can be compared."""
    return jax.tree.map(
        lambda leaf: (
            jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
        ),
        tree,
    )


@pytest.mark.parametrize("kind", ["generated", "stream", "seeds", "buckets"])
def test_n_and_m_steps_are_n_plus_m_steps_bit_for_bit(kind, prepared):
    experiment, data, start, advance = prepared[kind]
    whole, _ = advance_by(experiment, data, start, advance, 9)
    for first in (1, 4):
        part, _ = advance_by(experiment, data, start, advance, first)
        parts, _ = advance_by(experiment, data, part, advance, 9 - first)
        chex.assert_trees_all_equal(plain(parts), plain(whole))
        with pytest.raises(AssertionError):
            chex.assert_trees_all_equal(plain(part), plain(whole))


@pytest.mark.parametrize("kind", ["generated", "stream", "seeds", "buckets"])
def test_the_step_compiles_once_and_sends_nothing_to_the_host(kind, prepared):
    """One program for every stretch of steps, over all the tests that share it."""
    experiment, data, state, advance = prepared[kind]
    for first, count in ((0, 3), (3, 3), (6, 1), (7, 2)):
        stretch = stretch_of(experiment, data, first, count)
        with jax.transfer_guard_device_to_host("disallow"):
            state, _ = advance(state, data.arrays, stretch, np.int32(count))
    assert int(np.max(state.step)) == 9
    assert advance._cache_size() == 1


def test_seeds_side_by_side_are_the_seeds_alone(prepared):
    experiment, data, state, advance = prepared["seeds"]
    state, log = advance_by(experiment, data, state, advance, 6)
    experiment, data, _, advance = prepared["generated"]
    for k in range(3):
        alone, _, start = prepare(tiny.echo(seed=5 + k))
        expected, alone_log = advance_by(alone, data, start, advance, 6)
        # batched products round in another order: six updates of 1e-2 in weights of order 1
        chex.assert_trees_all_close(
            jax.tree.map(lambda leaf, k=k: leaf[k], state.params), expected.params, atol=1e-4
        )
        np.testing.assert_allclose(log["loss"][:3, k], alone_log["loss"][:3], rtol=1e-4)


def test_a_step_is_gradient_descent_on_the_mean_loss_of_what_counts():
    """Against a gradient taken by hand, with half of the batch masked out."""

    class HalfMasked(type(tiny.echo().task)):
        def batch(self, arrays, split, indices, shape=None):
            batch = super().batch(arrays, split, indices)
            return batch._replace(mask=jnp.arange(len(indices)) < 2)

    task = HalfMasked(length=4, symbols=6, position=1)
    experiment, data, state = prepare(tiny.echo(task=task, optimizer=SGD(learning_rate=0.5)))
    indices = np.arange(4)
    after, log = make_step(experiment, data)(state, data.arrays, indices, 0)
    kept: Batch = task.batch(data.arrays, "train", indices[:2])

    def loss(params):
        logits, _ = experiment.model.apply({"params": params}, kept.inputs)
        return -jax.nn.log_softmax(logits)[jnp.arange(2), kept.targets].mean()

    value, gradient = jax.value_and_grad(loss)(state.params)
    expected = jax.tree.map(lambda p, g: p - 0.5 * g, state.params, gradient)
    np.testing.assert_allclose(log["loss"], value, rtol=1e-5)
    chex.assert_trees_all_close(after.params, expected, atol=1e-6)


def test_the_carry_of_a_stream_runs_on_and_starts_afresh_with_the_text(prepared):
    experiment, data, state, _ = prepared["stream"]
    step = jax.jit(make_step(dataclasses.replace(experiment, carry_reset=0.0), data))
    windows = data.sizes["train"] // 4
    marked = state.replace(carry=jax.tree.map(lambda leaf: leaf + 1, state.carry))

    def loss_with(carry_of, at):
        there = carry_of.replace(step=jnp.int32(at))
        indices = stretch_of(experiment, data, at, 1).indices[0]
        return float(step(there, data.arrays, indices, 0)[1]["loss"])

    assert loss_with(marked, windows) == loss_with(state, windows)  # a new pass over the text
    assert loss_with(marked, windows + 1) != loss_with(state, windows + 1)


def test_dropout_differs_from_step_to_step_and_repeats_after_a_restart(prepared):
    experiment, data, state, advance = prepared["stream"]
    stretch = stretch_of(experiment, data, 0, 1)

    def loss_at(at):
        there = state.replace(step=jnp.int32(at))
        return float(advance(there, data.arrays, stretch, np.int32(1))[1]["loss"][0])

    assert loss_at(1) == loss_at(1) != loss_at(2)


def test_the_loop_stops_at_the_first_loss_that_is_not_finite():
    class Overflow(Vanilla):
        def __call__(self, *args, **kwargs):
            outputs, carry = super().__call__(*args, **kwargs)
            return outputs * 1e38, carry

    experiment, data, state = prepare(tiny.echo(model=Overflow(features=8), log_every=6))
    advance = jax.jit(make_advance(experiment, data))
    after, log = advance(state, data.arrays, stretch_of(experiment, data, 0, 6), 6)
    assert int(log["done"]) == int(after.step) < 6
    last = [float(log[name][int(log["done"]) - 1]) for name in ("loss", "gradient_norm")]
    assert not np.all(np.isfinite(last))
