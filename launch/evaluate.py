"""Scores the best checkpoint of a run on a split, beside the floors; shows answers to ten tests.

python -m launch.evaluate --workdir=DIR [--split=test] [--beam=N] [--config=FILE]
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


def main() -> None:
    """Prints the table, and what the model says of the first tests."""
    if CONFIG.value is not None:
        load_config(CONFIG.value)  # its classes are found from now on
    devices.split_cores()
    result = evaluation.evaluate_workdir(pathlib.Path(WORKDIR.value), SPLIT.value, BEAM.value)
    print(reporting.scores(result, SPLIT.value))
    if result["answers"]:
        print("", *result["answers"], sep="\n")


if __name__ == "__main__":
    command_line.start(main)
