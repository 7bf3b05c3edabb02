import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.cnn_lstm import CnnLstm


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_published_parameter_count():
    model = CnnLstm(features=50, filters=(2,), window=2, pool=2, outputs=1)
    frames = jnp.zeros((1, 50, 50, 50, 1))
    shapes = jax.eval_shape(model.init, jax.random.key(0), frames)["params"]
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 240661


@pytest.mark.parametrize("time", [1, 7])
def test_one_convolution_a_layer_whatever_the_length(time):
    model = CnnLstm(features=4, filters=(2, 3), form="convolution")
    frames = random(2, time, 8, 8, 1)
    variables = model.init(jax.random.key(0), frames)
    program = str(jax.make_jaxpr(lambda x: model.apply(variables, x))(frames))
    assert program.count("conv_general_dilated[") == 2


@pytest.mark.parametrize(("dimensions", "frame"), [(1, (8, 2)), (2, (8, 7, 1))])
@pytest.mark.parametrize("form", ["convolution", "shifts"])
def test_padding_changes_nothing(dimensions, frame, form):
    model = CnnLstm(features=5, filters=(2,), dimensions=dimensions, outputs=3, form=form)
    frames, lengths = random(3, 4, *frame), np.array([4, 1, 3])
    variables = model.init(jax.random.key(0), frames)
    outputs, carry = model.apply(variables, frames, lengths=lengths)
    for row, length in enumerate(lengths):
        alone, last = model.apply(variables, frames[row : row + 1, :length])
        chex.assert_trees_all_close(outputs[row : row + 1], alone, atol=1e-6)
        here = jax.tree.map(lambda leaf: leaf[row : row + 1], carry)  # noqa: B023
        chex.assert_trees_all_close(here, last, atol=1e-6)

    def gradient(frames):
        loss = lambda variables: model.apply(variables, frames, lengths=lengths)[0].sum()  # noqa: E731
        return jax.grad(loss)(variables)

    padding = (np.arange(4) >= lengths[:, None]).reshape(3, 4, *[1] * len(frame))
    spoiled = np.where(padding, np.float32(np.nan), frames)
    chex.assert_trees_all_equal(gradient(spoiled), gradient(frames))


def test_an_output_does_not_see_later_frames():
    model = CnnLstm(features=5, filters=(4,), outputs=1, every_step=True)
    frames = random(4, 6, 6, 1)
    variables = model.init(jax.random.key(0), frames[None])
    gradients = jax.jacobian(lambda x: model.apply(variables, x[None])[0][0, :, 0])(frames)
    seen = np.abs(gradients).sum((2, 3, 4)) > 0
    np.testing.assert_array_equal(seen, np.tril(np.ones((4, 4), bool)))


def test_any_batch_axes():
    model = CnnLstm(features=5, filters=(2,), outputs=3)
    frames = random(2, 3, 4, 6, 6, 1)
    variables = model.init(jax.random.key(0), frames)
    outputs, _ = model.apply(variables, frames)
    flat, _ = model.apply(variables, frames.reshape(6, 4, 6, 6, 1))
    chex.assert_trees_all_close(outputs.reshape(6, 3), flat, atol=1e-6)


def test_frames_of_another_dimension_are_told():
    with pytest.raises(UserError, match="model.dimensions is 2"):
        CnnLstm().init(jax.random.key(0), random(1, 4, 8, 1))
