"""Pairs: a source in, one of its targets out, symbol by symbol, from files that people have."""

import collections
import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from lstmjax.errors import UserError
from lstmjax.files import digest_files
from lstmjax.settings import setting
from lstmjax.tasks.base import Data
from lstmjax.tasks.pairs.files import (
    Format,
    Level,
    Pair,
    count_columns,
    join_symbols,
    read_pairs,
    split_by_source,
    split_symbols,
)
from lstmjax.tasks.pairs.transduction import Transduction


@dataclasses.dataclass(frozen=True)
class Pairs(Transduction):
    """Targets written from sources: pronunciations of words, spellings, inflections, translations.

    Sources are split, never lines: all the targets of a source are on one side.
    """

    path: str = ""  # the file of pairs
    valid_path: str | None = None  # a file for the validation; none: a share of the sources
    test_path: str | None = None
    format: Format = "tsv"  # source<TAB>target, or a pronouncing dictionary
    # tsv: which columns are the source and the target, from 1; none: the first two
    columns: tuple[int, ...] = setting((), at_least=1)
    stress: bool = False  # cmudict: keep the digits of stress
    # What a source's symbols are: characters, the letters that they are composed of (a syllable of
    # Hangul has two or three), or tokens between blanks.
    source: Level = "character"
    target: Level = "character"
    unknown_below: int = setting(1, at_least=1)  # rarer source symbols become one, <unk>
    valid_fraction: float = setting(0.05, at_least=0, at_most=0.5)  # of the sources
    test_fraction: float = setting(0.05, at_least=0, at_most=0.5)
    # what the files determine:
    wide: int = 0  # columns of the widest line
    digest: str = ""  # SHA-256 of the files, so that a changed one is noticed

    def resolve(self) -> "Pairs":
        """Reads the files once: both vocabularies, the longest target, the digest."""
        if self.columns and (len(self.columns) != 2 or self.format != "tsv"):
            raise UserError(
                "task.columns: give two numbers, of the source's and of the target's column in a "
                "tsv file, as in --set task.columns=1,3"
            )
        parts = self.parts()
        counts = collections.Counter(symbol for pair in parts["train"] for symbol in pair.source)
        # of all parts: what training lacks is never written, and counts as wrong
        known = {symbol for part in parts.values() for pair in part for symbol in pair.target}
        return dataclasses.replace(
            self,
            source_vocabulary=tuple(
                sorted(c for c, n in counts.items() if n >= self.unknown_below)
            ),
            target_vocabulary=tuple(sorted(known)),
            longest=max(len(pair.target) for part in parts.values() for pair in part) + 1,
            wide=0 if self.format == "cmudict" else count_columns(self.path, "task.path"),
            digest=self._digest(),
        )

    def load(self) -> Data:
        """All pairs as codes, and the examples of each split."""
        if self._digest() != self.digest:
            raise UserError(
                f"task.path {self.path}: not the pairs this experiment was trained on (the files' "
                "SHA-256 differs); restore them, or train in a new directory"
            )
        return super().load()

    def parts(self) -> dict[str, list[Pair]]:
        """The pairs of each split: files of their own, or shares of the one."""
        shares = {"valid": self.valid_fraction, "test": self.test_fraction}
        fields = {split: f"{split}_path" for split in shares}
        pairs = self._pairs("path")
        given = {split: self._pairs(f) for split, f in fields.items() if getattr(self, f)}
        shares = {split: share for split, share in shares.items() if split not in given}
        train, *held_out = split_by_source(pairs, list(shares.values()), self.data_seed)
        return {"train": train} | dict(zip(shares, held_out, strict=True)) | given

    def split_source(self, text: str) -> tuple[str, ...]:
        """A source's symbols: characters, or tokens."""
        return split_symbols(text, self.source)

    def source_in(self, cells: Sequence[str]) -> str:
        """The source among the columns of a line; a line without columns is a source."""
        column = self.columns[0] if self.columns and len(cells) > 1 else 1
        if column > len(cells):
            raise UserError(
                f"--input has no column {column}, which task.columns says the sources are in: "
                f"{' '.join(cells)[:40]!r}; give it, or lines of sources alone"
            )
        return cells[column - 1]

    def join_source(self, symbols: Iterable[str]) -> str:
        """The text of a source's symbols."""
        return join_symbols(symbols, self.source)

    def join_target(self, symbols: Iterable[str]) -> str:
        """The text of a target's symbols."""
        return join_symbols(symbols, self.target)

    def describe(self, data: Data) -> str:
        """The file, and which test sources were trained on or cannot be right, if any."""
        of = {split: np.asarray(rows) for split, rows in data.arrays.source.items()}
        leaked = len(np.intersect1d(of["train"], of["test"]))
        told = f", and {leaked:,} of the test sources are trained on" if leaked else ""
        if wrong := self._never_right(data):
            told += f", and {wrong:,} have only targets with symbols that training lacks"
        sources = len(data.arrays.sources.lengths)
        if self.wide > 2 and not self.columns:
            told += f"; of {self.wide} columns the first two are read (task.columns)"
        return f"{self.path}: {sources:,} different sources{told}"

    def _pairs(self, field: str) -> list[Pair]:
        """The pairs of the file that a setting names."""
        if not getattr(self, field):
            raise UserError(f"task.{field} is empty: give a file, as in --set task.{field}=my.tsv")
        kinds = self.format, self.source, self.target, self.stress
        columns = self.columns or (1, 2)
        return read_pairs(getattr(self, field), f"task.{field}", *kinds, columns)

    def _never_right(self, data: Data) -> int:
        """How many test sources have no target whose symbols are all in training targets."""
        targets = data.arrays.targets
        width = int(np.max(targets.lengths)) + 1
        train, test = (
            np.asarray(targets.padded(data.arrays.references[split], width, self.stop))
            for split in ("train", "test")
        )
        return int((~np.isin(test, train)).any(-1).all(-1).sum())

    def _digest(self) -> str:
        return digest_files(self, ("path", "valid_path", "test_path"))
