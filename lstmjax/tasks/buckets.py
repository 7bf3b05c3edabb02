"""Unequal lengths in a handful of shapes, chosen so that little of what is computed is padding."""

from collections.abc import Mapping

import numpy as np

from lstmjax.tasks.base import Buckets

CANDIDATES = 128  # widths that are tried, at most


def make_buckets(lengths: Mapping[str, np.ndarray], count: int) -> Buckets:
    """Buckets for the examples of every split.

    Args:
      lengths: of the examples of each split, integers (size,), or (size, sides) where an example
        has several, as a source and a target. Buckets are by the side that is longest beside the
        mean of its kind; a shape holds the examples of its bucket, and of those before it.
      count: how many shapes at most, each a part of the compiled program.
    """
    sides = {split: of.reshape(len(of), -1) for split, of in lengths.items()}
    means = sides["train"].mean(0)
    size = {split: (of * (means[0] / means)).max(1) for split, of in sides.items()}
    widths = choose_widths(size["train"], max(of.max() for of in size.values()), count)
    buckets = {split: np.searchsorted(widths, of) for split, of in size.items()}
    everything = np.concatenate(list(sides.values()))
    bucket = np.concatenate(list(buckets.values()))
    shapes = tuple(tuple(map(int, everything[bucket <= i].max(0))) for i in range(len(widths)))
    steps = {split: int(of.sum()) for split, of in sides.items()}
    return Buckets(shapes, buckets, steps)


def choose_widths(lengths: np.ndarray, longest: int, count: int) -> np.ndarray:
    """The `count` widths, the last of them `longest`, that pad `lengths` (size,) the least.

    By dynamic programming over the distinct lengths, or their quantiles where there are very many:
    the least cost of the lengths up to a width is the least over the width before it.
    """
    distinct = np.unique(lengths)
    if len(distinct) > CANDIDATES:
        distinct = np.unique(np.quantile(distinct, np.linspace(0, 1, CANDIDATES), method="nearest"))
    ends = np.unique([*distinct, longest])
    below = np.searchsorted(np.sort(lengths), ends, side="right")  # examples of at most that length
    least = ends * below  # steps of everything up to each end, in one width
    chosen = [(end,) for end in ends]
    for _ in range(count - 1):
        # (before, end): what lies between two ends, in the width of the later one
        between = np.where(ends[:, None] < ends, ends * (below - below[:, None]), np.inf)
        total = least[:, None] + between
        before = total.argmin(0)
        better = total.min(0) < least
        least = np.minimum(total.min(0), least)
        chosen = [
            (*chosen[before[i]], end) if better[i] else chosen[i] for i, end in enumerate(ends)
        ]
    return np.array(chosen[-1])


def padded_share(buckets: Buckets, split: str) -> float:
    """Which share of the steps of a split is padding, each example padded to its own bucket."""
    computed = np.array([sum(shape) for shape in buckets.shapes])[buckets.of[split]].sum()
    return float(1 - buckets.steps[split] / computed)


def in_order(lengths: np.ndarray, count: int, rows: int = 64) -> list[tuple[np.ndarray, int]]:
    """Batches of consecutive examples, and the width each is padded to, one of `count` at most.

    Args:
      lengths: of the examples (size,).
      count: how many widths at most.
      rows: examples of a batch; the last may hold fewer.
    """
    batches = np.split(np.arange(len(lengths)), range(rows, len(lengths), rows))
    longest = np.array([lengths[batch].max() for batch in batches])
    widths = choose_widths(longest, longest.max(), count)
    return [
        (batch, int(widths[np.searchsorted(widths, most)]))
        for batch, most in zip(batches, longest, strict=True)
    ]


def grid_width(length: int) -> int:
    """The least of 8, 12, 16, 24, 32, 48, ... that holds a length: few widths hold all lengths."""
    power = 8
    while length > power:
        if length <= power * 3 // 2:
            return power * 3 // 2
        power *= 2
    return power
