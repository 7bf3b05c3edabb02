"""Scores the best checkpoint of a run on a split, beside the floors; shows answers to ten tests.

python -m launch.evaluate --workdir=DIR [--split=test] [--beam=N] [--together]
    [--output=FILE] [--band=0.8] [--adapt=0.02] [--refit=N] [--config=FILE]

With --output, series only, it writes the forecasts from every origin of the split instead; with
--refit every N origins from a model that was trained anew on what was known until then.
"""

import pathlib

from absl import flags

from lstmjax import command_line, devices
from lstmjax.errors import UserError
from lstmjax.experiment import load_config
from lstmjax.inference import evaluation
from lstmjax.inference.backtest import backtest_workdir
from lstmjax.runs import reporting
from lstmjax.tasks.base import SPLITS
from lstmjax.training.refit import refit_workdir

WORKDIR = flags.DEFINE_string("workdir", None, "Directory of the run.", required=True)
CONFIG = flags.DEFINE_string("config", None, "The Python file that defines an own model or task.")
SPLIT = flags.DEFINE_enum("split", "test", SPLITS, "Which examples.")
BEAM = flags.DEFINE_integer("beam", None, "Answers followed side by side.", lower_bound=1)
TOGETHER = flags.DEFINE_bool("together", False, "Score all seeds as one: the mean of all.")
OUTPUT = flags.DEFINE_string("output", None, "CSV file for forecasts from every origin.")
BAND = flags.DEFINE_float("band", None, "Share that bands learned on validation should cover.")
ADAPT = flags.DEFINE_float("adapt", None, "Rate at which bands learn from what has come.")
REFIT = flags.DEFINE_integer(
    "refit", None, "Origins after which it is trained anew.", lower_bound=1
)


def main() -> None:
    """Prints the table, and what the model says of the first tests."""
    if CONFIG.value is not None:
        load_config(CONFIG.value)  # its classes are found from now on
    devices.split_cores()
    workdir = pathlib.Path(WORKDIR.value)
    _check_flags(workdir)
    if OUTPUT.value is not None:
        out = pathlib.Path(OUTPUT.value)
        if REFIT.value is not None:
            return print(refit_workdir(workdir, out, REFIT.value, BAND.value, TOGETHER.value))
        given = BAND.value, TOGETHER.value, ADAPT.value
        return print(backtest_workdir(workdir, SPLIT.value, out, *given))
    result = evaluation.evaluate_workdir(workdir, SPLIT.value, BEAM.value, TOGETHER.value)
    print(reporting.scores(result, SPLIT.value))
    if result["answers"]:
        print("", *result["answers"], sep="\n")


def _check_flags(workdir: pathlib.Path) -> None:
    """Raises UserError where a flag has no meaning beside the others."""
    if BAND.value is not None and OUTPUT.value is None:
        raise UserError("--band: give --output, too: the CSV file for forecasts and their bands")
    if ADAPT.value is not None and BAND.value is None:
        raise UserError("--adapt: give --band, too, as in --band=0.8: the share to cover")
    if REFIT.value is not None and (OUTPUT.value is None or ADAPT.value is not None):
        raise UserError("--refit: give --output, too, and no --adapt")
    if REFIT.value is not None and SPLIT.value != "test":
        raise UserError("--refit: models are trained anew along the test part; leave --split out")
    if OUTPUT.value is not None and BEAM.value is not None:
        raise UserError("--output: forecasts of series follow no beam; leave --beam out")
    if workdir.is_file() and (BAND.value is not None or REFIT.value is not None):
        raise UserError(
            f"--workdir {workdir}: one file has no room for what --band and --refit keep; give the "
            "directory of the run, or leave them out"
        )


if __name__ == "__main__":
    command_line.start(main)
