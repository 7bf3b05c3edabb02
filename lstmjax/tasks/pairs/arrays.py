"""Pairs as arrays: every source and target once, and which of them each example is."""

import collections
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from jax import Array

from lstmjax.tasks.pairs.files import Pair
from lstmjax.tasks.ragged import Ragged, number, pack


class Arrays(NamedTuple):
    """All sources and targets, and which of them the examples of each split are."""

    sources: Ragged
    targets: Ragged
    source: dict[str, Array]  # (size,) of each split: the source of example i
    references: dict[str, Array]  # (size, references): its targets, the first repeated to fill up

    def sides(self, split: str) -> np.ndarray:
        """Lengths of each example's source and of its longest target with the stop, (size, 2)."""
        targets = self.targets.lengths[self.references[split]].max(1) + 1
        return np.stack([self.sources.lengths[self.source[split]], targets], 1)


def arrange(
    parts: Mapping[str, list[Pair]],
    source_vocabulary: tuple[str, ...],
    target_vocabulary: tuple[str, ...],
) -> Arrays:
    """The pairs of each split: in training each an example, otherwise each source."""
    every = [pair for part in parts.values() for pair in part]
    sources = number(pair.source for pair in every)
    targets = number(pair.target for pair in every)
    source, references = {}, {}
    for split, part in parts.items():
        of = collections.defaultdict(list)
        for pair in part:
            example = pair.line if split == "train" else pair.source
            of[example].append(pair)
        most = max(map(len, of.values()))
        source[split] = np.array([sources[pairs[0].source] for pairs in of.values()], np.int32)
        filled = ([*pairs, *pairs[:1] * (most - len(pairs))] for pairs in of.values())
        references[split] = np.array(
            [[targets[pair.target] for pair in pairs] for pairs in filled], np.int32
        )
    packed = encode(sources, source_vocabulary), encode(targets, target_vocabulary)
    return Arrays(*packed, source, references)


def encode(rows: Iterable[tuple[str, ...]], vocabulary: tuple[str, ...]) -> Ragged:
    """Rows of symbols as codes; what the vocabulary lacks is the code after its last."""
    codes = number(vocabulary)
    unknown = len(codes)
    return pack([[codes.get(symbol, unknown) for symbol in row] for row in rows], unknown)
