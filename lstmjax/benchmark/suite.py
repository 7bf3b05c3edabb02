"""The cases of the benchmark, run one a process and in turn, and what comes out as tables."""

import itertools
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import jax

from lstmjax.benchmark import arrays, device, limits, peers
from lstmjax.benchmark.tables import LAYER_FIELDS, PEERS, TABLES, Row, table
from lstmjax.errors import UserError
from lstmjax.files import write_json

LAYERS = [  # (batch, time, inputs, hidden, layers, bidirectional)
    (32, 50, 32, 128, 1, False),
    (64, 100, 64, 256, 2, False),
    (20, 35, 650, 650, 2, False),
    (32, 64, 128, 128, 1, True),
    (1, 5, 10, 25, 1, False),
    (32, 8, 12, 75, 1, False),
    (32, 24, 8, 64, 1, False),
]
LESSONS = {lesson: f"{lesson}_published.py" for lesson in peers.LESSONS}
TEXTS = [{"hidden": 256, "batch": 32, "window": 64}, {"hidden": 512, "batch": 32, "window": 64}]
SAMPLING = [{"batch": batch, "hidden": 256, "layers": 2, "symbols": 65} for batch in (1, 64)]
LENGTHS = [{"batch": 16, "time": 2**k, "hidden": 128} for k in range(6, 13)]
BATCHES = [{"batch": 2**k, "time": 64, "hidden": 128} for k in range(9)]
PARTS = ("layers", "lessons", "text", "sampling", "arrays", "scaling")
DEVICE = "device"  # the part for a machine with a GPU, run only if asked for


class Suite:
    """Runs cases in processes of their own, so that no two thread pools meet."""

    def __init__(
        self,
        configs: pathlib.Path,
        peer_python: str | None,
        rounds: int,
        text: pathlib.Path | None = None,
    ):
        """Takes the lessons from `configs`; without `peer_python` there are no peers.

        The part `device` trains on `text`, or on the source of Python's standard library.
        """
        self._configs, self._rounds = configs, rounds
        self._text_file = None if text is None else str(text)
        self._peer_python = peer_python
        self._peers = [name for name in PEERS if peer_python and self._has(name)]
        if peer_python and not self._peers:
            raise UserError(
                f"--peer_python {peer_python}: none of {', '.join(PEERS)} is installed there"
            )

    def run(self, part: str) -> Iterator[Row]:
        """The rows of one of PARTS or of DEVICE, as its cases end."""
        return getattr(self, f"_{part}")()

    def _layers(self) -> Iterator[Row]:
        best = max(self._ours("best")({}).values())
        for shape in LAYERS:
            case = dict(zip(LAYER_FIELDS, shape, strict=True))
            work = {"lstmjax": self._ours("layer"), "scan": self._ours("layer", kernel="scan")}
            work["products"] = self._ours("products")
            work |= {name: self._peer("layer", name) for name in self._peers}
            row = {"case": case} | self._in_turn(work, case)
            yield row | {"best": best, "operations": limits.operations(**case)}

    def _lessons(self) -> Iterator[Row]:
        for lesson, file in LESSONS.items():
            config = str(self._configs / file)
            row = {"case": {"lesson": lesson}, "lstmjax": self._ours("lesson")({"config": config})}
            if "keras" in self._peers:
                with tempfile.TemporaryDirectory() as directory:
                    examples = os.path.join(directory, "examples.npz")
                    self._ours("examples")({"config": config, "path": examples})
                    case = {"lesson": lesson, "data": examples}
                    row["keras"] = self._peer("lesson", "keras")(case)
            yield row

    def _text(self) -> Iterator[Row]:
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "text.txt"
            file.write_text("".join(map(chr, itertools.islice(_letters(), 400_000))))
            for case in TEXTS:
                work = {"lstmjax": self._ours("text")}
                yield {"case": case} | self._in_turn(work, case | {"file": str(file)})

    def _sampling(self) -> Iterator[Row]:
        for case in SAMPLING:
            work = {"lstmjax": self._ours("sampling")}
            if "torch" in self._peers:
                work["torch"] = self._peer("sampling", "torch")
            yield {"case": case} | self._in_turn(work, case)

    def _arrays(self) -> Iterator[Row]:
        names = ["lstmjax", *(name for name in self._peers if name in arrays.FRAMEWORKS)]
        pythons = {
            name: sys.executable if name == "lstmjax" else self._peer_python for name in names
        }
        commands = {name: [pythons[name], arrays.__file__, name] for name in names}
        rounds = [{n: _result(commands[n]) for n in names} for _ in range(self._rounds)]
        for name in names:
            seconds = {k: statistics.median(r[name][k] for r in rounds) for k in rounds[0][name]}
            yield {"case": {"framework": name}, "seconds": seconds}

    def _scaling(self) -> Iterator[Row]:
        for case in [*LENGTHS, *BATCHES]:
            yield {"case": case, "lstmjax": self._ours("memory")(case)}

    def _device(self) -> Iterator[Row]:
        began = time.monotonic()
        for part, case in device.plan(self._text_file):
            command = [sys.executable, "-m", device.__name__, part, json.dumps(case)]
            left = device.SECONDS - (time.monotonic() - began)
            row = {"case": {"part": part} | case}
            try:
                yield row | _result(command, max(left, 0.0))
            except (UserError, subprocess.TimeoutExpired) as error:  # the others can still tell
                yield row | {"failed": str(error)}

    def _in_turn(self, work: dict, case: Row) -> Row:
        """Each framework once a round; of each, the round with the median of its first figure."""
        rounds = [{name: call(case) for name, call in work.items()} for _ in range(self._rounds)]
        return {
            name: sorted((one[name] for one in rounds), key=_first_median)[len(rounds) // 2]
            for name in work
        }

    def _ours(self, kind: str, **settings: Any) -> Any:
        command = [sys.executable, "-m", "lstmjax.benchmark.work", kind]
        return lambda case: _result([*command, json.dumps(case | settings)])

    def _peer(self, kind: str, name: str) -> Any:
        command = [self._peer_python, peers.__file__, kind, name]
        return lambda case: _result([*command, json.dumps(case)])

    def _has(self, name: str) -> bool:
        try:
            found = subprocess.run(
                [self._peer_python, "-c", f"import {name}"],
                capture_output=True,
                env=os.environ | {"KERAS_BACKEND": "jax"},
            )
        except OSError as error:
            raise UserError(f"--peer_python {self._peer_python}: {error.strerror}") from error
        return found.returncode == 0


def _result(command: list[str], seconds: float | None = None) -> Row:
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"benchmark: {' '.join(command[:-1])} failed: {last}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _first_median(result: Row) -> float:
    return next(value["median"] for value in result.values() if isinstance(value, dict))


def _letters() -> Iterator[int]:
    """A text without end: speed does not depend on what it says."""
    state = 1
    while True:
        state = state * 48271 % (2**31 - 1)  # Park & Miller's generator
        yield ord("a") + state % 26 if state % 7 else ord(" ")


def machine() -> str:
    """The processor, its cores, and the versions that matter."""
    name = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = models[0].split(":")[1].strip() if models else name
    devices = ", ".join(device.device_kind for device in jax.devices())
    return f"{os.cpu_count()} cores of {name}, jax {jax.__version__} on {devices}"


def benchmark(suite: Suite, parts: list[str], file: pathlib.Path | None) -> dict[str, list[Row]]:
    """Runs the parts, prints a table after each, and writes everything to a JSON file."""
    print(machine(), flush=True)
    results: dict[str, list[Row]] = {}
    for part in parts:
        results[part] = []
        for row in suite.run(part):
            results[part].append(row)
            print(*(f"{k.strip()} {v}" for k, v in TABLES[part](row).items()), sep="; ", flush=True)
        if part != DEVICE:  # its rows have nothing in common
            print("", table(part, results[part]), "", sep="\n", flush=True)
        if file is not None:
            write_json(file, {"machine": machine()} | results)
    return results
