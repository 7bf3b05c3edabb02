"""What tasks that forecast series share, for pictures, backtests and bands."""

import dataclasses
from typing import Any, ClassVar

import numpy as np

from lstmjax.errors import UserError
from lstmjax.tasks.base import Data, Task


@dataclasses.dataclass(frozen=True)
class Forecasts(Task):
    """A task whose answers have `truth` and `median`, (horizon, targets), and `quantiles`.

    They are in the units of the file. `quantiles` has a level on its last axis for each of `levels`
    or is None, and what was not observed is NaN.
    """

    # Whether the origins of a split are a row apart, one after the other.
    in_time: ClassVar[bool] = False

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

    def spread_of(self, answer: Any) -> np.ndarray:
        """How far values of its kind lie apart, for the digits they are written in: as scale_of."""
        raise NotImplementedError

    def paths(self, model: Any, batch: Any, key: Any, count: int) -> Any:
        """Possible futures of each example, drawn: (batch, horizon, targets, count).

        A recursive forecast is drawn row after row, each from the rows drawn before. A direct one
        knows how each row is distributed, and not how rows go together: rows are drawn one by one.
        They are in the units of the file.
        """
        raise NotImplementedError

    def refits(self, data: Data, every: int) -> list["Forecasts"]:
        """Tasks that are trained on what is known at every so manieth origin of the test part."""
        raise NotImplementedError

    def first_origins(self, data: Data, count: int) -> np.ndarray:
        """The test examples that are the first so many origins of each series."""
        return np.arange(min(count, data.sizes["test"]))

    def captions(self, split: str, indices: np.ndarray) -> list[str]:
        """What a picture adds to the titles of panels of some examples of a split."""
        return [""] * len(indices)


def expect_forecasts(task: Task, flag: str) -> None:
    """Raises UserError where a flag is of forecasts, and the task has none."""
    if not isinstance(task, Forecasts):
        raise UserError(f"{flag}: task {type(task).__name__} forecasts no series; leave it out")
