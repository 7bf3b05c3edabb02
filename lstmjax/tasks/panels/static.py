"""Columns that belong to a series: numbers, scaled, and words, each kind in its own place."""

from typing import NamedTuple

import numpy as np

from lstmjax.errors import UserError
from lstmjax.tasks.panels.long_table import LongTable
from lstmjax.tasks.series.numbers import number


class Learned(NamedTuple):
    """What the training file tells of them."""

    means: tuple[float, ...]  # of each column of numbers
    deviations: tuple[float, ...]
    words: tuple[str, ...]  # the kinds of each column of words, as column=word


def learn(long: LongTable, columns: tuple[str, ...], decimal: str) -> Learned:
    """The scaling of columns of numbers, and the kinds of columns of words.

    Args:
      long: the rows.
      columns: what belongs to a series.
      decimal: the mark before decimals.
    """
    means, deviations, words = [], [], []
    for name in columns:
        said = [word for word in long.words(name, "task.static") if word is not None]
        try:
            mean, deviation = scaling(np.array([number(word, decimal) for word in said])[:, None])
            means, deviations = means + mean, deviations + deviation
        except ValueError:
            words += [f"{name}={word}" for word in sorted(set(said))]
    return Learned(tuple(means), tuple(deviations), tuple(words))


def read(long: LongTable, columns: tuple[str, ...], learned: Learned, decimal: str) -> np.ndarray:
    """Numbers, then words: float32 (series, width). What is missing or unknown is zero.

    Args:
      long: the rows.
      columns: what belongs to a series.
      learned: what training knows of them.
      decimal: the mark before decimals.

    Raises:
      UserError: a column has a word where training had numbers.
    """
    numbers, words = [], []
    for name in columns:
        said = long.words(name, "task.static")
        kinds = [kind for kind in learned.words if kind.startswith(f"{name}=")]
        if kinds:
            words += [[f"{name}={word}" == kind for word in said] for kind in kinds]
            continue
        mean, deviation = learned.means[len(numbers)], learned.deviations[len(numbers)]
        try:
            values = [mean if word is None else number(word, decimal) for word in said]
            numbers.append([(value - mean) / deviation for value in values])
        except ValueError:
            raise UserError(
                f"{long.table.path}: column {name!r} (task.static) has a word where training had "
                "numbers; mend it"
            ) from None
    rows = np.array([*numbers, *words], np.float32)
    return rows.reshape(-1, len(long.first)).T


def scaling(columns: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and deviation of each column (rows, columns), 1 where it is constant."""
    if not columns.size:
        return [0.0] * columns.shape[1], [1.0] * columns.shape[1]
    means, deviations = np.nanmean(columns, 0), np.nanstd(columns, 0)
    flat = deviations <= 1e-12 * np.nanmax(np.abs(columns), 0)
    return means.tolist(), np.where(flat, 1, deviations).tolist()
