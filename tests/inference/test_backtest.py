"""Backtests and bands against the evaluation and plain NumPy."""

import csv
import json
import types

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.inference.backtest import Backtest, backtest_workdir, banded, levels_of
from lstmjax.inference.prediction import predict
from lstmjax.inference.trained import load
from lstmjax.training.run import run
from tests import small_files, tiny

ROWS, HORIZON, LEVEL = 130, 2, 1e7


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("backtest")
    file = small_files.series_csv(directory, ROWS, LEVEL)
    task = dict(path=str(file), targets=("load", "heat"), lookback=6, horizon=HORIZON)
    experiment = tiny.series(task | dict(split_rows=(70, 100), head="gaussian"))
    return directory / "run", run(experiment, directory / "run")


def read(file):
    rows = list(csv.DictReader(file.read_text().splitlines()))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def test_every_origin_is_written_as_it_is_scored(trained, tmp_path):
    directory, report = trained
    backtest_workdir(directory, "test", tmp_path / "out.csv")
    found = read(tmp_path / "out.csv")
    assert list(found)[:5] == ["series", "origin", "step", "truth", "forecast"]
    values = LEVEL + small_files.series_values(ROWS)
    values = dict(zip(("load", "heat"), values.T, strict=True))
    origins, steps = found["origin"].astype(int), found["step"].astype(int)
    assert sorted(set(origins)) == [*range(100, ROWS - HORIZON + 1)] and set(steps) == {1, 2}
    truth = [values[s][o + k - 1] for s, o, k in zip(found["series"], origins, steps, strict=True)]
    np.testing.assert_allclose(found["truth"].astype(float), truth, atol=1e-4)
    error = found["forecast"].astype(float) - truth
    assert np.nanmean(np.abs(error)) == pytest.approx(report["test"]["mae"]["mean"], rel=1e-4)
    inside = (found["0.1"].astype(float) <= truth) & (truth <= found["0.9"].astype(float))
    inside = inside[np.isfinite(truth)].mean()
    assert inside == pytest.approx(report["test"]["coverage"]["mean"], abs=1e-6)


def test_a_model_in_one_file_forecasts_as_its_run(trained, tmp_path):
    directory, _ = trained
    (file,) = load(directory).export(tmp_path / "model.safetensors")
    said = backtest_workdir(file, "test", tmp_path / "out.csv")
    assert "29 origins" in said and "pictures" not in said
    own = load(directory).backtest()["forecast"]
    np.testing.assert_allclose(read(tmp_path / "out.csv")["forecast"].astype(float), own, 1e-5)


def test_bands_are_the_same_in_all_places(trained, tmp_path):
    """In the backtest's file, from Python, and in a prediction from the last rows."""
    directory, _ = trained
    with pytest.raises(UserError, match="--band=0.7: run"):
        predict(directory, directory.parent / "series.csv", tmp_path / "out.csv", band=0.7)
    said = backtest_workdir(directory, "test", tmp_path / "out.csv", 0.7)
    assert "70 % bands from" in said and "the model's own" in said
    found, columns = read(tmp_path / "out.csv"), load(directory).backtest(band=0.7)
    assert list(found) == list(columns)
    np.testing.assert_allclose(found["0.15"].astype(float), columns["0.15"], rtol=1e-5)
    last = found["origin"] == str(ROWS - HORIZON)
    lines = (directory.parent / "series.csv").read_text().splitlines()[: 1 + ROWS - HORIZON]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    predict(directory, tmp_path / "mine.csv", tmp_path / "alone.csv", band=0.7)
    alone = read(tmp_path / "alone.csv")
    for name in ("forecast", "0.15", "0.85"):
        np.testing.assert_allclose(alone[name].astype(float), found[name][last].astype(float), 1e-4)


def test_bands_of_other_forecasts_are_refused(trained, tmp_path):
    """Of all seeds together, and of an earlier best checkpoint."""
    directory, report = trained
    backtest_workdir(directory, "test", tmp_path / "out.csv", 0.6)
    kept = json.loads((directory / "bands.json").read_text())
    for other in ({"together": True}, {"best_step": report["best_step"] - 1}):
        (directory / "bands.json").write_text(json.dumps(kept | other))
        with pytest.raises(UserError, match="--band=0.6 --output=FILE` first"):
            predict(directory, directory.parent / "series.csv", tmp_path / "out.csv", band=0.6)


@pytest.mark.parametrize("levels", [0, 3])
def test_bands_cover_what_they_should(levels):
    """Errors whose spread grows with the step, and a model that is too sure of itself."""
    rng, answer = np.random.default_rng(0), types.SimpleNamespace
    task = answer(scale_of=lambda a: 2 * np.ones_like(a.median))

    class Answer(answer):
        def _replace(self, **changes):
            return Answer(**vars(self) | changes)

    def done(size):
        found = []
        for _ in range(size):
            median = rng.normal(size=(4, 1))
            truth = median + rng.normal(size=(4, 1)) * np.arange(1, 5)[:, None]
            quantiles = np.stack([median - 0.1, median, median + 0.1], -1) if levels else None
            found.append(Answer(median=median, truth=truth, quantiles=quantiles))
        return Backtest(answer(task=task), "test", found, (0.1, 0.5, 0.9)[:levels])

    margin = done(4000).calibrate(0.8)
    # half an 80 % band of normal errors, in scales of 2, less what the model's band has
    expected = 1.2816 * np.arange(1, 5) / 2 - (0.05 if levels else 0)
    np.testing.assert_allclose(margin.reach[:, 0], expected, rtol=0.06)
    tested = done(4000)
    assert tested.banded(margin).coverage() == pytest.approx(0.8, abs=0.015)
    assert tested.coverage() == (None if not levels else pytest.approx(0.05, abs=0.02))
    assert levels_of(0.8) == (0.1, 0.5, 0.9)
    one = banded(tested.experiment, tested.answers[0], margin)
    assert (np.diff(one.quantiles, axis=-1) >= 0).all()


def test_too_few_forecasts_are_told():
    answers = [
        types.SimpleNamespace(median=np.zeros((1, 1)), truth=np.zeros((1, 1)), quantiles=None)
    ]
    task = types.SimpleNamespace(scale_of=lambda a: np.ones((1, 1)))
    done = Backtest(types.SimpleNamespace(task=task), "valid", answers, ())
    with pytest.raises(UserError, match="1 validation forecasts of a step are too few"):
        done.calibrate(0.8)
    with pytest.raises(UserError, match="between 0 and 1"):
        done.calibrate(1.5)


@pytest.mark.parametrize("rate", [-1.0, 1.0, float("nan")])
def test_a_rate_that_is_none_is_refused(rate, trained):
    with pytest.raises(UserError, match="--adapt must be at least 0 and below 1, got"):
        load(trained[0]).backtest(band=0.7, adapt=rate)
