"""Text: predict the next symbol of a corpus read as long streams. The course's last lesson."""

import dataclasses
import hashlib
import lzma
import pathlib
import sysconfig
from typing import ClassVar, Literal

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Shape, Task
from lstmjax.tasks.ngrams import NGram

SKIPPED = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


@dataclasses.dataclass(frozen=True)
class Text(Task):
    """Next-symbol prediction on a UTF-8 file, or on a directory's files in sorted order.

    Without a path the corpus is the source of Python's own standard library, as found on this
    machine. Its tail is held out for tests, its head for validation, so that training runs up to
    where the tests begin (the names of a play that straddles the two are known by then). An example
    is a window of `window` symbols; windows of a row follow each other and the carry runs on
    (truncated backpropagation through time, Williams & Peng 1990).
    """

    stream: ClassVar[bool] = True

    path: str | None = None  # a file or a directory; none: Python's standard library
    pattern: str = "**/*"  # which files of a directory
    level: Literal["byte", "character"] = "byte"
    window: int = setting(64, at_least=1)  # symbols an update reads of each row
    valid_fraction: float = setting(0.02, at_least=0, at_most=0.5)  # of the symbols, from the head
    test_fraction: float = setting(0.1, at_least=0, at_most=0.5)  # of the symbols, from the tail
    # what the files determine:
    vocabulary: str = ""  # the symbols in order of their codes; bytes as the characters 0 to 255
    digest: str = ""  # SHA-256 of the corpus, so that a changed file is noticed

    @property
    def outputs(self) -> int:
        """One score a symbol."""
        return len(self.vocabulary)

    def resolve(self) -> "Text":
        """Reads the corpus once: its digest, and which symbols there are."""
        corpus = self._corpus()
        symbols = "".join(sorted(set(corpus.decode(self._encoding))))
        digest = hashlib.sha256(corpus).hexdigest()
        return dataclasses.replace(self, vocabulary=symbols, digest=digest)

    def load(self) -> Data:
        """The codes of the three splits as integer arrays, each one stretch of the corpus."""
        corpus = self._corpus()
        if hashlib.sha256(corpus).hexdigest() != self.digest:
            raise UserError(
                f"task.path {self._source()}: not the text this experiment was trained on "
                "(its SHA-256 differs); restore that text, or train in a new directory"
            )
        codes = self.encode(corpus.decode())
        test = round(len(codes) * self.test_fraction)
        valid = round(len(codes) * self.valid_fraction)
        valid_part, train_part, test_part = np.split(codes, [valid, len(codes) - test])
        arrays = {"train": train_part, "valid": valid_part, "test": test_part}
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
        """Windows: inputs and targets (batch, window), the target the symbol after the input."""
        codes = arrays[split]
        places = indices[:, None] * self.window + jnp.arange(self.window + 1)
        symbols = codes[jnp.minimum(places, len(codes) - 1)].astype(jnp.int32)
        return Batch(symbols[:, :-1], symbols[:, 1:], mask=places[:, 1:] < len(codes))

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
        """Unigrams, 5-grams with back-off, and xz, each given the training part."""
        train = np.asarray(data.arrays["train"], np.int64)
        test = np.asarray(data.arrays["test"], np.int64)
        floors = {}
        longest = next(order for order in (5, 4, 3, 2) if self.outputs**order < 2**63)
        for name, order in (("unigram", 1), (f"{longest}-gram with back-off", longest)):
            floors[name] = _in_all_units(NGram(train, self.outputs, order).nats(test))
        before, held_out = (self.decode(codes).encode() for codes in (train, test))
        packed = 8 * (_xz_size(before + held_out) - _xz_size(before)) / len(test)
        return floors | {"xz": _in_all_units(packed * np.log(2))}

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Each window's text, and below it a mark under each symbol that was predicted wrongly."""
        lines = []
        for answer, target in zip(
            np.asarray(outputs.argmax(-1)), np.asarray(batch.targets), strict=True
        ):
            marks = "".join(" " if right else "^" for right in answer == target)
            lines += [repr(self.decode(target))[1:-1][: len(target)], marks.rstrip()]
        return lines

    def describe(self, data: Data) -> str:
        """The corpus and its size."""
        symbols = sum(len(part) for part in data.arrays.values())
        return f"{self._source()}: {symbols:,} {self.level}s, {self.outputs} different ones"

    def encode(self, text: str) -> np.ndarray:
        """Text to codes; UserError names the characters that the corpus lacked."""
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UserError("--prompt is not UTF-8") from None
        points = np.frombuffer(text.encode().decode(self._encoding).encode("utf-32-le"), np.uint32)
        known = np.frombuffer(self.vocabulary.encode("utf-32-le"), np.uint32)  # sorted
        place = np.minimum(np.searchsorted(known, points), len(known) - 1)
        if np.any(known[place] != points):
            symbols = set(self.vocabulary)
            unknown = {c for c in text if not set(c.encode().decode(self._encoding)) <= symbols}
            raise UserError(
                f"not in the corpus that the model learned: {' '.join(sorted(unknown)[:10])!r}; "
                "leave it out, or train on a text that has it"
            )
        return place.astype(np.int32)

    def decode(self, codes: np.ndarray) -> str:
        """Codes to text; bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(codes).decode(errors="replace")

    def decode_bytes(self, codes: np.ndarray) -> bytes:
        """Codes to UTF-8, which at level byte may start or end inside a character."""
        text = "".join(self.vocabulary[code] for code in np.asarray(codes))
        return text.encode(self._encoding)

    @property
    def _encoding(self) -> str:
        """What turns the corpus into symbols: latin-1 makes each byte a character."""
        return "utf-8" if self.level == "character" else "latin-1"

    def _source(self) -> str:
        return self.path or "(Python's standard library)"

    def _corpus(self) -> bytes:
        if self.path is None:
            return _read_corpus(sysconfig.get_paths()["stdlib"], "**/*.py", library=True)
        return _read_corpus(self.path, self.pattern, library=False)


def _read_corpus(path: str, pattern: str, library: bool) -> bytes:
    """The bytes of a UTF-8 file, or of a directory's files joined in sorted order.

    Of Python's `library`, tests, installed packages and files in older encodings are left out.
    """
    root = pathlib.Path(path)
    if not root.exists():
        raise UserError(f"task.path {path}: no such file or directory")
    files = [root]
    if root.is_dir():
        try:
            found = list(root.glob(pattern))
        except (ValueError, NotImplementedError) as error:
            raise UserError(f"task.pattern {pattern!r}: {error}; try **/*.txt") from error
        inside = ((file.relative_to(root).parts, file) for file in found)
        skipped = SKIPPED if library else set()
        files = [
            file for parts, file in sorted(inside) if file.is_file() and not skipped & {*parts}
        ]
    if not files:
        raise UserError(f"task.path {path}: no file in it matches task.pattern {pattern!r}")
    contents = []
    for file in files:
        try:
            contents.append(file.read_bytes())
            contents[-1].decode()
        except OSError as error:
            raise UserError(f"task.path {file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            if library:
                contents.pop()
                continue
            raise UserError(
                f"task.path {file}: not UTF-8 at byte {error.start:,}; convert it, "
                "or leave it out with task.pattern"
            ) from error
    corpus = b"".join(contents)
    if len(corpus) < 1000:
        raise UserError(f"task.path {path}: {len(corpus)} bytes of text, at least 1,000 are needed")
    return corpus


def _in_all_units(nats: float) -> dict[str, float]:
    return {"nats": float(nats), "bits": float(nats / np.log(2)), "perplexity": float(np.exp(nats))}


def _xz_size(text: bytes) -> int:
    """Bytes after LZMA with a window over all of the text (the format behind xz)."""
    window = min(max(len(text), 2**16), 2**28)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": window}]
    return len(lzma.compress(text, lzma.FORMAT_RAW, filters=filters))
