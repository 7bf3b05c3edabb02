"""The fused layer against a plain scan over OptimizedLSTMCell."""

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jax import lax

from lstmjax.errors import UserError
from lstmjax.models.vanilla import Vanilla
from lstmjax.recurrent import fused
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


def assert_close_at_scale(actual, expected, tolerance):
    """Compares each array by the largest number in it."""
    scale = jax.tree.map(lambda x: jnp.max(jnp.abs(x)), expected)
    actual, expected = (jax.tree.map(jnp.divide, x, scale) for x in (actual, expected))
    chex.assert_trees_all_close(actual, expected, rtol=0, atol=tolerance)


def results(layer, params, inputs, carry, weights, **settings):
    """Outputs, last carry, and the gradients for parameters, inputs and first carry."""

    def loss(params, inputs, carry):
        results = layer(params, inputs, carry, **settings)
        products = jax.tree.map(lambda x, w: jnp.sum(x * w), results, weights)
        return sum(jax.tree.leaves(products)), results

    grad = jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)
    (_, values), grads = jax.jit(grad)(params, inputs, carry)
    return values, grads


# a smaller failing example would cost a compilation a try
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(*[st.integers(1, 6)] * 4),
    mask=st.sampled_from([None, "lengths", "any"]),
    reset=st.booleans(),
    reverse=st.booleans(),
    recompute_every=st.sampled_from([None, 1, 2, 4]),
)
def test_equals_the_cell_in_float64(seed, shape, mask, reset, reverse, recompute_every):
    with jax.enable_x64(True):
        case = problem(seed, *shape, jnp.float64)
        valid, resets = masks(seed, *shape[:2], mask == "lengths")
        masked = {"valid": valid if mask else None, "resets": resets if reset else None}
        expected = results(reference, *case, **masked, reverse=reverse)
        chunks = {"recompute_every": recompute_every}
        actual = results(fused_lstm, *case, **masked, reverse=reverse, **chunks)
        # a few hundred roundings of 1e-16 on numbers up to about 100
        chex.assert_trees_all_close(actual, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_equals_the_cell_in_float32(masked, reverse):
    case = problem(7, 8, 40, 16, 32)
    masked = dict(zip(("valid", "resets"), masks(7, 8, 40), strict=True)) if masked else {}
    expected = results(reference, *case, **masked, reverse=reverse)
    actual = results(fused_lstm, *case, **masked, reverse=reverse)
    # sums over 320 steps of terms of order 1: sqrt(320) * 6e-8, times the growth over 40 steps
    assert_close_at_scale(actual, expected, 2e-5)


@pytest.mark.parametrize("recompute_every", [None, 3])
@pytest.mark.parametrize("shared", [False, True])
def test_one_call_for_many_seeds(shared, recompute_every):
    params, *rest = problem(0, seeds=(4,))
    if shared:
        params = jax.tree.map(lambda x: x[0], params)

    def run(params, *rest):
        return results(fused_lstm, params, *rest, recompute_every=recompute_every)

    actual = jax.vmap(run, in_axes=(None if shared else 0, 0, 0, 0))(params, *rest)
    if shared:
        expected = lax.map(lambda rest: run(params, *rest), rest)
    else:
        expected = lax.map(lambda args: run(*args), (params, *rest))
    assert_close_at_scale(actual, expected, 1e-5)


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
    actual = results(fused_lstm, params, other, carry, weights, valid=valid)
    chex.assert_trees_all_equal(actual, expected)


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
    update = jax.jit(update)
    for _ in range(3):
        params, _ = update(params, None)
    chex.assert_trees_all_close(looped, params, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_bfloat16_products_keep_a_float32_carry(reverse):
    case = problem(6)
    exact = results(fused_lstm, *case, reverse=reverse)
    actual = results(fused_lstm, *case, reverse=reverse, dtype=jnp.bfloat16)
    chex.assert_trees_all_equal_dtypes(actual, exact)
    assert_close_at_scale(actual, exact, 0.05)  # bfloat16 has 8 bits: 0.004 a rounding


@pytest.mark.parametrize("reverse", [False, True])
def test_chunks_of_time_change_nothing(reverse, monkeypatch):
    """Without derivatives: 12 steps of 3 rows, in chunks of 4 steps and in one."""
    params, inputs, carry, _ = problem(8, time=12)
    masked = dict(zip(("valid", "resets"), masks(8, 3, 12), strict=True))

    def run(rows):
        monkeypatch.setattr(fused, "CHUNK_ROWS", rows)
        return jax.jit(lambda *case: fused_lstm(*case, **masked, reverse=reverse))

    chunked = run(10).lower(params, inputs, carry)
    assert "tensor<3x4x3x" in chunked.as_text()  # (chunks, steps, rows, ...)
    actual, expected = chunked.compile()(params, inputs, carry), run(10**6)(params, inputs, carry)
    chex.assert_trees_all_close(actual, expected, rtol=1e-6, atol=1e-6)
    assert [fused._chunk_size(*of) for of in ((12, 3), (7, 3), (5, 10**7), (0, 4))] == [12, 7, 1, 0]


def test_keeps_little_with_recomputation():
    """What the compiled gradient holds beside arguments and results, at 16 chunks of 16 steps."""
    shapes = jax.eval_shape(lambda: problem(0, 8, 256, 4, 32))

    def held(recompute_every):
        def run(*case):
            return results(fused_lstm, *case, recompute_every=recompute_every)[1]

        return jax.jit(run).lower(*shapes).compile().memory_analysis().temp_size_in_bytes

    assert held(16) < 0.3 * held(None)


def test_models_take_the_setting():
    """A model's layers keep little, too, and compute the same."""
    inputs = jax.random.normal(jax.random.key(0), (4, 256, 4))
    params = Vanilla(features=32).init(jax.random.key(1), inputs)

    def programs(**settings):
        def loss(params, inputs):
            return (Vanilla(features=32, **settings).apply(params, inputs)[0] ** 2).sum()

        return jax.jit(jax.grad(loss)).lower(params, inputs).compile()

    whole, little = programs(), programs(recompute_every=16)
    held, held_little = (p.memory_analysis().temp_size_in_bytes for p in (whole, little))
    assert held_little < 0.5 * held
    assert_close_at_scale(little(params, inputs), whole(params, inputs), 1e-5)
    with pytest.raises(UserError, match="recompute_every needs kernel fused"):
        programs(recompute_every=16, kernel="scan")
