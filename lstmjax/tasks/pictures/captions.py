"""Captions: PNG files and a TSV file of sentences that people have."""

import collections
import dataclasses
import hashlib
import pathlib
from typing import ClassVar, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import devices, metrics
from lstmjax.errors import UserError
from lstmjax.files import read_bytes
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Shape
from lstmjax.tasks.holding_out import hold_out
from lstmjax.tasks.pictures import files
from lstmjax.tasks.pictures.captioning import Captioning
from lstmjax.tasks.pictures.files import Caption
from lstmjax.tasks.pictures.floors import nearest_picture
from lstmjax.tasks.ragged import Ragged, number, pack

UNKNOWN = "<unk>"  # words that are too rare to be learned
FLOOR_PICTURES = 10_000  # of the training, among which the nearest to a test picture is sought
FLOOR_TESTS = 2_000  # test pictures that baselines are scored on, at most
NO_WORD = -2  # what an unknown word of a reference is equal to: nothing


class Arrays(NamedTuple):
    """All pictures and sentences, and which of them the examples of each split are."""

    pictures: Array  # bytes (pictures, height, width, 3)
    sentences: Ragged
    picture: dict[str, Array]  # (size,) of each split: the picture of example i
    references: dict[str, Array]  # (size, references): its sentences, the first repeated to fill up


@dataclasses.dataclass(frozen=True)
class Captions(Captioning):
    """Sentences for pictures, learned from lines of file.png<TAB>a sentence.

    A picture may have several lines. Pictures are split, never lines: all the sentences of a
    picture are on one side. Each line of the training part is an example; a held-out picture is
    one example, and right is any of its sentences. Words that the training part has less often than
    `unknown_below` become <unk>, which is never right. All pictures have one size.
    """

    meanings: ClassVar[tuple[str, ...]] = ("vocabulary",)

    path: str = ""  # the TSV file; names of pictures are read from its folder
    unknown_below: int = setting(2, at_least=1)
    valid_fraction: float = setting(0.1, at_least=0, at_most=0.5)  # of the pictures, one at least
    test_fraction: float = setting(0.1, at_least=0, at_most=0.5)
    data_seed: int = setting(0, at_least=0)  # of the split
    beam: int = setting(1, at_least=1, at_most=256)  # sentences followed side by side; 1: greedy
    n_best: int = setting(1, at_least=1)  # sentences that launch.predict writes a picture, at most
    # what the files determine:
    vocabulary: tuple[str, ...] = ()  # in the order of their codes, <unk> first
    picture_size: tuple[int, int] = (0, 0)  # height and width, pixels
    longest: int = 0  # words of the longest sentence, with the stop: none longer is written
    digest: str = ""  # SHA-256 of the TSV file and of the pixels, so that a change is noticed

    def resolve(self) -> "Captions":
        """Reads the files once: words, sizes, the digest."""
        captions, pictures = self._read()
        train = self._split(captions)["train"]
        counts = collections.Counter(word for caption in train for word in caption.words)
        words = sorted(w for w, n in counts.items() if n >= self.unknown_below and w != UNKNOWN)
        if not words:
            raise UserError(
                f"task.path {self.path}: no word is there {self.unknown_below} times; lower "
                "task.unknown_below, or give more sentences"
            )
        return dataclasses.replace(
            self,
            vocabulary=(UNKNOWN, *words),
            picture_size=pictures.shape[1:3],
            longest=1 + max(len(caption.words) for caption in captions),
            digest=self._digest(pictures),
        )

    def load(self) -> Data:
        """All pictures and sentences, and the examples of each split."""
        captions, pictures = self._read()
        if self._digest(pictures) != self.digest:
            raise UserError(
                f"task.path {self.path}: not the sentences and pictures that this experiment was "
                "trained on (their SHA-256 differs); restore them, or train in a new directory"
            )
        places = number(caption.name for caption in captions)
        picture, references, rows = {}, {}, []
        for split, part in self._split(captions).items():
            of = collections.defaultdict(list)  # sentences of each example
            for caption in part:
                of[caption.line if split == "train" else caption.name].append(len(rows))
                rows.append(caption)
            most = max(map(len, of.values()))
            filled = [[*lines, *lines[:1] * (most - len(lines))] for lines in of.values()]
            references[split] = np.array(filled, np.int32)
            names = (rows[lines[0]].name for lines in of.values())
            picture[split] = np.array([places[name] for name in names], np.int32)
        codes = number(self.vocabulary)
        sentences = [[codes.get(word, 0) for word in caption.words] for caption in rows]
        arrays = Arrays(pictures, pack(sentences, self.stop), picture, references)
        return Data(arrays, {split: len(picture[split]) for split in SPLITS})

    def describe(self, data: Data) -> str:
        """How many pictures of what size, how many sentences and words, and how many unknown."""
        height, width = self.picture_size
        sentences = data.arrays.sentences
        unknown = float(np.mean(np.asarray(sentences.codes) == 0))
        return (
            f"{self.path}: {len(data.arrays.pictures):,} pictures of {width} x {height}, "
            f"{len(sentences.lengths):,} sentences, {len(self.vocabulary) - 1:,} words "
            f"({unknown:.1%} of the text is {UNKNOWN})"
        )

    def batch(
        self, arrays: Arrays, split: str, indices: Array, shape: Shape | None = None
    ) -> Batch:
        """Inputs (pictures, shifted first sentence); targets (batch, references, time)."""
        pictures = arrays.pictures[arrays.picture[split][indices]].astype(jnp.float32) / 255
        references = arrays.references[split][indices]
        return self.paired_batch(
            pictures, arrays.sentences.padded(references, self.longest, self.stop)
        )

    def compare(self, written: Array, targets: Array) -> tuple[Array, Array, Array]:
        """As of all captions; an unknown word is always an error."""
        return super().compare(written, jnp.where(targets == 0, NO_WORD, targets))

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The most common sentence, and one of the nearest training picture, pixel by pixel.

        The nearest is sought among at most `FLOOR_PICTURES`, evenly spaced, as the name says then.
        """
        arrays, size = data.arrays, min(data.sizes["test"], FLOOR_TESTS)
        test = self.batch(arrays, "test", np.arange(size))
        said = arrays.sentences.padded(arrays.references["train"][:, 0], self.longest, self.stop)
        sentences, counts = np.unique(np.asarray(said), axis=0, return_counts=True)
        common = jnp.broadcast_to(sentences[counts.argmax()], (size, self.longest))
        known, lines = np.unique(np.asarray(arrays.picture["train"]), return_index=True)
        count = min(len(known), FLOOR_PICTURES)
        sample = "" if count == len(known) else f" of {count:,}"
        some = np.linspace(0, len(known) - 1, count).round().astype(int)
        nearest = nearest_picture(arrays.pictures[known[some]], test.inputs[0])
        score = devices.jit(self.score)
        return {
            "most common sentence": metrics.divide(score(common, test)),
            f"nearest picture{sample}": metrics.divide(score(said[lines[some][nearest]], test)),
        }

    def _read(self) -> tuple[list[Caption], np.ndarray]:
        """The lines of the file, and its pictures, each once, in the order of their names in it."""
        if not self.path:
            raise UserError("task.path is empty: give a file, as in --set task.path=captions.tsv")
        captions = files.read_captions(self.path, "task.path")
        names = list(number(caption.name for caption in captions))
        if len(names) < len(SPLITS):
            raise UserError(
                f"task.path {self.path}: {len(names)} picture{'s' * (len(names) > 1)}, too few to "
                "train, validate and test on; give at least 3, and better thousands"
            )
        return captions, files.read_pictures(pathlib.Path(self.path).parent, names, "task.path")

    def _split(self, captions: list[Caption]) -> dict[str, list[Caption]]:
        """The sentences of each split, by their pictures."""
        names = np.array(list(number(caption.name for caption in captions)))
        test = hold_out(len(names), self.test_fraction, self.data_seed)
        rest = names[~test]
        valid = hold_out(len(rest), self.valid_fraction / (1 - self.test_fraction), self.data_seed)
        held_out = {"valid": set(rest[valid].tolist()), "test": set(names[test].tolist())}
        held_out["train"] = set(names.tolist()) - held_out["valid"] - held_out["test"]
        if not held_out["train"]:
            raise UserError(
                f"task.path {self.path}: no picture is left to train on; lower task.valid_fraction "
                "or task.test_fraction"
            )
        return {
            split: [caption for caption in captions if caption.name in held_out[split]]
            for split in SPLITS
        }

    def _digest(self, pictures: np.ndarray) -> str:
        return hashlib.sha256(read_bytes(self.path, "task.path") + pictures.tobytes()).hexdigest()
