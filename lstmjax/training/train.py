"""Training from Python: an experiment in, a run out."""

import contextlib
import dataclasses
import io
import pathlib
import shutil
import tempfile
import weakref
from collections.abc import Sequence

from lstmjax import settings
from lstmjax.experiment import Experiment
from lstmjax.inference.trained import Run
from lstmjax.training.run import run


def train(
    experiment: Experiment,
    workdir: str | pathlib.Path | None = None,
    *,
    start: Run | str | pathlib.Path | None = None,
    frozen: Sequence[str] = (),
    quiet: bool = False,
    pictures: bool = True,
) -> Run:
    """Trains an experiment, or goes on with the run that is in the directory.

    Works in any thread and touches no signals. After a KeyboardInterrupt, which comes with
    everything saved, the same call goes on.

    Args:
      experiment: what to train, as the `get_config` of a config file returns.
      workdir: the directory of the run; none: a temporary one, which goes with the run.
      start: a run, or its directory, from whose best parameters this one starts.
      frozen: names of parameters that stay as they are, each with all below it, as `LSTM_0`.
      quiet: whether nothing is printed.
      pictures: whether figures are drawn into the directory.

    Raises:
      UserError: the settings, the files or the directory are at fault, or the loss is not finite.
    """
    if start is not None:
        directory = start.workdir if isinstance(start, Run) else start
        experiment = dataclasses.replace(experiment, start=str(directory))
    if frozen:
        experiment = dataclasses.replace(experiment, frozen=tuple(frozen))
    parts = experiment.task, experiment.model, experiment.optimizer
    settings.hand_in(*map(type, parts))  # so that classes of one's own are found again
    place = pathlib.Path(tempfile.mkdtemp(prefix="lstmjax-") if workdir is None else workdir)
    try:
        with contextlib.redirect_stderr(io.StringIO()) if quiet else contextlib.nullcontext():
            run(experiment, place, pictures=pictures and workdir is not None)
        trained = Run(place)
    except BaseException:
        if workdir is None:
            shutil.rmtree(place, ignore_errors=True)
        raise
    if workdir is None:
        weakref.finalize(trained, shutil.rmtree, place, ignore_errors=True)
    return trained
