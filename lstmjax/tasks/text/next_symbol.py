"""The next symbol of a corpus read as long streams: what texts share, whatever the symbol."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.files import read_bytes, read_lines, write_lines
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Shape, Task
from lstmjax.tasks.buckets import in_order
from lstmjax.tasks.ragged import pack
from lstmjax.tasks.text import encoded
from lstmjax.tasks.text.corpus import Corpus, digest, open_corpus, open_library
from lstmjax.tasks.text.cuts import cut, most_moved
from lstmjax.tasks.text.floors import in_all_units
from lstmjax.tasks.text.ngrams import NGram
from lstmjax.tasks.together import Outputs

PREDICTED_SHAPES = 4  # widths that lines to predict from are padded to
PREDICTED_ROWS = 16  # lines that are predicted side by side
NOT_OF_FLOORS = {"path", "valid_path", "test_path", "pattern", "window", "on_host"}
MOST_INDEXED = 2**31 - 1  # symbols that a device can number


class Windows(NamedTuple):
    """Some windows of a split, picked on the host, in the place of its codes."""

    codes: np.ndarray  # (windows, time + 1)
    lengths: np.ndarray  # (windows,): symbols of each that are predicted


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
    floor_symbols: int | None = setting(15_000_000, at_least=1_000)
    # Whether the codes stay on the host, from where the windows of the next updates are sent. None:
    # those of a text of more than 32 MiB. The same bits are trained either way.
    on_host: bool | None = None
    # what the files determine; a subclass has the vocabulary, in the order of the codes:
    digest: str = ""  # SHA-256 of the files, so that a changed one is noticed

    def split(self, text: str) -> Sequence[str]:
        """The symbols of a text."""
        raise NotImplementedError

    def pieces(self, corpus: Corpus) -> Iterator[Sequence[str]]:
        """The symbols of a long text, a piece at a time."""
        return map(self.split, corpus.texts())

    def learn(self, corpus: Corpus) -> Sequence[str]:
        """The vocabulary, from `task.path`."""
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
    def learned_from(self) -> list[Any]:
        """The settings that the symbols and the vocabulary of a text depend on."""
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
        corpora = self._corpora()
        found = digest(tuple(corpora.values()))
        vocabulary = encoded.remembered(
            self._name("vocabulary", found, corpora),
            lambda: self.learn(corpora["path"]),
            corpora["path"].size,
        )
        if not isinstance(vocabulary, str):
            vocabulary = tuple(vocabulary)
        return dataclasses.replace(self, vocabulary=vocabulary, digest=found)

    def load(self) -> Data:
        """The codes of the three splits as integer arrays, each one stretch of the corpus."""
        corpora = self._corpora()
        if digest(tuple(corpora.values())) != self.digest:
            raise UserError(
                f"task.path {self.source()}: not the text this experiment was trained on "
                "(its SHA-256 differs); restore that text, or train in a new directory"
            )
        parts = encoded.encoded(
            self._name("codes", [self.digest, self.vocabulary], corpora),
            {field: self._encoder(field, corpus) for field, corpus in corpora.items()},
            smallest_type(self.outputs),
            size := sum(corpus.size for corpus in corpora.values()),
        )
        for corpus in corpora.values():
            corpus.check_unchanged()
        valid, train, test = (parts["path"][at] for at in self._cut(len(parts["path"])))
        cut = {"train": train, "valid": valid, "test": test}
        arrays = {split: parts.get(f"{split}_path", cut[split]) for split in SPLITS}
        # the first symbol of a split is read and never predicted, the last predicted and never read
        sizes = {
            split: max(-(-(len(part) - 1) // self.window), 0) for split, part in arrays.items()
        }
        on_host = size >= encoded.LEAST_BYTES if self.on_host is None else self.on_host
        if not on_host and max(map(len, arrays.values())) > MOST_INDEXED:
            raise UserError("task.on_host is false, and the text is too long for it: leave it out")
        return Data(arrays, sizes, on_host=on_host)

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
        held = arrays[split]
        if isinstance(held, Windows):
            symbols, lengths = held.codes[indices], held.lengths[indices]
        else:
            symbols, lengths = self._windows(held, split, indices)
        symbols = symbols.astype(jnp.int32)
        mask = jnp.arange(symbols.shape[1] - 1) < lengths[:, None]
        lengths = lengths if self._at_random(split) else None
        return Batch(symbols[:, :-1], targets=symbols[:, 1:], lengths=lengths, mask=mask)

    def gather(
        self, arrays: dict[str, np.ndarray], split: str, indices: np.ndarray
    ) -> dict[str, Windows]:
        """The windows at `indices` (windows,), for `batch` in the place of all."""
        return {split: Windows(*self._windows(arrays[split], split, indices))}

    def _windows(self, codes: Any, split: str, indices: Any) -> tuple[Any, Any]:
        """Windows of codes (size,), (batch, time + 1), and how many of each are predicted.

        NumPy's arrays on the host, where a text may have more codes than 32 bits count, else JAX's.
        """
        on_host = isinstance(codes, np.ndarray)
        windows, time, size = -(-(len(codes) - 1) // self.window), self.window, len(codes)
        starts = indices % windows * (np.int64(time) if on_host else time)
        lengths = time
        if self._at_random(split):
            moved = cut(indices, windows, time, self.window_deviation)
            moved, lengths = jax.device_get(moved) if on_host else moved
            starts, time = starts + moved, time + 2 * most_moved(self.window_deviation)
        places = starts[:, None] + np.arange(time + 1)
        lengths = (size - 1 - starts).clip(0, lengths).astype(np.int32)
        return codes[places.clip(0, size - 1)], lengths

    def _at_random(self, split: str) -> bool:
        """Whether the windows of a split have random lengths."""
        return split == "train" and self.window_deviation > 0

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
        """Classical predictors, each given the training part; of a long text kept in the cache."""
        parts = [data.arrays[split] for split in ("train", "test")]
        settings = dataclasses.asdict(self)
        known = {name: settings[name] for name in sorted(settings.keys() - NOT_OF_FLOORS)}
        return encoded.remembered(
            encoded.name("floors", type(self).__qualname__, known, [len(part) for part in parts]),
            lambda: self._floors(*parts),
            sum(part.nbytes for part in parts),
        )

    def _floors(self, train: np.ndarray, test: np.ndarray) -> dict[str, dict[str, float]]:
        """What `floors` gives, on as many of the last codes to train on as they are given."""
        most, sample = self.floor_symbols, ""
        if most is not None and len(train) + len(test) > most:
            test = test[: most // 10]
            kept = train[max(len(train) - (most - len(test)), 0) :]
            sample = f" on {len(kept) / 1e6:.3g} of {len(train) / 1e6:.3g} M"
            train = kept
        return {f"{name}{sample}": in_all_units(n) for name, n in self.predictors(train, test)}

    def predictors(self, train: np.ndarray, test: np.ndarray) -> Iterator[tuple[str, float]]:
        """Unigrams, and 5-grams with back-off or shorter ones: their names, and nats a symbol."""
        longest = next(order for order in (5, 4, 3, 2) if (self.outputs + 1) ** order < 2**63)
        model = NGram(train, self.outputs, longest)
        for name, order in (("unigram", 1), (f"{longest}-gram with back-off", longest)):
            yield name, model.nats(test, order)

    def describe(self, data: Data) -> str:
        """The corpus and its size."""
        symbols = sum(len(part) for part in data.arrays.values())
        return f"{self.source()}: {symbols:,} {self.symbol}s, {self.outputs:,} different ones"

    def read(self, path: pathlib.Path) -> tuple[list[str], list[Batch]]:
        """Reads a text, each line by itself: after a line's end, up to and with its own end."""
        lines, end = read_lines(path, "--input"), "\n"
        if "\r" in self.vocabulary and b"\r\n" in read_bytes(path, "--input"):
            end = "\r\n"  # as in the text that was learned
        rows = []
        for number, line in enumerate(lines, 1):
            text = f"\n{line}{end}" if "\n" in self.vocabulary else line
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

    def _cut(self, size: int) -> tuple[slice, slice, slice]:
        """Which of a file's symbols are for validation, for training and for the tests."""
        valid = 0 if self.valid_path else round(size * self.valid_fraction)
        test = 0 if self.test_path else round(size * self.test_fraction)
        return slice(0, valid), slice(valid, size - test), slice(size - test, size)

    def _corpora(self) -> dict[str, Corpus]:
        """The text that each setting names."""
        given = {
            field: open_corpus(getattr(self, field), self.pattern, f"task.{field}")
            for field in ("path", "valid_path", "test_path")
            if getattr(self, field) is not None
        }
        return given if "path" in given else {"path": open_library()} | given

    def _name(self, what: str, made_of: Any, corpora: dict[str, Corpus]) -> str:
        """Under which name the cache has what is made of texts."""
        sizes = [(field, corpus.size) for field, corpus in corpora.items()]
        return encoded.name(what, type(self).__qualname__, self.learned_from, made_of, sizes)

    def _encoder(self, field: str, corpus: Corpus) -> Callable[[], Iterator[np.ndarray]]:
        """What gives the codes of a text, a piece at a time."""
        where = f"task.{field} {getattr(self, field)}: "
        return lambda: (self.codes(symbols, where) for symbols in self.pieces(corpus))


def smallest_type(symbols: int) -> type:
    """The smallest unsigned integer type that has a code for each of so many symbols."""
    return np.uint8 if symbols <= 2**8 else np.uint16 if symbols <= 2**16 else np.uint32
