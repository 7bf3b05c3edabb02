"""Losses and gradients that are not finite: told, or skipped and counted."""

import dataclasses
import shutil

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.runs.checkpoints import Checkpoints
from lstmjax.runs.workdir import read_log
from lstmjax.training.steps import init_state, make_step, stretch_of
from tests import tiny
from tests.tiny import run
from tests.training.test_run import what_must_be_equal


def test_a_loss_that_is_not_finite_names_the_step_and_keeps_the_checkpoint(tmp_path):
    """A rate of 1e38 sets in after ten updates at rate zero."""

    class Late(Adam):
        def rate(self, steps):
            return lambda step: jnp.where(step < 8, 0.0, 1e38)

    experiment = tiny.echo(optimizer=Late())
    with pytest.raises(UserError, match=r"step 11: not finite .*checkpoint 6 is intact"):
        run(experiment, tmp_path)
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        assert checkpoints.latest_step == 6


class Faulty(Vanilla):
    """Gives NaN in training where the batch's first sequence begins with the symbol 0."""

    def __call__(self, inputs, *, train=False, **settings):
        outputs, carry = super().__call__(inputs, train=train, **settings)
        return jnp.where(train & (inputs[0, 0, 0] == 1), jnp.nan, outputs), carry


def faulty_steps(experiment):
    """At which of the steps, from 1, the batch makes the model fail."""
    experiment = experiment.resolve()
    data = experiment.task.load()
    indices = stretch_of(experiment, data, 0, experiment.steps).indices[:, :1]
    batch = jax.vmap(lambda row: experiment.task.batch((), "train", row).inputs[0, 0, 0])
    return (np.flatnonzero(batch(indices)) + 1).tolist()


def faulty(**changes):
    return tiny.echo(model=Faulty(features=8), **dict(steps=24, log_every=24) | changes)


def test_batches_that_are_not_finite_are_skipped_and_counted(tmp_path):
    """Against a run that never sees them; and a resumed run counts on."""
    experiment = faulty(skip_nonfinite=9, evaluate_every=16)
    bad = faulty_steps(experiment)
    assert 2 <= len(bad) <= 9 and min(bad) <= 16 < max(bad)
    report = run(experiment, tmp_path / "run")
    assert report["skipped"] == len(bad)
    lines = read_log(tmp_path / "run" / "metrics.jsonl")
    assert sum(line.get("skipped", 0) for line in lines) == len(bad)
    assert all(np.isfinite(line["loss"]) for line in lines if "loss" in line)

    sound = tiny.echo(steps=24).resolve()
    data = sound.task.load()
    state, step = init_state(sound, data), jax.jit(make_step(sound, data))
    for i in set(range(24)) - {place - 1 for place in bad}:
        indices, buckets = stretch_of(dataclasses.replace(sound, log_every=1), data, i, 1)
        state, _ = step(state, data.arrays, indices[0], buckets[0])
    with Checkpoints(tmp_path / "run" / "checkpoints") as checkpoints:
        chex.assert_trees_all_close(checkpoints.restore_params(24), state.params, atol=1e-6)

    whole = what_must_be_equal(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "24")
    run(experiment, tmp_path / "run")
    assert what_must_be_equal(tmp_path / "run") == whole


def test_one_more_than_may_be_skipped_stops_the_run(tmp_path):
    bad = faulty_steps(faulty())
    with pytest.raises(UserError, match=rf"step {bad[1]}: not finite \(loss nan"):
        run(faulty(skip_nonfinite=1), tmp_path)
