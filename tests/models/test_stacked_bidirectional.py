import chex
import jax
import numpy as np
import pytest

from lstmjax.models.stacked_bidirectional import StackedBidirectional
from tests.recurrent import oracle


def both_ways(weights, i, rows, c, h):
    """One layer of one row in NumPy: outputs of both directions, and their last states."""
    forward = oracle.lstm(weights[f"forward_{i}"]["cell"], rows, *(x[0] for x in (c, h)))
    backward = oracle.lstm(weights[f"backward_{i}"]["cell"], rows[::-1], *(x[1] for x in (c, h)))
    return np.concatenate([forward[0], backward[0][::-1]], -1), (forward[1:], backward[1:])


@pytest.mark.parametrize("every_step", [True, False])
def test_equals_layers_in_numpy_at_unequal_lengths(every_step):
    model = StackedBidirectional(features=(4, 3), outputs=2, every_step=every_step)
    rng = np.random.default_rng(0)
    inputs, lengths = rng.normal(size=(3, 6, 5)).astype(np.float32), np.array([6, 2, 4])
    variables = model.init(jax.random.key(0), inputs)
    outputs, carry = jax.jit(model.apply)(variables, inputs, lengths=lengths)
    weights = jax.tree.map(np.float64, variables["params"])
    for row, length in enumerate(lengths):
        hidden = inputs[row, :length].astype(np.float64)
        for i, width in enumerate(model.features):
            zeros = np.zeros((2, width))
            hidden, last = both_ways(weights, i, hidden, zeros, zeros)
            here = jax.tree.map(lambda x, row=row: x[row], carry[i])
            chex.assert_trees_all_close(here, last, atol=1e-5)
        top = hidden if every_step else np.concatenate([last[0][1], last[1][1]])
        expected = top @ weights["Dense_0"]["kernel"] + weights["Dense_0"]["bias"]
        actual = outputs[row, :length] if every_step else outputs[row]
        np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_parameter_count_is_that_of_pytorch():
    """nn.LSTM(5, 4, num_layers=2, bidirectional=True) without its second biases."""
    model = StackedBidirectional(features=(4, 4), outputs=1)
    params = jax.eval_shape(model.init, jax.random.key(0), np.zeros((1, 2, 5)))["params"]
    del params["Dense_0"]
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    assert count == 2 * 4 * (4 * 5 + 4 * 4 + 4) + 2 * 4 * (4 * 8 + 4 * 4 + 4)
