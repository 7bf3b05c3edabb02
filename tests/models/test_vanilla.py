import chex
import jax
import numpy as np

from lstmjax.models.vanilla import Vanilla


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def count(variables):
    return sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))


def test_published_parameter_count():
    variables = Vanilla(features=25, outputs=10).init(jax.random.key(0), random(1, 5, 10))
    assert count(variables) == 3860


def test_the_last_output_is_that_of_the_last_valid_step():
    lengths, inputs = np.array([5, 2, 0]), random(3, 5, 4)
    last = Vanilla(features=6, outputs=3)
    every = Vanilla(features=6, outputs=3, every_step=True)
    variables = last.init(jax.random.key(0), inputs)
    end, carry = last.apply(variables, inputs, lengths=lengths)
    steps, same = every.apply(variables, inputs, lengths=lengths)
    chex.assert_shape(steps, (3, 5, 3))
    chex.assert_trees_all_close(end[:2], np.stack([steps[0, 4], steps[1, 1]]), atol=1e-6)
    chex.assert_trees_all_equal(carry, same)
    alone, _ = last.apply(variables, inputs[1:2, :2])
    chex.assert_trees_all_close(end[1:2], alone, atol=1e-6)


def test_any_batch_axes():
    model = Vanilla(features=6, outputs=3)
    inputs = random(2, 3, 5, 4)
    variables = model.init(jax.random.key(0), inputs)
    outputs, _ = model.apply(variables, inputs)
    flat, _ = model.apply(variables, inputs.reshape(6, 5, 4))
    chex.assert_trees_all_close(outputs.reshape(6, 3), flat, atol=1e-6)
