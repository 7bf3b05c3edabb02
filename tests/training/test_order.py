import numpy as np
import pytest

from lstmjax.training.order import bucketed_indices, stages, training_indices


def test_every_epoch_reads_each_example_once_in_another_order():
    indices = training_indices(10, False, 4, seed=0, first=0, count=5).ravel()  # two epochs
    first, second = indices[:10], indices[10:]
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(first) != list(second)


@pytest.mark.parametrize("size, stream", [(None, False), (10, False), (40, True)])
def test_position_is_the_step_number(size, stream):
    whole = training_indices(size, stream, 4, seed=3, first=0, count=9)
    parts = [training_indices(size, stream, 4, 3, *part) for part in ((0, 2), (2, 7))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_seeds_read_other_examples():
    fresh = [training_indices(None, False, 8, seed, 0, 100).ravel() for seed in range(20)]
    assert len(np.unique(fresh)) == 20 * 800
    assert all(np.all(indices >= 0) for indices in fresh)
    shuffled = [tuple(training_indices(30, False, 30, seed, 0, 1).ravel()) for seed in range(5)]
    assert len(set(shuffled)) == 5


def test_rows_of_a_stream_go_on_where_they_were():
    indices = training_indices(43, True, 4, seed=0, first=0, count=25)
    windows = 43 // 4
    for row in range(4):
        expected = row * windows + np.arange(25) % windows + np.arange(25) // windows * 43
        np.testing.assert_array_equal(indices[:, row], expected)


BUCKET = np.array([0, 2, 1, 0, 0, 1, 2, 0, 0, 1, 0])


def test_an_epoch_of_buckets_reads_each_example_and_few_of_another_bucket():
    indices, widest = bucketed_indices(BUCKET, 3, seed=0, first=0, count=8)  # two epochs of 4
    for epoch in (indices[:4], indices[4:]):
        counts = np.bincount(epoch.ravel(), minlength=len(BUCKET))
        assert np.all(counts >= 1) and counts.sum() == 12  # one example of bucket 0 twice
    np.testing.assert_array_equal(widest, BUCKET[indices].max(1))
    assert np.all((BUCKET[indices] == widest[:, None]).sum(1) >= 1)
    assert (BUCKET[indices] != widest[:, None]).sum() <= 2 * 2 * 2  # where two buckets meet
    assert list(widest[:4]) != sorted(widest[:4]) or list(widest[4:]) != sorted(widest[4:])


def test_buckets_go_on_where_they_were_and_are_those_of_every_seed():
    whole = bucketed_indices(BUCKET, 3, 7, 0, 9)
    parts = [bucketed_indices(BUCKET, 3, 7, *part) for part in ((0, 2), (2, 7))]
    for i in range(2):
        np.testing.assert_array_equal(whole[i], np.concatenate([part[i] for part in parts]))
    other = bucketed_indices(BUCKET, 3, 8, 0, 9)
    np.testing.assert_array_equal(other[1], whole[1])
    assert np.any(other[0] != whole[0])


@pytest.mark.parametrize("count, size, steps", [(1, 50, 9), (3, 50, 9), (4, 9, 31), (6, 600, 4)])
def test_stages_share_the_run_and_the_examples(count, size, steps):
    parts = np.empty((steps, 3), int)  # of each step: its examples, and its place in the stage
    for step in range(steps):
        ((part, place, now),) = stages(count, size, steps, step, 1)
        parts[step] = part.start, part.stop, place
        assert now == 1
    for first in range(steps):  # however far a stretch goes, its steps are the same
        for end in range(first + 1, steps + 1):
            found = [
                (part.start, part.stop, begin + i)
                for part, begin, now in stages(count, size, steps, first, end - first)
                for i in range(now)
            ]
            np.testing.assert_array_equal(found, parts[first:end])
    read = dict.fromkeys(map(tuple, parts[:, :2]))
    assert list(read) == sorted(read) and min(read)[0] == 0
    if count <= steps:
        assert max(read)[1] == size
        assert [end for _, end in read] == [*(start for start, _ in list(read)[1:]), size]
        lengths = np.unique(parts[:, 0], return_counts=True)[1]
        assert len(lengths) == count and np.ptp(lengths) <= 1
