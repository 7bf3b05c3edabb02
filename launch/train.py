"""Trains an experiment, or resumes it: run the same command again.

python -m launch.train --config=configs/NAME.py --workdir=DIR [--set key=value]... [--seeds=N]
    [--start=DIR] [--tensorboard] [--check_determinism]
    [--coordinator_address=HOST:PORT --num_processes=N --process_id=I]
"""

import pathlib
import sys

from absl import flags

from lstmjax import command_line, devices
from lstmjax.experiment import load_config
from lstmjax.runs import reporting
from lstmjax.runs.tensorboard import to_tensorboard
from lstmjax.training.run import run

CONFIG = flags.DEFINE_string("config", None, "Name of a config, or a Python file.", required=True)
WORKDIR = flags.DEFINE_string("workdir", None, "Directory of the run.", required=True)
SET = flags.DEFINE_multi_string("set", [], "A setting to change: model.features=64. Repeatable.")
SEEDS = flags.DEFINE_integer("seeds", None, "How many seeds to train side by side.", lower_bound=1)

START = flags.DEFINE_string("start", None, "Run whose best parameters this one starts from.")
TENSORBOARD = flags.DEFINE_bool("tensorboard", False, "Write the log for TensorBoard, too.")
CHECK = flags.DEFINE_bool("check_determinism", False, "First run the first steps twice; compare.")
ADDRESS = flags.DEFINE_string("coordinator_address", None, "Several processes: HOST:PORT of first.")
PROCESSES = flags.DEFINE_integer("num_processes", None, "How many there are.", lower_bound=1)
PROCESS = flags.DEFINE_integer("process_id", None, "Which one this is, from 0.", lower_bound=0)


def main() -> None:
    """Runs the experiment and prints its table."""
    devices.start_processes(ADDRESS.value, PROCESSES.value, PROCESS.value)
    devices.split_cores()
    given = {"seeds": SEEDS.value, "start": START.value}
    more = [f"{name}={value}" for name, value in given.items() if value is not None]
    experiment = load_config(CONFIG.value).override([*SET.value, *more])
    workdir = pathlib.Path(WORKDIR.value)
    report = run(experiment, workdir, CHECK.value, defer_signals=True)
    if devices.is_main():
        if TENSORBOARD.value:
            to_tensorboard(workdir, workdir / "tensorboard")
        print(reporting.scores(report), reporting.footer(report), sep="\n")
        print(f"all of it is in {WORKDIR.value}", file=sys.stderr)


if __name__ == "__main__":
    command_line.start(main)
