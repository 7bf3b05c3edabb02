import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.inference.evaluation import Evaluation
from lstmjax.tasks.buckets import choose_widths, in_order, make_buckets, padded_share
from lstmjax.training.steps import init_state
from tests import tiny


def padded_steps(lengths, widths):
    widths = np.asarray(widths)
    return widths[np.searchsorted(widths, lengths)].sum()


@pytest.mark.parametrize("count", [1, 2, 3, 20])
def test_no_other_widths_pad_less(count):
    lengths = np.random.default_rng(count).geometric(0.2, 200)
    longest = lengths.max() + 2
    widths = choose_widths(lengths, longest, count)
    assert len(widths) <= count and widths[-1] == longest
    others = itertools.combinations(np.unique(lengths), min(count, 3) - 1)
    best = min(padded_steps(lengths, [*other, longest]) for other in others)
    assert padded_steps(lengths, widths) <= best


def test_a_bucket_holds_its_examples_on_every_side():
    rng = np.random.default_rng(0)
    lengths = {split: rng.integers(1, 30, (50, 2)) for split in ("train", "valid", "test")}
    buckets = make_buckets(lengths, 4)
    assert len(buckets.shapes) == 4
    for split, of in lengths.items():
        assert np.all(of <= np.array(buckets.shapes)[buckets.of[split]])
        computed = sum(sum(buckets.shapes[i]) for i in buckets.of[split])
        np.testing.assert_allclose(padded_share(buckets, split), 1 - of.sum() / computed)


def test_examples_short_on_one_side_alone_pad_with_the_long_ones():
    """By the source alone, the narrow bucket would be as high as its one long target."""
    short, long = np.full((99, 2), (4, 8)), np.full((100, 2), (10, 20))
    lengths = np.concatenate([short, [[4, 20]], long])
    buckets = make_buckets(dict.fromkeys(("train", "valid", "test"), lengths), 2)
    assert buckets.shapes == ((4, 8), (10, 20))
    assert padded_share(buckets, "train") == pytest.approx(6 / (99 * 12 + 101 * 30))


def test_batches_in_order_hold_every_example_once():
    lengths = np.random.default_rng(0).integers(0, 50, 150)
    batches = in_order(lengths, count=2, rows=16)
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in batches]), np.arange(150))
    assert all(lengths[rows].max() <= width and len(rows) <= 16 for rows, width in batches)
    assert len({width for _, width in batches}) == 2


def test_scores_do_not_depend_on_the_shapes():
    scores = []
    for shapes in (1, 3):
        experiment = tiny.listops().override([f"task.shapes={shapes}"]).resolve()
        data = experiment.task.load()
        assert len(data.shapes) == shapes
        params = init_state(experiment, data).params
        scores.append(Evaluation(experiment, data, "test", params)(params))
    for name, value in scores[0].items():
        np.testing.assert_allclose(scores[1][name], value, rtol=1e-5)


def test_a_batch_of_a_narrower_shape_is_the_batch_cut():
    task = tiny.listops().task
    data = task.load()
    examples = np.flatnonzero(data.buckets.of["test"] == 0)
    whole = task.batch(data.arrays, "test", examples)
    cut = task.batch(data.arrays, "test", examples, data.shapes[0])
    assert cut.inputs.shape[1] == data.shapes[0][0] < whole.inputs.shape[1]
    jax.tree.map(np.testing.assert_array_equal, cut.lengths, whole.lengths)
    assert jnp.all(cut.lengths <= cut.inputs.shape[1])
