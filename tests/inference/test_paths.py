"""Sample paths: those of a random walk, those of single rows, and the file that holds them."""

import csv

import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.inference.paths import draw
from lstmjax.inference.prediction import predict
from lstmjax.tasks.series import Series
from lstmjax.training.run import run
from tests import small_files, tiny

COUNT, HORIZON = 4_000, 3


class Walk:
    """Says the last value it reads, and a spread of softplus(0)."""

    def apply(self, variables, inputs):
        last, rows = inputs[:, -1, 0], inputs.shape[0]
        said = jnp.stack([last, jnp.zeros(rows)], -1)
        return jnp.tile(said, (1, variables["params"])), None


@pytest.mark.parametrize("forecast", ["recursive", "direct"])
def test_paths_go_on_from_what_was_drawn(forecast, tmp_path):
    """Of a recursive forecast: a random walk. Of a direct one: rows that know nothing of others."""
    file = small_files.series_csv(tmp_path, 90)
    task = dict(path=str(file), targets=("heat",), lookback=6, horizon=HORIZON, head="gaussian")
    experiment = tiny.series(task | dict(forecast=forecast)).resolve()
    steps = 1 if forecast == "recursive" else HORIZON
    fake = type("Fake", (), dict(task=experiment.task, model=Walk()))
    _, (batch,) = experiment.task.read(file)
    drawn = draw(fake, steps, batch, COUNT, seed=0)[0, :, 0]  # (horizon, count)
    (deviation,) = experiment.task.deviations
    spread = deviation * (np.log(2) + 1e-3)
    last = small_files.series_values(90)[-1, 1]
    growth = np.sqrt(np.arange(1, 4)) if forecast == "recursive" else np.ones(3)
    np.testing.assert_allclose(drawn.std(1), spread * growth, rtol=0.06)
    np.testing.assert_allclose(drawn.mean(1), last, atol=5 * spread * 2 / np.sqrt(COUNT))
    expected = np.sqrt(1 / 3) if forecast == "recursive" else 0
    assert np.corrcoef(drawn)[0, 2] == pytest.approx(expected, abs=0.06)


def test_paths_are_written_beside_the_forecasts(tmp_path):
    file = small_files.series_csv(tmp_path, 90)
    task = dict(path=str(file), targets=("load", "heat"), time="day", lookback=6, horizon=2)
    run(tiny.series(task | dict(head="student", degrees=None)), tmp_path / "run")
    predict(tmp_path / "run", file, tmp_path / "out.csv", count=30)
    forecasts, paths = (
        list(csv.DictReader((tmp_path / name).read_text().splitlines()))
        for name in ("out.csv", "out.paths.csv")
    )
    assert [row["forecast"] for row in paths] == [row["forecast"] for row in forecasts]
    assert [row["day"] for row in paths] == [row["day"] for row in forecasts]
    drawn = np.array([[float(row[f"path {i + 1}"]) for i in range(30)] for row in paths])
    low, high = (np.array([float(row[level]) for row in forecasts]) for level in ("0.1", "0.9"))
    inside = ((drawn > low[:, None]) & (drawn < high[:, None])).mean()
    assert inside == pytest.approx(0.8, abs=0.16)  # four deviations of 120 draws
    point = tiny.series(dict(path=str(file), targets=("load",), lookback=6, horizon=2)).resolve()
    assert isinstance(point.task, Series)
    with pytest.raises(UserError, match="head point is no distribution to draw from"):
        draw(point, None, None, 1, 0)
