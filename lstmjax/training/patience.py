"""The score that a run watches: its best checkpoint has the lowest, and its patience ends by it."""

from collections.abc import Collection
from typing import Any

import numpy as np

from lstmjax.errors import UserError


def check_watched(best_by: str, names: Collection[str]) -> None:
    """Raises UserError where no validation score has the name that a run is to watch."""
    if best_by.removeprefix("-") not in names:
        raise UserError(f"best_by is {best_by!r}; the validation has {', '.join(sorted(names))}")


def to_lower(scores: dict[str, np.ndarray], best_by: str) -> float:
    """What is the lower the better: the mean over seeds of a score, or of its negative."""
    value = float(np.mean(scores[best_by.removeprefix("-")]))
    return -value if best_by.startswith("-") else value


class Patience:
    """Counts the evaluations since the best one.

    What it knows lies in each checkpoint, so a resumed run ends where it would have ended.
    """

    def __init__(self, limit: int | None, notes: dict[str, Any]):
        """Goes on from what `to_json` gave.

        Args:
          limit: evaluations in a row without a better one that end a run; None: no number does.
          notes: of a checkpoint; empty at the start.
        """
        self._limit = limit
        self._lowest: float | None = notes.get("lowest")
        self._without: int = notes.get("without", 0)

    def add(self, watched: float) -> None:
        """Takes what one more evaluation is judged by: the lower, the better."""
        lower = self._lowest is None or watched < self._lowest
        self._lowest = watched if lower else self._lowest
        self._without = 0 if lower else self._without + 1

    @property
    def is_over(self) -> bool:
        """Whether the run ends here."""
        return self._limit is not None and self._without >= self._limit

    def to_json(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"lowest": self._lowest, "without": self._without}
