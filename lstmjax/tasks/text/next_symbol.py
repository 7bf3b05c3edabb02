"""The next symbol of a corpus read as long streams: what texts share, whatever the symbol."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.files import read_lines, write_lines
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Shape, Task
from lstmjax.tasks.buckets import in_order
from lstmjax.tasks.ragged import pack
from lstmjax.tasks.text.corpus import read_corpus, read_library
from lstmjax.tasks.text.cuts import cut, most_moved
from lstmjax.tasks.text.ngrams import NGram
from lstmjax.tasks.together import Outputs

PREDICTED_SHAPES = 4  # widths that lines to predict from are padded to
PREDICTED_ROWS = 16  # lines that are predicted side by side


@dataclasses.dataclass(frozen=True)
class NextSymbol(Task):
    """Next-symbol prediction on a UTF-8 file, or on a directory's files in sorted order.

    Without a path the corpus is the source of Python's own standard library, as found on this
    machine. Its tail is held out for tests, its head for validation, so that training runs up to
    where the tests begin (the names of a play that straddles the two are known by then); or each
    has a file of its own. An example is a window of `window` symbols; windows of a row follow each
    other and the carry runs on (truncated backpropagation through time, Williams & Peng 1990).
    """

    stream: ClassVar[bool] = True
    outputs_are: ClassVar[Outputs] = "logits"
    symbol: ClassVar[str]  # what one is called

    path: str | None = None  # a file or a directory; none: Python's standard library
    valid_path: str | None = None  # the validation's own; none: the head of `path`
    test_path: str | None = None  # the tests' own; none: the tail of `path`
    pattern: str = "**/*"  # which files of a directory
    window: int = setting(64, at_least=1)  # symbols an update reads of each row
    # Of the lengths of training windows, which are then random, in each row and epoch others, so
    # that gradients end elsewhere (Merity et al. 2018, section 5, where all rows have one length).
    window_deviation: float = setting(0.0, at_least=0)
    valid_fraction: float = setting(0.02, at_least=0, at_most=0.5)  # of the symbols, from the head
    test_fraction: float = setting(0.1, at_least=0, at_most=0.5)  # of the symbols, from the tail
    # Symbols that the floors are given, those next to the tests, and tests that they are scored on:
    # a sample, named in the report, where a text has more. None: all.
    floor_symbols: int | None = setting(20_000_000, at_least=1_000)
    # what the files determine; a subclass has the vocabulary, in the order of the codes:
    digest: str = ""  # SHA-256 of the files, so that a changed one is noticed

    def split(self, text: str) -> Sequence[str]:
        """The symbols of a text."""
        raise NotImplementedError

    def symbols(self, content: bytes) -> Sequence[str]:
        """The symbols of a file's content."""
        return self.split(content.decode())

    def learn(self, train: Sequence[str], *rest: Sequence[str]) -> Sequence[str]:
        """The vocabulary, from the symbols of the training part and of the rest of its file."""
        raise NotImplementedError

    def codes(self, symbols: Sequence[str], where: str) -> np.ndarray:
        """Symbols to codes; UserError names those that the corpus lacked, after `where`."""
        raise NotImplementedError

    def decode(self, codes: np.ndarray) -> str:
        """Codes to text."""
        raise NotImplementedError

    def decode_bytes(self, codes: np.ndarray, before: int) -> bytes:
        """Codes to UTF-8 that goes on after the code `before`; bytes may end inside a character."""
        raise NotImplementedError

    @property
    def outputs(self) -> int:
        """One score a symbol."""
        return len(self.vocabulary)

    def encode(self, text: str) -> np.ndarray:
        """Text to codes; UserError names the symbols that the corpus lacked."""
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UserError("--prompt is not UTF-8") from None
        codes = self.codes(self.split(text), "")
        if not len(codes):
            raise UserError("--prompt is empty: give at least one symbol to start from")
        return codes

    def resolve(self) -> "NextSymbol":
        """Reads the files once: their digest, and which symbols there are."""
        if 2 * most_moved(self.window_deviation) >= self.window:
            raise UserError(
                f"task.window_deviation {self.window_deviation:g} is too large for task.window "
                f"{self.window}: at most a third of it"
            )
        files = self._files()
        valid, train, test = self._cut(self.symbols(files["path"]))
        vocabulary = self.learn(train, valid, test)
        return dataclasses.replace(self, vocabulary=vocabulary, digest=_digest(files))

    def load(self) -> Data:
        """The codes of the three splits as integer arrays, each one stretch of the corpus."""
        files = self._files()
        if _digest(files) != self.digest:
            raise UserError(
                f"task.path {self.source()}: not the text this experiment was trained on "
                "(its SHA-256 differs); restore that text, or train in a new directory"
            )
        parts = {
            field: self.codes(self.symbols(content), f"task.{field} {getattr(self, field)}: ")
            for field, content in files.items()
        }
        valid, train, test = self._cut(parts["path"])
        cut = {"train": train, "valid": valid, "test": test}
        arrays = {split: parts.get(f"{split}_path", cut[split]) for split in SPLITS}
        # the first symbol of a split is read and never predicted, the last predicted and never read
        sizes = {
            split: max(-(-(len(part) - 1) // self.window), 0) for split, part in arrays.items()
        }
        return Data(arrays, sizes)

    def batch(
        self,
        arrays: dict[str, Array],
        split: str,
        indices: Array,
        shape: Shape | None = None,
    ) -> Batch:
        """Windows: inputs and targets (batch, time), the target the symbol after the input.

        A time is `window` or, of training windows of random length, as long as they may be.
        """
        codes = arrays[split]
        time, windows = self.window, -(-(len(codes) - 1) // self.window)
        starts, lengths = indices % windows * self.window, None
        if split == "train" and self.window_deviation:
            starts, lengths = cut(indices, windows, self.window, self.window_deviation)
            lengths = jnp.clip(len(codes) - 1 - starts, 0, lengths)
            time += 2 * most_moved(self.window_deviation)
        places = starts[:, None] + jnp.arange(time + 1)
        symbols = codes[jnp.minimum(places, len(codes) - 1)].astype(jnp.int32)
        mask = places[:, 1:] < len(codes)
        if lengths is not None:
            mask &= jnp.arange(time) < lengths[:, None]
        return Batch(symbols[:, :-1], targets=symbols[:, 1:], lengths=lengths, mask=mask)

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Cross-entropy of every next symbol, (batch, window), in nats."""
        return metrics.cross_entropy(outputs, batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Nats and bits a symbol, perplexity, and how often the likeliest symbol is right."""
        nats = metrics.mean(self.loss(outputs, batch), batch.mask)
        right = outputs.argmax(-1) == batch.targets
        return {
            "nats": nats,
            "bits": nats,
            "perplexity": nats,
            "accuracy": metrics.mean(right, batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Unigrams, and 5-grams with back-off, or shorter ones where the symbols are many."""
        train, test, sample = self.floor_parts(data)
        longest = next(order for order in (5, 4, 3, 2) if self.outputs**order < 2**63)
        model = NGram(train, self.outputs, longest)
        return {
            f"{name}{sample}": in_all_units(model.nats(test, order))
            for name, order in (("unigram", 1), (f"{longest}-gram with back-off", longest))
        }

    def floor_parts(self, data: Data) -> tuple[np.ndarray, np.ndarray, str]:
        """What the floors are given of the training part and of the tests, and how it is named."""
        train, test = (np.asarray(data.arrays[split]) for split in ("train", "test"))
        most = self.floor_symbols
        if most is None or len(train) + len(test) <= most:
            return train, test, ""
        tests = min(len(test), most // 10)
        kept = train[max(len(train) - (most - tests), 0) :]
        sample = f" on {len(kept) / 1e6:.3g} of {len(train) / 1e6:.3g} M"
        return kept, test[:tests], sample

    def describe(self, data: Data) -> str:
        """The corpus and its size."""
        symbols = sum(len(part) for part in data.arrays.values())
        return f"{self.source()}: {symbols:,} {self.symbol}s, {self.outputs:,} different ones"

    def read(self, path: pathlib.Path) -> tuple[list[str], list[Batch]]:
        """Reads a text, each line by itself: after a line's end, up to and with its own end."""
        lines = read_lines(path, "--input")
        rows = []
        for number, line in enumerate(lines, 1):
            text = f"\n{line}\n" if "\n" in self.vocabulary else line
            rows.append(self.codes(self.split(text), f"--input {path}: line {number:,}: "))
        codes = pack(rows, self.outputs)
        steps = np.maximum(codes.lengths - 1, 0)
        batches = []
        for places, width in in_order(steps, PREDICTED_SHAPES, PREDICTED_ROWS):
            symbols = np.asarray(codes.padded(places, max(width, 1) + 1, 0))
            mask = np.arange(symbols.shape[1] - 1) < steps[places, None]
            inputs, targets = symbols[:, :-1], symbols[:, 1:]
            batches.append(Batch(inputs, targets=targets, lengths=steps[places], mask=mask))
        return lines, batches

    def answer(self, outputs: Array, batch: Batch) -> list[Any]:
        """Bits a symbol of each row; NaN of a line without a symbol to predict."""
        bits = np.where(batch.mask, self.loss(outputs, batch), 0).sum(1) / np.log(2)
        with np.errstate(invalid="ignore"):
            return list(bits / batch.mask.sum(1))

    def write(self, path: pathlib.Path, source: list[str], answers: list[Any]) -> None:
        """Writes each line's bits a symbol, a tab, and the line."""
        write_lines(
            path, (f"{bits:.4f}\t{line}" for bits, line in zip(answers, source, strict=True))
        )

    def source(self) -> str:
        """Where the corpus is from."""
        return self.path or "(Python's standard library)"

    def _cut(self, symbols: Any) -> tuple[Any, Any, Any]:
        """What of a file's symbols is for validation, for training and for the tests."""
        valid = 0 if self.valid_path else round(len(symbols) * self.valid_fraction)
        test = 0 if self.test_path else round(len(symbols) * self.test_fraction)
        end = len(symbols) - test
        return symbols[:valid], symbols[valid:end], symbols[end:]

    def _files(self) -> dict[str, bytes]:
        """What is in each file that is given, by the setting that names it."""
        given = {
            field: read_corpus(getattr(self, field), self.pattern, f"task.{field}")
            for field in ("path", "valid_path", "test_path")
            if getattr(self, field) is not None
        }
        return given if "path" in given else {"path": read_library()} | given


def smallest_type(symbols: int) -> type:
    """The smallest unsigned integer type that has a code for each of so many symbols."""
    return np.uint8 if symbols <= 2**8 else np.uint16 if symbols <= 2**16 else np.uint32


def in_all_units(nats: float) -> dict[str, float]:
    """A mean negative log likelihood under the names of the metrics."""
    return {"nats": float(nats), "bits": float(nats / np.log(2)), "perplexity": float(np.exp(nats))}


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for content in files.values():
        digest.update(content)
    return digest.hexdigest()
