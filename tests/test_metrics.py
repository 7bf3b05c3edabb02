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
