"""Predictions for a user's file from a checkpoint alone."""

import dataclasses
import pathlib
from typing import Any, NamedTuple

import jax

from lstmjax import devices, figures
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.files import check_writable
from lstmjax.inference import backtest, paths
from lstmjax.inference.decoding import respond
from lstmjax.inference.together import together as as_one
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.base import Batch
from lstmjax.tasks.forecasts import expect_forecasts


class Predicted(NamedTuple):
    """What was written."""

    answers: int  # how many examples were answered
    picture: pathlib.Path | None  # beside the answers, where the task forecasts series


def predict(
    workdir: pathlib.Path,
    source: pathlib.Path,
    destination: pathlib.Path,
    beam: int | None = None,
    n_best: int | None = None,
    together: bool = False,
    band: float | None = None,
    count: int | None = None,
) -> Predicted:
    """Reads examples from a file, and writes the answers of a directory's best checkpoint.

    If the run trained several seeds, the first one answers, or all `together`. Order and count of
    the examples are kept. If the task forecasts series, a picture is written beside the answers.

    Args:
      workdir: the directory of the run.
      source: the file of examples.
      destination: where the answers go.
      beam: answers followed side by side, where the model writes sequences; none: as in the run.
      n_best: answers written for each example, if there may be several; none: as in the run.
      together: whether all seeds of the run answer, by the mean of what they say.
      band: the share that bands cover; none: what the model says itself.
      count: sample paths of each series, in a file beside the answers; none: no such file.

    Raises:
      UserError: the directory or the file is at fault, or the answers cannot be written.
    """
    check_writable(destination, "--output", source)
    if count is not None and together:
        raise UserError("--paths are drawn from one model: leave --together or --paths out")
    experiment, params, step = restore_best(workdir)
    experiment = experiment.with_options(beam=beam, n_best=n_best)
    experiment = as_one(experiment) if together else experiment
    picture = destination.with_suffix(".png") if experiment.task.pictured else None
    if picture is not None:
        if picture == destination:
            raise UserError(f"--output {destination}: a picture goes there; name it .csv")
        check_writable(picture, "--output: the picture", source)
    if band is not None:
        expect_forecasts(experiment.task, "--band")
        margin = backtest.margin_of(workdir, band, together, step)
    if count is not None:
        paths.check(experiment.task)
        check_writable(paths.beside(destination), "--paths", source)
    kept, batches = experiment.task.read(source)
    params = experiment.first_seed(params)
    answers, task = answer(experiment, params, batches), experiment.task
    if band is not None:
        answers = [backtest.banded(experiment, one, margin) for one in answers]
        task = dataclasses.replace(task, levels=backtest.levels_of(band))
    if count is not None:
        where = paths.beside(destination)
        paths.write(experiment, params, batches, answers, kept, where, count)
    task.write(destination, kept, answers)
    if picture is not None:
        figures.bands(task.panels(answers, kept), picture)
    return Predicted(len(answers), picture)


def answer(experiment: Experiment, params: Any, batches: list[Batch]) -> list[Any]:
    """The task's answers to every row of the batches.

    Args:
      experiment: whose task and model.
      params: one seed's.
      batches: of examples.
    """
    apply = devices.jit(lambda params, batch: respond(experiment, params, batch)[1])
    return [
        one
        for batch in batches
        for one in experiment.task.answer(jax.device_get(apply(params, batch)), batch)
    ]
