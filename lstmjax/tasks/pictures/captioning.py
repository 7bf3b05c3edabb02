"""Sentences from pictures: what the drawn scenes and files of one's own have in common."""

import pathlib
from collections.abc import Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.files import write_lines
from lstmjax.metrics import Sums
from lstmjax.tasks.base import Batch, Task, Written
from lstmjax.tasks.pictures import files
from lstmjax.tasks.together import Outputs

START = -1  # before the first word of a sentence


class Captioning(Task):
    """A picture in, a sentence out, word by word; right is any of the sentences that it has.

    A subclass has the fields `beam` and `n_best`. Targets are (batch, references, time), of which
    the first is what training reads.
    """

    writes: ClassVar[bool] = True
    paired: ClassVar[bool] = True
    outputs_are: ClassVar[Outputs] = "logits"
    drawn: ClassVar[tuple[str, ...]] = ("captions",)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words, in the order of their codes; the stop symbol follows."""
        raise NotImplementedError

    @property
    def picture_size(self) -> tuple[int, int]:
        """Height and width of the pictures, in pixels."""
        raise NotImplementedError

    @property
    def outputs(self) -> int:
        """One score a word, and one for the stop."""
        return len(self.vocabulary) + 1

    @property
    def stop(self) -> int:
        """The symbol that ends a sentence."""
        return len(self.vocabulary)

    def paired_batch(self, pictures: Array, targets: Array) -> Batch:
        """Pictures (..., height, width, 3) and sentences (..., references, time) as a batch."""
        first = targets[..., 0, :]
        before = [(0, 0)] * (first.ndim - 1) + [(1, 0)]
        shifted = jnp.pad(first[..., :-1], before, constant_values=START)
        return Batch((pictures, shifted), targets=targets, mask=shifted != self.stop)

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Cross-entropy of each word of the first sentence, (batch, time), in nats."""
        return metrics.cross_entropy(outputs, batch.targets[:, 0])

    def metrics(self, outputs: Written, batch: Batch) -> Sums:
        """What `score` says of the sentences, and nats a word of the first reference."""
        nats = metrics.mean(self.loss(outputs.logits, batch), batch.mask)
        return {**self.score(outputs.symbols[:, 0], batch), "nats": nats}

    def score(self, written: Array, batch: Batch) -> Sums:
        """Sentences (batch, time) that are right, and errors by words over the words.

        The errors of a sentence are the edit distance to the nearest reference.
        """
        valid = batch.mask.any(-1)
        right, errors, lengths = self.compare(written, batch.targets)
        return {
            "sequence_accuracy": metrics.mean(right, valid),
            "token_error_rate": ((errors * valid).sum(), (lengths * valid).sum()),
        }

    def compare(self, written: Array, targets: Array) -> tuple[Array, Array, Array]:
        """Whether (batch, time) is one of (batch, references, time), its word errors, of how many.

        Errors are counted against the nearest reference.
        """
        distances = metrics.edit_distance(written[:, None], targets, self.stop)
        nearest = distances.argmin(-1)[:, None]
        lengths = metrics.sequence_length(targets, self.stop)
        errors, lengths = (jnp.take_along_axis(of, nearest, 1)[:, 0] for of in (distances, lengths))
        return errors == 0, errors, lengths

    def show(self, outputs: Written, batch: Batch) -> list[str]:
        """Lines like `a large red square is left of a small blue cross at the top: ok`."""
        written = jnp.asarray(outputs.symbols[:, 0])
        right, _, _ = self.compare(written, jnp.asarray(batch.targets))
        return [
            f"{self.spell(said)}: {'ok' if is_right else f'wrong, {self.spell(targets[0])}'}"
            for said, is_right, targets in zip(
                *map(np.asarray, (written, right, batch.targets)), strict=True
            )
        ]

    def read(self, path: pathlib.Path) -> tuple[list[str], list[Batch]]:
        """Reads a folder of PNG files, in the order of their names, or one of them."""
        if self.n_best > self.beam:
            raise UserError(f"--n_best is {self.n_best}, above --beam, {self.beam}: raise --beam")
        names = files.png_names(path, "--input")
        folder = path if path.is_dir() else path.parent
        pictures = files.read_pictures(folder, names, "--input", self.picture_size)
        starts = range(0, len(names), files.AT_ONCE)
        batches = [Batch((files.as_floats(pictures[i : i + files.AT_ONCE]), None)) for i in starts]
        return names, batches

    def answer(self, outputs: Written, batch: Batch) -> list[Any]:
        """For each picture its likeliest sentences, with their log probabilities in nats."""
        return [
            [
                (self.spell(row), float(score))
                for row, score in zip(rows, scores, strict=True)
                if np.isfinite(score)  # a beam may be wider than there are sequences
            ]
            for rows, scores in zip(
                outputs.symbols[:, : self.n_best], outputs.scores[:, : self.n_best], strict=True
            )
        ]

    def write(self, path: pathlib.Path, source: list[str], answers: list[Any]) -> None:
        """Lines of file name, sentence and log probability between tabs, the likeliest first."""
        write_lines(
            path,
            (
                f"{name}\t{sentence}\t{score:.4f}"
                for name, best in zip(source, answers, strict=True)
                for sentence, score in best
            ),
        )

    def spell(self, codes: Sequence[int]) -> str:
        """A sentence's codes as text, up to the stop symbol."""
        end = np.argmax(np.append(codes, self.stop) == self.stop)
        return " ".join(self.vocabulary[code] for code in codes[:end])
