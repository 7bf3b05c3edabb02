import functools
import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics


def test_mean_counts_what_the_mask_counts():
    values = jnp.array([[1.0, 2.0], [3.0, jnp.inf]])
    assert metrics.mean(values[:1]) == (3, 2)
    assert metrics.mean(values, jnp.array([True, False])) == (3, 2)
    assert metrics.mean(values, jnp.array([[1, 1], [1, 0]])) == (6, 3)


def test_one_division_gives_each_metric_its_name():
    sums = {"mse": (18.0, 2), "rmse": (18.0, 2), "perplexity": (4.0, 2), "bits": (4.0, 2)}
    result = metrics.divide(sums)
    assert result["mse"] == 9 and result["rmse"] == 3
    np.testing.assert_allclose(result["perplexity"], np.e**2)
    np.testing.assert_allclose(result["bits"], 2 / np.log(2))


def test_nothing_counted_is_not_a_number():
    assert np.isnan(metrics.divide({"mse": (0.0, 0)})["mse"])


@pytest.mark.parametrize("parts", [1, 3])
def test_parts_add_up_to_the_whole(parts):
    values = np.random.default_rng(0).normal(size=12).astype(np.float32)
    sums = [metrics.mean(jnp.array(part)) for part in np.split(values, parts)]
    added = {"mse": (sum(s for s, _ in sums), sum(n for _, n in sums))}
    np.testing.assert_allclose(metrics.divide(added)["mse"], values.mean(), atol=1e-7)


def test_edit_distance_is_the_textbooks():
    """Of sequences of no to six symbols, broadcast against one another."""
    generator = np.random.default_rng(0)
    written, reference = generator.integers(0, 4, (40, 1, 6)), generator.integers(0, 4, (50, 5))

    @functools.cache
    def distance(one, other):
        if not one or not other:
            return len(one) + len(other)
        replaced = distance(one[1:], other[1:]) + (one[0] != other[0])
        return min(replaced, distance(one[1:], other) + 1, distance(one, other[1:]) + 1)

    def cut(row):
        return tuple(itertools.takewhile(lambda symbol: symbol != 3, row.tolist()))

    found = metrics.edit_distance(written, reference, stop=3)
    expected = [[distance(cut(row), cut(other)) for other in reference] for (row,) in written]
    np.testing.assert_array_equal(found, expected)
    lengths = metrics.sequence_length(jnp.asarray(reference), 3)
    np.testing.assert_array_equal(lengths, [len(cut(row)) for row in reference])
