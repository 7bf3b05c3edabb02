"""Answers a file of examples from the best checkpoint of a run.

python -m launch.predict --workdir=DIR --input=FILE --output=FILE [--beam=N] [--n_best=N]
    [--together] [--band=0.8] [--paths=N] [--config=FILE]

With --paths, N possible futures of each series go to a file beside: out.paths.csv for out.csv.
"""

import pathlib
import sys

from absl import flags

from lstmjax import command_line
from lstmjax.experiment import load_config
from lstmjax.inference.prediction import predict

WORKDIR = flags.DEFINE_string("workdir", None, "Directory of the run.", required=True)
CONFIG = flags.DEFINE_string("config", None, "The Python file that defines an own model or task.")
INPUT = flags.DEFINE_string("input", None, "File of examples, in the task's format.", required=True)
OUTPUT = flags.DEFINE_string("output", None, "File for the answers.", required=True)
BEAM = flags.DEFINE_integer("beam", None, "Answers followed side by side.", lower_bound=1)
N_BEST = flags.DEFINE_integer("n_best", None, "Answers written for each source.", lower_bound=1)
TOGETHER = flags.DEFINE_bool("together", False, "All seeds answer: the mean of what they say.")
BAND = flags.DEFINE_float("band", None, "Share that bands of launch.evaluate should cover.")
PATHS = flags.DEFINE_integer("paths", None, "Sample paths of each series.", lower_bound=1)


def main() -> None:
    """Writes the answers, in the order of the examples."""
    if CONFIG.value is not None:
        load_config(CONFIG.value)  # its classes are found from now on
    paths = (pathlib.Path(flag.value) for flag in (WORKDIR, INPUT, OUTPUT))
    options = BEAM.value, N_BEST.value, TOGETHER.value, BAND.value, PATHS.value
    count, picture = predict(*paths, *options)
    beside = "" if picture is None else f"; {picture}: a picture"
    print(f"{OUTPUT.value}: {count:,} answer{'s' * (count != 1)}{beside}", file=sys.stderr)


if __name__ == "__main__":
    command_line.start(main)
