"""Forecasts of panels: what is written, scored and refused."""

import csv

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.inference import evaluation
from lstmjax.inference.prediction import predict
from lstmjax.models.residual import Residual
from lstmjax.optimizers import Adam
from lstmjax.tasks.panels import Panels
from lstmjax.training.run import run
from tests import small_files, tiny
from tests.tasks.panels.small import HORIZON, SEASON, SETTINGS, batch_of, task_of


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two seeds, four steps, whose test part is one origin a series."""
    directory = tmp_path_factory.mktemp("panels")
    settings = SETTINGS | dict(test_rows=None, past=("heat",), known=("price",))
    settings |= dict(static=("kind", "area"), calendar=("hour", "weekday"))
    experiment = Experiment(
        task=Panels(path=str(small_files.panel_csv(directory)), **settings),
        model=Residual(features=8, dropout=0.1),
        optimizer=Adam(learning_rate=1e-2),
        seeds=2,
        **tiny.SHORT,
    )
    return directory / "run", run(experiment, directory / "run")


def written(run_directory, file, **options):
    out = file.parent / "out.csv"
    predict(run_directory, file, out, **options)
    with open(out) as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("together", [False, True])
def test_what_is_predicted_is_what_is_scored(together, trained, tmp_path):
    """Without the last rows' targets, each series of the file is forecast as in the test part."""
    directory, report = trained
    rows = list(csv.reader((directory.parent / "panel.csv").read_text().splitlines()))
    meters, sizes = {}, dict(m0=60, m1=45, m2=32, m3=9)
    for row in rows[1:]:
        place = meters[row[0]] = meters.get(row[0], 0) + 1
        if place > sizes[row[0]] - HORIZON:
            row[2] = ""
    (tmp_path / "mine.csv").write_text("\n".join(",".join(row) for row in rows))
    found = written(directory, tmp_path / "mine.csv", together=together)
    assert len(found) == 4 * HORIZON and (tmp_path / "out.png").exists()
    smape = []
    for i, values in enumerate(small_files.panel_values()):
        mine = [row for row in found if row["meter"] == f"m{i}"]
        start = np.datetime64("2021-01-01T00") + np.timedelta64(10 * i + len(values) - HORIZON, "h")
        assert mine[0]["hour"] == str(start).replace("T", " ") + ":00"
        said, truth = np.array([float(row["forecast"]) for row in mine]), values[-HORIZON:]
        smape += [*(200 * np.abs(said - truth) / (np.abs(said) + np.abs(truth)))]
    expected = report["test"]["smape"]["each"][0]
    if together:
        scores = evaluation.evaluate_workdir(directory, "test", together=True)
        expected = scores["test"]["smape"]["mean"]
        assert expected != pytest.approx(report["test"]["smape"]["mean"], rel=1e-3)
    assert np.nanmean(smape) == pytest.approx(expected, rel=1e-4)


def test_new_series_and_one_alone_are_forecast_alike(trained, tmp_path):
    """A series' forecast depends on neither its name nor the others in the file."""
    directory, _ = trained
    file = small_files.panel_csv(tmp_path, ahead=HORIZON)
    together = written(directory, file)
    lines = file.read_text().splitlines()
    alone = [lines[0], *(line.replace("m1", "new", 1) for line in lines if line.startswith("m1"))]
    (tmp_path / "alone.csv").write_text("\n".join(alone))
    found = written(directory, tmp_path / "alone.csv")
    assert {row["meter"] for row in found} == {"new"}
    mine = [float(row["forecast"]) for row in together if row["meter"] == "m1"]
    np.testing.assert_allclose([float(row["forecast"]) for row in found], mine, rtol=1e-5)


def test_known_columns_must_reach_ahead(trained, tmp_path):
    file = small_files.panel_csv(tmp_path, ahead=HORIZON - 1)
    with pytest.raises(UserError, match="'m0' has 2 values of 'price' after its last target"):
        written(trained[0], file)


WHOLE = dict(lookback=6, horizon=2, test_rows=2, mixture=(SEASON,), past=("heat",))


def test_a_forecast_reads_as_many_rows_as_training_did(tmp_path):
    task = task_of(tmp_path, sizes=(13, 12), **WHOLE)
    file = tmp_path / "panel.csv"
    head, *lines = file.read_text().splitlines()
    mine = [line for line in lines if line.startswith("m0")]
    file.write_text("\n".join([head, *mine[-6:]]))
    task.read(file)
    file.write_text("\n".join([head, *mine[-3:]]))
    with pytest.raises(UserError, match="'m0' has 3 rows before its forecast, which reads 6"):
        task.read(file)


@pytest.mark.parametrize("column", ["y", "heat"])
def test_a_gap_that_training_never_had_is_named(column, tmp_path):
    """Of 13 rows the last 6 are read: a gap in row 3 is not, one in row 11 is."""
    task = task_of(tmp_path, sizes=(13, 12), **WHOLE)
    file = tmp_path / "panel.csv"
    head, *rows = csv.reader(file.read_text().splitlines())

    def leave_out(hour):
        line = next(i for i, row in enumerate(rows) if row[:2] == ["m0", f"2021-01-01 {hour}:00"])
        rows[line][head.index(column)] = ""
        file.write_text("\n".join(map(",".join, [head, *rows])))
        return line + 2

    leave_out("03")
    task.read(file)
    told = f"line {leave_out('11')}: column '{column}' of series 'm0' is empty, and had no missing"
    with pytest.raises(UserError, match=told):
        task.read(file)
    file.write_text(
        "\n".join(map(",".join, [head, *(row for row in rows if "11:00" not in row[1])]))
    )
    with pytest.raises(UserError, match="the next row of series 'm0' is missing, and no"):
        task.read(file)


def test_training_that_reads_before_a_beginning_has_gaps(tmp_path):
    """The test windows are whole, but the shorter series is too short for training ones."""
    task = task_of(tmp_path, sizes=(13, 12), **WHOLE | dict(lookback=7))
    batch, _ = batch_of(task, "train")
    assert task.gaps and not batch.targets.past_seen.all()
    assert "1 series too short for whole windows, read from their beginning" in task.told
    assert not task_of(tmp_path, sizes=(13, 13), **WHOLE | dict(lookback=7)).gaps
