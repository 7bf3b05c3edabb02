"""Predictions for a user's file from a checkpoint alone."""

import pathlib
from typing import Any

import jax

from lstmjax import figures
from lstmjax.checkpointing import restore_best
from lstmjax.experiment import Experiment
from lstmjax.tasks.base import Batch


def predict(workdir: pathlib.Path, source: pathlib.Path, destination: pathlib.Path) -> int:
    """Reads examples from a file, and writes the answers of a directory's best checkpoint.

    Of several seeds, the first answers. Order and count of the examples are kept. Where the task
    forecasts series, a picture is written beside the answers.

    Returns:
      How many examples were answered.

    Raises:
      UserError: the directory or the file is at fault, or the answers cannot be written.
    """
    experiment, params, _ = restore_best(workdir)
    kept, batches = experiment.task.read(source)
    answers = answer(experiment, experiment.first_seed(params), batches)
    experiment.task.write(destination, kept, answers)
    panels = experiment.task.panels(answers)
    if panels:
        figures.bands(panels, destination.with_suffix(".png"))
    return len(answers)


def answer(experiment: Experiment, params: Any, batches: list[Batch]) -> list[Any]:
    """The task's answers to every row of the batches, with one seed's parameters."""
    apply = jax.jit(lambda params, batch: experiment.apply(params, batch)[0])
    return [
        one
        for batch in batches
        for one in experiment.task.answer(jax.device_get(apply(params, batch)), batch)
    ]
