"""What tasks that forecast series share, for pictures, backtests and bands."""

import dataclasses
from typing import Any

import numpy as np

from lstmjax.tasks.base import Task


@dataclasses.dataclass(frozen=True)
class Forecasts(Task):
    """A task whose answers have `truth` and `median`, (horizon, targets), and `quantiles`.

    They are in the units of the file. `quantiles` has a level on its last axis for each of `levels`
    or is None, and what was not observed is NaN.
    """

    @property
    def validates(self) -> bool:
        """Whether the validation part is held out, so that bands may be learned from it."""
        return True

    def whence(
        self, answers: list[Any], split: str, indices: np.ndarray
    ) -> list[tuple[list[str], int]]:
        """Of answers to a split's examples: the names of their series, and the rows before."""
        raise NotImplementedError

    def scale_of(self, answer: Any) -> np.ndarray:
        """What errors of a forecast are measured in, as bands need it: (horizon, targets)."""
        raise NotImplementedError

    def captions(self, split: str, indices: np.ndarray) -> list[str]:
        """What a picture adds to the titles of panels of some examples of a split."""
        return [""] * len(indices)
