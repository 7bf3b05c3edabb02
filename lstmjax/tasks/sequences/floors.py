"""Answers about sequences that need no state: means and least squares."""

from collections.abc import Sequence

import numpy as np

MOST_FEATURES = 1_024  # numbers that a sequence is reduced to


def summarize(
    inputs: np.ndarray,
    lengths: np.ndarray,
    mean: Sequence[float],
    deviation: Sequence[float],
    longest: int,
) -> np.ndarray:
    """Sequences as one vector each: evenly chosen steps from first to last, length, and a one.

    Args:
      inputs: (size, time, *step), NaN where values are missing.
      lengths: (size,), valid steps.
      mean: (width,), subtracted from every step.
      deviation: (width,), which the difference is divided by.
      longest: steps of the longest training sequence, at most so many are chosen.

    Returns:
      (size, features), float64.
    """
    size, width = len(inputs), len(mean)
    count = max(min(longest, MOST_FEATURES // width), 1)
    places = np.linspace(0, lengths - 1, count).round().astype(int).T  # (size, count)
    chosen = inputs[np.arange(size)[:, None], places].reshape(size, count, width)
    scaled = np.nan_to_num((chosen.astype(np.float64) - mean) / deviation)
    return np.column_stack([scaled.reshape(size, -1), lengths / longest, np.ones(size)])


def guesses(
    train: np.ndarray, classes: np.ndarray, test: np.ndarray, count: int
) -> dict[str, np.ndarray]:
    """Classes of the test vectors by the most frequent, by nearest mean, and by least squares.

    Least squares are of the indicators of the classes, with a little ridge, as there may be more
    features than sequences (Hastie, Tibshirani & Friedman 2009, section 4.2).

    Args:
      train: (size, features).
      classes: integers (size,).
      test: (test size, features).
      count: of classes.
    """
    indicators = np.eye(count)[classes]  # (size, count)
    sizes = indicators.sum(0)
    means = indicators.T @ train / np.maximum(sizes, 1)[:, None]
    distances = np.where(sizes > 0, (means**2).sum(1) - 2 * test @ means.T, np.inf)
    ridge = 1e-2 * len(train) * np.eye(train.shape[1])
    weights = np.linalg.solve(train.T @ train + ridge, train.T @ indicators)
    return {
        "most frequent class": np.full(len(test), sizes.argmax()),
        "nearest class mean": distances.argmin(1),
        "least squares": (test @ weights).argmax(1),
    }


def regressions(
    train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], spread: np.ndarray
) -> dict[str, dict[str, float]]:
    """Errors of the training mean, and of least squares with a little ridge.

    Args:
      train: features (size, features), and scaled targets (size, values), whose mean is 0.
      test: the same of the test.
      spread: (values,), the units of the scaled targets.
    """
    (features, targets), (others, truth) = train, test
    ridge = 1e-2 * len(features) * np.eye(features.shape[1])
    weights = np.linalg.solve(features.T @ features + ridge, features.T @ targets)
    said = {"training mean": 0 * truth, "least squares": others @ weights}
    floors = {}
    for name, guess in said.items():
        error = (guess - truth) * spread
        mse = float((error**2).mean())
        floors[name] = {"mae": float(np.abs(error).mean()), "mse": mse, "rmse": mse**0.5}
    return floors
