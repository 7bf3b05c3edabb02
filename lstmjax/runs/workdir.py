"""A training directory: one experiment, its log, its report, and a lock while it runs."""

import contextlib
import fcntl
import json
import os
import pathlib
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from lstmjax import settings
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment, read_experiment
from lstmjax.files import write_json, write_text
from lstmjax.runs import integrity


class Workdir:
    """`experiment.json`, `metrics.jsonl`, `report.json`, `checkpoints/` and `figures/`.

    Opening one creates it or finds it with the same experiment; anything else is refused and left
    as it was. A context manager: it holds a lock, so that two runs never write the same directory.
    """

    def __init__(self, path: pathlib.Path, experiment: Experiment, writes: bool = True):
        """Creates or reopens a directory for a resolved experiment.

        Args:
          path: the directory.
          experiment: what is trained in it.
          writes: whether this process does; one that does not touches nothing.

        Raises:
          UserError: it holds another experiment, is in use, or cannot be written.
        """
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.figures = path / "figures"
        self._lock = None
        if not writes:
            return
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = open(path / ".lock", "w")
        except OSError as error:
            raise UserError(
                f"--workdir {path}: {error.strerror}; choose a writable directory"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise UserError(
                f"--workdir {path}: another run is using it; wait or choose another"
            ) from None
        try:
            self._claim(experiment)
        except BaseException:
            self._lock.close()
            raise

    def _claim(self, experiment: Experiment) -> None:
        file = self.path / "experiment.json"
        if not file.exists():
            if self.checkpoints.exists():
                raise UserError(
                    f"--workdir {self.path}: has checkpoints and no experiment.json; choose another"
                )
            write_json(file, experiment.to_json())
            return
        changes = settings.differences(read_experiment(file), experiment)
        if changes:
            more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
            raise UserError(
                f"--workdir {self.path}: holds another experiment "
                f"({'; '.join(changes[:3])}{more}); choose another directory, "
                "or give the settings it was started with"
            )

    def __enter__(self) -> "Workdir":
        return self

    def __exit__(self, *_: Any) -> None:
        if self._lock:
            self._lock.close()

    def log(self, line: dict[str, Any]) -> None:
        """Appends a JSON object to metrics.jsonl; UserError where that fails."""
        if self._lock is None:
            return
        with self._open_log() as file:
            file.write(json.dumps(line) + "\n")

    def wait_for_disk(self) -> None:
        """Returns when the log would outlast a loss of power; UserError where that fails."""
        if self._lock is None:
            return
        with self._open_log() as file:
            os.fsync(file.fileno())
            integrity.wait_for_disk(self.path)

    @contextlib.contextmanager
    def _open_log(self) -> Iterator[IO[str]]:
        try:
            with open(self.path / "metrics.jsonl", "a", encoding="utf-8") as file:
                yield file
        except OSError as error:
            raise UserError(
                f"{self.path / 'metrics.jsonl'}: cannot be written ({error.strerror}); the "
                "checkpoints are intact: make room and run the same command again"
            ) from error

    def rewind_log(self, step: int) -> None:
        """Drops what metrics.jsonl says of steps after `step`, and a line cut short."""
        file = self.path / "metrics.jsonl"
        if self._lock and file.exists():
            kept = [line for line in read_log(file) if line["step"] <= step]
            write_text(file, "".join(json.dumps(line) + "\n" for line in kept))


def read_log(file: pathlib.Path) -> list[dict[str, Any]]:
    """The lines of a metrics.jsonl, if it is there, to the first cut short or that no run wrote."""
    lines, shapes = [], set()
    content = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    for text in content.splitlines():
        try:
            line = json.loads(text)
            loss = (line["valid"] if "valid" in line else line)["loss"]
            shapes.add(np.asarray(loss, float).shape)  # (), or of several seeds (seeds,)
            known = line["step"] > 0 and len(shapes) == 1 and np.ndim(loss) < 2
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            break
        if not (known and isinstance(line["step"], int)):
            break
        lines.append(line)
    return lines
