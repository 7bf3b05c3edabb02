"""`import lstmjax`: train, load and Run, as a person in a notebook calls them."""

import pathlib
import signal
import subprocess
import sys
import threading

import flax.linen as nn
import jax
import numpy as np
import pytest

import lstmjax
from lstmjax import settings
from lstmjax.exchange import whole
from lstmjax.models.base import Model
from lstmjax.models.vanilla import Vanilla
from tests import tiny
from tests.training.test_run import what_must_be_equal

OWN = """
import dataclasses
from lstmjax.models.vanilla import Vanilla
from tests import tiny

class Own(Vanilla):
    '''A model of one's own.'''

def get_config():
    return tiny.echo(model=Own(features=8))
"""


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A finished run on sequences of unequal length."""
    directory = tmp_path_factory.mktemp("labelled")
    return lstmjax.train(tiny.labelled(directory), directory / "run", quiet=True)


def test_a_run_has_what_its_directory_holds(labelled):
    again = lstmjax.load(labelled.workdir)
    assert again.experiment == labelled.experiment
    assert again.evaluate()["accuracy"]["mean"] == again.report["test"]["accuracy"]["mean"]
    assert list(again.history["step"]) == [3, 6, 9, 12]
    assert list(again.history["valid_step"]) == [6, 12]
    assert again.history["valid_accuracy"].shape == (2,)
    assert "least squares" in repr(again) and "<td>least squares</td>" in again._repr_html_()


def test_arrays_get_the_answers_of_files(labelled):
    path = labelled.experiment.task.test
    lines = pathlib.Path(path).read_text().split("@data\n")[1].splitlines()
    rows = [
        np.array([channel.split(",") for channel in line.split(":")[:2]], float).T for line in lines
    ]
    assert len({len(row) for row in rows}) > 1
    np.testing.assert_allclose(labelled.predict(rows), labelled.predict(path), atol=1e-6)
    longest = max(map(len, rows))
    padded = [np.pad(row, ((0, longest - len(row)), (0, 0)), constant_values=9.0) for row in rows]
    lengths = [len(row) for row in rows]
    np.testing.assert_allclose(
        labelled.predict(np.stack(padded), lengths), labelled.predict(path), atol=1e-6
    )
    with pytest.raises(lstmjax.UserError, match=r"X: steps of shape \(3,\), where training has"):
        labelled.predict(np.zeros((1, 4, 3)))


def test_one_step_at_a_time_is_the_whole(labelled):
    inputs = np.random.default_rng(0).normal(size=(2, 5, 2)).astype(np.float32)
    answers, _ = labelled(inputs)
    carry = None
    for t in range(5):
        outputs, carry = labelled.step(inputs[:, t], carry)
    np.testing.assert_allclose(outputs, answers, atol=1e-6)
    shorter, _ = labelled(inputs, lengths=np.array([3, 5]))
    np.testing.assert_allclose(shorter[0], labelled(inputs[:1, :3])[0][0], atol=1e-6)


class Brief(Model):
    """One answer for a whole sequence, by a model without the setting every_step."""

    @nn.compact
    def __call__(self, inputs, *, carry=None, lengths=None, resets=None, train=False):
        _, carry = self.lstm(4)(inputs, carry=carry, lengths=lengths)
        return self.dense(self.outputs)(carry[1]), carry


def test_an_own_model_reads_one_step_at_a_time(tmp_path):
    experiment = tiny.echo(model=Brief()).resolve()
    inputs = np.random.default_rng(0).normal(size=(2, 3, 6)).astype(np.float32)
    params = experiment.model.init(jax.random.key(0), inputs)["params"]
    whole.save(experiment, params, tmp_path / "own.safetensors")
    run, carry = lstmjax.load(tmp_path / "own.safetensors", classes=[Brief]), None
    for t in range(3):
        outputs, carry = run.step(inputs[:, t], carry)
    np.testing.assert_allclose(outputs, run(inputs)[0], atol=1e-6)


def test_text_goes_on(tmp_path):
    run = lstmjax.train(tiny.text(tmp_path), tmp_path / "run", quiet=True)
    more = lstmjax.train(tiny.text(tmp_path), start=run, frozen=["head"], quiet=True)
    np.testing.assert_array_equal(more.params["head"]["kernel"], run.params["head"]["kernel"])
    assert more.history["loss"][0] < run.history["loss"][0]
    assert len(run.sample("the ", length=20)) == 20
    for wrong in (dict(temperature=-1), dict(top_p=1.5), dict(top_k=0), dict(length=0)):
        (name,) = wrong
        with pytest.raises(lstmjax.UserError, match=f"^{name} must be at"):
            run.sample("the ", **wrong)
    with pytest.raises(lstmjax.UserError, match="predicts from a file"):
        run.predict(np.zeros((1, 4, 2)))


def test_a_thread_may_train(tmp_path):
    found = []
    thread = threading.Thread(
        target=lambda: found.append(lstmjax.train(tiny.echo(), tmp_path, quiet=True))
    )
    thread.start()
    thread.join()
    assert found[0].report["steps"] == 12


def test_an_interrupted_cell_leaves_everything_saved(tmp_path):
    """A KeyboardInterrupt goes up, the process lives, and the same call ends with the same bits."""
    program = """
import os, pathlib, signal, sys
import jax
import lstmjax
from lstmjax.inference.evaluation import Evaluation
from lstmjax.training import steps
from tests import tiny
def interrupted(genuine, at, counts=lambda *arguments: True):
    count = []
    def interrupting(*arguments):
        if counts(*arguments):
            count.append(1)
            if len(count) == at:
                signal.raise_signal(signal.SIGINT)
        return genuine(*arguments)
    return interrupting
steps.stretch_of = interrupted(steps.stretch_of, 4)
# where it waits for the device: to end a stretch, and an evaluation
ended = lambda tree: isinstance(tree, dict) and "failed" in tree
jax.device_get = interrupted(jax.device_get, 6, ended)
Evaluation.__call__ = interrupted(Evaluation.__call__, 2)
for _ in range(4):
    try:
        lstmjax.train(tiny.echo(steps=30, evaluate_every=10), sys.argv[1])
        print("done")
    except KeyboardInterrupt:
        print("interrupted")
"""
    root = pathlib.Path(__file__).parent.parent
    command = [sys.executable, "-c", program, str(tmp_path / "parts")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["interrupted", "interrupted", "interrupted", "done"]
    assert done.stderr.count("all saved; train again") == 3, done.stderr
    assert done.stderr.count("going on from step") == 3
    lstmjax.train(tiny.echo(steps=30, evaluate_every=10), tmp_path / "whole", quiet=True)
    assert what_must_be_equal(tmp_path / "parts") == what_must_be_equal(tmp_path / "whole")


def test_signals_stay_whose_they_were(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    seen = []
    experiment = tiny.echo()
    lstmjax.train(experiment, tmp_path, quiet=True)
    seen.append(signal.getsignal(signal.SIGINT))
    assert seen == [before]


def test_own_classes_come_back(tmp_path, monkeypatch):
    """From a config file, and as a notebook defines them; never by the directory alone."""
    config = tmp_path / "own_config.py"
    config.write_text(OWN)
    experiment = lstmjax.load_config(config)
    lstmjax.train(experiment, tmp_path / "run", quiet=True)
    own = type(experiment.model)
    monkeypatch.delitem(sys.modules, own.__module__)
    monkeypatch.setattr(settings, "_handed_in", {})
    with pytest.raises(lstmjax.UserError, match=f"give --config={config}, in Python .*classes="):
        lstmjax.load(tmp_path / "run")
    assert type(lstmjax.load(tmp_path / "run", classes=[own]).experiment.model) is own
    monkeypatch.setattr(settings, "_handed_in", {})
    assert isinstance(lstmjax.load(tmp_path / "run", config=config).experiment.model, Vanilla)
