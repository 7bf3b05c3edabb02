"""A backtest whose model is trained anew every so many origins, on what was known until then."""

import dataclasses
import pathlib
from typing import Any

import numpy as np

from lstmjax.files import check_writable
from lstmjax.inference.backtest import Backtest, backtest, to_learn_from, write
from lstmjax.inference.together import together as as_one
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.forecasts import expect_forecasts
from lstmjax.training.run import run

PLACE = "refits"  # in the directory of a run: a run for each part of the test but the first


def refit_workdir(
    workdir: pathlib.Path,
    destination: pathlib.Path,
    every: int,
    share: float | None = None,
    together: bool = False,
) -> str:
    """Writes forecasts from all test origins; says what was written.

    The first `every` origins are forecast by the run itself. For the next ones a model is trained
    from the beginning, with the same settings, on a training part that is as much longer, and so
    on. Each is a run in a directory of its own, and one that was finished before is not repeated.

    Args:
      workdir: the directory of the run.
      destination: the CSV file.
      every: origins of each series that one model forecasts.
      share: that bands should cover, learned from each run's own validation part; none: no bands.
      together: whether all seeds answer, by the mean of what they say.

    Raises:
      UserError: the task forecasts no series.
    """
    check_writable(destination, "--output")
    experiment, params, _ = restore_best(workdir)
    expect_forecasts(experiment.task, "--refit")
    data = experiment.task.load()
    tasks = experiment.task.refits(data, every)
    parts: list[Backtest] = []
    for i, task in enumerate(tasks):
        if i:
            place = workdir / PLACE / f"{i * every}"
            place.mkdir(parents=True, exist_ok=True)
            run(dataclasses.replace(experiment, task=task), place, pictures=False)
            parts.append(_forecast(*restore_best(place)[:2], every, share, together))
        else:
            parts.append(_forecast(experiment, params, every, share, together))
    columns = [part.columns() for part in parts]
    table = {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}
    write(table, np.concatenate([part.spread() for part in parts]), destination)
    # scored as one: parts differ in how much of the truth was observed
    whole = dataclasses.replace(parts[0], answers=[a for part in parts for a in part.answers])
    said = f"{destination}: {len(whole.answers):,} origins, mean absolute error {whole.error():.4g}"
    said += f"; {len(parts)} model{'s' * (len(parts) != 1)}, each trained on what was known"
    if share is not None:
        said += f"; {100 * share:g} % bands cover {whole.coverage():.3f}"
    return said


def _forecast(
    experiment: Any, params: Any, every: int, share: float | None, together: bool
) -> Backtest:
    experiment = as_one(experiment) if together else experiment
    params, data = experiment.first_seed(params), experiment.task.load()
    examples = experiment.task.first_origins(data, every)
    done = backtest(experiment, data, params, "test", examples)
    if share is None:
        return done
    return done.banded(to_learn_from(experiment, data, params).calibrate(share))
