import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from lstmjax.errors import UserError
from lstmjax.optimizers import SGD, Adam, AdamW, RMSProp


@pytest.mark.parametrize(
    "optimizer",
    [SGD(0.1), SGD(0.03, momentum=0.9, nesterov=True), RMSProp(0.1), Adam(0.2), AdamW(0.2)],
)
@pytest.mark.parametrize("schedule", ["constant", "cosine", "exponential", "plateau"])
def test_descends_a_parabola(optimizer, schedule):
    transformation = type(optimizer)(
        **optimizer.__dict__ | {"schedule": schedule, "clip_norm": 10.0, "final_fraction": 0.1}
    ).build(200)
    params = jnp.array([3.0, -2.0])

    @jax.jit
    def step(params, state):
        value, gradient = jax.value_and_grad(lambda p: (p**2).sum())(params)
        updates, state = transformation.update(gradient, state, params, value=value)
        return optax.apply_updates(params, updates), state

    state = transformation.init(params)
    for _ in range(200):
        params, state = step(params, state)
    assert float((params**2).sum()) < 0.1


def test_weight_decay_shrinks_matrices_and_leaves_biases():
    transformation = AdamW(learning_rate=0.1, weight_decay=0.5).build(10)
    params = {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}
    gradient, state = jax.tree.map(jnp.zeros_like, params), transformation.init(params)
    updates, _ = transformation.update(gradient, state, params, value=jnp.float32(0))
    np.testing.assert_allclose(updates["kernel"], -0.05, rtol=1e-6)  # -rate * decay * weight
    assert not np.any(updates["bias"])


def test_clipping_bounds_the_whole_gradient():
    transformation = SGD(learning_rate=1.0, clip_norm=1.0).build(10)
    params = {"a": jnp.zeros(1), "b": jnp.zeros(1)}
    gradient = {"a": jnp.array([3.0]), "b": jnp.array([4.0])}
    updates, _ = transformation.update(gradient, transformation.init(params), params)
    np.testing.assert_allclose([updates["a"][0], updates["b"][0]], [-0.6, -0.8], rtol=1e-6)


def test_schedules_at_their_ends():
    cosine = Adam(1.0, schedule="cosine", warmup_steps=10, final_fraction=0.1).rate(110)
    values = [float(cosine(step)) for step in (0, 5, 10, 60, 110)]
    np.testing.assert_allclose(values, [0, 0.5, 1, 0.55, 0.1], atol=1e-6)
    exponential = Adam(1.0, schedule="exponential", final_fraction=0.01).rate(100)
    values = [float(exponential(step)) for step in (0, 50, 100)]
    np.testing.assert_allclose(values, [1, 0.1, 0.01], rtol=1e-5)


def test_plateau_lowers_the_rate_when_the_loss_stands_still():
    transformation = SGD(
        1.0, schedule="plateau", plateau_window=2, plateau_patience=2, plateau_factor=0.5
    ).build(100)
    params = jnp.zeros(1)
    state, sizes = transformation.init(params), []
    for _ in range(14):
        updates, state = transformation.update(jnp.ones(1), state, params, value=jnp.float32(1))
        sizes.append(-float(updates[0]))
    # the first window is the lowest loss; every second one after it halves the rate
    assert sizes[:5] == [1.0] * 5 and sizes == sorted(sizes, reverse=True)
    assert set(sizes) == {1.0, 0.5, 0.25, 0.125}


def test_a_rate_by_epochs_is_that_of_zaremba():
    """Four epochs at 1.0, then half of it each epoch: 1 1 1 1 .5 .25 ..."""
    rate = SGD(1.0, schedule="epochs").rate(100, epoch=3)
    values = [float(rate(step)) for step in range(0, 21)]
    np.testing.assert_allclose(values, np.repeat([1, 1, 1, 1, 0.5, 0.25, 0.125], 3))
    with pytest.raises(UserError, match="never run out"):
        SGD(1.0, schedule="epochs").rate(100)
