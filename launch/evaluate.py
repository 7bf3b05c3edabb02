"""Scores the best checkpoint of a run on a split, beside the floors; shows answers to ten tests.

python -m launch.evaluate --workdir=DIR [--split=test] [--beam=N] [--together]
    [--config=FILE]
"""

import pathlib

from absl import flags

from lstmjax import command_line, devices
from lstmjax.experiment import load_config
from lstmjax.inference import evaluation
from lstmjax.runs import reporting
from lstmjax.tasks.base import SPLITS

WORKDIR = flags.DEFINE_string("workdir", None, "Directory of the run.", required=True)
CONFIG = flags.DEFINE_string("config", None, "The Python file that defines an own model or task.")
SPLIT = flags.DEFINE_enum("split", "test", SPLITS, "Which examples.")
BEAM = flags.DEFINE_integer("beam", None, "Answers followed side by side.", lower_bound=1)
TOGETHER = flags.DEFINE_bool("together", False, "Score all seeds as one: the mean of all.")


def main() -> None:
    """Prints the table, and what the model says of the first tests."""
    if CONFIG.value is not None:
        load_config(CONFIG.value)  # its classes are found from now on
    devices.split_cores()
    workdir = pathlib.Path(WORKDIR.value)
    result = evaluation.evaluate_workdir(workdir, SPLIT.value, BEAM.value, TOGETHER.value)
    print(reporting.scores(result, SPLIT.value))
    if result["answers"]:
        print("", *result["answers"], sep="\n")


if __name__ == "__main__":
    command_line.start(main)
