"""Kills training runs at random moments, again and again, and compares them with runs let be.

python -m tests.torture --kills=200 [--signal=SIGKILL] [--minutes=15] [--seed=0] [--kinds=text,...]

Every kind of training runs as the command that a user types, `python -m launch.train`. The signal
strikes while it compiles, evaluates, saves, or anywhere; the same command is run again, up to eight
kills a run. In the end parameters, optimizer state, carry, metrics.jsonl and report.json (but for
the seconds) must be those of the run let be, bit for bit. SIGTERM and SIGINT must, besides, end in
a line that names the step of the newest checkpoint, and in their exit status.
JAX_COMPILATION_CACHE_DIR saves time.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import jax
import numpy as np

from lstmjax.optimizers import Adam
from lstmjax.runs.checkpoints import Checkpoints
from lstmjax.tasks.generated.listops import ListOps
from lstmjax.training.steps import init_state
from tests import tiny

ROOT = pathlib.Path(__file__).parent.parent
KILLS_A_RUN = 8
MOMENTS = ("compilation", "evaluation", "save", "anywhere")
LONG = dict(steps=160, log_every=5, evaluate_every=20)  # eight evaluations and checkpoints
EXPRESSIONS = ListOps(  # 200 in batches of 4: three epochs and a bit
    train_examples=200, valid_examples=10, test_examples=20, length=14, shapes=3
)
PLATEAU = Adam(1e-2, schedule="plateau", plateau_window=5, plateau_patience=1)
KINDS = {
    "text": lambda directory: tiny.text(directory, **LONG),
    "finite": lambda _: tiny.listops(task=EXPRESSIONS, **LONG | {"evaluate_every": 10}),
    "generated": lambda _: tiny.echo(batch_size=32, **LONG),  # over two cores, where there are
    "seeds": lambda _: tiny.echo(batch_size=32, seeds=3, **LONG),
    "plateau": lambda _: tiny.echo(optimizer=PLATEAU, **LONG),
    "best": lambda _: tiny.echo(optimizer=Adam(0.5), **LONG),  # so high that early ones are best
}


class Kind:
    """One kind of training: its command, and the outcome of the run let be."""

    def __init__(self, name: str, directory: pathlib.Path):
        """Writes the config, and runs it once without a kill."""
        self.name, self.directory = name, directory / name
        self.directory.mkdir()
        self.config = self.directory / "config.py"
        self.config.write_text(
            "import pathlib\nfrom tests import torture\n\ndef get_config():\n"
            f"    return torture.KINDS[{name!r}](pathlib.Path({str(self.directory)!r}))\n"
        )
        self.experiment = KINDS[name](self.directory).resolve()
        started = time.monotonic()
        _, self.told = self.start(self.directory / "whole").communicate()
        self.seconds = time.monotonic() - started
        self.whole = self.outcome(self.directory / "whole")

    def start(self, workdir: pathlib.Path) -> subprocess.Popen:
        """The command, started."""
        command = [sys.executable, "-m", "launch.train", f"--config={self.config}"]
        return subprocess.Popen(
            [*command, f"--workdir={workdir}"],
            cwd=ROOT,
            env=os.environ | {"JAX_PLATFORMS": "cpu"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def outcome(self, workdir: pathlib.Path) -> dict[str, object]:
        """Everything that must be equal, by name."""
        report = json.loads((workdir / "report.json").read_text())
        del report["seconds"]
        state = init_state(self.experiment, self.experiment.task.load())
        with Checkpoints(workdir / "checkpoints", read_only=True) as checkpoints:
            state = checkpoints.restore(state, self.experiment, checkpoints.latest_step)
        state = state.replace(key=jax.random.key_data(state.key))
        arrays = {
            jax.tree_util.keystr(path): np.asarray(leaf).tobytes()
            for path, leaf in jax.tree_util.tree_leaves_with_path(state)
        }
        log = (workdir / "metrics.jsonl").read_text()
        return {"report.json": report, "metrics.jsonl": log} | arrays


def strike(
    kind: Kind, workdir: pathlib.Path, number: int, moment: str, chance: random.Random
) -> bool:
    """Runs the command and sends it a signal at a moment; False if it had ended by then."""
    process = kind.start(workdir)
    process.stderr.readline()  # what is trained on: from here on it compiles
    if moment == "compilation":
        delay = chance.uniform(0, 0.6)
    elif moment == "anywhere":
        delay = chance.uniform(0, kind.seconds)
    else:
        there = in_evaluation if moment == "evaluation" else in_save
        nth = chance.choice((1, 1, 2, 3))
        for _ in range(nth):
            while there(kind, workdir) and process.poll() is None:
                time.sleep(0.001)
            while not there(kind, workdir) and process.poll() is None:
                time.sleep(0.001)
        delay = chance.uniform(0, 0.01 if moment == "evaluation" else 0.1)
    time.sleep(delay)
    if process.poll() is None:
        process.send_signal(number)
    *_, told = process.communicate(timeout=600)
    if process.returncode == 0:
        return False
    if number == signal.SIGKILL:
        assert process.returncode == -number, f"{kind.name}: {process.returncode}: {told}"
        return True
    assert process.returncode == 128 + number, f"{kind.name}: {process.returncode}: {told}"
    last = told.splitlines()[-1]
    step = max(checkpoints_in(workdir), default=0)
    assert (f"after step {step:,}" if step else "before the first step") in last, last
    assert last.endswith("run the same command to go on"), last
    return True


def checkpoints_in(workdir: pathlib.Path) -> list[int]:
    """The steps of the checkpoints in a directory."""
    return [int(path.name) for path in (workdir / "checkpoints").glob("[0-9]*")]


def in_save(_: Kind, workdir: pathlib.Path) -> bool:
    """Whether a checkpoint is being written."""
    return any((workdir / "checkpoints").glob(".[0-9]*"))


def in_evaluation(kind: Kind, workdir: pathlib.Path) -> bool:
    """Whether the log ends with the training loss of a step that is evaluated."""
    try:
        last = (workdir / "metrics.jsonl").read_text().splitlines()[-1]
    except (OSError, IndexError):
        return False
    if not last.startswith("{") or not last.endswith("}"):
        return False
    line = json.loads(last)
    return "loss" in line and line["step"] % kind.experiment.evaluate_every == 0


def torture(
    kinds: list[str], kills: int, number: int = signal.SIGKILL, minutes: float = 60, seed: int = 0
) -> collections.Counter:
    """Kills runs until the kills or the minutes are used up; counts what happened."""
    chance, counts = random.Random(seed), collections.Counter()
    end = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory(prefix="torture-") as directory:
        made = [Kind(name, pathlib.Path(directory)) for name in kinds]
        while counts["kills"] < kills and time.monotonic() < end:
            kind = made[counts["runs"] % len(made)]
            one_run(kind, min(KILLS_A_RUN, kills - counts["kills"]), number, chance, counts)
    return counts


def one_run(
    kind: Kind, kills: int, number: int, chance: random.Random, counts: collections.Counter
) -> None:
    """Kills one run several times, lets it end and compares."""
    workdir = kind.directory / "parts"
    shutil.rmtree(workdir, ignore_errors=True)
    epoch = None
    for _ in range(kills):
        moment = chance.choice(MOMENTS)
        if not strike(kind, workdir, number, moment, chance):
            break
        counts["kills"] += 1
        counts[moment] += 1
        counts["left an unfinished save"] += in_save(kind, workdir)
        size = kind.experiment.task.load().sizes["train"]
        steps = checkpoints_in(workdir)
        if size is not None and steps:
            now = max(steps) * kind.experiment.batch_size // size
            counts["again within an epoch"] += now == epoch
            epoch = now
    process = kind.start(workdir)
    _, told = process.communicate()
    assert process.returncode == 0, f"{kind.name} ended with {process.returncode}: {told}"
    assert "damaged" not in told, told
    outcome = kind.outcome(workdir)
    counts["runs"] += 1
    differing = [name for name in kind.whole if outcome.get(name) != kind.whole[name]]
    counts["runs that differ"] += bool(differing)
    verdict = f"differs in {', '.join(differing)}" if differing else "equal"
    print(f"{kind.name}: {verdict}; {counts['kills']} kills so far", flush=True)


def main() -> None:
    """Prints what happened; exits with 1 if any run differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--signal", default="SIGKILL", choices=("SIGKILL", "SIGTERM", "SIGINT"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(KINDS))
    options = parser.parse_args()
    number = signal.Signals[options.signal]
    kinds = options.kinds.split(",")
    counts = torture(kinds, options.kills, number, options.minutes, options.seed)
    print(", ".join(f"{name} {count}" for name, count in counts.items()))
    sys.exit(counts["runs that differ"] > 0)


if __name__ == "__main__":
    main()
