"""Checkpoints on disk. The only file that imports orbax.

Checkpoint N, the state after N updates, is a directory `N`: `params/` and `state/` (the rest) as
orbax writes arrays, `experiment.json`, `checkpoint.json` (validation loss, seconds, shapes) and
`SHA256SUMS` of all of these, which `sha256sum --check` understands. It appears by one rename.
"""

import dataclasses
import math
import pathlib
import re
import shutil
import sys
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
import tensorstore

from lstmjax import devices, settings
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment, read_experiment
from lstmjax.files import read_json, write_json
from lstmjax.runs import integrity, one_file

# orbax asks for these numbers at every save, for its own log; tensorstore 0.1.86 never frees them,
# 30 KiB a checkpoint (nor, which stays, the 20 KiB of the specifications that orbax asks for)
tensorstore.experimental_collect_matching_metrics = lambda prefix: []

LAYOUT = 1  # of a checkpoint's files: a number for each way they have ever been
ABOUT = "checkpoint.json"
KEPT = 2  # of the newest checkpoints, besides the best


class Checkpoints:
    """The checkpoints of a run: the newest two, and the best by `best_by`.

    Every file is held to its digest before it is used. A damaged checkpoint is told in one line and
    passed over, and if this run may write it is set aside as `N.damaged`. With several processes
    the first one looks and writes, and all of them must call each method.
    """

    def __init__(self, directory: pathlib.Path, read_only: bool = False):
        """Opens a directory; unless `read_only` it is made, and cleared of saves cut short."""
        self.directory = directory.resolve()
        self._read_only = read_only
        self._orbax = ocp.Checkpointer(ocp.StandardCheckpointHandler())
        if devices.is_main() and not read_only:
            # what looks cut short to a reader may be a save that a run is busy with
            try:
                self.directory.mkdir(exist_ok=True)
                for unfinished in self.directory.glob(".*"):
                    shutil.rmtree(unfinished)
            except OSError as error:
                raise UserError(f"{error.filename}: {error.strerror}") from error

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: Any) -> None:
        self._orbax.close()

    @property
    def latest_step(self) -> int | None:
        """The newest intact checkpoint, or None if none was ever made.

        Raises:
          UserError: there are checkpoints, and not one is intact.
        """
        return _agreed(max(self._intact(), default=None) if devices.is_main() else None)

    @property
    def best_step(self) -> int | None:
        """The best intact checkpoint by `best_by`, or None if none was ever made.

        Raises:
          UserError: there are checkpoints, and not one is intact.
        """
        return _agreed(self._best(self._intact()) if devices.is_main() else None)

    def about(self, step: int) -> dict[str, Any]:
        """What `save` was told about a checkpoint: `valid_loss` and `notes`.

        Raises:
          UserError: it was written in a layout that this version does not read.
        """
        directory = self.directory / str(step)
        if not (directory / ABOUT).exists():
            raise UserError(
                f"{directory}: no {ABOUT}, so another version of lstmjax made it: resume with that "
                "version, or train in a new directory"
            )
        about = read_json(directory / ABOUT)
        layout = about.get("layout") if isinstance(about, dict) else None
        if layout != LAYOUT:
            age = "a newer" if isinstance(layout, int) and layout > LAYOUT else "an older"
            raise UserError(
                f"{directory}: layout {layout} of {age} lstmjax, this one reads layout "
                f"{LAYOUT}: use the version that wrote it, or train in a new directory"
            )
        return about

    def save(
        self,
        state: Any,
        experiment: Experiment,
        valid_loss: float | None,
        notes: dict[str, Any],
    ) -> None:
        """Saves a state (a dataclass with `step` and `params`); returns when it is on disk.

        Args:
          state: with several processes, each one's part of it.
          experiment: what the state belongs to.
          valid_loss: what the best checkpoint is chosen by; None: this one is never the best.
          notes: JSON to keep beside it.

        Raises:
          UserError: the disk is full or cannot be written.
        """
        step = int(np.max(jax.device_get(state.step)))
        directory = self.directory / str(step)
        partial = self.directory / f".{step}"
        try:
            if devices.is_main():
                partial.mkdir()
            devices.wait_for_all()
            for name, tree in _items(state).items():
                self._orbax.save(partial / name, args=ocp.args.StandardSave(tree))
            if devices.is_main():
                write_json(partial / "experiment.json", experiment.to_json())
                about = {"layout": LAYOUT, "step": step, "valid_loss": valid_loss, "notes": notes}
                write_json(partial / ABOUT, about | {"arrays": _shapes(state)})
                integrity.seal(partial)
                partial.rename(directory)
                integrity.wait_for_disk(self.directory)
                self._prune()
            devices.wait_for_all()
        except (OSError, ValueError, UserError) as error:  # tensorstore's ValueError: a full disk
            shutil.rmtree(partial, ignore_errors=True)
            reason = getattr(error, "strerror", None) or _reason(str(error))
            raise UserError(
                f"{self.directory}: checkpoint {step} could not be saved "
                f"({reason}); earlier ones are intact: "
                "make room and run the same command again"
            ) from error

    def restore(self, like: Any, experiment: Experiment, step: int) -> Any:
        """The state at a checkpoint, in the structure and on the devices of `like`.

        Raises:
          UserError: it belongs to another experiment, or holds other arrays.
        """
        directory = self.directory / str(step)
        saved = self.about(step)["arrays"]
        changes = settings.differences(read_experiment(directory / "experiment.json"), experiment)
        wanted = _shapes(like)
        changes += [
            f"{name}: {saved.get(name, 'absent')} -> {wanted.get(name, 'absent')}"
            for name in saved | wanted
            if saved.get(name) != wanted.get(name)
        ]
        if changes:
            more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
            raise UserError(
                f"{directory}: a checkpoint of another experiment or version "
                f"({'; '.join(changes[:3])}{more}); choose another directory"
            )
        items = {
            name: self._restore(directory / name, ocp.args.StandardRestore(tree))
            for name, tree in _items(like).items()
        }
        return dataclasses.replace(like, params=items["params"], **items["state"])

    def restore_params(self, step: int, like: Any = None) -> Any:
        """The parameters at a checkpoint alone, on the devices of `like` or in the host's memory.

        Whatever devices they were saved from.
        """
        directory = self.directory / str(step) / "params"
        if like is None:
            arrays = self._orbax.metadata(directory).item_metadata.tree
            like = jax.tree.map(lambda leaf: np.empty(leaf.shape, leaf.dtype), arrays)
        return self._restore(directory, ocp.args.StandardRestore(like))

    def experiment(self, step: int) -> Experiment:
        """The experiment that a checkpoint belongs to."""
        self.about(step)
        return read_experiment(self.directory / str(step) / "experiment.json")

    def _restore(self, directory: pathlib.Path, args: Any) -> Any:
        try:
            return self._orbax.restore(directory, args=args)
        except Exception as error:  # intact, and still orbax raises: of every kind
            raise UserError(
                f"{directory}: cannot be restored ({type(error).__name__}: {str(error)[:200]}); "
                "use the versions of lstmjax and orbax that wrote it"
            ) from error

    def _best(self, steps: list[int]) -> int | None:
        def loss(step: int) -> float:
            value = self.about(step)["valid_loss"]
            return math.inf if value is None else value

        return min(steps, key=lambda step: (loss(step), -step), default=None)

    def _intact(self) -> list[int]:
        """The steps whose files are as they were written; those of the others are set aside."""
        steps, faults = [], []
        for directory in self.directory.glob("[0-9]*"):
            if not directory.name.isdigit():
                continue
            fault = integrity.fault(directory)
            if fault is None or not directory.exists():  # a reader may meet a run that removes it
                steps += [int(directory.name)] if directory.exists() else []
                continue
            if not (directory / ABOUT).exists() and not integrity.is_sealed(directory):
                self.about(int(directory.name))  # no damage: another layout
            faults.append((directory, fault))
        told = "; ".join(f"{directory.name}: {fault}" for directory, fault in faults)
        if faults and not steps:
            raise UserError(
                f"{self.directory}: no checkpoint is intact ({told}); "
                "restore a copy, or remove this directory to start over"
            )
        for directory, fault in faults:
            aside = directory.with_suffix(".damaged")
            done = "passed over" if self._read_only else f"set aside as {aside.name}"
            print(
                f"checkpoint {directory.name} is damaged ({fault}): {done}; "
                f"the newest intact one is {max(steps)}",
                file=sys.stderr,
            )
            if not self._read_only:
                shutil.rmtree(aside, ignore_errors=True)
                directory.rename(aside)
        return steps

    def _prune(self) -> None:
        """Removes all but the newest and the best; only what is intact counts as either."""
        steps = sorted(self._intact())
        for step in set(steps[:-KEPT]) - {self._best(steps)}:
            self._remove(self.directory / str(step))

    def _remove(self, directory: pathlib.Path) -> None:
        """Removes a checkpoint, which is whole or gone at every moment."""
        shutil.rmtree(directory.rename(directory.with_name(f".{directory.name}-removed")))


def _reason(told: str) -> str:
    """The operating system's words within tensorstore's: "No space left on device"."""
    found = re.search(r": ([^:]+) \[os_error_code", told)
    return found[1] if found else told[:200]


def _agreed(step: int | None) -> int | None:
    """What the first process says."""
    step = int(devices.gather([-1 if step is None else step])[0, 0])
    return None if step < 0 else step


def _items(state: Any) -> dict[str, Any]:
    """A state as the two trees that are saved."""
    rest = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    if rest.get("iterate") is None:  # as in checkpoints from before there were averages
        rest.pop("iterate", None)
    return {"params": rest.pop("params"), "state": rest}


def _shapes(state: Any) -> dict[str, str]:
    """What each array is: `{"params.cell.hf.kernel": "float32[8,8]"}`."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): f"{leaf.dtype}{[*leaf.shape]}"
        for path, leaf in leaves
    }


def restore_best(workdir: pathlib.Path) -> tuple[Experiment, Any, int]:
    """The experiment of a training directory, its best parameters, and their step.

    A whole model in one file will do, too.

    Raises:
      UserError: it is no training directory, or holds no intact checkpoint.
    """
    if workdir.is_file():
        return one_file.read(workdir)
    directory = workdir / "checkpoints"
    if not directory.is_dir():
        raise UserError(f"--workdir {workdir}: no checkpoints here; train with launch.train first")
    with Checkpoints(directory, read_only=True) as checkpoints:
        step = checkpoints.best_step
        if step is None:
            raise UserError(
                f"--workdir {workdir}: no checkpoint was finished; run launch.train again"
            )
        return checkpoints.experiment(step), checkpoints.restore_params(step), step
