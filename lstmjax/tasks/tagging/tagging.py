"""Tagged sentences: a tag for every word, from files in columns."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.files import digest_files, write_lines
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Shape, Task
from lstmjax.tasks.buckets import in_order, make_buckets
from lstmjax.tasks.classification import told_unseen
from lstmjax.tasks.holding_out import hold_out
from lstmjax.tasks.ragged import pack
from lstmjax.tasks.tagging.conll import (
    Columns,
    Document,
    Form,
    Sentence,
    fill,
    find_columns,
    from_text,
    name_columns,
    read_document,
)
from lstmjax.tasks.tagging.floors import guesses
from lstmjax.tasks.tagging.lexicon import Arrays, arrange, learn
from lstmjax.tasks.tagging.packing import Row, pack_sentences, unpack
from lstmjax.tasks.tagging.spans import are_spans, count_spans
from lstmjax.tasks.together import Outputs


@dataclasses.dataclass(frozen=True)
class Tagging(Task):
    """Sentences with a tag for every word: parts of speech, or spans as IOB, IOBES or BILOU tags.

    The words that training has often enough have a vector of their own; all are spelled. Where tags
    are spans, F1 is that of `conlleval`. Sentences are packed into rows, which are the examples.
    """

    meanings: ClassVar[tuple[str, ...]] = ("vocabulary", "alphabet")
    outputs_are: ClassVar[Outputs] = "logits"

    train: str = ""  # file of sentences to train on
    valid: str | None = None  # for the validation; none: a share of the training file's
    test: str = ""
    format: Form = "conllu"
    word: str = "FORM"  # the column of the words, by name or number
    tag: str = "UPOS"  # that of the tags
    lowercase: bool = False  # words that differ in case alone share a vector, not a spelling
    unknown_below: int = setting(2, at_least=1)  # words that training has less often are <unk>
    longest_word: int = setting(16, at_least=2)  # characters; of longer words the first and last
    valid_fraction: float = setting(0.1, at_least=0.001, at_most=0.5)  # of the training sentences
    data_seed: int = setting(0, at_least=0)  # of their choice
    row_length: int = setting(160, at_least=1)  # words of a row; more where one sentence has more
    # what the files determine:
    columns: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()  # <unk>, then the most frequent words first
    alphabet: tuple[str, ...] = ()  # <unk>, then the characters
    tags: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()  # tags of held-out files that training lacks: always an error
    digest: str = ""  # SHA-256 of the files, so that a changed one is noticed

    @property
    def outputs(self) -> int:
        """One score a tag."""
        return len(self.tags)

    @property
    def sizes(self) -> dict[str, int]:
        """The tags, the words and the characters."""
        lists = {"outputs": self.tags, "words": self.vocabulary, "characters": self.alphabet}
        return {name: len(members) for name, members in lists.items()}

    def resolve(self) -> "Tagging":
        """Reads the files once: the columns, the words, the characters, the tags, the digest."""
        for field in ("train", "test"):
            if not getattr(self, field):
                raise UserError(
                    f"task.{field} is empty: give a file, as in --set task.{field}=my.conllu"
                )
        names = name_columns(self.train, "task.train", self.format)
        task = dataclasses.replace(self, columns=names, digest=self._digest())
        parts = task._parts()
        vocabulary, alphabet = learn(parts["train"], self.lowercase, self.unknown_below)
        tags = {tag for sentence in parts["train"] for tag in sentence.tags}
        held_out = {tag for part in parts.values() for of in part for tag in of.tags}
        return dataclasses.replace(
            task,
            vocabulary=vocabulary,
            alphabet=alphabet,
            tags=tuple(sorted(tags)),
            unseen=tuple(sorted(held_out - tags)),
        )

    def load(self) -> Data:
        """Every word's codes, and the rows of the splits."""
        if self._digest() != self.digest:
            raise UserError(
                f"task.train {self.train}: not the sentences this experiment was trained on (the "
                "files' SHA-256 differs); restore them, or train in a new directory"
            )
        arrays = self._arrange(self._rows(self._parts()))
        lengths = {split: arrays.forms[split].lengths for split in SPLITS}
        sizes = {split: len(of) for split, of in lengths.items()}
        return Data(arrays, sizes, make_buckets(lengths, 1))

    def describe(self, data: Data) -> str:
        """The file, how it is packed, and how many of the test words training lacks."""
        forms = {split: np.asarray(rows.codes) for split, rows in data.arrays.forms.items()}
        new = 1 - np.isin(forms["test"], forms["train"]).mean()
        sentences = data.sizes["train"] + np.sum(data.arrays.resets["train"].codes)
        return (
            f"{self.train}: {sentences:,} sentences of {len(forms['train']):,} words to train on, "
            f"in rows of {data.shapes[0][0]}; {len(self.tags)} tags; training lacks {new:.1%} of "
            "the test words"
        ) + told_unseen("tag", self.unseen)

    def batch(
        self, arrays: Arrays, split: str, indices: Array, shape: Shape | None = None
    ) -> Batch:
        """Inputs (words, characters, lengths of words), targets (batch, time), integers."""
        (width,) = shape
        batch = arrays.read(split, indices, width)
        mask = jnp.arange(width) < batch.lengths[:, None]
        return batch._replace(targets=arrays.tags[split].padded(indices, width, 0), mask=mask)

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Cross-entropy of every tag, (batch, time), in nats."""
        return metrics.cross_entropy(outputs, batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Accuracy and nats a word, and F1 where the tags are spans."""
        counts = metrics.among(batch.targets, outputs, batch.mask)
        nats = metrics.mean(self.loss(outputs, batch), counts)
        return self._scores(outputs.argmax(-1), batch) | {"nats": nats}

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The most frequent tag of all, of the word, and of an unknown word's ending."""
        parts = self._rows(self._parts())
        test = np.arange(data.sizes["test"])
        (width,) = data.shapes[0]
        truth = self.batch(data.arrays, "test", test, (width,))
        scores = {}
        for name, guess in guesses(parts["train"]).items():
            rows = [[self.tags.index(guess(word)) for word in row.words] for row in parts["test"]]
            guessed = pack(rows, self.outputs).padded(test, width, 0)
            of = metrics.divide(self._scores(guessed, truth))
            scores[name] = {metric: float(value) for metric, value in of.items()}
        return scores

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """A line a sentence: `the DET  dog NOUN  barks NOUN (VERB)`, the true tag if it differs."""
        _, characters, spelled = batch.inputs
        parts = (
            unpack(array, batch.lengths, batch.resets)
            for array in (characters, spelled, outputs.argmax(-1), batch.targets)
        )

        names = self.tags + self.unseen

        def told(word: np.ndarray, count: int, answer: int, tag: int) -> str:
            spelling = "".join(self.alphabet[code] for code in word[:count])
            right = "" if answer == tag else f" ({names[tag]})"
            return f"{spelling} {self.tags[answer]}{right}"

        return [
            "  ".join(told(*word) for word in zip(*sentence, strict=True))
            for sentence in zip(*parts, strict=True)
        ]

    def read(self, path: pathlib.Path) -> tuple[Document, list[Batch]]:
        """Reads a file in the format trained on; another .txt is a text, a sentence a line."""
        plain = path.suffix == ".txt" != pathlib.Path(self.train).suffix
        read, more = (from_text, {}) if plain else (read_document, {"tagged": False})
        document = read(path, "--input", self._columns(), **more)
        return document, self._batches(document.sentences)

    def read_arrays(self, inputs: Sequence[Sequence[str]], lengths: None = None) -> list[Batch]:
        """Batches of sentences, a list of words each."""
        sentences = [] if isinstance(inputs, str) else inputs
        if not sentences or not all(_are_words(words) for words in sentences):
            raise UserError("X: give a list of sentences, each a list of words")
        return self._batches([Sentence((), tuple(words), ()) for words in sentences])

    def answer(self, outputs: Array, batch: Batch) -> list[tuple[str, ...]]:
        """The tags of each sentence."""
        best = unpack(np.asarray(outputs).argmax(-1), batch.lengths, batch.resets)
        return [tuple(self.tags[code] for code in sentence) for sentence in best]

    def write(self, path: pathlib.Path, source: Document, answers: list[tuple[str, ...]]) -> None:
        """The file that was read, with the column of tags filled in."""
        write_lines(path, fill(source, answers))

    def _batches(self, sentences: Sequence[Sentence]) -> list[Batch]:
        """The sentences in batches, in their order."""
        arrays = self._arrange(self._rows({"input": sentences}, open_rows=1))
        lengths = arrays.forms["input"].lengths
        return [arrays.read("input", *batch) for batch in in_order(lengths, 1)]

    def _columns(self) -> Columns:
        return find_columns(self.columns, self.word, self.tag)

    def _files(self) -> dict[str, str]:
        return {split: path for split in SPLITS if (path := getattr(self, split))}

    def _digest(self) -> str:
        return digest_files(self, SPLITS)

    def _parts(self) -> dict[str, list[Sentence]]:
        """The sentences of each split."""
        parts = {
            split: read_document(path, f"task.{split}", self._columns()).sentences
            for split, path in self._files().items()
        }
        if "valid" not in parts:
            held_out = hold_out(len(parts["train"]), self.valid_fraction, self.data_seed)
            rows = list(zip(parts["train"], held_out, strict=True))
            if all(held_out):
                raise UserError(
                    f"task.train {self.train}: {len(rows)} sentence{'s' * (len(rows) > 1)}, and "
                    "validation takes all; give more, or a file of their own with --set task.valid"
                )
            parts["valid"] = [sentence for sentence, out in rows if out]
            parts["train"] = [sentence for sentence, out in rows if not out]
        return parts

    def _rows(
        self, parts: Mapping[str, Sequence[Sentence]], open_rows: int = 100
    ) -> dict[str, list[Row]]:
        """The sentences of each split in rows of one length."""
        longest = max(len(sentence.words) for part in parts.values() for sentence in part)
        length = max(self.row_length, longest)
        return {split: pack_sentences(part, length, open_rows) for split, part in parts.items()}

    def _arrange(self, parts: Mapping[str, Sequence[Row]]) -> Arrays:
        lists = self.vocabulary, self.alphabet, self.tags + self.unseen
        return arrange(parts, *lists, self.lowercase, self.longest_word)

    def _scores(self, guessed: Array, batch: Batch) -> dict[str, tuple[Array, Array]]:
        scores = {"accuracy": metrics.mean(guessed == batch.targets, batch.mask)}
        if are_spans(self.tags):
            tags = self.tags + self.unseen
            scores["f1"] = count_spans(guessed, batch.targets, batch.mask, batch.resets, tags)
        return scores


def _are_words(words: object) -> bool:
    """Whether it is a list of words: at least one, none empty."""
    return (
        isinstance(words, (list, tuple))
        and bool(words)
        and all(isinstance(word, str) and word for word in words)
    )
