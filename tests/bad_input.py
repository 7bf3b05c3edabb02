"""Gives the commands input that is wrong in random ways: each must end in one line, none in more.

python -m tests.bad_input --examples=10000 [--seed=0]

Every example is a whole command in a process of its own, forked from one that has imported
everything: a setting, a flag, a text, or a JSON file of a training directory. It must exit with 1
or 2 after one line on stderr, within a minute and without a half-written directory; input that
turns out to be right must get as far as training, which is cut off there.
"""

import argparse
import collections
import importlib
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import traceback

from lstmjax import command_line, settings
from lstmjax import run as run_module
from lstmjax.experiment import load_config

COMMANDS = ("train", "evaluate", "sample")
CONFIGS = ("vanilla_echo", "generative_text", "stacked_listops", "encoder_decoder_addition")
SECONDS = 60
NUMBERS = ("0", "-1", "1e999", "-1e999", "nan", "inf", "1.5", "9" * 30, "1e-320", "0x10", "1_0")
WORDS = (
    "",
    " ",
    "none",
    "true",
    "[]",
    "()",
    "1,2",
    "1,,2",
    "(",
    "cosine",
    "\0",
    "é",
    "\udcff",
    "=",
)


class Accepted(BaseException):
    """The input was right: the run would begin to train."""


def text(chance: random.Random) -> str:
    """A number, a word, or any characters."""
    kind = chance.randrange(3)
    if kind < 2:
        return chance.choice((NUMBERS, WORDS)[kind])
    return "".join(
        chr(chance.choice((chance.randrange(128), chance.randrange(0xD800)))) for _ in range(5)
    )


def value(chance: random.Random, depth: int = 2) -> object:
    """Any JSON value."""
    kinds = [None, True, -1, 0, 10**30, 1e308, float("nan"), text(chance)]
    if depth:
        kinds += [[value(chance, depth - 1)], {text(chance): value(chance, depth - 1)}]
    return chance.choice(kinds)


def mutate(tree: object, chance: random.Random) -> object:
    """A JSON value with one thing in it changed, removed or added."""
    if isinstance(tree, dict) and tree and chance.random() < 0.9:
        tree, name = dict(tree), chance.choice(list(tree))
        if chance.random() < 0.7:
            return tree | {name: mutate(tree[name], chance)}
        if chance.random() < 0.5:
            tree[text(chance)] = tree.pop(name)
        else:
            del tree[name]
        return tree
    return value(chance)


def spoil(content: bytes, chance: random.Random) -> bytes:
    """A file's content mutated as JSON, cut short, or with bytes changed."""
    kind = chance.randrange(3)
    if kind == 0:
        return json.dumps(mutate(json.loads(content), chance)).encode(errors="surrogatepass")
    if kind == 1:
        return content[: chance.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(chance.randint(1, 5)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def bad_setting(chance: random.Random, place: pathlib.Path) -> list[str]:
    """`--set` with any field and any value, or any characters."""
    config = f"configs/{chance.choice(CONFIGS)}.py"
    names = [name for name, _, _ in settings.walk(load_config(config))]
    name = chance.choice(names) if chance.random() < 0.9 else text(chance)
    small = ["--set", "batch_size=2", "--set", "steps=1"]
    assignment = f"{name}={text(chance)}" if chance.random() < 0.95 else text(chance)
    return ["train", f"--config={config}", f"--workdir={place}/new", *small, "--set", assignment]


def bad_flag(chance: random.Random, place: pathlib.Path) -> list[str]:
    """Any flag of a command with any value, or no flag at all."""
    name = chance.choice(COMMANDS)
    known = ["workdir", "config", "set", "seeds", "split", "prompt", "length", "temperature"]
    known += ["top_k", "top_p", "num_samples", "seed", "process_id", "num_processes", text(chance)]
    given = [f"--{chance.choice(known)}={text(chance)}" for _ in range(chance.randint(1, 2))]
    where = [f"--workdir={place}/new"]
    where += ["--config=configs/vanilla_echo.py"] if name == "train" else []
    return [name, *where, *given] if chance.random() < 0.9 else [name, *given, text(chance)]


def bad_text(chance: random.Random, place: pathlib.Path) -> list[str]:
    """A corpus that is short, no UTF-8, or of anything."""
    size = chance.choice((0, 1, 999, 1000, 3000))
    alphabet = chance.choice((b"ab \n", bytes(range(128)), bytes(range(256))))
    (place / "corpus").write_bytes(bytes(chance.choice(alphabet) for _ in range(size)))
    level = f"task.level={chance.choice(('byte', 'character'))}"
    numbers = [f"batch_size={chance.choice((1, 8, 300))}", f"task.window={chance.choice((1, 64))}"]
    changes = [f"task.path={place}/corpus", level, *numbers]
    where = ["--config=configs/generative_text.py", f"--workdir={place}/new"]
    return ["train", *where, *(part for change in changes for part in ("--set", change))]


def bad_directory(chance: random.Random, place: pathlib.Path) -> list[str]:
    """A training directory with one of its JSON files spoiled."""
    shutil.copytree(place.parent / "finished", place / "old")
    name = chance.choice(("experiment.json", "metrics.jsonl", "checkpoints/*/checkpoint.json"))
    for file in (place / "old").glob(name):
        lines = file.read_bytes().splitlines(keepends=True) if name == "metrics.jsonl" else []
        content = spoil(lines[0] if lines else file.read_bytes(), chance)
        file.write_bytes(content + b"".join(lines[1:]))
    command = chance.choice(COMMANDS)
    config = [f"--config={place.parent}/config.py"] if command == "train" else []
    return [command, f"--workdir={place}/old", *config]


KINDS = (bad_setting, bad_flag, bad_text, bad_directory)


def outcome(arguments: list[str], errors: pathlib.Path) -> str:
    """Runs a command in a fork: "refused", "accepted", or what is wrong with how it ended."""
    child = os.fork()
    if not child:
        _command(arguments, errors)
    _, status = os.waitpid(child, 0)
    told = errors.read_text(errors="replace")
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}: {told}"
    code = os.WEXITSTATUS(status)
    if code in (0, 99):
        return "accepted"
    faults = [line for line in told.splitlines() if line.startswith("error: ")]
    if code not in (1, 2) or len(faults) != 1 or not told.rstrip().endswith(faults[0]):
        return f"exit {code}: {told}"
    return "refused"


def _command(arguments: list[str], errors: pathlib.Path) -> None:
    """In the fork: becomes the command."""
    signal.alarm(SECONDS)
    code = 98
    try:
        with open(errors, "w") as file, open(os.devnull, "w") as null:
            os.dup2(file.fileno(), 2)
            os.dup2(null.fileno(), 1)
            sys.argv = arguments
            try:
                command_line.start(importlib.import_module(f"launch.{arguments[0]}").main)
            except SystemExit as end:
                code = end.code or 0
            except Accepted:
                code = 99
            except BaseException:
                traceback.print_exc()
            sys.stderr.flush()
    finally:
        os._exit(code)


def main() -> None:
    """Prints how many were refused; exits with 1 and the commands if any ended otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance, counts, wrong = random.Random(options.seed), collections.Counter(), []
    with tempfile.TemporaryDirectory(prefix="bad-input-") as directory:
        root = pathlib.Path(directory)
        prepare(root)
        for i in range(options.examples):
            kind = KINDS[i % len(KINDS)]
            place = root / "place"
            place.mkdir()
            arguments = kind(chance, place)
            result = outcome(arguments, root / "errors")
            left = [*place.rglob("*.partial"), *(place / "new").glob("checkpoints/.*")]
            if left or result not in ("refused", "accepted"):
                wrong.append((arguments, result, left))
                print(arguments, result, left, flush=True)
            counts[f"{kind.__name__.replace('_', ' ')}: {result.split(':')[0]}"] += 1
            shutil.rmtree(place)
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    sys.exit(bool(wrong))


def prepare(root: pathlib.Path) -> None:
    """Trains a tiny text in a fork, so that this process stays without threads."""
    config = root / "config.py"
    config.write_text(
        "import pathlib\nfrom tests import tiny\n\ndef get_config():\n"
        f"    return tiny.text(pathlib.Path({str(root)!r}))\n"
    )
    arguments = ["train", f"--config={config}", f"--workdir={root}/finished"]
    result = outcome(arguments, root / "errors")
    assert result == "accepted", result

    def accept(*_: object) -> None:
        raise Accepted

    run_module.train = accept


if __name__ == "__main__":
    main()
