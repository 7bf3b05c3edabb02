import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib import image

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.inference.music import compose, write_music
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.music import PianoRoll
from lstmjax.training.run import run
from tests import small_files, tiny

MODEL = Vanilla(features=5, outputs=88, every_step=True)


def test_keys_are_drawn_by_their_probabilities_given_all_frames_before():
    """Many draws of one more frame against the sigmoid of the model's outputs."""
    first = np.random.default_rng(0).random((3, 88)) < 0.3
    inputs = jnp.asarray(first, jnp.float32)[None]
    params = MODEL.init(jax.random.key(0), inputs)["params"]
    params = jax.tree.map(lambda leaf: 3 * leaf, params)
    logits = np.asarray(MODEL.apply({"params": params}, inputs)[0][0, -1])
    draws = np.array([compose(MODEL, params, first, 1, seed)[-1] for seed in range(30)])
    expected = 1 / (1 + np.exp(-logits))
    # 30 draws of 88 keys: the mean misfit has a deviation of at most .5 / sqrt(2,640)
    assert abs((draws - expected).mean()) < 0.04
    assert np.corrcoef(draws.mean(0), expected)[0, 1] > 0.5


def test_without_temperature_each_frame_is_the_likeliest_after_those_before():
    first = np.random.default_rng(1).random((2, 88)) < 0.3
    params = MODEL.init(jax.random.key(1), jnp.zeros((1, 1, 88)))["params"]
    params = jax.tree.map(lambda leaf: 4 * leaf, params)
    roll = compose(MODEL, params, first, 6, 0, temperature=0.0)
    whole = MODEL.apply({"params": params}, jnp.asarray(roll, jnp.float32)[None])[0][0]
    chex.assert_trees_all_equal(roll[:2], first)
    np.testing.assert_array_equal(roll[2:], np.asarray(whole > 0)[1:-1])


def test_a_run_writes_a_file_and_other_runs_are_refused(tmp_path):
    task = PianoRoll(path=small_files.pieces_file(tmp_path), shapes=1)
    fields = dict(tiny.SHORT, steps=2, evaluation_batch_size=4)
    model = dataclasses.replace(MODEL, features=4)
    experiment = Experiment(task=task, model=model, optimizer=Adam(1e-2), **fields)
    run(dataclasses.replace(experiment, seeds=2), tmp_path / "run")
    roll = write_music(tmp_path / "run", tmp_path / "a.mid", length=9, seed=1, frames=3)
    assert roll.shape == (12, 88) and (tmp_path / "a.mid").read_bytes()[:4] == b"MThd"
    again = write_music(tmp_path / "run", tmp_path / "a.png", length=9, seed=1, frames=3)
    np.testing.assert_array_equal(again, roll)
    picture = image.imread(tmp_path / "a.png")[..., :3]
    blue = np.all(np.abs(picture - (0, 0x72 / 255, 0xB2 / 255)) < 0.02, -1)
    assert blue.any() == roll.any()
    run(tiny.echo(steps=2), tmp_path / "echo")
    with pytest.raises(UserError, match="Echo, which does not write music"):
        write_music(tmp_path / "echo", tmp_path / "b.mid", 9, 0)
