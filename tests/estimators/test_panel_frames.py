"""Forecaster on frames of several series."""

import datetime
import zoneinfo

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.estimators import Forecaster
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.tasks.panels import forecasts

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pytest.importorskip("narwhals")

SMALL = dict(season=4, lookback=8, features=8, steps=60, batch_size=8, learning_rate=2e-2)
START = datetime.datetime(2021, 1, 4)


def frame(rows=(160, 180), ahead=0, kind=polars.DataFrame):
    """Two meters, one thousand times the other, whose load is what the price says, times it."""
    columns = {name: [] for name in ("meter", "hour", "load", "price", "area")}
    for meter, count in zip((7, 9), rows, strict=True):
        rng = np.random.default_rng(meter)
        price = rng.choice([1.0, 2.0], count + ahead)
        size = 1000.0 if meter == 9 else 1.0
        load = size * price * (1 + rng.random(count + ahead) / 50)
        columns["meter"] += [meter] * (count + ahead)
        columns["hour"] += [START + datetime.timedelta(hours=i) for i in range(count + ahead)]
        columns["load"] += load[:count].tolist() + [None] * ahead
        columns["price"] += price.tolist()
        columns["area"] += ["ab"[meter == 9]] * (count + ahead)
    return kind(columns)


def test_several_series_with_known_columns():
    forecaster = Forecaster(3, **SMALL | dict(steps=400, features=16, dropout=0.0, log=True))
    roles = dict(known=["price"], static=["area"], calendar=["hour"])
    forecaster.fit(frame(), id="meter", time="hour", target="load", **roles)
    assert isinstance(forecaster.run_.experiment.model, EncoderDecoder)
    later = frame(ahead=3)
    said = forecaster.predict(later)
    assert isinstance(said, polars.DataFrame)
    expected = ["meter", "hour", "load", "load q0.1", "load q0.5", "load q0.9"]
    assert said.columns == expected and said["meter"].to_list() == [7] * 3 + [9] * 3
    assert said["hour"].to_list()[:3] == [
        START + datetime.timedelta(hours=160 + i) for i in range(3)
    ]
    ahead = later.filter(polars.col("load").is_null())["price"].to_numpy()
    truth = ahead * np.repeat([1, 1000], 3) * 1.01
    # without the price the best forecast is a quarter off at least
    assert np.abs(said["load"].to_numpy() / truth - 1).mean() < 0.05
    with pytest.raises(UserError, match="task.known needs them for all 3 rows ahead"):
        forecaster.predict()
    with pytest.raises(UserError, match="layers must be at least 1, got 0"):
        Forecaster(3, layers=0).fit(frame(), id="meter", time="hour", target="load", **roles)


def test_frames_of_either_kind_say_the_same(monkeypatch):
    """And each is read once."""
    read, reads = forecasts.read_table, []
    monkeypatch.setattr(forecasts, "read_table", lambda *a: reads.append(a) or read(*a))
    forecaster = Forecaster(3, **SMALL | dict(steps=4))
    forecaster.fit(frame(), id="meter", time="hour", target="load")
    said = forecaster.predict()
    other = forecaster.predict(frame(kind=pandas.DataFrame))
    assert isinstance(other, pandas.DataFrame) and len(reads) == 2
    np.testing.assert_allclose(other["load"], said["load"].to_numpy(), rtol=1e-6)
    assert [*other["hour"]] == said["hour"].to_list()


def test_times_keep_their_zone():
    """Hours of Berlin across the end of summer time, of one series and of two."""
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    hours = pandas.date_range("2021-10-29", periods=49, freq="h", tz=berlin)
    load = [float(i % 4) for i in range(49)]
    one = pandas.DataFrame({"meter": 1, "hour": hours, "load": load})
    two = pandas.concat([one, one.assign(meter=2)])
    zoned = polars.Series(two["hour"].to_list(), dtype=polars.Datetime("us", "Europe/Berlin"))
    other = polars.DataFrame({"meter": [*two["meter"]], "hour": zoned, "load": [*two["load"]]})
    for given in (one, two, other):
        forecaster = Forecaster(3, **SMALL | dict(steps=2))
        forecaster.fit(given, id="meter", time="hour", target="load")
        ahead = forecaster.predict()["hour"]
        expected = pandas.date_range(hours[-1], periods=4, freq="h")[1:]
        assert "Europe/Berlin" in str(ahead.dtype)
        assert [time.timestamp() for time in ahead][:3] == [time.timestamp() for time in expected]


def test_a_time_that_comes_twice_names_its_row():
    """Rows of two meters by turns, the last of which repeats the hour of the one before."""
    hours = [START, START, *[START + datetime.timedelta(hours=1)] * 3]
    given = polars.DataFrame({"meter": [7, 9, 7, 9, 7], "hour": hours, "load": [1.0] * 5})
    told = (
        "^time: row 4, 2021-01-04 01:00:00, does not come after 2021-01-04 01:00:00 .* of 7; sort"
    )
    with pytest.raises(UserError, match=told):
        Forecaster(3).fit(given, id="meter", time="hour", target="load")


def test_what_needs_series_asks_for_their_column():
    with pytest.raises(UserError, match="name its column in id"):
        Forecaster(3).fit(frame(), time="hour", target="load", known=["price"])
    with pytest.raises(UserError, match="residual is for one series; take last, window, season"):
        Forecaster(3, normalize="residual").fit(frame(), id="meter", target="load")
