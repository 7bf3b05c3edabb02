"""Forecaster on pandas and polars frames and on arrays."""

import datetime

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.estimators import Forecaster

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pytest.importorskip("narwhals")

ROWS = 120
SMALL = dict(season=4, lookback=8, features=8, steps=60, batch_size=8, learning_rate=2e-2)
DAYS = [datetime.datetime(2021, 1, 1) + datetime.timedelta(days=i) for i in range(ROWS)]
LOAD = 50 + 8 * np.sin(np.pi * np.arange(ROWS) / 2) + np.random.default_rng(0).normal(size=ROWS)
COLUMNS = {"day": DAYS, "load": LOAD.tolist(), "place": ["north"] * ROWS}


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("forecaster") / "run"
    frame = polars.DataFrame(COLUMNS)
    forecaster = Forecaster(4, **SMALL, workdir=workdir)
    return forecaster.fit(frame, id="place", time="day", target="load")


def test_the_rows_after_the_last_with_bands(forecaster):
    said = forecaster.predict()
    assert isinstance(said, polars.DataFrame)
    assert said.columns == ["place", "day", "load", "load q0.1", "load q0.5", "load q0.9"]
    assert said["day"].to_list() == [DAYS[-1] + datetime.timedelta(days=i + 1) for i in range(4)]
    assert said["place"].to_list() == ["north"] * 4
    truth = 50 + 8 * np.sin(np.pi * np.arange(ROWS, ROWS + 4) / 2)
    assert np.abs(said["load"].to_numpy() - truth).mean() < 4  # the mean would miss by 4
    low, high = said["load q0.1"].to_numpy(), said["load q0.9"].to_numpy()
    assert (low <= said["load"].to_numpy()).all() and (said["load"].to_numpy() <= high).all()


def test_every_kind_of_frame_and_an_array_say_the_same(forecaster):
    said = forecaster.predict()["load"].to_numpy()
    again = forecaster.predict(polars.DataFrame(COLUMNS))
    np.testing.assert_array_equal(again["load"].to_numpy(), said)
    frame = forecaster.predict(pandas.DataFrame(COLUMNS))
    assert isinstance(frame, pandas.DataFrame)
    np.testing.assert_array_equal(frame["load"], said)
    assert list(frame["day"]) == [DAYS[-1] + datetime.timedelta(days=i + 1) for i in range(4)]
    array = Forecaster(4, **SMALL).fit(LOAD).predict()
    np.testing.assert_allclose(array, said, rtol=1e-5)


def test_the_report_is_of_the_last_rows(forecaster):
    report = forecaster.run_.report
    assert set(report["floors"]) >= {"last value"}
    assert report["test"]["mae"]["mean"] < report["floors"]["last value"]["mae"]
    task = forecaster.run_.experiment.task
    assert task.split_rows == (96, 108)


def test_columns_that_lack_and_times_out_of_order_are_told(forecaster):
    frame = pandas.DataFrame(COLUMNS)
    small = Forecaster(4, **SMALL)
    with pytest.raises(UserError, match="target: no column 'lod'; there are day, load, place"):
        small.fit(frame, target="lod")
    with pytest.raises(UserError, match="time: row 1, .* does not come after"):
        small.fit(frame[::-1], time="day", target="load")
    with pytest.raises(UserError, match="names 2 series, and fit was given one"):
        forecaster.predict(frame.assign(place=["a", "b"] * 60))
    with pytest.raises(UserError, match="target: name a column to forecast; .* load, heat"):
        small.fit(frame.assign(heat=1.0))
    with pytest.raises(UserError, match="train part, rows 0 to 2, is too short"):
        small.fit(LOAD[:10])
