import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models import convolution
from lstmjax.models.convolution import ConvolutionPool


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def layer(form, dimensions, window=2, pool=2, filters=3):
    return ConvolutionPool(filters, window, pool, dimensions, form, "float32", "float32")


def by_hand(params, frame, pool):
    """relu, then the largest of each pool x pool window, written as loops: one 2-D frame."""
    kernel, bias = (np.asarray(params[name], np.float64) for name in ("kernel", "bias"))
    width = kernel.shape[0]
    places = [size - width + 1 for size in frame.shape[:2]]
    hidden = np.zeros((*places, kernel.shape[-1]))
    for row in range(places[0]):
        for column in range(places[1]):
            patch = frame[row : row + width, column : column + width]
            hidden[row, column] = np.maximum(np.tensordot(patch, kernel, 3) + bias, 0)
    pooled = np.zeros((places[0] // pool, places[1] // pool, kernel.shape[-1]))
    for row in range(pooled.shape[0]):
        for column in range(pooled.shape[1]):
            window = hidden[row * pool : (row + 1) * pool, column * pool : (column + 1) * pool]
            pooled[row, column] = window.max((0, 1))
    return pooled


@pytest.mark.parametrize("form", convolution.RUN)
@pytest.mark.parametrize(("window", "pool"), [(2, 2), (3, 2), (2, 1), (1, 3)])
def test_equals_loops(form, window, pool):
    frames = random(2, 9, 8, 2)
    module = layer(form, 2, window, pool)
    params = module.init(jax.random.key(0), frames)["params"]
    params["bias"] = random(3)
    outputs = module.apply({"params": params}, frames)
    expected = np.stack([by_hand(params, frame, pool) for frame in frames])
    # sums of at most 18 products of size about 1, in float32
    chex.assert_trees_all_close(outputs, expected.astype(np.float32), atol=1e-5)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_all_forms_have_the_same_gradients(dimensions):
    """No two values of a pooling window are equal here, so the derivative is unique."""
    frames = random(3, *(8,) * dimensions, 2)
    params = layer("shifts", dimensions).init(jax.random.key(0), frames)["params"]
    params["bias"] = random(3)
    weights = random(3, *(3,) * dimensions, 3)

    def loss(params, frames, form):
        return (layer(form, dimensions).apply({"params": params}, frames) * weights).sum()

    gradients = [jax.grad(loss, (0, 1))(params, frames, form) for form in convolution.RUN]
    for other in gradients[1:]:
        chex.assert_trees_all_close(gradients[0], other, atol=1e-4)


def test_frames_too_small_are_told():
    with pytest.raises(UserError, match="too small"):
        layer("auto", 2).init(jax.random.key(0), jnp.zeros((1, 2, 2, 1)))
