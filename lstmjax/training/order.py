"""Which examples a training step reads: a pure function of (seed, step), so resuming is exact."""

import functools
from collections.abc import Iterator

import numpy as np

from lstmjax.experiment import Experiment
from lstmjax.tasks.base import Data

INDEX_RANGE = 2**31
SEED_STRIDE = 1_640_531_527  # odd, near 2^31 / golden ratio: seeds start far from one another


@functools.lru_cache(maxsize=64)
def _shuffled(size: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(size).astype(np.int32)


def examples_of(
    experiment: Experiment, data: Data, seed: int, first: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The examples of `count` steps of a run, and the bucket of each step.

    Returns:
      int32 (count, batch_size) and (count,).
    """
    stream, size, batch_size = experiment.task.stream, data.sizes["train"], experiment.batch_size
    indices, buckets = np.empty((count, batch_size), np.int32), np.zeros(count, np.int32)
    done = 0
    for part, begin, steps in stages(data.stages, size, experiment.steps, first, count):
        here = slice(done, done + steps)
        if data.buckets is None:
            length = None if size is None else part.stop - part.start
            found = training_indices(length, stream, batch_size, seed, begin, steps)
        else:
            of = data.buckets.of["train"][part]
            found, buckets[here] = bucketed_indices(of, batch_size, seed, begin, steps)
        indices[here] = found + part.start
        done += steps
    return indices, buckets


def training_indices(
    size: int | None, stream: bool, batch_size: int, seed: int, first: int, count: int
) -> np.ndarray:
    """The examples of `count` steps from step `first` (0-based) on.

    Examples that never run out are each used once; finite ones once an epoch, in an order
    shuffled anew each epoch; a stream is cut into `batch_size` rows of equal length that are read
    side by side, so that row r goes on from one step to the next. In epoch e its window i is
    i + e size: the task may cut it elsewhere.

    Returns:
      int32 (count, batch_size).
    """
    steps = np.arange(first, first + count, dtype=np.int64)[:, None]
    rows = np.arange(batch_size, dtype=np.int64)[None]
    if stream:
        windows = size // batch_size
        epochs = steps // windows % (INDEX_RANGE // size)
        return (rows * windows + steps % windows + epochs * size).astype(np.int32)
    positions = steps * batch_size + rows
    if size is None:
        return ((positions + seed * SEED_STRIDE) % INDEX_RANGE).astype(np.int32)
    epochs, places = positions // size, positions % size
    indices = np.empty(positions.shape, np.int32)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        indices[here] = _shuffled(size, seed, int(epoch))[places[here]]
    return indices


def bucketed_indices(
    bucket: np.ndarray, batch_size: int, seed: int, first: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The examples of `count` steps, each of one bucket or of neighbours, and the widest of each.

    An epoch is the shuffled examples, sorted by bucket and cut into batches, which come in an
    order of their own: each example is read once, and some of the first bucket again where the
    examples do not fill the last batch. The buckets of the steps do not depend on the seed, so that
    many seeds side by side compute the same shapes.

    Args:
      bucket: (size,) integers, of each example.
      batch_size: examples of a step.
      seed: of the shuffling.
      first: the first step, 0-based.
      count: how many steps.

    Returns:
      int32 (count, batch_size), and the bucket of each step, int32 (count,).
    """
    steps = np.arange(first, first + count)
    indices, widest = np.empty((count, batch_size), np.int32), np.empty(count, np.int32)
    batches = -(-len(bucket) // batch_size)
    for epoch in np.unique(steps // batches):
        here = steps // batches == epoch
        cut = _cut(bucket, batch_size, seed, int(epoch))
        order = np.random.default_rng([epoch]).permutation(batches)[steps[here] % batches]
        indices[here], widest[here] = cut[order], bucket[cut[order]].max(-1)
    return indices, widest


def stages(
    count_of: int, size: int | None, steps: int, first: int, count: int
) -> Iterator[tuple[slice, int, int]]:
    """Cuts `count` steps from step `first` on where a curriculum goes on to its next stage.

    A run of `steps` has `count_of` stages, as long each; stage s reads the s-th of as many parts of
    the examples. Where a step is depends on its number alone, so resuming is exact here, too.

    Yields:
      The examples that are read, the first step counted from the stage's beginning, how many steps.
    """
    if count_of == 1:
        yield slice(0, size), first, count
        return
    while count > 0:
        stage = min(first * count_of // steps, count_of - 1)
        begin, end = (-(-s * steps // count_of) for s in (stage, stage + 1))
        now = count if stage == count_of - 1 else min(count, end - first)
        yield slice(*(s * size // count_of for s in (stage, stage + 1))), first - begin, now
        first, count = first + now, count - now


def _cut(bucket: np.ndarray, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """An epoch's examples in batches of neighbouring buckets, (batches, batch_size)."""
    shuffled = _shuffled(len(bucket), seed, epoch)
    more = np.resize(shuffled[bucket[shuffled] == bucket.min()], -len(bucket) % batch_size)
    filled = np.concatenate([shuffled, more])
    return filled[np.argsort(bucket[filled], kind="stable")].reshape(-1, batch_size)
