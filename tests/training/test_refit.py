"""Refitting: what each model was trained on, and that its forecasts are those of its own run."""

import csv

import numpy as np
import pytest

from lstmjax.inference.trained import load
from lstmjax.tasks.panels import Panels
from lstmjax.training.refit import refit_workdir
from tests import small_files, tiny
from tests.tiny import run

SHORT = dict(steps=2, log_every=2, evaluate_every=2)


def test_a_refit_is_the_run_with_a_later_split(tmp_path):
    """11 origins, five at a time: the second model is trained as one that knows five rows more.

    Of the last origin no truth was observed.
    """
    file = small_files.series_csv(tmp_path, 62)
    rows = list(csv.reader(file.read_text().splitlines()))
    for row in rows[-2:]:
        row[rows[0].index("heat")] = ""
    file.write_text("\n".join(map(",".join, rows)))
    task = dict(path=str(file), targets=("heat",), time="day", lookback=6, horizon=2)
    run(tiny.series(task | dict(split_rows=(40, 50)), **SHORT), tmp_path / "run")
    said = refit_workdir(tmp_path / "run", tmp_path / "out.csv", 5)
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    origins = [int(row["origin"]) for row in rows if row["step"] == "1"]
    assert origins == [*range(50, 61)] and "11 origins" in said and "3 models" in said
    away = [abs(float(row["truth"]) - float(row["forecast"])) for row in rows]
    assert float(said.split("mean absolute error ")[1].split(";")[0]) == pytest.approx(
        np.nanmean(away), rel=1e-3
    )
    assert "; 1 model, each" in refit_workdir(tmp_path / "run", tmp_path / "one.csv", 11)
    later = tiny.series(task | dict(split_rows=(45, 55)), **SHORT)
    run(later, tmp_path / "later")
    alone = load(tmp_path / "later").backtest()
    for name, places in (("forecast", slice(10, 20)), ("truth", slice(10, 20))):
        found = [float(row[name]) for row in rows][places]
        np.testing.assert_allclose(found, alone[name][:10], rtol=1e-5)
    first = load(tmp_path / "run").backtest()["forecast"][:10]
    np.testing.assert_allclose([float(row["forecast"]) for row in rows][:10], first, rtol=1e-5)


def test_every_series_of_a_panel_moves_along(tmp_path):
    task = Panels(
        path=str(small_files.panel_csv(tmp_path)),
        series="meter",
        time="hour",
        targets=("y",),
        lookback=8,
        horizon=3,
        test_rows=7,
    ).resolve()
    met = set()
    for later in task.refits(task.load(), 2):
        resolved = later.resolve()
        data = resolved.load()
        indices = resolved.first_origins(data, 2)
        window = resolved.batch(data.arrays, "test", indices).targets
        met |= set(zip(window.series.tolist(), window.origin.tolist(), strict=True))
        train = resolved.batch(data.arrays, "train", np.arange(data.sizes["train"])).targets
        for series in set(window.series.tolist()):
            first = int(window.origin[window.series == series].min())
            known = train.origin[train.series == series]  # a short series is not trained on
            assert not len(known) or int(known.max()) + 3 + 3 == first  # validation lies between
    data = task.load()
    window = task.batch(data.arrays, "test", np.arange(data.sizes["test"])).targets
    assert met == set(zip(window.series.tolist(), window.origin.tolist(), strict=True))
