"""The baselines of panels against plain NumPy."""

import numpy as np
import pytest

from lstmjax.tasks.panels import floors
from tests import small_files
from tests.tasks.panels.small import HORIZON, LOOKBACK, SEASON, batch_of, task_of


def naive_scores(forecast, sizes=(60, 45, 32, 9), test_rows=5, most=None):
    """M4's sMAPE and MASE, and MAE, over all test windows and steps, in float64."""
    windows = [
        (values, origin)
        for values in small_files.panel_values(sizes)
        for origin in range(len(values) - test_rows, len(values) - HORIZON + 1)
    ]
    if most:
        windows = [windows[round(place)] for place in np.linspace(0, len(windows) - 1, most)]
    smape, mase, mae = [], [], []
    for values, origin in windows:
        before = values[: len(values) - test_rows]
        change = np.nanmean(np.abs(before[SEASON:] - before[:-SEASON])) if len(before) > 4 else None
        truth = values[origin : origin + HORIZON]
        said = forecast(values[:origin])
        away = np.abs(said - truth)
        smape += [*(200 * away / (np.abs(said) + np.abs(truth)))]
        mae += [*away]
        mase += [*(away / change)] if change else []
    return {name: np.nanmean(x) for name, x in (("smape", smape), ("mase", mase), ("mae", mae))}


def last(past):
    return np.repeat(past[np.isfinite(past)][-1], HORIZON)


def seasonal(past):
    said = []
    for step in range(HORIZON):
        place = len(past) + step - SEASON
        while place >= 0 and np.isnan(past[place]):
            place -= SEASON
        said.append(past[place] if place >= 0 else last(past)[0])
    return np.array(said)


def drift(past):
    there = np.flatnonzero(np.isfinite(past))
    line = np.polynomial.Polynomial.fit(there[[0, -1]], past[there[[0, -1]]], 1)
    return line(len(past) + np.arange(HORIZON))


@pytest.mark.parametrize(("log", "most"), [(True, None), (False, None), (True, 5)])
def test_floors_are_those_of_numpy(log, most, tmp_path, monkeypatch):
    task = task_of(tmp_path, log=log)
    sample = ""
    if most:
        monkeypatch.setattr(floors, "MOST", most)
        sample = f" on {most} of 12"
    scores = task.floors(task.load())
    expected = {"last value": last, f"value {SEASON} rows before": seasonal, "drift": drift}
    assert set(scores) == {name + sample for name in expected}
    for name, way in expected.items():
        for metric, value in naive_scores(way, most=most).items():
            found = scores[name + sample][metric]
            assert found == pytest.approx(value, rel=1e-4), (name, metric)


@pytest.mark.parametrize("log", [True, False])
def test_a_weight_of_one_repeats_the_season(log, tmp_path):
    """Outputs that choose the first season and add nothing score as the seasonal naive forecast."""
    task = task_of(tmp_path, log=log, normalize="window" if not log else "season")
    batch, _ = batch_of(task, "test")
    outputs = np.zeros((len(batch.mask), HORIZON, 3), np.float32)
    outputs[..., 1] = 50.0
    scores = {k: a / b for k, (a, b) in task.metrics(outputs, batch).items()}
    for i, series in enumerate(batch.targets.series):  # the window may be too short to see it
        assert series != 3 or np.isfinite(batch.targets.bases[i]).all()
    reference = task.floors(task.load())[f"value {SEASON} rows before"]
    whole = batch.targets.series != 3
    if whole.all():
        assert scores["smape"] == pytest.approx(reference["smape"], rel=1e-4)
    parameters = task.place(outputs, batch)[..., 0]
    said = np.asarray(task.in_units(parameters, batch))[..., 0] * batch.targets.unit[..., 0]
    values = small_files.panel_values()
    for row in np.flatnonzero(whole):
        past = values[batch.targets.series[row]][: batch.targets.origin[row]]
        seen = past[-LOOKBACK:]
        if all(np.isfinite([seen[-SEASON:], seen[-2 * SEASON : -SEASON]]).any(0)):
            np.testing.assert_allclose(said[row], seasonal(past), rtol=1e-5)
