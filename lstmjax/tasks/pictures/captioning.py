"""Sentences from pictures: what the drawn scenes and files of one's own have in common."""

import pathlib
from collections.abc import Iterable
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.tasks.base import Batch, Written
from lstmjax.tasks.pictures import files
from lstmjax.tasks.writing import Writing

AT_ONCE = 256  # pictures described at once


class Captioning(Writing):
    """A picture in, a sentence out, word by word; right is any of the sentences that it has."""

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
    def written(self) -> tuple[str, ...]:
        """The words."""
        return self.vocabulary

    def join_target(self, symbols: Iterable[str]) -> str:
        """A sentence's words, apart by blanks."""
        return " ".join(symbols)

    def paired_batch(self, pictures: Array, targets: Array) -> Batch:
        """Pictures (..., height, width, 3) and sentences (..., references, time) as a batch."""
        shifted, mask = self.shifted(targets)
        return Batch((pictures, shifted), targets=targets, mask=mask)

    def metrics(self, outputs: Written, batch: Batch) -> Sums:
        """What `score` says of the sentences, and nats a word of the first reference."""
        nats = metrics.mean(self.loss(outputs.logits, batch), batch.mask)
        return {**self.score(outputs.symbols[:, 0], batch), "nats": nats}

    def score(self, written: Array, batch: Batch) -> Sums:
        """Sentences (batch, time) that are right, and errors by words over the words."""
        valid = batch.mask.any(-1)
        right, errors, lengths = self.compare(written, batch.targets)
        return {
            "sequence_accuracy": metrics.mean(right, valid),
            "token_error_rate": ((errors * valid).sum(), (lengths * valid).sum()),
        }

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
        names = files.png_names(path, "--input")
        folder = path if path.is_dir() else path.parent
        pictures = files.read_pictures(folder, names, "--input", self.picture_size)
        return names, self.read_arrays(pictures)

    def read_arrays(self, inputs: np.ndarray, lengths: None = None) -> list[Batch]:
        """Batches of pictures (size, height, width, 3): bytes, or numbers from 0 to 1."""
        self.check_n_best()
        pictures, expected = np.asarray(inputs), (*self.picture_size, 3)
        if pictures.ndim != 4 or pictures.shape[1:] != expected:
            raise UserError(
                f"X has the shape {pictures.shape}; give pictures (size, height, width, colours) "
                f"of {expected}"
            )
        largest = {"f": 1, "i": 255, "u": 255}.get(pictures.dtype.kind)
        if largest is None or not ((pictures >= 0) & (pictures <= largest)).all():
            raise UserError("X: give bytes from 0 to 255, or floats from 0 to 1")
        pictures = pictures.astype(np.float32) / largest
        starts = range(0, len(pictures), AT_ONCE)
        return [Batch((pictures[start : start + AT_ONCE], None)) for start in starts]
