"""Runs published experiments and writes a table: what was published, and what comes out here.

python -m launch.papers --workdir=DIR [--only=NAME,...]
"""

import pathlib

from absl import flags

from lstmjax import command_line, devices
from lstmjax.files import shipped
from lstmjax.papers.run import run_papers

WORKDIR = flags.DEFINE_string("workdir", None, "Directory of all runs.", required=True)
ONLY = flags.DEFINE_list("only", [], "Names of experiments, or how they begin; none: all short.")
CONFIGS = flags.DEFINE_string("configs", str(shipped("configs")), "Directory of the configs.")


def main() -> None:
    """Runs the experiments; those that a directory holds already are not trained again."""
    devices.split_cores()
    run_papers(pathlib.Path(WORKDIR.value), pathlib.Path(CONFIGS.value), ONLY.value)


if __name__ == "__main__":
    command_line.start(main)
