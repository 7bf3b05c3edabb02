"""The steps between two lines of metrics.jsonl: their losses, until the line is due."""

from collections.abc import Mapping
from typing import Any

import numpy as np

NAMES = ("loss", "gradient_norm")


class Window:
    """Losses and gradient norms of the steps since the last line.

    A checkpoint between two lines keeps them, so that the next line is that of a run unstopped.
    """

    def __init__(self, values: Mapping[str, list]):
        """Starts from what `to_json` gave, or from nothing."""
        self._values = {name: values[name] for name in NAMES} if values else {n: [] for n in NAMES}

    def add(self, log: Mapping[str, np.ndarray], count: int) -> None:
        """Adds the first `count` rows of a log: (steps,) or (steps, seeds)."""
        for name in NAMES:
            self._values[name] += log[name][:count].tolist()

    def to_json(self) -> dict[str, list]:
        """What has been added since the last line."""
        return dict(self._values)

    def line(self) -> dict[str, Any]:
        """The means over the steps that are finite, None where none is, and how many are not."""
        values = {name: np.array(self._values[name], np.float64) for name in NAMES}
        finite = np.logical_and.reduce([np.isfinite(value) for value in values.values()])
        count = finite.sum(0)
        line = {
            name: np.where(finite, value, 0).sum(0) / np.maximum(count, 1)
            for name, value in values.items()
        }
        line = {name: np.where(count > 0, value, None).tolist() for name, value in line.items()}
        skipped = len(finite) - count
        self._values = {name: [] for name in NAMES}
        return line | ({"skipped": skipped.tolist()} if skipped.any() else {})
