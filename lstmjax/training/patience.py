"""The score that a run watches: its best checkpoint has the lowest, and its patience ends by it."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.inference.decoding import respond
from lstmjax.inference.evaluation import only
from lstmjax.metrics import Sums
from lstmjax.tasks.base import Data
from lstmjax.training.steps import make_init


def check_watched(experiment: Experiment, data: Data) -> None:
    """Raises UserError where no validation score has the name that a run is to watch.

    Traces the scores of two examples and computes nothing.
    """
    if experiment.best_by == "loss":
        return
    alone, task = dataclasses.replace(experiment, seeds=1), experiment.task

    def scores(arrays: Any) -> Sums:
        params = make_init(alone, data)(np.int32(alone.seed)).params
        batch = task.batch(arrays, "valid", np.zeros(2, np.int32), data.shapes[-1])
        batch = only(batch, jnp.ones(2, bool))
        _, outputs, _ = respond(alone, params, batch, alone.zero_carry(params, batch), beam=1)
        return task.metrics(outputs, batch)

    names = {"loss", *jax.eval_shape(scores, data.arrays)}
    if experiment.best_by.removeprefix("-") not in names:
        told = ", ".join(sorted(names))
        raise UserError(f"best_by is {experiment.best_by!r}; the validation has {told}")


def to_lower(scores: dict[str, np.ndarray], best_by: str) -> float:
    """What is the lower the better: the mean over seeds of a score, or of its negative.

    Raises:
      UserError: the score is not a number, as a mean over nothing.
    """
    value = float(np.mean(scores[best_by.removeprefix("-")]))
    if np.isnan(value):
        raise UserError(
            f"best_by is {best_by!r}, which nothing in the validation part defines; choose another "
            "score"
        )
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
