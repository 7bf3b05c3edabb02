"""Many short sentences in one row, one after the other, so that hardly anything is padding."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jax import Array

from lstmjax.tasks.tagging.conll import Sentence


class Row(NamedTuple):
    """Sentences, one after the other."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    resets: tuple[bool, ...]  # where a sentence starts in mid-row


def pack_sentences(sentences: Sequence[Sentence], length: int, open_rows: int) -> list[Row]:
    """Puts each sentence into the first row that has room for it: next-k-fit.

    Args:
      sentences: none of more than `length` words.
      length: words that a row holds at most.
      open_rows: how many rows, the last ones, are tried; with one, sentences keep their order.
    """
    rows: list[list[Sentence]] = []
    room: list[int] = []
    for sentence in sentences:
        words = len(sentence.words)
        tried = range(max(len(rows) - open_rows, 0), len(rows))
        row = next((i for i in tried if room[i] >= words), len(rows))
        if row == len(rows):
            rows.append([])
            room.append(length)
        rows[row].append(sentence)
        room[row] -= words
    return [_join(row) for row in rows]


def unpack(array: Array, lengths: Array, resets: Array) -> list[np.ndarray]:
    """The sentences' parts of an array (rows, time, ...), in the order of the rows."""
    return [
        part
        for row, length, starts in zip(*map(np.asarray, (array, lengths, resets)), strict=True)
        for part in np.split(row[:length], np.flatnonzero(starts))
    ]


def _join(sentences: Sequence[Sentence]) -> Row:
    return Row(
        tuple(word for sentence in sentences for word in sentence.words),
        tuple(tag for sentence in sentences for tag in sentence.tags),
        tuple(i > 0 and k == 0 for i, s in enumerate(sentences) for k in range(len(s.words))),
    )
