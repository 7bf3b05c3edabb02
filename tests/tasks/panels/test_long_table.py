"""Rows of a long table in order: what is found, filled up, mended and refused."""

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.tasks.panels import calendars
from lstmjax.tasks.panels.long_table import arrange
from lstmjax.tasks.series.clock import Clock, later
from lstmjax.tasks.series.csv_table import read_table


def table(directory, lines, every=None, mend=False, time="t"):
    (directory / "long.csv").write_text("\n".join(["id,t,y,kind", *lines]))
    read = read_table(str(directory / "long.csv"), ",")
    return arrange(read, "id", time, None, every, mend)


def rows(name, times, kind="k"):
    return [f"{name},{time},{i + 1},{kind}" for i, time in enumerate(times)]


def test_rows_that_are_mixed_and_missing(tmp_path):
    """The hour 2 of b is missing, and a's rows stand among b's."""
    a = rows("a", [f"2021-01-01 {hour:02}:30" for hour in range(9)])
    b = rows("b", [f"2021-03-01 {hour:02}:00" for hour in range(9) if hour != 2])
    long = table(tmp_path, [b[0], *a[:4], *b[1:], *a[4:]])
    assert long.series == ["b", "a"] and long.every == "1h"
    assert (long.first.tolist(), long.ends.tolist()) == ([0, 9], [9, 18])
    expected = [1, 2, np.nan, *range(3, 9), *range(1, 10)]
    np.testing.assert_array_equal(long.numbers("y", "task.targets"), expected)
    hours = np.datetime64("2021-03-01T00", "us") + np.arange(9).astype("timedelta64[h]")
    np.testing.assert_array_equal(long.times[:9], hours)
    assert long.times[9] == np.datetime64("2021-01-01T00:30")
    assert long.told == ("1 rows of every 1h are missing",)
    assert long.at(3).endswith("line 8")  # the header is the first, then b's and four of a


@pytest.mark.parametrize(
    "times, every",
    [
        ([1, 2, 3, 5], "1"),
        ([10, 20, 30, 40], "10"),
        (["2020-11", "2020-12", "2021-01", "2021-02"], "1month"),
        (["2021-01-01", "2021-01-08", "2021-01-15"], "7d"),
        (["2021-01-01 00:05", "2021-01-01 00:20", "2021-01-01 00:35"], "15min"),
        (["2021-01-01", "2021-01-02", "2021-02-11", "2021-02-12"], "rows"),  # more gaps than rows
    ],
)
def test_the_distance_of_rows_is_found(times, every, tmp_path):
    more = {1: [*range(20, 60)]}.get(times[0], times)  # so that one row in many is missing
    assert table(tmp_path, [*rows("a", times), *rows("b", more)]).every == every


def test_disorder_is_told_or_mended(tmp_path):
    lines = [*rows("a", [1, 2, 4, 3, 4]), *rows("b", [7, 8])]
    with pytest.raises(UserError, match="line 5: time 3 does not come after 4"):
        table(tmp_path, lines)
    long = table(tmp_path, lines, mend=True)
    assert long.told == ("rows sorted by time, 1 dropped whose time comes again",)
    np.testing.assert_array_equal(long.numbers("y", "")[:4], [1, 2, 4, 5])


@pytest.mark.parametrize(
    "lines, more, told",
    [
        (["a,1,1,k", ",2,2,k"], {}, "line 3: no name in column 'id'"),
        (["a,1,1,k", "a,x,2,k"], {}, "line 3: 'x' in column 't' is not a time"),
        (["a,2021-01-01,1,k", "a,1,2,k"], {}, "line 3: '1' in column 't' is not a time"),
        (["a,1,1,k", "a,3,2,k", "a,4,2,k"], {"every": "2"}, "time 4 is no multiple of 2"),
        (["a,1,1,k"], {"every": "2h"}, "the times are numbers"),
        (["a,2021-01-01,1,k"], {"every": "2x"}, "task.every is '2x'"),
    ],
)
def test_faults_are_told(lines, more, told, tmp_path):
    with pytest.raises(UserError, match=told):
        table(tmp_path, lines, **more)


def test_a_word_of_a_series_is_one(tmp_path):
    lines = [*rows("a", [1, 2], ""), *rows("a", [3]), *rows("b", [1, 2], "other")]
    assert table(tmp_path, lines).words("kind", "task.static") == ["k", "other"]
    with pytest.raises(UserError, match="has both 'k' and 'z'"):
        table(tmp_path, [*lines, "b,3,1,k", "a,4,1,z"]).words("kind", "task.static")


def test_months_ahead_are_months():
    last = np.array(["2020-12-31T06", "2021-01-31T06"], "datetime64[us]")[:1]
    months = later(
        np.array(["2020-12-01T06"], "datetime64[us]").repeat(2), np.array([1, 2]), Clock("M")
    )
    assert [str(time)[:13] for time in months] == ["2021-01-01T06", "2021-02-01T06"]
    assert str(later(last, np.array([1]), Clock("D", 2))[0])[:13] == "2021-01-02T06"


def test_a_calendar_is_that_of_python():
    times = np.datetime64("2024-02-27T18", "us") + (17 * np.arange(40)).astype("timedelta64[h]")
    found = calendars.read(("hour", "weekday", "day", "month", "year_day"), times)
    for row, time in zip(found, times.astype(object), strict=True):
        share = [
            time.hour / 24,
            (time.weekday() + time.hour / 24) / 7,
            (time.day - 1) / 31,
            (time.month - 1) / 12,
            (time.timetuple().tm_yday - 1) / 365.25,
        ]
        angle = 2 * np.pi * np.array(share)
        np.testing.assert_allclose(row[::2], np.sin(angle), atol=1e-12)
        np.testing.assert_allclose(row[1::2], np.cos(angle), atol=1e-12)
    with pytest.raises(UserError, match="task.calendar needs dates"):
        calendars.read(("hour",), np.arange(3))
