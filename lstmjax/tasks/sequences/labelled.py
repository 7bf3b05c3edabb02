"""Labelled sequences: a class for each."""

import csv
import dataclasses
import io
import math
import pathlib
from collections.abc import Mapping

import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.files import write_text
from lstmjax.tasks.base import Batch, Data
from lstmjax.tasks.classification import Classification, told_unseen
from lstmjax.tasks.sequences.examples import Sequences
from lstmjax.tasks.sequences.floors import guesses, summarize
from lstmjax.tasks.sequences.task import SequenceTask


@dataclasses.dataclass(frozen=True)
class Labelled(Classification, SequenceTask):
    """Which class a sequence is of."""

    # what the sequences determine:
    classes: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()  # labels of held-out files that training lacks: always an error

    @property
    def outputs(self) -> int:
        """One score a class."""
        return len(self.classes)

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The most frequent class; nearest class mean, least squares on evenly chosen steps."""
        parts = [data.arrays[split] for split in ("train", data.scored)]
        longest = int(np.max(parts[0].lengths))
        scaling = data.arrays["scaling"]
        train, test = (
            summarize(np.asarray(of.inputs), np.asarray(of.lengths), *scaling, longest)
            for of in parts
        )
        guessed = guesses(train, np.asarray(parts[0].targets), test, self.outputs)
        truth = np.asarray(parts[1].targets)
        return {
            name: {"accuracy": float((guess == truth).mean())} for name, guess in guessed.items()
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `29 steps: speaker 3, probability 0.998 ok`."""
        names = self.classes + self.unseen
        return [
            f"{length} steps: {self.classes[probabilities.argmax()]}, probability "
            f"{probabilities.max():.3f} "
            + ("ok" if probabilities.argmax() == truth else f"wrong, {names[truth]}")
            for probabilities, length, truth in zip(
                self.answer(outputs, batch),
                np.asarray(batch.lengths),
                np.asarray(batch.targets),
                strict=True,
            )
        ]

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

    def _kind(self) -> str:
        return f"{self.outputs} classes"

    def _check(self, sequences: Sequences, train: Sequences, where: str) -> None:
        if sequences.labels is None:
            raise UserError(
                f"{where}: no labels; name their idx file with {where.split()[0]}_labels, or add "
                "them to the file"
            )

    def _known(self, sequences: Mapping[str, Sequences]) -> "Labelled":
        classes = set(sequences["train"].labels)
        held_out = {label for of in sequences.values() for label in of.labels}
        classes, unseen = (
            tuple(sorted(labels, key=_by_number)) for labels in (classes, held_out - classes)
        )
        return dataclasses.replace(self, classes=classes, unseen=unseen)

    def _told(self) -> str:
        return told_unseen("label", self.unseen)

    def _targets(self, sequences: Sequences) -> np.ndarray:
        codes = {name: code for code, name in enumerate(self.classes + self.unseen)}
        return np.array([codes[name] for name in sequences.labels], np.int32)

    def _strata(self, targets: np.ndarray) -> np.ndarray:
        return targets


def _by_number(label: str) -> tuple[float, str]:
    """The order of labels: finite numbers by their value, then texts."""
    try:
        value = float(label)
    except ValueError:
        value = math.inf
    return (value if math.isfinite(value) else math.inf), label
