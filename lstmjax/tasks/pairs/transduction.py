"""Sequence transduction: a source in, one of its targets out, symbol by symbol."""

import dataclasses
import functools
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import jax
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.files import read_lines
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Shape, Written
from lstmjax.tasks.buckets import in_order, make_buckets
from lstmjax.tasks.pairs.arrays import Arrays, arrange, encode
from lstmjax.tasks.pairs.files import Pair
from lstmjax.tasks.pairs.floors import nearest_spelling
from lstmjax.tasks.writing import Writing

UNKNOWN = "<unk>"  # source symbols that training lacks


@dataclasses.dataclass(frozen=True)
class Transduction(Writing):
    """Targets written from sources, wherever the pairs come from: a subclass has `parts`.

    Each pair of the training part is an example; a held-out source is one example, whose answer is
    right if it is any of its targets, and whose errors are counted against the nearest (Yao & Zweig
    2015, section 4.1). The model writes by itself: greedily in the validation, by a beam in the
    tests.
    """

    meanings: ClassVar[tuple[str, ...]] = ("source_vocabulary", "target_vocabulary")

    data_seed: int = setting(0, at_least=0)  # of the split
    shapes: int = setting(6, at_least=1, at_most=16)  # lengths that batches are padded to
    beam: int = setting(1, at_least=1, at_most=256)  # answers followed side by side; 1 is greedy
    n_best: int = setting(1, at_least=1)  # answers that launch.predict writes a source, at most
    # what the pairs determine:
    source_vocabulary: tuple[str, ...] = ()  # in the order of their codes, which <unk> follows
    target_vocabulary: tuple[str, ...] = ()  # the same, and the stop symbol follows
    longest: int = 0  # symbols of the longest target, with the stop: none longer is written

    def parts(self) -> Mapping[str, list[Pair]]:
        """The pairs of each split."""
        raise NotImplementedError

    def split_source(self, text: str) -> tuple[str, ...]:
        """A source's symbols: its characters, unless a subclass has others."""
        return tuple(text)

    def source_in(self, cells: Sequence[str]) -> str:
        """The source among the columns of a line: the first, unless a subclass has another."""
        return cells[0]

    def join_source(self, symbols: Iterable[str]) -> str:
        """The text of a source's symbols."""
        return "".join(symbols)

    def join_target(self, symbols: Iterable[str]) -> str:
        """The text of a target's symbols."""
        return "".join(symbols)

    @property
    def written(self) -> tuple[str, ...]:
        """The targets' alphabet."""
        return self.target_vocabulary

    @property
    def sizes(self) -> dict[str, int]:
        """The two alphabets."""
        return {"outputs": self.outputs, "source_symbols": len(self.source_vocabulary) + 1}

    def load(self) -> Data:
        """All pairs as codes, and the examples of each split."""
        arrays = arrange(self.parts(), self.source_vocabulary, self.target_vocabulary)
        sizes = {split: len(rows) for split, rows in arrays.source.items()}
        lengths = {split: arrays.sides(split) for split in SPLITS}
        return Data(arrays, sizes, make_buckets(lengths, self.shapes))

    def batch(
        self, arrays: Arrays, split: str, indices: Array, shape: Shape | None = None
    ) -> Batch:
        """Inputs (source, shifted first target), integers; targets (batch, references, time)."""
        width, time = shape
        rows = arrays.source[split][indices]
        source = arrays.sources.padded(rows, width, 0)
        targets = arrays.targets.padded(arrays.references[split][indices], time, self.stop)
        shifted, mask = self.shifted(targets)
        lengths = arrays.sources.lengths[rows]
        return Batch((source, shifted), targets=targets, lengths=lengths, mask=mask)

    def metrics(self, outputs: Written, batch: Batch) -> Sums:
        """Errors of what was written, by symbols and whole; nats a symbol of the first target."""
        valid = batch.mask.any(-1)
        right, errors, lengths = self.compare(outputs.symbols[:, 0], batch.targets)
        return {
            "token_error_rate": ((errors * valid).sum(), (lengths * valid).sum()),
            "sequence_error_rate": metrics.mean(~right, valid),
            "nats": metrics.mean(self.loss(outputs.logits, batch), batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The most common target, and the target of the nearest spelling that was trained on.

        The nearest by edit distance among the spellings that sort next to it, forward or backward.
        """
        arrays = jax.tree.map(np.asarray, data.arrays)
        trained, tested = arrays.source["train"], arrays.source["test"]
        targets = arrays.references["train"][:, 0]
        time = int(arrays.targets.lengths.max()) + 1
        stop_filled = functools.partial(arrays.targets.padded, width=time, padding=self.stop)
        nearest = nearest_spelling(arrays.sources, trained, tested)
        guesses = {
            "most common target": stop_filled(np.bincount(targets).argmax()[None]),
            "nearest spelling": stop_filled(targets[nearest]),
        }
        truth, scores = stop_filled(arrays.references["test"]), {}
        for name, guess in guesses.items():
            _, errors, lengths = map(np.asarray, jax.jit(self.compare)(guess, truth))
            scores[name] = {
                "token_error_rate": float(errors.sum() / lengths.sum()),
                "sequence_error_rate": float((errors > 0).mean()),
            }
        return scores

    def show(self, outputs: Written, batch: Batch) -> list[str]:
        """Lines like `cough = K AO F ok`."""
        lines, names = [], [*self.source_vocabulary, UNKNOWN]
        for source, length, written, targets in zip(
            np.asarray(batch.inputs[0]),
            np.asarray(batch.lengths),
            np.asarray(outputs.symbols[:, 0]),
            np.asarray(batch.targets),
            strict=True,
        ):
            answer, *right = (self.spell(row) for row in (written, *targets))
            verdict = "ok" if answer in right else f"wrong, {' or '.join(dict.fromkeys(right))}"
            text = self.join_source(names[code] for code in source[:length])
            lines.append(f"{text} = {answer} {verdict}")
        return lines

    def read(self, path: pathlib.Path) -> tuple[list[str], list[Batch]]:
        """Reads a file of sources, one a line; of columns, that of the sources alone."""
        sources = [self.source_in(line.split("\t")).strip() for line in read_lines(path, "--input")]
        return sources, self.read_arrays(sources)

    def read_arrays(self, inputs: Sequence[str], lengths: None = None) -> list[Batch]:
        """Batches of sources, a string each; blanks around one are no part of it, as in a file."""
        self.check_n_best()
        if isinstance(inputs, str) or not all(isinstance(source, str) for source in inputs):
            raise UserError("X: give a list of strings, one for each source")
        codes = encode(
            (self.split_source(source.strip()) for source in inputs), self.source_vocabulary
        )
        batches = []
        for rows, width in in_order(codes.lengths, self.shapes):
            source = np.asarray(codes.padded(rows, width, 0))
            batches.append(Batch((source, None), lengths=codes.lengths[rows]))
        return batches

    def answer(self, outputs: Written, batch: Batch) -> list[Any]:
        """As of any source; an empty line has an empty answer, so that order and count hold."""
        return [
            best if length else [("", 0.0)]
            for best, length in zip(
                super().answer(outputs, batch), np.asarray(batch.lengths), strict=True
            )
        ]
