import dataclasses

import jax
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.stacked import Stacked
from lstmjax.models.vanilla import Vanilla
from lstmjax.runs.checkpoints import restore_best
from lstmjax.training.warm_start import names
from tests import tiny
from tests.tiny import run


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A finished run to start from, and its best parameters by name."""
    directory = tmp_path_factory.mktemp("first") / "run"
    run(tiny.echo(), directory)
    return str(directory), names(restore_best(directory)[1])


@pytest.mark.parametrize("seeds", [1, 2])
def test_what_is_frozen_stays_and_the_rest_goes_on_from_the_other_run(first, seeds, tmp_path):
    directory, before = first
    experiment = tiny.echo(start=directory, frozen=("LSTM_0",), seeds=seeds, steps=6)
    experiment = dataclasses.replace(
        experiment, optimizer=dataclasses.replace(experiment.optimizer, clip_norm=0.1)
    )
    run(experiment, tmp_path / "run")
    after = names(restore_best(tmp_path / "run")[1])
    for name, value in after.items():
        moved = np.abs(np.asarray(value) - before[name])
        if name.startswith("LSTM_0."):
            assert not moved.any(), name
        else:  # six small updates away, in every seed; far from a fresh start
            assert 0 < moved.max() < 0.07 and moved.reshape(seeds, -1).max(1).all(), name


def test_a_start_is_the_other_run_s_best(first, tmp_path):
    """With everything held still, the scores are those of the other run."""
    directory, before = first
    frozen = tuple(sorted({name.split(".")[0] for name in before}))
    report = run(tiny.echo(start=directory, frozen=frozen, steps=3, seed=5), tmp_path / "run")
    again = names(restore_best(tmp_path / "run")[1])
    jax.tree.map(np.testing.assert_array_equal, again, before)
    other = run(tiny.echo(), tmp_path / "other")
    assert report["test"]["nats"]["mean"] == pytest.approx(other["test"]["nats"]["mean"], rel=1e-5)


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"model": Vanilla(features=9)}, r"has shape \(8.*, this model's has .*9.*same widths"),
        ({"model": Stacked(features=(8, 8))}, "its model lacks LSTM_1.*same architecture"),
        ({"start": "nowhere"}, "nowhere: no checkpoints here"),
        ({"frozen": ("LSTM",)}, "frozen names 'LSTM', which the model lacks; it has Dense_0, LSTM"),
    ],
)
def test_faults_are_told(first, changes, fault, tmp_path):
    with pytest.raises(UserError, match=fault):
        run(tiny.echo(**{"start": first[0]} | changes), tmp_path / "run")


def test_another_text_goes_on_where_both_have_every_byte(tmp_path):
    def text(name, content, **changes):
        directory = tmp_path / name
        directory.mkdir()
        experiment = tiny.text(directory, **changes)
        (directory / "poem.txt").write_text(content)
        task = dataclasses.replace(experiment.task, level="byte", every_byte=every_byte)
        return dataclasses.replace(experiment, task=task)

    every_byte = False
    run(text("abc", "abcabcab " * 200), tmp_path / "first")
    with pytest.raises(UserError, match="vocabulary is another .2 differ: 'c d'.*every_byte=true"):
        run(text("abd", "abdabdab " * 200, start=str(tmp_path / "first")), tmp_path / "second")
    every_byte = True
    run(text("all", "abcabcab " * 200), tmp_path / "third")
    frozen = ("embed", "layers_0", "layers_1", "head")
    run(text("more", "äbd " * 400, start=str(tmp_path / "third"), frozen=frozen), tmp_path / "last")
    before, after = (names(restore_best(tmp_path / of)[1]) for of in ("third", "last"))
    assert before["head.bias"].shape == (256,)
    jax.tree.map(np.testing.assert_array_equal, after, before)
