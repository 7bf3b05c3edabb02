"""Predictions for a user's file from a checkpoint alone."""

import pathlib
from collections.abc import Sequence
from typing import Any

import jax

from lstmjax import devices, figures, settings
from lstmjax.checkpointing import restore_best
from lstmjax.decoding import respond
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.files import check_writable
from lstmjax.tasks.base import Batch


def predict(
    workdir: pathlib.Path,
    source: pathlib.Path,
    destination: pathlib.Path,
    changes: Sequence[str] = (),
) -> int:
    """Reads examples from a file, and writes the answers of a directory's best checkpoint.

    Of several seeds, the first answers. Order and count of the examples are kept. Where the task
    forecasts series, a picture is written beside the answers.

    Args:
      workdir: the directory of the run.
      source: the file of examples.
      destination: where the answers go.
      changes: settings that differ from the run's, as `task.beam=8`.

    Returns:
      How many examples were answered.

    Raises:
      UserError: the directory or the file is at fault, or the answers cannot be written.
    """
    check_writable(destination, "--output", source)
    experiment, params, _ = restore_best(workdir)
    experiment = experiment.override(changes)
    settings.check(experiment)
    picture = destination.with_suffix(".png") if experiment.task.pictured else None
    if picture is not None:
        if picture == destination:
            raise UserError(f"--output {destination}: a picture goes there; name it .csv")
        check_writable(picture, "--output: the picture", source)
    kept, batches = experiment.task.read(source)
    answers = answer(experiment, experiment.first_seed(params), batches)
    experiment.task.write(destination, kept, answers)
    if picture is not None:
        figures.bands(experiment.task.panels(answers), picture)
    return len(answers)


def answer(experiment: Experiment, params: Any, batches: list[Batch]) -> list[Any]:
    """The task's answers to every row of the batches, with one seed's parameters."""
    apply = devices.jit(lambda params, batch: respond(experiment, params, batch)[1])
    return [
        one
        for batch in batches
        for one in experiment.task.answer(jax.device_get(apply(params, batch)), batch)
    ]
