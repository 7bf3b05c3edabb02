"""Sample paths: possible futures, drawn from a trained model, for a user's file."""

import dataclasses
import pathlib
from typing import Any

import jax
import numpy as np

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.tasks.base import Batch, Task
from lstmjax.tasks.forecasts import expect_forecasts

DRAWN = ("gaussian", "student", "negative_binomial")


def beside(destination: pathlib.Path) -> pathlib.Path:
    """The file of the paths that belong to a file of forecasts."""
    return destination.with_suffix(".paths.csv")


def check(task: Task) -> None:
    """Raises UserError where there is no distribution to draw from."""
    expect_forecasts(task, "--paths")
    if task.head not in DRAWN:
        raise UserError(
            f"--paths: head {task.head} is no distribution to draw from; train with task.head="
            f"{' or '.join(DRAWN[:2])}"
        )


def draw(experiment: Experiment, params: Any, batch: Batch, count: int, seed: int) -> np.ndarray:
    """Possible futures of each example: (batch, horizon, targets, count), in units of the file.

    Args:
      experiment: whose task forecasts a distribution.
      params: one seed's.
      batch: of examples.
      count: paths of each.
      seed: of the draws.

    Raises:
      UserError: there is no distribution to draw from.
    """
    task = experiment.task
    check(task)

    def model(batch: Batch) -> tuple[Any, Any]:
        return experiment.model.apply({"params": params}, batch.inputs)

    return task.paths(model, batch, jax.random.key(seed), count)


def write(
    experiment: Experiment,
    params: Any,
    batches: list[Batch],
    answers: list[Any],
    source: Any,
    path: pathlib.Path,
    count: int,
    seed: int = 0,
) -> None:
    """Writes the forecasts with a column for each path, `path 1`, `path 2`, ...

    Args:
      experiment: whose task forecasts series.
      params: one seed's.
      batches: of examples, as `task.read` gives them.
      answers: to their rows.
      source: what `task.read` kept of the file.
      path: of the CSV file.
      count: paths of each example.
      seed: of the draws.
    """
    drawn = [
        one
        for i, batch in enumerate(batches)
        for one in draw(experiment, params, batch, count, seed + i)
    ]
    found = [answer._replace(quantiles=paths) for answer, paths in zip(answers, drawn, strict=True)]
    names = tuple(f"path {i + 1}" for i in range(count))
    dataclasses.replace(experiment.task, levels=names).write(path, source, found)
