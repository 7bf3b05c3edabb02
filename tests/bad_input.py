"""Gives the commands input that is wrong in random ways: each must end in one line, none in more.

python -m tests.bad_input --examples=10000 [--seed=0] [--kinds=setting,flag,...]

Every example is a whole command in a process of its own, forked from one that has imported
everything: a setting, a flag, a training file, a file to predict from, or a JSON file of a training
directory. It must exit with 1 or 2 after one line on stderr, within a minute's work, and leave no
file half-written and no directory that was not there. Input that turns out to be right must get as
far as training, which is cut off there, or to its answers.
"""

import argparse
import collections
import functools
import gc
import importlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable

import hypothesis
from hypothesis import strategies as st

from lstmjax import command_line, settings
from lstmjax.benchmark import suite
from lstmjax.experiment import load_config
from lstmjax.runs import integrity
from lstmjax.training import run as run_module
from tests import spoiled, tiny

CONFIGS = pathlib.Path(__file__).parent.parent.resolve() / "configs"
SETTINGS = ("vanilla_echo", "stacked_listops", "encoder_decoder_addition")
SECONDS = 60  # of a processor's time that an example may take
TRAIN = run_module.train
FLAGS = {
    "train": "workdir config set seeds num_processes process_id coordinator_address",
    "evaluate": "workdir split set",
    "sample": "workdir output prompt length temperature top_k top_p num_samples seed",
    "predict": "workdir input output beam n_best",
    "course": "workdir seeds configs",
    "benchmark": "json peers peer_python only rounds configs",
}


class Accepted(BaseException):
    """The input was right: the run would begin to train."""


def accept(*_: object) -> None:
    """In the place of what would take long."""
    raise Accepted


class Place:
    """An example's directory, and the right files and directories that it may start from."""

    def __init__(self, root: pathlib.Path):
        """Starts with nothing in it."""
        self.root, self.path = root, root / "place"

    def config(self, name: str, directory: pathlib.Path) -> pathlib.Path:
        """A config that trains on the file of a format in a directory."""
        config, file = directory / "config.py", directory / spoiled.FORMATS[name].file
        config.write_text(
            "from tests import spoiled\n\ndef get_config():\n"
            f"    return spoiled.FORMATS[{name!r}].experiment({str(file)!r})\n"
        )
        return config

    def finished(self, name: str) -> pathlib.Path:
        """The directory of a run that has ended, with its config and its file."""
        directory = self.root / name
        if not directory.exists():
            directory.mkdir()
            self.config(name, directory)
            experiment = spoiled.FORMATS[name].experiment(spoiled.write(name, directory))
            finish = functools.partial(tiny.finish, experiment, directory / "run")
            result = in_a_fork(finish, directory)
            assert result == "accepted", result
        return directory


def setting(draw: st.DrawFn, place: Place) -> list[str]:
    """`--set` with any field and any value, or any characters."""
    name = draw(st.sampled_from((*SETTINGS, *spoiled.FORMATS)))
    config = CONFIGS / f"{name}.py"
    if name in spoiled.FORMATS:
        spoiled.write(name, place.path)
        config = place.config(name, place.path)
    names = [path for path, _, _ in settings.walk(load_config(str(config)))]
    assignment = draw(spoiled.arguments)
    if draw(st.integers(0, 19)):
        assignment = f"{draw(st.sampled_from(names))}={assignment}"
    small = ["--set=batch_size=2", "--set=steps=1", f"--set={assignment}"]
    return ["train", f"--config={config}", f"--workdir={place.path}/new", *small]


def flag(draw: st.DrawFn, place: Place) -> list[str]:
    """Any flag of a command with any value, or no flag at all."""
    command = draw(st.sampled_from(sorted(FLAGS)))
    known = st.sampled_from(FLAGS[command].split()) | spoiled.arguments
    texts = spoiled.arguments | st.sampled_from(("3", ".", "file", "new/file", "layers"))
    given = [f"--{draw(known)}={draw(texts)}" for _ in range(draw(st.integers(1, 2)))]
    where = [f"--workdir={place.path}/new"]
    if command in ("evaluate", "sample", "predict"):
        name = draw(st.sampled_from(("csv", "tsv") if command == "predict" else ("text",)))
        where = [f"--workdir={place.finished(name)}/run"]
    if command == "predict":
        where += [f"--input={spoiled.write(name, place.path)}", f"--output={place.path}/answers"]
    if command in ("course", "benchmark"):
        where = [*where, f"--configs={CONFIGS}"][command == "benchmark" :]
    if command == "train":
        where += [f"--config={CONFIGS}/vanilla_echo.py"]
    return [command, *where, *given, *draw(st.sampled_from([[]] * 9 + [["more"]]))]


def training_file(draw: st.DrawFn, place: Place) -> list[str]:
    """A file to train on that is spoiled, or of anything."""
    name = draw(st.sampled_from(list(spoiled.FORMATS)))
    spoiled.write(name, place.path, draw(spoiled.files(name)))
    config = place.config(name, place.path)
    return ["train", f"--config={config}", f"--workdir={place.path}/new"]


def input_file(draw: st.DrawFn, place: Place) -> list[str]:
    """A file to predict from that is spoiled, or of anything."""
    name = draw(st.sampled_from([name for name in spoiled.FORMATS if name != "words"]))
    directory = place.finished(name)
    file = spoiled.write(name, place.path, draw(spoiled.files(name)))
    if name in ("conllu", "columns") and draw(st.booleans()):
        file = file.rename(file.with_suffix(".txt"))
    where = [f"--workdir={directory}/run", f"--input={file}", f"--output={place.path}/answers"]
    return ["predict", *where]


def directory(draw: st.DrawFn, place: Place) -> list[str]:
    """A training directory with one of its JSON files spoiled, with a digest that fits or not."""
    name = draw(st.sampled_from(("text", "csv", "tsv")))
    finished, old = place.finished(name), place.path / "old"
    shutil.copytree(finished / "run", old)
    checkpoint = next((old / "checkpoints").iterdir())
    places = [path / "experiment.json" for path in (old, checkpoint)]
    places.append(checkpoint / "checkpoint.json")
    file = draw(st.sampled_from([*places, *places, old / "metrics.jsonl"]))
    content, rest = file.read_bytes(), b""
    if file.suffix == ".jsonl":
        content, newline, rest = content.partition(b"\n")
        rest = newline + rest
    file.write_bytes(draw(spoiled.spoiled_json(content)) + rest)
    if draw(st.booleans()):
        integrity.seal(checkpoint)
    commands = ("train", "evaluate", "sample", "predict")
    command = draw(st.sampled_from(commands[: 1 if file.suffix == ".jsonl" else 4]))
    more = [f"--config={finished}/config.py"] if command == "train" else []
    if command == "predict":
        more = [f"--input={spoiled.write(name, place.path)}", f"--output={place.path}/answers"]
    return [command, f"--workdir={old}", *more]


KINDS = {kind.__name__: kind for kind in (setting, flag, training_file, input_file, directory)}


def in_a_fork(act: Callable[[], None], directory: pathlib.Path) -> str:
    """Calls `act` in a fork: "refused", "accepted", or what is wrong with how it ended."""
    errors = directory.parent / "errors"
    child = os.fork()
    if not child:
        _act(act, directory, errors)
    _, status = os.waitpid(child, 0)
    told = errors.read_text(errors="replace")
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}: {told}"
    code = os.WEXITSTATUS(status)
    if "Warning: " in told:
        return f"warned: {told}"
    if code in (0, 99):
        return "accepted"
    faults = [line for line in told.splitlines() if line.startswith("error: ")]
    if code not in (1, 2) or len(faults) != 1 or not told.rstrip().endswith(faults[0]):
        return f"exit {code}: {told}"
    return "refused"


def _act(act: Callable[[], None], directory: pathlib.Path, errors: pathlib.Path) -> None:
    """In the fork, in a directory: `act`, then the end."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(10 * SECONDS)  # where it hangs without work
    code = 98
    try:
        with open(errors, "w") as file, open(os.devnull, "w") as null:
            os.dup2(file.fileno(), 2)
            os.dup2(null.fileno(), 1)
            os.chdir(directory)
            try:
                act()
                code = 0
            except SystemExit as end:
                code = end.code or 0
            except Accepted:
                code = 99
            except BaseException:
                traceback.print_exc()
            sys.stderr.flush()
    finally:
        os._exit(code)


def become(arguments: list[str]) -> None:
    """Runs a command as its module would."""
    sys.argv = arguments
    command_line.start(importlib.import_module(f"launch.{arguments[0]}").main)


def left_behind(path: pathlib.Path, result: str) -> list[pathlib.Path]:
    """What a command should not have left in the example's directory."""
    left = [*path.rglob("*.partial"), *path.glob("*/checkpoints/.*")]
    if result == "refused":
        left += [*path.glob("new"), *path.glob("answers*")]
    return left


def try_all(
    kind: Callable, examples: int, seed: int, place: Place, counts: collections.Counter
) -> None:
    """Runs examples of a kind; counts how they ended, and prints those that ended wrongly."""
    # a directory's run has ended: all that `train` does is to read it
    run_module.train = TRAIN if kind is directory else accept

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(st.data())
    def run_one(data: st.DataObject) -> None:
        place.path.mkdir()
        try:
            arguments = kind(data.draw, place)
            result = in_a_fork(functools.partial(become, arguments), place.path)
            left = left_behind(place.path, result)
        finally:
            shutil.rmtree(place.path)
        if left or result not in ("refused", "accepted"):
            print(arguments, result, left, flush=True)
            result = "wrong"
        counts[f"{kind.__name__.replace('_', ' ')} {result}"] += 1

    run_one()


def main() -> None:
    """Prints how many were refused; exits with 1 and the commands if any ended otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(KINDS))
    options = parser.parse_args()
    kinds, counts = options.kinds.split(","), collections.Counter()
    suite._result = accept
    gc.freeze()  # a fork that collects what was imported would copy it
    try:
        with tempfile.TemporaryDirectory(prefix="bad-input-") as directory:
            place = Place(pathlib.Path(directory))
            for name in kinds:
                try_all(KINDS[name], options.examples // len(kinds), options.seed, place, counts)
    finally:  # also after Ctrl-C
        print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    sys.exit(any(name.endswith("wrong") for name in counts))


if __name__ == "__main__":
    main()
