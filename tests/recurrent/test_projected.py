"""The projected layer against NumPy in float64."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.recurrent import LSTM
from tests.recurrent.oracle import sigmoid


def oracle(params, inputs, c, h):
    """One row: inputs (time, width) -> outputs (time, projection), c, h."""
    outputs = []
    for x in inputs:
        i, f, g, o = (
            x @ params["cell"]["i" + gate]["kernel"]
            + h @ params["cell"]["h" + gate]["kernel"]
            + params["cell"]["h" + gate]["bias"]
            for gate in "ifgo"
        )
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = (sigmoid(o) * np.tanh(c)) @ params["projection"]
        outputs.append(h)
    return np.array(outputs).reshape(len(inputs), len(h)), c, h


@pytest.mark.parametrize("reverse", [False, True])
def test_equals_numpy_in_float64(reverse):
    """Rows of any length, a carry to start from, and whatever is in the padding."""
    rng = np.random.default_rng(0)
    rows, time, width, features, projection = 4, 6, 3, 5, 2
    lengths, padded = np.array([6, 3, 1, 0]), rng.normal(size=(rows, time, width))
    with jax.enable_x64(True):
        double = dict(dtype="float64", param_dtype="float64")
        layer = LSTM(features, projection=projection, reverse=reverse, **double)
        shapes = jax.eval_shape(layer.init, jax.random.key(0), padded)["params"]
        params = jax.tree.map(lambda x: rng.normal(size=x.shape), shapes)
        carry = rng.normal(size=(rows, features)), rng.normal(size=(rows, projection))
        inputs = np.where(np.arange(time)[:, None] < lengths[:, None, None], padded, np.nan)
        outputs, (c, h) = jax.device_get(
            layer.apply({"params": params}, inputs, carry=carry, lengths=lengths)
        )
    for row, length in enumerate(lengths):
        order = slice(None, None, -1 if reverse else 1)
        alone = oracle(params, inputs[row, :length][order], carry[0][row], carry[1][row])
        expected = (alone[0][order], alone[1], alone[2])
        chex.assert_trees_all_close((outputs[row, :length], c[row], h[row]), expected, atol=1e-12)
        assert not outputs[row, length:].any()


def test_resets_begin_afresh_and_padding_reaches_no_gradient():
    rng = np.random.default_rng(1)
    layer, inputs = LSTM(4, projection=2), rng.normal(size=(1, 5, 3)).astype(np.float32)
    variables = layer.init(jax.random.key(0), inputs)
    resets = np.array([[False, False, True, False, False]])
    outputs, _ = layer.apply(variables, inputs, resets=resets)
    apart, _ = layer.apply(variables, inputs[:, 2:])
    np.testing.assert_allclose(outputs[:, 2:], apart, atol=1e-6)

    def loss(variables, inputs):
        outputs, (c, h) = layer.apply(variables, inputs, lengths=np.array([3]))
        return jnp.sum(outputs**2) + jnp.sum(c**2) + jnp.sum(h**2)

    spoiled = inputs.copy()
    spoiled[:, 3:] = np.nan
    plain, padded = (jax.grad(loss)(variables, x) for x in (inputs, spoiled))
    chex.assert_trees_all_close(plain, padded, atol=1e-7)
    assert all(np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(plain))


def test_what_it_cannot_do_is_said():
    inputs = np.zeros((1, 2, 3))
    for settings, match in (
        (dict(kernel="scan", projection=2), "kernel of its own: set kernel to auto"),
        (dict(recompute_every=2, projection=2), "recompute_every to none"),
        (dict(projection=4), "projection 4 must be smaller than features 4"),
    ):
        with pytest.raises(UserError, match=match):
            LSTM(4, **settings).init(jax.random.key(0), inputs)
