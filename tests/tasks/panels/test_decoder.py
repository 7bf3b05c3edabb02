"""Panels whose decoder reads what is known of each row, and panels of counts."""

import csv

import jax
import numpy as np
import pytest
import scipy.stats

from lstmjax.errors import UserError
from lstmjax.exchange.about import inputs
from lstmjax.experiment import Experiment
from lstmjax.inference.prediction import predict
from lstmjax.models.encoder_decoder import EncoderDecoder, RepeatVector
from lstmjax.optimizers import Adam
from lstmjax.tasks.panels import Panels
from lstmjax.training.run import run
from lstmjax.training.steps import init_state
from tests import small_files, tiny

HORIZON = 3
ROLES = dict(past=("heat",), known=("price",), static=("kind", "area"), calendar=("hour",))


def task_of(file, **changes):
    settings = dict(series="meter", time="hour", targets=("y",), lookback=8, horizon=HORIZON)
    return Panels(path=str(file), **settings | changes).resolve()


@pytest.mark.parametrize("model", [EncoderDecoder(features=(6,)), RepeatVector()])
def test_a_step_reads_what_is_known_of_it(model, tmp_path):
    """A price ahead moves the forecasts of its row and of later ones, and none before."""
    task = task_of(small_files.panel_csv(tmp_path), decoder=True, head="gaussian", **ROLES)
    fields = tiny.SHORT | dict(steps=1, evaluate_every=1)
    experiment = Experiment(task=task, model=model, optimizer=Adam(), **fields).resolve()
    data = experiment.task.load()
    params = init_state(experiment, data.placed(4)).params
    forecast = jax.jit(
        lambda arrays: experiment.apply(params, task.batch(arrays, "test", np.array([0])))[0]
    )
    before = np.asarray(forecast(data.arrays))
    assert before.shape == (1, HORIZON, 2)
    source, ahead = task.batch(data.arrays, "test", np.array([0])).inputs
    # y, heat, price and two of the hour; gaps of each; two kinds and the area
    assert source.shape == (1, 8, 2 * 5 + 3)
    np.testing.assert_allclose(ahead[0, :, 6], [1 / 3, 2 / 3, 1], rtol=1e-6)  # how far ahead
    arrays = data.arrays | {"values": data.arrays["values"].copy()}
    arrays["values"][60 - HORIZON + 1, 2] += 1  # of the second row ahead of the first series
    with pytest.raises(UserError, match="reads what is known ahead has no counterpart"):
        inputs(task)  # what every exported program asks for
    changed = np.abs(np.asarray(forecast(arrays)) - before)[0].max(1)
    assert changed[0] == 0 and (changed[1:] > 0).all()


def counted(directory):
    """The panel with whole numbers."""
    file = small_files.panel_csv(directory, ahead=HORIZON)
    rows = list(csv.reader(file.read_text().splitlines()))
    for row in rows[1:]:
        row[2] = row[2] and str(round(float(row[2])))
    file.write_text("\n".join(",".join(row) for row in rows) + "\n")
    return file


def test_counts_are_forecast_as_counts(tmp_path):
    """Training loss and quantiles against SciPy, in the units of the file; and a whole run."""
    file = counted(tmp_path)
    task = task_of(file, decoder=True, head="negative_binomial", levels=(0.1, 0.5, 0.9), **ROLES)
    data = task.load()
    batch = jax.device_get(task.batch(data.arrays, "test", np.arange(4)))
    outputs = np.random.default_rng(0).normal(size=(4, HORIZON, 2)).astype(np.float32)
    answers = task.answer(outputs, batch)
    past = np.stack([answer.past for answer in answers])
    level = 1 + np.nanmean(past, 1, keepdims=True)
    mean = np.logaddexp(0, outputs[..., :1] + 0.5413) * level
    size = 1 / (1e-3 + np.logaddexp(0, outputs[..., 1:]))
    scipys = scipy.stats.nbinom(size, size / (size + mean))
    quantiles = np.stack([answer.quantiles for answer in answers])
    expected = np.stack([scipys.ppf(q) for q in task.levels], -1)
    np.testing.assert_allclose(quantiles, expected, rtol=0.01)
    truth = np.stack([answer.truth for answer in answers])
    loss, there = np.asarray(task.loss(outputs, batch)), np.isfinite(truth)
    np.testing.assert_allclose(loss[there], -scipys.logpmf(truth)[there], rtol=1e-3, atol=3e-3)
    fields = dict(model=EncoderDecoder(features=(4,)), optimizer=Adam(), **tiny.SHORT)
    run(Experiment(task=task, **fields), tmp_path / "run")
    predict(tmp_path / "run", file, tmp_path / "out.csv", count=5)
    found = list(csv.DictReader((tmp_path / "out.paths.csv").read_text().splitlines()))
    drawn = np.array([[float(row[f"path {i + 1}"]) for i in range(5)] for row in found])
    assert len(found) == 4 * HORIZON and (drawn >= 0).all() and (drawn == np.floor(drawn)).all()


def test_what_is_no_count_is_told(tmp_path):
    with pytest.raises(UserError, match=r"in column 'y' is no count; set task.head to student"):
        task_of(small_files.panel_csv(tmp_path), head="negative_binomial")
    with pytest.raises(UserError, match="is of counts as they are"):
        task_of(counted(tmp_path), head="negative_binomial", log=True)
