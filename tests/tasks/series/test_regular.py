"""Files as people have them: missing and disordered rows, decimal commas, huge values."""

import json
import re

import numpy as np
import pytest

from lstmjax import settings
from lstmjax.errors import UserError
from lstmjax.tasks.series import Series
from lstmjax.tasks.series.regular import found
from lstmjax.training.run import run
from tests import tiny

HOURS = np.datetime64("2021-01-01T00:30") + np.arange(120).astype("timedelta64[h]")
VALUES = 50 + 10 * np.sin(np.arange(120) / 4)


def write(tmp_path, times=HOURS, values=VALUES, name="load", separator=",", form="{:.3f}"):
    lines = [f"time{separator}{name}"]
    lines += [f"{t}{separator}{form.format(v)}" for t, v in zip(times, values, strict=True)]
    (tmp_path / "mine.csv").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "mine.csv")


def task(path, **fields):
    wanted = dict(path=path, targets=("load",), time="time", lookback=6, horizon=2) | fields
    return Series(**wanted).resolve()


def test_missing_rows_are_missing_values_at_known_times(tmp_path):
    keep = np.delete(np.arange(120), [40, 41, 70])
    found = task(write(tmp_path, HOURS[keep], VALUES[keep]), split_rows=(68, 90))
    assert found.every == "1h" and found.late == 0 and found.gaps == ("load",)
    assert found.bounds == (71, 93, 120)  # rows 68 and 90 of the file
    data = found.load()
    assert np.flatnonzero(~data.arrays["seen"][:, 0]).tolist() == [40, 41, 70]
    there = data.arrays["seen"][:, 0]
    read = found.original(data.arrays["values"][:, :1])[there, 0]
    np.testing.assert_allclose(read, VALUES[keep], atol=1e-3)
    assert "3 rows of every 1h are missing" in found.describe(data)
    as_they_come = task(found.path, every="rows")
    assert as_they_come.late == 2 and len(as_they_come.load().arrays["values"]) == 117


def test_distances_are_found_or_there_is_none():
    months = np.delete(np.arange("2020-01", "2022-01", dtype="M8[M]"), 2)
    assert found(HOURS.astype("M8[us]")) == "1h"
    assert found(np.arange(20).astype("M8[m]").astype("M8[us]")[::5]) == "5min"
    assert found(months.astype("M8[us]")) == "1month"
    days = np.arange("2021-01-01", "2021-03-01", dtype="M8[D]")
    assert found(days[np.is_busday(days)].astype("M8[us]")) is None  # gaps are the rule
    assert found(np.array([0, 7, 11, 30, 31], "M8[s]").astype("M8[us]")) is None


def test_disorder_is_refused_or_mended(tmp_path):
    order = np.r_[5:120, 0:5, 7]
    path = write(tmp_path, HOURS[order], np.r_[VALUES[5:], VALUES[:5], 99])
    with pytest.raises(UserError, match="line 117: time .* set task.mend=true"):
        task(path)
    mended = task(path, mend=True)
    data = mended.load()
    expected = VALUES.copy()
    expected[7] = 99
    np.testing.assert_allclose(mended.original(data.arrays["values"])[:, 0], expected, atol=1e-3)
    assert "1 dropped" in mended.describe(data)


def test_decimal_commas_and_seconds_are_guessed_and_told(tmp_path):
    seconds = HOURS.astype("M8[s]").astype(np.int64)
    path = write(tmp_path, seconds, VALUES, separator=";")
    text = (tmp_path / "mine.csv").read_text()
    (tmp_path / "mine.csv").write_text(text.replace(".", ","))
    read = task(path, separator=";")
    data = read.load()
    np.testing.assert_allclose(read.original(data.arrays["values"])[:, 0], VALUES, atol=1e-3)
    assert "decimal commas; times in seconds since 1970" in read.describe(data)
    (tmp_path / "mine.csv").write_text(text.replace(".", ",").replace(";", "\t"))
    with pytest.raises(UserError, match="set task.decimal"):
        task(path, separator="tab")
    assert task(path, separator="tab", decimal=",").means == read.means


def test_a_column_name_with_a_comma_can_be_set(tmp_path):
    path = write(tmp_path, name='"load, total"')
    with pytest.raises(UserError, match="put a name with a comma in quotes") as error:
        task(path, targets=("load", "total"))
    told = re.search(r"--set (task\.targets='.*')", str(error.value))[1].replace("'", "")
    named = settings.override(Series(), told.removeprefix("task."))
    assert named.targets == ("load, total",)
    assert settings.override(Series(), "targets=a, b").targets == ("a", "b")
    assert task(path, targets=named.targets).targets == ("load, total",)


def test_values_beyond_float32_end_in_finite_scores(tmp_path):
    path = write(tmp_path, values=VALUES * 1e38, form="{:.6e}")
    fields = dict(path=path, targets=("load",), time="time", lookback=6, horizon=2)
    experiment = tiny.series(fields, steps=2, batch_size=4, log_every=1, evaluate_every=2)
    report = run(experiment, tmp_path / "run")
    assert report["experiment"]["task"]["units"] == "scaled"
    scores = [score["mean"] for score in report["test"].values()]
    scores += [score for floor in report["floors"].values() for score in floor.values()]
    assert np.isfinite(scores).all() and max(scores) < 100
    assert "NaN" not in json.dumps(report)


def test_a_value_too_far_out_is_named(tmp_path):
    values = VALUES.copy()
    values[-1] = 1e30
    told = task(write(tmp_path, values=values, form="{:.6e}"))
    with pytest.raises(UserError, match="line 121: column 'load' is .* deviations from its mean"):
        told.load()


def test_a_time_that_comes_twice_is_named(tmp_path):
    with pytest.raises(UserError, match="line 7: time .* does not come after"):
        task(write(tmp_path, HOURS[[0, 1, 2, 3, 4, 4]], VALUES[:6]))


def test_a_time_off_the_grid_is_named(tmp_path):
    path = write(
        tmp_path, np.append(HOURS, HOURS[-1] + np.timedelta64(7, "m")), np.append(VALUES, 1)
    )
    with pytest.raises(UserError, match="line 122: time .* is no multiple of 1h"):
        task(path, every="1h")
    with pytest.raises(UserError, match="task.every is 'hourly': give a number and one of"):
        task(path, every="hourly")
    assert task(path).every is None


def test_a_row_missing_from_a_file_to_predict_is_told(tmp_path):
    trained = task(write(tmp_path))
    keep = np.delete(np.arange(120), 117)
    path = write(tmp_path, HOURS[keep], VALUES[keep])
    with pytest.raises(UserError, match="column 'load' is empty, and had no missing value"):
        trained.read(path)
