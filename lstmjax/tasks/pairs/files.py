"""Files of pairs: source<TAB>target, or a pronouncing dictionary in the format of CMUdict."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from lstmjax.errors import UserError
from lstmjax.files import read_lines

Format = Literal["tsv", "cmudict"]
Level = Literal["character", "letter", "token"]


class Pair(NamedTuple):
    """A source, one of its targets, and where it stands."""

    line: int  # counted from 1
    source: tuple[str, ...]
    target: tuple[str, ...]


def split_symbols(text: str, level: Level) -> tuple[str, ...]:
    """A side's symbols: its characters, its letters, or what white space separates.

    Letters are what characters are composed of (Unicode's form NFD): é is e and an accent, and a
    syllable of Hangul its two or three letters.
    """
    if level == "letter":
        text = unicodedata.normalize("NFD", text)
    return tuple(text.split() if level == "token" else text)


def join_symbols(symbols: Iterable[str], level: Level) -> str:
    """The text of a side's symbols; letters are composed again (NFC)."""
    text = (" " if level == "token" else "").join(symbols)
    return unicodedata.normalize("NFC", text) if level == "letter" else text


def read_pairs(
    path: str,
    flag: str,
    form: Format,
    source: Level,
    target: Level,
    stress: bool,
    columns: tuple[int, ...] = (1, 2),
) -> list[Pair]:
    """The pairs of a file, each (source, target) once, in the order of the file.

    A line of a TSV file is a source, a tab and a target; empty lines are passed over. One of a
    CMUdict file is a word and its phonemes: `word(2)` is another pronunciation of `word`, what
    follows `#`, and lines that begin with `;;;`, are comments.

    Args:
      path: of the file.
      flag: the setting that named it.
      form: of the lines.
      source: what the symbols of a source are.
      target: what those of a target are.
      stress: whether CMUdict's digits of stress are kept.
      columns: of a TSV file, those of the source and of the target, from 1.

    Raises:
      UserError: the file is missing or malformed, with the line and the remedy.
    """
    pairs, known = [], set()
    for number, line in enumerate(read_lines(path, flag), 1):
        if form == "tsv":
            read, remedy = _tsv(line, columns), "write source<TAB>target"
        else:
            read, remedy = _cmudict(line, stress), "write WORD PHONEME PHONEME ..."
        if read is None:
            continue
        where = f"{flag} {path}: line {number:,}"
        if isinstance(read, str):
            raise UserError(f"{where} {read}; {remedy}: {line[:40]!r}")
        sides = split_symbols(read[0], source), split_symbols(read[1], target)
        for name, symbols in zip(("source", "target"), sides, strict=True):
            if not symbols:
                raise UserError(f"{where} has an empty {name}; {remedy}, or delete the line")
        if sides not in known:
            known.add(sides)
            pairs.append(Pair(number, *sides))
    if not pairs:
        raise UserError(f"{flag} {path}: no pairs in it; {remedy}, one pair a line")
    return pairs


def count_columns(path: str, flag: str) -> int:
    """How many columns the widest line of a TSV file has."""
    return 1 + max(line.count("\t") for line in read_lines(path, flag))


def _tsv(line: str, columns: tuple[int, ...]) -> tuple[str, str] | str | None:
    """Source and target of a line, what is wrong with it, or None where there is nothing."""
    if not line.strip():
        return None
    cells = line.split("\t")
    if len(cells) < max(columns):
        return "has no tab" if len(cells) == 1 else f"has no column {max(columns)}"
    source, target = (cells[column - 1].strip() for column in columns)
    return source, target


def _cmudict(line: str, stress: bool) -> tuple[str, str] | str | None:
    """Word and phonemes of a line, what is wrong with it, or None for a comment."""
    line = "" if line.startswith(";;;") else re.sub(r"(^|\s)#.*", "", line)
    if not line.strip():
        return None
    word, *phonemes = line.split()
    if not phonemes:
        return "has no phonemes"
    word = re.sub(r"\(\d+\)$", "", word)
    return word, " ".join(phonemes if stress else (re.sub(r"\d+$", "", p) for p in phonemes))


def split_by_source(pairs: list[Pair], shares: list[float], seed: int) -> list[list[Pair]]:
    """Parts of the pairs by their sources, in a shuffled order: what is left, and each share.

    Raises:
      UserError: a share of the sources is less than one, or nothing is left.
    """
    sources = sorted({pair.source for pair in pairs})
    order = np.random.default_rng(seed).permutation(len(sources))
    counts = [round(share * len(sources)) for share in shares]
    if 0 in counts or sum(counts) >= len(sources):
        raise UserError(
            f"task.path: {len(sources):,} different sources are too few to hold out "
            f"{' and '.join(f'{share:.0%}' for share in shares)} of them; give more, raise "
            "task.valid_fraction and task.test_fraction, or give task.valid_path and task.test_path"
        )
    ends = np.cumsum(counts)
    part = np.searchsorted(ends, np.arange(len(sources)), side="right")
    of = {sources[place]: int(p) for place, p in zip(order, part, strict=True)}
    parts: list[list[Pair]] = [[] for _ in range(len(shares) + 1)]
    for pair in pairs:
        parts[of[pair.source]].append(pair)
    return [parts[-1], *parts[:-1]]
