"""Labelled sequences: a class for each, from files that people have."""

import csv
import dataclasses
import io
import math
import pathlib
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.files import digest_files, write_text
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Shape
from lstmjax.tasks.buckets import in_order, make_buckets
from lstmjax.tasks.classification import Classification
from lstmjax.tasks.holding_out import hold_out
from lstmjax.tasks.sequences.files import Sequences, read_sequences
from lstmjax.tasks.sequences.floors import guesses, summarize

Part = tuple[np.ndarray, np.ndarray, np.ndarray]  # inputs, lengths, classes


@dataclasses.dataclass(frozen=True)
class Labelled(Classification):
    """Which class a sequence is of, from .ts, .npz or idx files; lengths may differ.

    What the model reads as a step is `frame` consecutive steps of the file, or rows of a picture:
    as one vector, or for a CNN-LSTM as a piece of a series or as a picture.
    """

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
    # what the files determine:
    classes: tuple[str, ...] = ()
    step: tuple[int, ...] = ()  # shape of a step: (width,), of videos (height, width)
    mean: tuple[float, ...] = ()  # what is subtracted from each number of a step
    deviation: tuple[float, ...] = ()  # what the difference is divided by
    digest: str = ""  # SHA-256 of the files, so that a changed one is noticed

    @property
    def outputs(self) -> int:
        """One score a class."""
        return len(self.classes)

    def resolve(self) -> "Labelled":
        """Reads the files once: classes, scaling, digest."""
        for field in ("train", "test"):
            if not getattr(self, field):
                raise UserError(
                    f"task.{field} is empty: give a file, as in --set task.{field}=my.ts"
                )
        if self.missing == "mask" and self.dimensions == 2:
            raise UserError(
                "task.missing is mask: pictures (task.dimensions 2) have no such channel"
            )
        files = self._sequences()
        task = dataclasses.replace(
            self,
            classes=tuple(sorted(set(files["train"].labels), key=_by_number)),
            step=files["train"].inputs.shape[2:],
            digest=self._digest(),
        )
        inputs, lengths, _ = task._parts(files)["train"]
        mean, deviation = task._scale(inputs, lengths)
        return dataclasses.replace(task, mean=mean, deviation=deviation)

    def load(self) -> Data:
        """The sequences of the splits, as they are in the files."""
        if self._digest() != self.digest:
            raise UserError(
                f"task.train {self.train}: not the sequences this experiment was trained on (the "
                "files' SHA-256 differs); restore them, or train in a new directory"
            )
        parts = self._parts(self._sequences())
        lengths = {split: -(-part[1] // self.frame) for split, part in parts.items()}
        buckets = make_buckets(lengths, self.shapes)
        return Data(parts, {split: len(part[1]) for split, part in parts.items()}, buckets)

    def describe(self, data: Data) -> str:
        """The file, and what its sequences are."""
        _, lengths, _ = data.arrays["train"]
        least, most = lengths.min(), lengths.max()
        return (
            f"{self.train}: {self.outputs} classes, {len(self.mean)} numbers a step, "
            f"{least if least == most else f'{least} to {most}'} steps"
        )

    def batch(
        self, arrays: dict[str, Part], split: str, indices: Array, shape: Shape | None = None
    ) -> Batch:
        """Sequences (batch, time, width), or of frames (batch, time, *frame, channels), classes."""
        inputs, lengths, classes = arrays[split]
        batch = self._prepare(inputs[indices], lengths[indices], shape[0])
        return batch._replace(targets=classes[indices])

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The most frequent class; nearest class mean, least squares on evenly chosen steps."""
        parts = [[np.asarray(a) for a in data.arrays[split]] for split in ("train", "test")]
        longest = int(parts[0][1].max())
        (train, classes), (test, truth) = (
            (summarize(inputs, lengths, self.mean, self.deviation, longest), classes)
            for inputs, lengths, classes in parts
        )
        guessed = guesses(train, classes, test, self.outputs)
        return {
            name: {"accuracy": float((guess == truth).mean())} for name, guess in guessed.items()
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `29 steps: speaker 3, probability 0.998 ok`."""
        return [
            f"{length} steps: {self.classes[probabilities.argmax()]}, probability "
            f"{probabilities.max():.3f} "
            + ("ok" if probabilities.argmax() == truth else f"wrong, {self.classes[truth]}")
            for probabilities, length, truth in zip(
                self.answer(outputs, batch),
                np.asarray(batch.lengths),
                np.asarray(batch.targets),
                strict=True,
            )
        ]

    def read(self, path: pathlib.Path) -> tuple[tuple[str, ...], list[Batch]]:
        """Reads sequences, with or without labels, in a format of the training files."""
        sequences = read_sequences(path, "--input")
        self._expect_fit(sequences, f"--input {path}", self.step)
        frames = -(-sequences.lengths // self.frame)
        batches = []
        for rows, width in in_order(frames, self.shapes):
            inputs, lengths = sequences.inputs[rows], sequences.lengths[rows]
            batches.append(self._prepare(inputs, lengths, width))
        return sequences.places, batches

    def answer(self, outputs: Array, batch: Batch) -> list[np.ndarray]:
        """The probability of each class."""
        exponentials = np.exp(outputs - np.max(outputs, -1, keepdims=True))
        return list(exponentials / exponentials.sum(-1, keepdims=True))

    def write(self, path: pathlib.Path, source: tuple[str, ...], answers: list[np.ndarray]) -> None:
        """A CSV: where each sequence stands, its likeliest class, the probability of each class."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sequence", "label", *(f"probability {name}" for name in self.classes)])
        for place, probabilities in zip(source, answers, strict=True):
            label = self.classes[probabilities.argmax()]
            writer.writerow([place, label, *(f"{value:.6f}" for value in probabilities)])
        write_text(path, file.getvalue())

    def _files(self) -> dict[str, str]:
        return {split: path for split in SPLITS if (path := getattr(self, split))}

    def _digest(self) -> str:
        return digest_files(self, (f"{split}{of}" for split in SPLITS for of in ("", "_labels")))

    def _sequences(self) -> dict[str, Sequences]:
        """The sequences of each file, all with labels that training has."""
        files = {}
        for split, path in self._files().items():
            where = f"task.{split}"
            files[split] = read_sequences(path, where, getattr(self, f"{split}_labels"))
            if files[split].labels is None:
                raise UserError(
                    f"{where} {path}: no labels; name their idx file with {where}_labels, or add "
                    "them to the file"
                )
            known = set(files["train"].labels)
            for place, label in zip(files[split].places, files[split].labels, strict=True):
                if label not in known:
                    raise UserError(
                        f"{where} {path}: {place} has the label {label!r}, which no training "
                        "sequence has; mend it, or train on sequences that have it"
                    )
            self._expect_fit(files[split], f"{where} {path}", files["train"].inputs.shape[2:])
        return files

    def _expect_fit(self, sequences: Sequences, where: str, step: tuple[int, ...]) -> None:
        """Raises UserError where steps are not of the shape `step`, or values are missing."""
        if sequences.inputs.shape[2:] != step:
            raise UserError(
                f"{where}: steps of shape {sequences.inputs.shape[2:]}, where training has {step}; "
                "give sequences with the same channels"
            )
        if self.missing == "refuse" and sequences.inputs.dtype.kind == "f":
            gaps = np.isnan(sequences.inputs).reshape(len(sequences.inputs), -1).any(1)
            if gaps.any():
                raise UserError(
                    f"{where}: {sequences.places[gaps.argmax()]} has missing values; fill them "
                    "in, or set task.missing to mask"
                )

    def _parts(self, files: dict[str, Sequences]) -> dict[str, Part]:
        """Inputs, lengths and classes of each split."""
        codes = {name: code for code, name in enumerate(self.classes)}
        parts = {
            split: (of.inputs, of.lengths, np.array([codes[name] for name in of.labels], np.int32))
            for split, of in files.items()
        }
        if "valid" not in parts:
            classes = parts["train"][2]
            out = hold_out(len(classes), self.valid_fraction, self.data_seed, classes)
            parts["valid"] = tuple(array[out] for array in parts["train"])
            parts["train"] = tuple(array[~out] for array in parts["train"])
        return parts

    def _scale(
        self, inputs: np.ndarray, lengths: np.ndarray
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation of each number of a step, over the valid steps (size, time, *step)."""
        steps = inputs[np.arange(inputs.shape[1]) < lengths[:, None]]  # (steps, *step)
        if not len(steps):
            raise UserError(
                f"task.train {self.train}: nothing is left to train on once sequences are held out "
                "for the validation; add sequences, or name a file of others with task.valid"
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

    def _prepare(self, inputs: Array, lengths: Array, width: int) -> Batch:
        """Sequences (batch, time, *step) as the model reads them, in `width` steps; no targets.

        They are scaled. Missing values and padding are zero.
        """
        size, time = len(inputs), width * self.frame
        inputs = inputs[:, :time].reshape(size, -1, len(self.mean))
        inputs = jnp.pad(inputs, ((0, 0), (0, time - inputs.shape[1]), (0, 0)))
        inputs = (inputs.astype(jnp.float32) - jnp.array(self.mean)) / jnp.array(self.deviation)
        there = (jnp.arange(time) < lengths[:, None])[..., None] & ~jnp.isnan(inputs)
        inputs = jnp.where(there, inputs, 0)
        if self.missing == "mask":
            inputs = jnp.concatenate([inputs, 1.0 * there], -1)
        columns, *channels = self.step[-1:] if len(self.step) < 3 else self.step[1:]
        shape = {
            0: (-1,),
            1: (self.frame, inputs.shape[-1]),
            2: (-1, columns, *(channels or [1])),  # frames one below the other
        }[self.dimensions]
        inputs = inputs.reshape(size, width, *shape)
        return Batch(inputs=inputs, lengths=-(-lengths // self.frame))


def _by_number(label: str) -> tuple[float, str]:
    """The order of labels: finite numbers by their value, then texts."""
    try:
        value = float(label)
    except ValueError:
        value = math.inf
    return (value if math.isfinite(value) else math.inf), label
