import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.stacked import Stacked
from lstmjax.models.vanilla import Vanilla


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_published_parameter_count():
    model = Stacked(features=(20, 20), outputs=5)
    shapes = jax.eval_shape(model.init, jax.random.key(0), random(1, 50, 1))["params"]
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 5145


def test_one_layer_is_the_vanilla_model():
    inputs, lengths = random(3, 6, 4), np.array([6, 2, 4])
    stacked, vanilla = Stacked(features=(5,), outputs=2), Vanilla(features=5, outputs=2)
    variables = stacked.init(jax.random.key(0), inputs)
    outputs, (carry,) = stacked.apply(variables, inputs, lengths=lengths)
    chex.assert_trees_all_close(
        (outputs, carry), vanilla.apply(variables, inputs, lengths=lengths), atol=1e-6
    )


@pytest.mark.parametrize("every_step", [False, True])
def test_padding_changes_nothing(every_step):
    model = Stacked(features=(5, 3), outputs=2, every_step=every_step)
    inputs, lengths = random(3, 6, 4), np.array([6, 1, 4])
    variables = model.init(jax.random.key(0), inputs)
    outputs, carry = model.apply(variables, inputs, lengths=lengths)
    for row, length in enumerate(lengths):
        alone, last = model.apply(variables, inputs[row : row + 1, :length])
        got = outputs[row : row + 1, :length] if every_step else outputs[row : row + 1]
        chex.assert_trees_all_close(got, alone, atol=1e-6)
        here = jax.tree.map(lambda leaf: leaf[row : row + 1], carry)  # noqa: B023
        chex.assert_trees_all_close(here, last, atol=1e-6)


def test_an_output_does_not_see_later_inputs():
    model = Stacked(features=(5, 3), outputs=1, every_step=True)
    inputs = random(6, 4)
    variables = model.init(jax.random.key(0), inputs)
    gradients = jax.jacobian(lambda x: model.apply(variables, x)[0][:, 0])(inputs)
    for step, gradient in enumerate(np.abs(gradients).sum(-1)):
        assert np.all(gradient[step + 1 :] == 0)
        assert np.all(gradient[: step + 1] > 0)


def test_the_carry_goes_on():
    model = Stacked(features=(5, 3), outputs=2, every_step=True)
    inputs = random(2, 6, 4)
    variables = model.init(jax.random.key(0), inputs)
    whole, last = model.apply(variables, inputs)
    first, carry = model.apply(variables, inputs[:, :2])
    second, same = model.apply(variables, inputs[:, 2:], carry=carry)
    chex.assert_trees_all_close(whole, jnp.concatenate([first, second], 1), atol=1e-6)
    chex.assert_trees_all_close(last, same, atol=1e-6)


def test_dropout_only_in_training():
    model = Stacked(features=(8, 8), outputs=2, dropout=0.5)
    inputs = random(2, 6, 4)
    variables = model.init(jax.random.key(0), inputs)
    still, _ = model.apply(variables, inputs)
    chex.assert_trees_all_equal(still, model.apply(variables, inputs)[0])
    one, two = (
        model.apply(variables, inputs, train=True, rngs={"dropout": jax.random.key(i)})[0]
        for i in (1, 2)
    )
    assert np.any(one != two) and np.any(one != still)


def test_no_layers_is_told():
    with pytest.raises(UserError, match="model.features is empty"):
        Stacked(features=()).init(jax.random.key(0), random(1, 2, 3))
