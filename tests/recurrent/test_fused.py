"""The fused layer against a plain scan over OptimizedLSTMCell."""

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from lstmjax.recurrent.fused import fused_lstm


def reference(params, inputs, carry, *, valid=None, resets=None, reverse=False, dtype=None):
    """The cell of Flax, one step at a time, with where-masks."""
    cell = nn.OptimizedLSTMCell(carry[0].shape[-1], dtype=dtype)
    shape = inputs.shape[:2]
    valid = jnp.ones(shape, bool) if valid is None else valid
    resets = jnp.zeros(shape, bool) if resets is None else resets

    def step(carry, xs):
        x, valid, resets = xs
        valid, resets = valid[:, None], (resets & valid)[:, None]
        start = jax.tree.map(lambda old: jnp.where(resets, 0, old), carry)
        new, output = cell.apply({"params": params}, start, x)
        carry = jax.tree.map(lambda new, old: jnp.where(valid, new, old), new, carry)
        return carry, jnp.where(valid, output, 0)

    xs = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), (inputs, valid, resets))
    carry, outputs = lax.scan(step, carry, xs, reverse=reverse)
    return jnp.swapaxes(outputs, 0, 1), carry


def problem(seed, batch=3, time=7, features=4, hidden=5, dtype=jnp.float32, seeds=()):
    """Parameters, inputs, carry, and weights that make a loss of the outputs and the last carry."""
    rng = np.random.default_rng(seed)

    def normal(*shape):
        return jnp.asarray(rng.normal(size=(*seeds, *shape)), dtype)

    params = {"i" + gate: {"kernel": normal(features, hidden) * 0.7} for gate in "ifgo"}
    for gate in "ifgo":
        params["h" + gate] = {"kernel": normal(hidden, hidden) * 0.5, "bias": normal(hidden)}
    inputs = normal(batch, time, features)
    carry = normal(batch, hidden), normal(batch, hidden)
    weights = normal(batch, time, hidden), (normal(batch, hidden), normal(batch, hidden))
    return params, inputs, carry, weights


def masks(seed, batch, time, with_lengths=False):
    rng = np.random.default_rng(seed)
    valid = rng.random((batch, time)) < 0.7
    if with_lengths:
        valid = np.arange(time) < rng.integers(0, time + 1, batch)[:, None]
    return jnp.asarray(valid), jnp.asarray(rng.random((batch, time)) < 0.3)


def results(layer, params, inputs, carry, weights, **settings):
    """Outputs, last carry, and the gradients for parameters, inputs and first carry."""

    def loss(params, inputs, carry):
        results = layer(params, inputs, carry, **settings)
        products = jax.tree.map(lambda x, w: jnp.sum(x * w), results, weights)
        return sum(jax.tree.leaves(products)), results

    grad = jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)
    (_, values), grads = jax.jit(grad)(params, inputs, carry)
    return values, grads


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(*[st.integers(1, 6)] * 4),
    valid=st.sampled_from(["none", "lengths", "any"]),
    resets=st.booleans(),
    reverse=st.booleans(),
    recompute_every=st.sampled_from([None, 1, 2, 4]),
)
def test_equals_the_scan_over_the_cell_in_float64(seed, shape, valid, resets, reverse, recompute_every):
    with jax.enable_x64(True):
        case = problem(seed, *shape, jnp.float64)
        masked = dict(zip(("valid", "resets"), masks(seed, *shape[:2], valid == "lengths"), strict=True))
        masked = {"valid": None} | masked if valid != "none" else {"resets": masked["resets"]}
        if not resets:
            masked["resets"] = None
        expected = results(reference, *case, **masked, reverse=reverse)
        actual = results(fused_lstm, *case, **masked, reverse=reverse, recompute_every=recompute_every)
        # A few hundred roundings of 1e-16 on numbers up to about 100.
        chex.assert_trees_all_close(actual, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reverse", [False, True])
def test_equals_the_scan_over_the_cell_in_float32(seed, reverse):
    case = problem(seed, 8, 40, 16, 32)
    valid, resets = masks(seed, 8, 40)
    for masked in ({}, {"valid": valid, "resets": resets}):
        expected = results(reference, *case, **masked, reverse=reverse)
        actual = results(fused_lstm, *case, **masked, reverse=reverse)
        # Gradients are sums over 320 steps of terms of order 1: sqrt(320) * 6e-8 times the growth over 40 steps.
        scale = jax.tree.map(lambda x: jnp.max(jnp.abs(x)) + 1e-6, expected)
        actual, expected = (jax.tree.map(jnp.divide, x, scale) for x in (actual, expected))
        chex.assert_trees_all_close(actual, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("recompute_every", [None, 3])
def test_one_call_for_many_seeds(recompute_every):
    params, inputs, carry, weights = problem(0, seeds=(4,))
    alone = {"recompute_every": recompute_every}

    def run(params, inputs, carry, weights):
        return results(fused_lstm, params, inputs, carry, weights, **alone)

    one = jax.tree.map(lambda x: x[0], params)
    for tree, axis in ((params, 0), (one, None)):
        actual = jax.vmap(run, in_axes=(axis, 0, 0, 0))(tree, inputs, carry, weights)
        for seed in range(4):
            pick = jax.tree.map(lambda x, seed=seed: x[seed], (tree, inputs, carry, weights))
            expected = run(*(pick if axis == 0 else (one, *pick[1:]))) if axis == 0 else None
            if expected is None:
                expected = run(one, *jax.tree.map(lambda x, s=seed: x[s], (inputs, carry, weights)))
            got = jax.tree.map(lambda x, seed=seed: x[seed], actual)
            chex.assert_trees_all_close(got, expected, rtol=1e-5, atol=1e-5)


def test_padded_inputs_have_exactly_zero_gradients_and_outputs():
    case = problem(1)
    valid, resets = masks(1, 3, 7)
    (outputs, _), (_, d_inputs, _) = results(fused_lstm, *case, valid=valid, resets=resets)
    assert not np.any(np.asarray(d_inputs)[~np.asarray(valid)])
    assert not np.any(np.asarray(outputs)[~np.asarray(valid)])
    assert np.all(np.any(np.asarray(d_inputs)[np.asarray(valid)], axis=-1))


def test_padding_may_hold_anything():
    params, inputs, carry, weights = problem(2)
    valid, _ = masks(2, 3, 7)
    expected = results(fused_lstm, params, inputs, carry, weights, valid=valid)
    other = jnp.where(valid[..., None], inputs, 1e3)
    chex.assert_trees_all_equal(results(fused_lstm, params, other, carry, weights, valid=valid), expected)


def test_a_row_without_valid_steps_returns_its_carry():
    params, inputs, carry, _ = problem(3)
    valid, resets = jnp.zeros((3, 7), bool), jnp.ones((3, 7), bool)
    outputs, last = fused_lstm(params, inputs, carry, valid=valid, resets=resets)
    chex.assert_trees_all_equal(last, carry)
    assert not np.any(outputs)


def test_single_steps_in_a_loop_equal_the_sequence():
    params, inputs, carry, _ = problem(4)

    def step(carry, x):
        outputs, carry = fused_lstm(params, x[:, None], carry)
        return carry, outputs[:, 0]

    last, outputs = lax.scan(step, carry, jnp.swapaxes(inputs, 0, 1))
    expected = fused_lstm(params, inputs, carry)
    chex.assert_trees_all_close((jnp.swapaxes(outputs, 0, 1), last), expected, rtol=1e-5, atol=1e-6)


def test_trains_inside_a_loop():
    params, inputs, carry, weights = problem(5)

    def update(params, _):
        _, (grads, _, _) = results(fused_lstm, params, inputs, carry, weights)
        return jax.tree.map(lambda p, g: p - 0.01 * g, params, grads), None

    looped, _ = jax.jit(lambda params: lax.scan(update, params, length=3))(params)
    for _ in range(3):
        params, _ = update(params, None)
    chex.assert_trees_all_close(looped, params, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_bfloat16_products_keep_a_float32_carry(reverse):
    case = problem(6)
    exact = results(fused_lstm, *case, reverse=reverse)
    actual = results(fused_lstm, *case, reverse=reverse, dtype=jnp.bfloat16)
    chex.assert_trees_all_equal_dtypes(actual, exact)
    scale = jax.tree.map(lambda x: jnp.max(jnp.abs(x)), exact)
    actual, exact = (jax.tree.map(jnp.divide, x, scale) for x in (actual, exact))
    chex.assert_trees_all_close(actual, exact, rtol=0, atol=0.05)  # bfloat16 has 8 bits: 0.004 a rounding
