import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.optimizers import SGD
from lstmjax.runs.checkpoints import Checkpoints
from lstmjax.runs.workdir import read_log
from lstmjax.training import averaging
from lstmjax.training.steps import init_state, make_step, stretch_of
from tests import tiny
from tests.tiny import run

MOVING = SGD(average="moving", average_decay=0.9)
TRIGGERED = SGD(average="triggered", average_patience=2)


def averages(optimizer, values, starts=()):
    """The average after each of some parameters; `starts` says after which it is triggered."""
    mean, iterate = jnp.float32(values[0]), averaging.first(optimizer, jnp.float32(values[0]))
    for i, value in enumerate(values[1:], 1):
        iterate = iterate.replace(params=jnp.float32(value))
        mean, iterate = averaging.average(optimizer, mean, iterate)
        if i in starts:
            iterate = iterate.replace(count=jnp.int32(1))
        yield float(mean)


def test_a_moving_average_is_a_mean_at_first_and_then_exponential():
    values = np.random.default_rng(0).normal(size=40)
    found = list(averages(MOVING, values))
    np.testing.assert_allclose(found[:9], [values[: i + 1].mean() for i in range(1, 10)], rtol=1e-4)
    for i in range(10, 39):
        np.testing.assert_allclose(found[i], 0.9 * found[i - 1] + 0.1 * values[i + 1], atol=1e-5)


def test_a_triggered_average_is_the_last_and_then_a_mean_of_all_since():
    values = np.arange(10.0) ** 2
    found = list(averages(TRIGGERED, values, starts=(4,)))
    np.testing.assert_array_equal(found[:4], values[1:5])
    np.testing.assert_allclose(
        found[4:], [values[4 : i + 1].mean() for i in range(5, 10)], rtol=1e-6
    )


def test_it_is_triggered_as_in_algorithm_1():
    """A plain transcription of it, and each seed by itself."""
    rng = np.random.default_rng(0)
    losses = np.stack([np.linspace(5, 4, 12), rng.uniform(4, 5, 12), [3.0, *[4.0] * 11]], 1)

    def algorithm(values, patience):
        logs = []
        for t, value in enumerate(values):
            if t > patience and value > min(logs[: t - patience]):
                return t
            logs.append(value)
        return None

    iterate = averaging.Iterate((), jax.device_put(jnp.zeros(3, jnp.int32)))
    began = [None] * 3
    for t in range(12):
        iterate = averaging.begin(TRIGGERED, iterate, losses[: t + 1].tolist())
        began = [
            t if at is None and count else at
            for at, count in zip(began, np.asarray(iterate.count), strict=True)
        ]
    assert began == [algorithm(losses[:, seed], 2) for seed in range(3)]
    assert began[0] is None and began[2] == 3


@pytest.mark.parametrize("average", ["moving", "triggered"])
def test_what_is_kept_is_the_average(average, tmp_path):
    """Of a run whose averages are worked out here, from the parameters after each update."""
    changes = dict(average=average, average_decay=0.5, average_patience=0)
    fields = dict(steps=6, evaluate_every=1, log_every=1)
    plain = tiny.echo(optimizer=SGD(30.0), **fields)
    experiment = tiny.echo(optimizer=SGD(30.0, **changes), **fields)
    run(experiment, tmp_path / "run")
    data = plain.resolve().task.load()
    state = init_state(plain.resolve(), data)
    step = jax.jit(make_step(plain.resolve(), data))
    after = [jax.tree.map(np.asarray, state.params)]
    for i in range(6):
        stretch = stretch_of(plain.resolve(), data, i, 1)
        state, _ = step(state, (), stretch.indices[0], stretch.buckets[0])
        after.append(jax.tree.map(np.asarray, state.params))
    lines = read_log(tmp_path / "run" / "metrics.jsonl")
    log = [line["valid"]["loss"] for line in lines if "valid" in line]
    with Checkpoints(tmp_path / "run" / "checkpoints", read_only=True) as checkpoints:
        kept = checkpoints.restore_params(6)
    if average == "moving":
        expected = after[0]
        for i, params in enumerate(after[1:], 1):
            share = max(0.5, 1 / (i + 1))
            expected = jax.tree.map(lambda x, y, s=share: (1 - s) * x + s * y, expected, params)
    else:
        begun = next(i for i in range(1, 6) if log[i] > min(log[:i])) + 1
        assert begun < 6
        expected = jax.tree.map(lambda *leaves: np.mean(leaves, 0), *after[begun:])
    chex.assert_trees_all_close(kept, expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(kept["Dense_0"]["bias"], after[-1]["Dense_0"]["bias"], atol=1e-3)
