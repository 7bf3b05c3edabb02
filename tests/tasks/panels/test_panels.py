"""Panels against plain NumPy: windows, splits, what is read, faults."""

import csv
import dataclasses
import types

import jax
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.inference import evaluation
from lstmjax.inference.backtest import to_learn_from
from lstmjax.models.residual import Residual
from lstmjax.optimizers import Adam
from lstmjax.tasks.panels import Panels
from lstmjax.tasks.series.csv_table import read_table
from lstmjax.training.run import run
from tests import small_files, tiny
from tests.tasks.panels.small import HORIZON, LOOKBACK, SEASON, SETTINGS, batch_of, task_of


def test_windows_keep_to_their_series_and_their_part(tmp_path):
    """Every window is found in its series at its origin, in units of the file."""
    task, series = task_of(tmp_path), small_files.panel_values()
    for split, begin, end in (("train", 0, -8), ("valid", -8, -5), ("test", -5, None)):
        batch, _ = batch_of(task, split)
        window = batch.targets
        met = {i: set() for i in range(len(series))}
        for row, (i, origin) in enumerate(zip(window.series, window.origin, strict=True)):
            values, stop = series[i], len(series[i]) + (end or 0)
            met[int(i)].add(int(origin))
            past = np.r_[np.full(LOOKBACK, np.nan), values[:origin]][-LOOKBACK:]
            unit = window.unit[row, 0, 0]
            there = window.past_seen[row, :, 0]
            np.testing.assert_array_equal(there, np.isfinite(past))
            np.testing.assert_allclose(
                np.exp(window.past[row, there, 0]) * unit, past[there], rtol=2e-6
            )
            future = values[origin : origin + HORIZON]
            assert origin + HORIZON <= stop
            known = batch.mask[row, :, 0]
            np.testing.assert_array_equal(known, np.isfinite(future))
            level = past[-SEASON:]
            level = np.log(level[np.isfinite(level)]).mean()
            np.testing.assert_allclose(
                window.future[row, known, 0], np.log(future[known]) - level, atol=2e-5
            )
        for i, values in enumerate(series):
            stop = len(values) + (end or 0)
            first = len(values) + begin if begin else min(LOOKBACK, max(stop - HORIZON, 1))
            assert met[i] == set(range(first, stop - HORIZON + 1))


def test_training_draws_series_equally_often(tmp_path):
    task = task_of(tmp_path)
    batch, _ = batch_of(task, "train")
    counts = np.bincount(batch.targets.series)
    assert len(set(counts[counts > 0].tolist())) == 1


def test_short_series_are_told_and_scored(tmp_path):
    task = task_of(tmp_path, sizes=(60, 45, 32, 9, 4))
    assert "1 series too short to test" in task.told
    assert "2 series too short to train on" in task.told
    batch, _ = batch_of(task, "test")
    assert set(batch.targets.series.tolist()) == {0, 1, 2, 3}


def test_every_column_reaches_the_model(tmp_path):
    """What is known of the last row ahead changes the inputs; a target ahead never does."""
    roles = dict(past=("heat",), known=("price",), static=("kind", "area"), calendar=("hour",))
    task = task_of(tmp_path, **roles)
    data = task.load()
    batch = jax.device_get(task.batch(data.arrays, "test", np.array([0])))
    # y, heat, price and hour now and ahead; gaps of each; kind has two words, area is a number
    assert batch.inputs.shape == (1, LOOKBACK, 2 * (1 + 1 + 2 * (1 + 2)) + 3)
    row = 55 + HORIZON - 1  # the last one ahead of the first origin
    for column in range(5):
        arrays = data.arrays | {"values": data.arrays["values"].copy()}
        arrays["values"][row, column] += 1
        changed = jax.device_get(task.batch(arrays, "test", np.array([0]))).inputs
        assert np.array_equal(changed, batch.inputs) == (column < 2)
        assert column < 2 or (changed != batch.inputs).sum() == 1


@pytest.mark.parametrize("head", ["quantile", "gaussian", "student"])
def test_distributions_have_levels_and_scores(head, tmp_path):
    task = task_of(tmp_path, head=head, error="absolute", levels=(0.1, 0.5, 0.9))
    batch, _ = batch_of(task, "test")
    outputs = np.random.default_rng(0).normal(size=(len(batch.mask), task.outputs))
    scores = {k: float(a / b) for k, (a, b) in task.metrics(outputs, batch).items()}
    answers = task.answer(outputs, batch)
    truth = np.stack([answer.truth for answer in answers])
    quantiles = np.stack([answer.quantiles for answer in answers])
    there = np.isfinite(truth)
    low, high = quantiles[..., 0], quantiles[..., 2]
    inside = ((low <= truth) & (truth <= high))[there].mean()
    assert scores["coverage"] == pytest.approx(inside)
    under = truth[..., None] - quantiles
    loss = np.maximum(np.array(task.levels) * under, (np.array(task.levels) - 1) * under)
    wql = 2 * loss[there].mean(-1).sum() / np.abs(truth[there]).sum()
    assert scores["wql"] == pytest.approx(wql, rel=1e-4)


@pytest.mark.parametrize(
    "changes, told",
    [
        (dict(targets=()), "task.targets is not set"),
        (dict(targets=("z",)), "no column 'z'"),
        (dict(known=("prize",)), r"no column 'prize' \(task.known\); did you mean 'price'"),
        (dict(known=("y",)), "task.known names 'y', which is in task.targets"),
        (dict(series="unit"), "no column 'unit'"),
        (dict(patch=3), "no multiple of task.patch"),
        (dict(mixture=(9,)), "a season of 9 rows"),
        (dict(test_rows=2), "less than task.horizon"),
        (dict(horizon=40, test_rows=None, lookback=48), "too few to"),
        (dict(every="7h"), "no multiple of 7h"),
        (dict(every="2"), "times are no numbers"),
    ],
)
def test_faults_are_told(changes, told, tmp_path):
    with pytest.raises(UserError, match=told):
        task_of(tmp_path, **changes)


def with_values(file, write):
    """The panel in a file with tabs, each value of `y` as `write` has it."""
    rows = list(csv.reader(file.read_text().splitlines()))
    for row in rows[1:]:
        row[2] = row[2] and write(float(row[2]))
    file.write_text("\n".join("\t".join(row) for row in rows) + "\n")
    return Panels(path=str(file), separator="tab", **SETTINGS)


def test_commas_are_decimals_only_where_they_can_be_nothing_else(tmp_path):
    file = small_files.panel_csv(tmp_path)
    task = with_values(file, lambda value: f"{value / 1000:.4f}".replace(".", ",")).resolve()
    assert task.decimal == "," and task.told[0] == "decimal commas"
    values, _ = task.numbers(task.arranged(read_table(task.path, "tab")))
    np.testing.assert_allclose(values[:60, 0], small_files.panel_values()[0] / 1000, atol=0.5001e-4)
    task = with_values(small_files.panel_csv(tmp_path), lambda value: f"{1000 + value:,.0f}")
    with pytest.raises(UserError, match="the comma may be before decimals .* set task.decimal"):
        task.resolve()


def test_static_numbers_have_the_marks_of_the_others(tmp_path):
    """Areas 1,5 to 4,5 are numbers: one column, of mean 0 and deviation 1."""
    file = small_files.panel_csv(tmp_path)
    file.write_text(file.read_text().replace(",", ";").replace(".", ","))
    task = Panels(path=str(file), separator=";", static=("area",), **SETTINGS).resolve()
    expected = (np.arange(4) - 1.5) / np.std(np.arange(4))
    np.testing.assert_allclose(task.load().arrays["static"][:, 0], expected, rtol=1e-6)


def test_training_on_the_validation_rows(tmp_path):
    before, _ = batch_of(task_of(tmp_path), "train")
    after, _ = batch_of(task_of(tmp_path, train_on_valid=True), "train")
    longest = [batch.targets.origin[batch.targets.series == 0].max() for batch in (before, after)]
    assert longest == [60 - 8 - HORIZON, 60 - 5 - HORIZON]
    with pytest.raises(UserError, match="on which this run was trained"):
        task = task_of(tmp_path, train_on_valid=True)
        to_learn_from(types.SimpleNamespace(task=task), None, None)


def test_seeds_apart_are_not_together(tmp_path):
    with pytest.raises(UserError, match="one seed"):
        experiment = Experiment(
            task=Panels(path=str(small_files.panel_csv(tmp_path)), **SETTINGS),
            model=Residual(features=4),
            optimizer=Adam(),
            **tiny.SHORT | dict(steps=2, evaluate_every=2),
        )
        run(dataclasses.replace(experiment), tmp_path / "run")
        evaluation.evaluate_workdir(tmp_path / "run", "test", together=True)
