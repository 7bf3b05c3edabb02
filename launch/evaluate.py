"""Scores the best checkpoint of a run on a split, beside the floors; shows answers to ten tests.

python -m launch.evaluate --workdir=DIR [--split=test] [--beam=N] [--together]
    [--output=FILE] [--band=0.8] [--config=FILE]

With --output, series only, it writes the forecasts from every origin of the split instead.
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

WORKDIR = flags.DEFINE_string("workdir", None, "Directory of the run.", required=True)
CONFIG = flags.DEFINE_string("config", None, "The Python file that defines an own model or task.")
SPLIT = flags.DEFINE_enum("split", "test", SPLITS, "Which examples.")
BEAM = flags.DEFINE_integer("beam", None, "Answers followed side by side.", lower_bound=1)
TOGETHER = flags.DEFINE_bool("together", False, "Score all seeds as one: the mean of all.")
OUTPUT = flags.DEFINE_string("output", None, "CSV file for forecasts from every origin.")
BAND = flags.DEFINE_float("band", None, "Share that bands learned on validation should cover.")


def main() -> None:
    """Prints the table, and what the model says of the first tests."""
    if CONFIG.value is not None:
        load_config(CONFIG.value)  # its classes are found from now on
    devices.split_cores()
    workdir = pathlib.Path(WORKDIR.value)
    if BAND.value is not None and OUTPUT.value is None:
        raise UserError("--band: give --output, too: the CSV file for forecasts and their bands")
    if OUTPUT.value is not None:
        out = pathlib.Path(OUTPUT.value)
        said = backtest_workdir(workdir, SPLIT.value, out, BAND.value, TOGETHER.value)
        return print(said)
    result = evaluation.evaluate_workdir(workdir, SPLIT.value, BEAM.value, TOGETHER.value)
    print(reporting.scores(result, SPLIT.value))
    if result["answers"]:
        print("", *result["answers"], sep="\n")


if __name__ == "__main__":
    command_line.start(main)
