"""Data that stays on the host, of which the examples of the next updates are sent."""

import dataclasses
import os
import signal

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import Interrupted
from lstmjax.models.generative import Generative
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.text import encoded
from lstmjax.training import steps
from tests import tiny
from tests.tiny import run


def test_the_same_bits_from_the_host_stopped_and_resumed(tmp_path, monkeypatch):
    """Two seeds, windows that the text's end cuts short, and codes in a mapped file."""
    whole = tiny.text(tmp_path, model=Generative(features=(4,)), seeds=2, carry_reset=0.2)
    report = run(whole, tmp_path / "whole")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(encoded, "LEAST_BYTES", 0)
    genuine, stretches = steps.stretch_of, []

    def stop_in_the_third_stretch(*arguments):
        stretches.append(arguments)
        if len(stretches) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return genuine(*arguments)

    monkeypatch.setattr(steps, "stretch_of", stop_in_the_third_stretch)
    with pytest.raises(Interrupted, match="after step"):
        run(whole, tmp_path / "parts", defer_signals=True)
    from_host = run(whole, tmp_path / "parts", defer_signals=True)

    assert from_host["test"] == report["test"] and from_host["floors"] == report["floors"]
    logs = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("parts", "whole")]
    assert logs[0] == logs[1]
    (_, one, _), (_, other, _) = (restore_best(tmp_path / name) for name in ("parts", "whole"))
    chex.assert_trees_all_equal(one, other)
    assert len(list(tmp_path.glob("cache/lstmjax/texts/*.codes"))) == 1


@pytest.mark.parametrize("deviation", [0.0, 1.0])
def test_examples_from_the_host_are_those_on_the_device(tmp_path, deviation):
    task = dataclasses.replace(tiny.text(tmp_path).task, window_deviation=deviation)
    data = task.resolve().load()
    held = dataclasses.replace(task, on_host=True).resolve().load()
    assert held.on_host and not data.on_host
    on_device = jax.tree.map(jnp.asarray, data.arrays)
    for split in ("test", "train"):  # training windows of a second epoch, too
        last = data.sizes[split] - 1
        indices = np.array([[3, 0], [last, last + (5 if split == "train" else 0)]], np.int32)
        arrays, (places,) = held.placed(4).picked(task.gather, split, indices)
        assert places.shape == indices.shape and len(arrays[split].codes) == 4
        for row, examples in zip(places, indices, strict=True):
            sent, there = task.batch(arrays, split, row), task.batch(on_device, split, examples)
            for part, expected in zip(sent, there, strict=True):
                np.testing.assert_array_equal(part, expected)
