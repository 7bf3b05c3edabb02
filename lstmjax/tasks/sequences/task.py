"""What tasks on whole sequences share: where sequences come from, their scaling, their batches."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.files import digest_files
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Shape, Task
from lstmjax.tasks.buckets import grid_width, in_order, make_buckets
from lstmjax.tasks.holding_out import hold_out
from lstmjax.tasks.sequences.arrays import from_inputs
from lstmjax.tasks.sequences.examples import (
    LARGEST,
    Part,
    Sequences,
    is_blurred,
    never_changes,
)
from lstmjax.tasks.sequences.files import read_sequences

ROWS = 64  # of a batch to predict from, at most


@dataclasses.dataclass(frozen=True)
class SequenceTask(Task):
    """Sequences from .ts, .npz or idx files, or from arrays; lengths may differ.

    What the model reads as a step is `frame` consecutive steps of the file, or rows of a picture:
    as one vector, or for a CNN-LSTM as a piece of a series or as a picture.
    """

    # Settings that no compiled program depends on: their values are among the arrays.
    untraced: ClassVar[frozenset[str]] = frozenset(
        {"train", "valid", "test", "train_labels", "valid_labels", "test_labels", "data_seed"}
        | {"valid_fraction", "classes", "mean", "deviation", "digest", "centre", "spread", "given"}
    )

    train: str = ""  # file of sequences to train on
    valid: str | None = None  # for the validation; none: a share of the training file's
    test: str = ""
    train_labels: str | None = None  # idx: the file of the labels; other files hold their own
    valid_labels: str | None = None
    test_labels: str | None = None
    valid_fraction: float = setting(0.1, at_least=0.001, at_most=0.5)  # of each class
    data_seed: int = setting(0, at_least=0)  # of their choice
    # To mean 0 and variance 1 in the training part: each channel, or all alike.
    standardize: Literal["each", "together", "none"] = "each"
    missing: Literal["refuse", "mask"] = "refuse"  # mask: reads as 0, and channels more say where
    frame: int = setting(1, at_least=1)  # steps, or rows, that the model reads as one
    dimensions: int = setting(0, at_least=0, at_most=2)  # 0 vectors; CNN-LSTM: 1 series, 2 pictures
    shapes: int = setting(4, at_least=1, at_most=16)  # lengths that batches are padded to
    # what the sequences determine:
    step: tuple[int, ...] = ()  # shape of a step: (width,), of videos (height, width)
    mean: tuple[float, ...] = ()  # what is subtracted from each number of a step
    deviation: tuple[float, ...] = ()  # what the difference is divided by
    digest: str = ""  # SHA-256 of the files or arrays, so that changed ones are noticed
    # Instead of files, the sequences of each split. A run does not keep them.
    given: Mapping[str, Sequences] | None = dataclasses.field(
        default=None, compare=False, repr=False, metadata={"kept": False}
    )

    def resolve(self) -> "SequenceTask":
        """Reads the sequences once: classes or units, scaling, digest."""
        for field in ("train", "test") if self.given is None else ():
            if not getattr(self, field):
                raise UserError(
                    f"task.{field} is empty: give a file, as in --set task.{field}=my.ts"
                )
        if self.missing == "mask" and self.dimensions == 2:
            raise UserError(
                "task.missing is mask: pictures (task.dimensions 2) have no such channel"
            )
        sequences = self._sequences()
        task = dataclasses.replace(
            self._known(sequences),
            step=sequences["train"].inputs.shape[2:],
            digest=self._digest(),
        )
        train = task._parts(sequences)["train"]
        mean, deviation = task._scale(train.inputs, train.lengths)
        return dataclasses.replace(task._measured(train), mean=mean, deviation=deviation)

    def load(self) -> Data:
        """The sequences of the splits as they were given, and the scaling."""
        if not self.train and self.given is None:
            raise UserError(
                "this run was trained on arrays, which its directory does not keep; predict from "
                "new ones, or fit again with the same arrays"
            )
        if self._digest() != self.digest:
            raise UserError(
                f"task.train {self.train}: not the sequences this experiment was trained on (the "
                "files' SHA-256 differs); restore them, or train in a new directory"
            )
        parts = {name: self._scaled(part) for name, part in self._parts(self._sequences()).items()}
        lengths = {split: -(-part.lengths // self.frame) for split, part in parts.items()}
        arrays: dict[str, Any] = {}
        for split, part in parts.items():
            inputs, *arrays["scaling"] = self._narrow(part.inputs)
            arrays[split] = part._replace(inputs=inputs)
        sizes = {split: len(part.lengths) for split, part in parts.items()}
        return Data(arrays, sizes, make_buckets(lengths, self.shapes))

    def describe(self, data: Data) -> str:
        """Where the sequences are from, and what they are."""
        lengths = data.arrays["train"].lengths
        least, most = lengths.min(), lengths.max()
        return (
            f"{self.train or 'arrays'}: {self._kind()}, {len(self.mean)} numbers a step, "
            f"{least if least == most else f'{least} to {most}'} steps{self._told()}"
        )

    def batch(
        self, arrays: dict[str, Any], split: str, indices: Array, shape: Shape | None = None
    ) -> Batch:
        """Sequences (batch, time, width), or of frames (batch, time, *frame, channels), targets."""
        inputs, lengths, targets, weights = arrays[split].take(indices)
        batch = self._prepare(inputs, lengths, shape[0], *arrays["scaling"])
        return batch._replace(targets=targets, mask=weights)

    def read(self, path: pathlib.Path) -> tuple[tuple[str, ...], list[Batch]]:
        """Reads sequences, with or without targets, in a format of the training files."""
        sequences = self._arranged(read_sequences(path, "--input"))
        self.expect_fit(sequences, f"--input {path}", self.step)
        frames = -(-sequences.lengths // self.frame)
        return sequences.places, [
            self._alone(sequences, rows, width) for rows, width in in_order(frames, self.shapes)
        ]

    def read_arrays(self, inputs: Any, lengths: Any = None) -> list[Batch]:
        """Batches of arrays in memory, to predict from."""
        sequences = self._arranged(from_inputs(inputs, lengths))
        self.expect_fit(sequences, "X", self.step)
        return self.examples(sequences)

    def examples(self, sequences: Sequences) -> list[Batch]:
        """Batches to predict from, in order, of a handful of shapes whatever the lengths are."""
        size = len(sequences.lengths)
        batches = np.split(np.arange(size), range(ROWS, size, ROWS))
        frames = -(-sequences.lengths // self.frame)
        return [
            self._alone(sequences, rows, grid_width(frames[rows].max(initial=1)))
            for rows in batches
        ]

    def expect_fit(self, sequences: Sequences, where: str, step: tuple[int, ...]) -> None:
        """Raises UserError where steps are not of the shape `step`, or values are missing."""
        if sequences.inputs.shape[2:] != step:
            turned = ""
            if sequences.inputs.shape[1:2] == step and len(step) == 1:
                turned = "; the axes look like (size, channels, time): swap the last two"
            raise UserError(
                f"{where}: steps of shape {sequences.inputs.shape[2:]}, where training has {step}"
                f"{turned or '; give sequences with the same channels'}"
            )
        if sequences.inputs.dtype.kind != "f":
            return
        rows = sequences.inputs.reshape(len(sequences.inputs), -1)
        gaps = np.isnan(rows).any(1)
        if self.missing == "refuse" and gaps.any():
            raise UserError(
                f"{where}: {sequences.places[gaps.argmax()]} has missing values; fill them "
                "in, or set task.missing to mask"
            )
        large = (np.abs(rows) > LARGEST).any(1)
        if large.any():
            raise UserError(
                f"{where}: {sequences.places[large.argmax()]} has a value beyond {LARGEST:.2g}, "
                "which float32 cannot hold; give it in a larger unit"
            )

    def _arranged(self, sequences: Sequences) -> Sequences:
        """Sequences that were read, as this task has them."""
        return sequences

    # What a subclass says of its targets.

    def _kind(self) -> str:
        """The targets in words, for a line."""
        raise NotImplementedError

    def _check(self, sequences: Sequences, train: Sequences, where: str) -> None:
        """Raises UserError where targets are lacking, or are none that training has."""
        raise NotImplementedError

    def _told(self) -> str:
        """What else a line says of the targets."""
        return ""

    def _known(self, sequences: Mapping[str, Sequences]) -> "SequenceTask":
        """This task with what the sequences of each file say of the targets, as the classes."""
        return self

    def _targets(self, sequences: Sequences) -> np.ndarray:
        """The targets as numbers, one row a sequence."""
        raise NotImplementedError

    def _strata(self, targets: np.ndarray) -> np.ndarray | None:
        """Classes (size,) that are held out alike, or None."""
        return None

    def _measured(self, train: Part) -> "SequenceTask":
        """This task with the scaling of its targets, measured in the training part."""
        return self

    def _scaled(self, part: Part) -> Part:
        """A part with its targets scaled."""
        return part

    def _files(self) -> dict[str, str]:
        return {split: path for split in SPLITS if (path := getattr(self, split))}

    def _digest(self) -> str:
        if self.given is None:
            fields = (f"{split}{of}" for split in SPLITS for of in ("", "_labels"))
            return digest_files(self, fields)
        digest = hashlib.sha256()
        for split, of in sorted(self.given.items()):
            for array in (of.inputs, of.lengths, of.targets, of.weights):
                if array is not None:
                    digest.update(f"{split} {array.dtype} {array.shape}".encode())
                    digest.update(np.ascontiguousarray(array))
            digest.update(repr(of.labels).encode())
        return digest.hexdigest()

    def _sequences(self) -> dict[str, Sequences]:
        """The sequences of each split, checked, all with targets."""
        found = dict(self.given or {})
        for split, path in self._files().items() if self.given is None else ():
            labels = getattr(self, f"{split}_labels")
            found[split] = self._arranged(read_sequences(path, f"task.{split}", labels))
        for split, sequences in found.items():
            where = f"task.{split} {getattr(self, split) or 'arrays'}"
            self._check(sequences, found["train"], where)
            self.expect_fit(sequences, where, found["train"].inputs.shape[2:])
        return found

    def _parts(self, sequences: dict[str, Sequences]) -> dict[str, Part]:
        """Inputs, lengths, targets and weights of each split."""
        parts = {
            split: Part(of.inputs, of.lengths, self._targets(of), of.weights)
            for split, of in sequences.items()
        }
        if "valid" not in parts:
            train = parts["train"]
            strata = self._strata(train.targets)
            out = hold_out(len(train.lengths), self.valid_fraction, self.data_seed, strata)
            parts |= {"valid": train.take(out), "train": train.take(~out)}
        return parts

    def _scale(
        self, inputs: np.ndarray, lengths: np.ndarray
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation of each number of a step, over the valid steps (size, time, *step)."""
        steps = inputs[np.arange(inputs.shape[1]) < lengths[:, None]]  # (steps, *step)
        if not len(steps):
            names = (f"task.train {self.train}", "task.valid")
            given, others = names if self.train else ("X", "validation_data")
            raise UserError(
                f"{given}: nothing is left to train on once sequences are held out for the "
                f"validation; add sequences, or give others as {others}"
            )
        steps = steps.reshape(len(steps), -1)
        mean, deviation = np.zeros(steps.shape[1]), np.ones(steps.shape[1])
        if self.standardize != "none":
            axis = 0 if self.standardize == "each" else None
            steps = np.where(np.isnan(steps).all(axis), 0, steps)  # of what was never observed
            mean += np.nanmean(steps, axis, np.float64)
            deviation *= np.nanstd(steps, axis, np.float64)
        deviation[deviation == 0] = 1.0  # of a channel that never changes
        return tuple(mean.tolist()), tuple(deviation.tolist())

    def _alone(self, sequences: Sequences, rows: np.ndarray, width: int) -> Batch:
        """A batch of some sequences, without targets, prepared on the host."""
        inputs, *scaling = self._narrow(sequences.inputs[rows])
        return self._prepare(inputs, sequences.lengths[rows], width, *scaling)

    def _narrow(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs that float32 holds, and the mean and deviation that are left to scale them by.

        Values that are large beside what tells them apart, as times in seconds, or very small
        ones, are scaled here, in float64.
        """
        mean, deviation = np.array(self.mean), np.array(self.deviation)
        if is_blurred(mean, deviation):
            deviation[never_changes(mean, deviation)] = 1.0
            scaled = (inputs.reshape(*inputs.shape[:2], -1) - mean) / deviation
            inputs, mean, deviation = scaled.reshape(inputs.shape), 0 * mean, np.ones_like(mean)
        if not np.can_cast(inputs.dtype, np.int32):  # JAX keeps no more than 32 bits
            inputs = inputs.astype(np.float32, copy=False)
        return inputs, np.float32(mean), np.float32(deviation)

    def _prepare(self, inputs: Any, lengths: Any, width: int, mean: Any, deviation: Any) -> Batch:
        """Sequences (batch, time, *step) as the model reads them, in `width` steps; no targets.

        They are scaled. Missing values and padding are zero. NumPy arrays stay with NumPy.
        """
        own = np if isinstance(inputs, np.ndarray) else jnp
        size, time = len(inputs), width * self.frame
        inputs = inputs[:, :time].reshape(size, -1, len(self.mean))
        inputs = own.pad(inputs, ((0, 0), (0, time - inputs.shape[1]), (0, 0)))
        inputs = (inputs.astype(np.float32) - mean) / deviation
        there = (own.arange(time) < lengths[:, None])[..., None] & ~own.isnan(inputs)
        inputs = own.where(there, inputs, np.float32(0))
        if self.missing == "mask":
            inputs = own.concatenate([inputs, there.astype(np.float32)], -1)
        columns, *channels = self.step[-1:] if len(self.step) < 3 else self.step[1:]
        shape = {
            0: (-1,),
            1: (self.frame, inputs.shape[-1]),
            2: (-1, columns, *(channels or [1])),  # frames one below the other
        }[self.dimensions]
        inputs = inputs.reshape(size, width, *shape)
        return Batch(inputs=inputs, lengths=-(-lengths // self.frame))
