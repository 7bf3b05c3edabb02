"""Sequences in memory, whether a file or a person's arrays held them."""

from typing import NamedTuple

import numpy as np
from jax import Array

FAR = 1e3  # deviations from zero, above which float32 blurs what tells values apart
LARGEST = float(np.finfo(np.float32).max)


class Sequences(NamedTuple):
    """Sequences, padded with zeros to the longest; missing values are NaN."""

    inputs: np.ndarray  # (size, time, *step), numbers of any type
    lengths: np.ndarray  # (size,): valid steps
    labels: tuple[str, ...] | None  # of each, where it has a class
    places: tuple[str, ...]  # where each stands in its file, for messages
    targets: np.ndarray | None = None  # (size, [time,] values), where it has numbers
    weights: np.ndarray | None = None  # (size,) or (size, time): how much each counts in the loss


class Part(NamedTuple):
    """The examples of a split, as a task's `batch` reads them."""

    inputs: Array  # (size, time, *step)
    lengths: Array  # (size,)
    targets: Array  # classes (size,), or scaled numbers
    weights: Array | None  # (size,) or (size, time)

    def take(self, rows: np.ndarray) -> "Part":
        """Some of the examples."""
        return Part(*(None if array is None else array[rows] for array in self))


def never_changes(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Which channels have one value, but for rounding: bool (width,)."""
    return deviation <= 1e-12 * np.abs(mean)


def is_blurred(mean: np.ndarray, deviation: np.ndarray) -> bool:
    """Whether float32 blurs what tells the values of a channel apart, or cannot hold it.

    Args:
      mean: (width,), of each channel.
      deviation: (width,).
    """
    far = (np.abs(mean) > FAR * deviation) | (deviation < 1 / LARGEST)
    return bool((far & ~never_changes(mean, deviation)).any())


def pad(rows: list[np.ndarray]) -> np.ndarray:
    """Arrays (time, *rest) of unequal length as one (size, longest, *rest), zeros at the ends."""
    lengths = [len(row) for row in rows]
    if len(set(lengths)) == 1:
        return np.stack(rows)
    padded = np.zeros((len(rows), max(lengths), *rows[0].shape[1:]), np.result_type(*rows))
    for place, row in zip(padded, rows, strict=True):
        place[: len(row)] = row
    return padded
