import chex
import jax
import numpy as np
import pytest

from lstmjax.models.residual import Residual
from tests.recurrent import oracle


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("every_step", [True, False])
def test_equals_numpy_at_unequal_lengths(every_step):
    model = Residual(features=4, layers=3, outputs=2, every_step=every_step)
    inputs, lengths = random(3, 6, 5), np.array([6, 2, 4])
    variables = model.init(jax.random.key(0), inputs)
    outputs, carry = jax.jit(model.apply)(variables, inputs, lengths=lengths)
    weights = jax.tree.map(np.float64, variables["params"])
    zeros = np.zeros(4)
    for row, length in enumerate(lengths):
        read = inputs[row, :length].astype(np.float64)
        read = np.maximum(read @ weights["Dense_0"]["kernel"] + weights["Dense_0"]["bias"], 0)
        hidden, *first = oracle.lstm(weights["LSTM_0"]["cell"], read, zeros, zeros)
        second, *_ = oracle.lstm(weights["LSTM_1"]["cell"], hidden, zeros, zeros)
        third, *last = oracle.lstm(weights["LSTM_2"]["cell"], hidden + second, zeros, zeros)
        top = (hidden + second + third) @ weights["Dense_1"]["kernel"] + weights["Dense_1"]["bias"]
        expected = top if every_step else top[-1]
        actual = outputs[row, :length] if every_step else outputs[row]
        np.testing.assert_allclose(actual, expected, atol=1e-5)
        for (c, h), state in ((carry[0], first), (carry[2], last)):
            chex.assert_trees_all_close([c[row], h[row]], state, atol=1e-5)


def test_the_carry_goes_on():
    model = Residual(features=4, layers=2, outputs=2, every_step=True)
    inputs = random(2, 6, 3)
    variables = model.init(jax.random.key(0), inputs)
    whole, last = model.apply(variables, inputs)
    begun, carry = model.apply(variables, inputs[:, :2])
    rest, end = model.apply(variables, inputs[:, 2:], carry=carry)
    np.testing.assert_allclose(np.concatenate([begun, rest], 1), whole, atol=1e-6)
    chex.assert_trees_all_close(end, last, atol=1e-6)
