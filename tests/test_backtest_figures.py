"""Pictures of backtests say what NumPy says."""

from typing import NamedTuple

import numpy as np

from lstmjax.figures import backtests


class Answer(NamedTuple):
    past: np.ndarray
    truth: np.ndarray
    median: np.ndarray
    quantiles: np.ndarray | None


class Fake:
    levels = (0.1, 0.5, 0.9)

    def __init__(self, names):
        self.names = names

    def whence(self, answers, split, indices):
        return [([name], 0) for name in self.names]


def made(series):
    """Two windows a series, whose forecasts are off by the series' number, in per cent."""
    rng, names, answers = np.random.default_rng(0), [], []
    for i in range(series):
        for _ in range(2):
            truth = 100 + rng.normal(size=(4, 1))
            median = truth * 1.0 + i * np.array([[1.0], [1], [1], [3]])
            quantiles = np.stack([median - 1.5, median, median + 1.5], -1)
            answers.append(Answer(np.full((6, 1), 100.0), truth, median, quantiles))
            names.append(f"s{i}")
    return Fake(names), answers


def test_captions_are_numpys(tmp_path):
    task, answers = made(9)
    captions = backtests(task, answers, task.levels, answers, tmp_path)
    assert {file.stem for file in tmp_path.glob("*.png")} == set(captions)
    # 1.5 is the mean of a window's errors; s8 is worst, s0 is best
    assert captions["series"].startswith("Forecasts from the worst to the best: worst: s8, 12 %; ")
    assert "median: s4, 6 %" in captions["series"] and captions["series"].endswith("s0, 0 %.")
    assert ": from 4 to 12; the last value again" in captions["steps"]
    # too high by more than 1.5 are seven of the nine, and one step of four of s1
    assert "0.806 of the truth is below the 0.1 quantile" in captions["calibration"]


def test_one_series_shows_windows(tmp_path):
    task, answers = made(1)
    captions = backtests(task, answers, (), [], tmp_path)
    assert set(captions) == {"series", "steps"} and captions["series"].count("s0") == 2
