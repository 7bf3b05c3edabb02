import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.tasks.generated.adding import Adding


def test_the_target_is_the_sum_of_one_marked_number_in_each_half():
    for length in (2, 7, 30):
        batch = Adding(length=length).batch((), "train", jnp.arange(200))
        values, marked = np.moveaxis(np.asarray(batch.inputs), -1, 0)
        half = length // 2
        np.testing.assert_array_equal(marked[:, :half].sum(1), 1)
        np.testing.assert_array_equal(marked[:, half:].sum(1), 1)
        np.testing.assert_allclose(batch.targets, (values * marked).sum(1), rtol=1e-6)
        assert (marked.sum(0) > 0).all()  # every step is marked at times


def test_the_mean_scores_a_sixth():
    """The variance of a sum of two U(0, 1) is 2 / 12; of the other number alone 1 / 12."""
    task = Adding(length=20, test_examples=5_000)
    floors = task.floors(task.load())
    np.testing.assert_allclose(floors["mean"]["mse"], 1 / 6, rtol=0.05)
    np.testing.assert_allclose(floors["second number alone"]["mse"], 1 / 12, rtol=0.05)


def test_metrics_and_show():
    task = Adding(length=10)
    batch = task.batch((), "test", jnp.arange(4))
    outputs = (batch.targets + jnp.array([0.0, 0.079, 0.081, -0.5]))[:, None]
    scores = metrics.divide(task.metrics(outputs, batch))
    np.testing.assert_allclose(scores["mse"], (0.079**2 + 0.081**2 + 0.25) / 4, rtol=1e-4)
    assert scores["accuracy"] == 0.5
    verdicts = [line.split()[-2] for line in task.show(outputs, batch)]
    assert verdicts == ["ok,", "ok,", "wrong,", "wrong,"]


def test_an_output_at_every_step_is_refused():
    task = Adding(length=4)
    with pytest.raises(UserError, match="every_step"):
        task.loss(jnp.zeros((2, 4, 1)), task.batch((), "train", jnp.arange(2)))


def test_products():
    """The mean of a product of two U(0, 1) is 1 / 4, its variance 1 / 9 - 1 / 16 = 7 / 144."""
    task = Adding(length=20, test_examples=5_000, answer="product")
    batch = task.batch((), "test", jnp.arange(50))
    values, marked = np.moveaxis(np.asarray(batch.inputs), -1, 0)
    np.testing.assert_allclose(batch.targets, np.prod(values, 1, where=marked > 0), rtol=1e-6)
    floors = task.floors(task.load())
    np.testing.assert_allclose(floors["mean"]["mse"], 7 / 144, rtol=0.05)
    outputs = (batch.targets + jnp.tile(jnp.array([0.039, 0.041]), 25))[:, None]
    assert metrics.divide(task.metrics(outputs, batch))["accuracy"] == 0.5
