import pathlib

import numpy as np
import pytest
import scipy.stats

from lstmjax.tasks.series import Series
from lstmjax.tasks.series import floors as floors_module
from tests import small_files

ROWS, HORIZON, LOOKBACK = 120, 3, 6


@pytest.fixture
def file(tmp_path):
    return str(small_files.series_csv(tmp_path, ROWS))


def floors(file, **changes):
    fields = dict(
        path=file,
        targets=("heat",),
        lookback=LOOKBACK,
        horizon=HORIZON,
        split_rows=(60, 80),
        season=4,
    )
    task = Series(**fields | changes).resolve()
    return task, task.floors(task.load())


def rmse(forecast, truth):
    return np.sqrt(np.nanmean((forecast - truth) ** 2))


def test_the_last_value_and_the_season_before(file):
    """The column with gaps: what was not observed is not scored, nor taken for the last value."""
    load = small_files.series_values(ROWS)[:, 0]
    _, scores = floors(file, targets=("load",))
    seasonal, last, truth = [], [], []
    for origin in range(80, ROWS - HORIZON + 1):
        seen = load[:origin][np.isfinite(load[:origin])]
        last.append([seen[-1]] * HORIZON)
        row = []
        for step in range(HORIZON):
            place = origin + step - 4
            while np.isnan(load[place]) or place >= origin:
                place -= 4
            row.append(load[place])
        seasonal.append(row)
        truth.append(load[origin : origin + HORIZON])
    assert scores["last value"]["rmse"] == pytest.approx(rmse(np.array(last), truth), rel=1e-5)
    assert scores["value 4 rows before"]["rmse"] == pytest.approx(
        rmse(np.array(seasonal), truth), rel=1e-5
    )
    assert scores["value 4 rows before"]["rmse"] < scores["last value"]["rmse"]


def test_drift_is_the_line_through_first_and_last(file):
    """The column with gaps; and the efficiency is that of hydrologists, for one step ahead."""
    load = small_files.series_values(ROWS)[:, 0]
    _, scores = floors(file, targets=("load",), horizon=1, nse=True)
    said = []
    for origin in range(80, ROWS):
        there = np.flatnonzero(np.isfinite(load[:origin]))[[0, -1]]
        said.append(np.polynomial.Polynomial.fit(there, load[there], 1)(origin))
    truth = load[80:]
    assert scores["drift"]["rmse"] == pytest.approx(rmse(np.array(said), truth), rel=1e-4)
    missed, spread = (np.nansum((truth - x) ** 2) for x in (np.array(said), np.nanmean(truth)))
    assert scores["drift"]["nse"] == pytest.approx(1 - missed / spread, abs=1e-3)


def test_zero_beside_differences_of_logarithms(file):
    """y[t-4] y[t-1] / y[t-5], a step ahead."""
    _, scores = floors(file, horizon=1, log=True, difference=4, normalize="last")
    heat = small_files.series_values(ROWS)[:, 1]
    expected = heat[76:-4] * heat[79:-1] / heat[75:-5]
    assert scores["output of zero"]["rmse"] == pytest.approx(rmse(expected, heat[80:]), rel=1e-4)


@pytest.mark.parametrize("normalize", ["none", "last"])
def test_least_squares_is_that_of_the_training_windows(normalize, file):
    heat = small_files.series_values(ROWS)[:, 1]
    _, scores = floors(file, normalize=normalize, season=1)

    def windows(first, end):
        rows = np.lib.stride_tricks.sliding_window_view(heat[first:end], LOOKBACK + HORIZON)
        return rows[:, :LOOKBACK], rows[:, LOOKBACK:]

    def design(past):
        read = past - past[:, -1:] if normalize == "last" else past
        return np.concatenate([read, np.ones((len(past), 1))], 1)

    past, future = windows(0, 60)
    base = past[:, -1:] if normalize == "last" else 0
    weights = np.linalg.lstsq(design(past), future - base)[0]
    past, future = windows(80 - LOOKBACK, ROWS)
    base = past[:, -1:] if normalize == "last" else 0
    expected = rmse(design(past) @ weights + base, future)
    assert scores["least squares on the window"]["rmse"] == pytest.approx(expected, rel=1e-4)
    assert list(scores) == ["last value", "drift", "least squares on the window"]


def test_independent_series_share_their_weights(file):
    """Of the same column twice, scaled apart, the shared fit is the fit of one."""
    lines = pathlib.Path(file).read_text().splitlines()
    twice = [lines[0] + ",warm"]
    twice += [f"{line},{10 * float(line.split(',')[2]) - 3}" for line in lines[1:]]
    pathlib.Path(file).write_text("\n".join(twice) + "\n")
    scaled = {"units": "scaled", "season": 1}
    _, one = floors(file, **scaled)
    _, both = floors(file, targets=("heat", "warm"), independent=True, **scaled)
    for name, scores in one.items():
        assert both[name]["mse"] == pytest.approx(scores["mse"], rel=1e-3)


def test_no_band_without_a_training_window(file):
    """A recursive model trains on windows of one row ahead, of which there are enough."""
    short = dict(lookback=20, horizon=30, split_rows=(40, 80), head="gaussian")
    _, scores = floors(file, forecast="recursive", **short)
    assert set(scores) == {"last value", "value 4 rows before", "drift"}
    assert "rmse" in scores["last value"] and "crps" not in scores["last value"]


def test_bands_of_floors_cover_what_they_should(tmp_path):
    """White noise around a constant: errors of its best forecast are normal."""
    noise = np.random.default_rng(1).normal(size=3000)
    (tmp_path / "noise.csv").write_text("x\n" + "\n".join(map(str, noise)))
    task, scores = floors(
        str(tmp_path / "noise.csv"),
        targets=("x",),
        lookback=2,
        horizon=1,
        split_rows=(1500, 1600),
        head="gaussian",
        levels=(0.1, 0.5, 0.9),
        season=1,
    )
    best = scores["least squares on the window"]
    # 1,400 values: a share of 0.8 is known to 0.011, and the band's ends from 1,498 likewise
    assert best["coverage"] == pytest.approx(0.8, abs=0.04)
    assert best["crps"] == pytest.approx(1 / np.sqrt(np.pi), rel=0.05)  # of N(0, 1) for itself
    end = scipy.stats.norm.pdf(scipy.stats.norm.ppf(0.9))
    assert best["pinball"] == pytest.approx((2 * end + 1 / np.sqrt(2 * np.pi)) / 3, rel=0.05)
    # the last value's errors have twice the variance
    assert scores["last value"]["crps"] == pytest.approx(np.sqrt(2 / np.pi), rel=0.05)


def test_of_many_windows_evenly_spaced_ones_are_scored(file, monkeypatch):
    monkeypatch.setitem(floors_module.MOST, "test", 5)
    task, scores = floors(file)
    heat = small_files.series_values(ROWS)[:, 1]
    origins = 80 + np.linspace(0, task.windows("test") - 1, 5).round().astype(int)
    truth = np.stack([heat[origin : origin + HORIZON] for origin in origins])
    expected = rmse(heat[origins - 1][:, None], truth)
    name = f"last value on 5 of {task.windows('test')}"
    assert scores[name]["rmse"] == pytest.approx(expected, rel=1e-5)
