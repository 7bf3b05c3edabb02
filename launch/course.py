"""Runs the whole course: every lesson's experiments, a table, pictures and samples.

python -m launch.course --workdir=DIR [--seeds=N]
"""

import pathlib

from absl import flags

from lstmjax import command_line, devices
from lstmjax.course.lessons import run_course
from lstmjax.files import shipped

WORKDIR = flags.DEFINE_string("workdir", None, "Directory of the course.", required=True)
SEEDS = flags.DEFINE_integer("seeds", 10, "Runs of each generated lesson.", lower_bound=1)
CONFIGS = flags.DEFINE_string("configs", str(shipped("configs")), "Directory of the configs.")


def main() -> None:
    """Runs the lessons; those that a directory holds already are not trained again."""
    devices.split_cores()
    run_course(pathlib.Path(WORKDIR.value), pathlib.Path(CONFIGS.value), SEEDS.value)


if __name__ == "__main__":
    command_line.start(main)
