"""The LSTM layer as a few large operations: the same function as a scan over OptimizedLSTMCell, faster on CPU."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

GATES = "ifgo"


def fused_lstm(
    params,
    inputs,
    carry,
    *,
    valid=None,
    resets=None,
    reverse=False,
    dtype=None,
    recompute_every=None,
):
    """Runs an LSTM over time, from OptimizedLSTMCell's parameters.

    Args:
      params: OptimizedLSTMCell's tree: kernels `ii if ig io` (inputs, hidden), kernels `hi hf hg ho` (hidden, hidden)
        with biases (hidden,).
      inputs: (batch, time, inputs).
      carry: (c, h), each (batch, hidden), in float32 (float64 where the parameters are).
      valid: (batch, time) bool; an invalid step leaves the carry as it is, whatever `resets` says, and outputs zero.
      resets: (batch, time) bool; the carry becomes zeros before such a step.
      reverse: goes from the last step to the first; the outputs stay in the order of the inputs.
      dtype: of the products, and of what is kept for the backward pass; the carry and the outputs keep the carry's.
      recompute_every: keeps the carry at every so many steps only and computes the steps between once more in the
        backward pass; None keeps all steps.

    Returns:
      Outputs (batch, time, hidden), and the carry after the last valid step.
    """
    inputs = jnp.swapaxes(inputs, 0, 1)  # (time, batch, inputs): a step is one contiguous block
    valid, resets = (None if mask is None else mask.T[..., None] for mask in (valid, resets))
    xs = (inputs, valid, resets)
    run = functools.partial(_run, params, reverse=reverse, dtype=dtype)
    steps = inputs.shape[0]
    if recompute_every is None or recompute_every >= steps:
        outputs, carry = run(carry, xs)
        return jnp.swapaxes(outputs, 0, 1), carry

    whole = steps // recompute_every * recompute_every
    chunks = jax.tree.map(lambda x: x[:whole].reshape(-1, recompute_every, *x.shape[1:]), xs)
    rest = jax.tree.map(lambda x: x[whole:], xs)
    checkpointed = jax.checkpoint(run, prevent_cse=False)

    def chunk(carry, xs):
        outputs, carry = checkpointed(carry, xs)
        return carry, outputs

    ends = []
    if reverse and whole < steps:
        end, carry = checkpointed(carry, rest)
        ends.append(end)
    carry, outputs = lax.scan(chunk, carry, chunks, reverse=reverse)
    outputs = outputs.reshape(whole, *outputs.shape[2:])
    if not reverse and whole < steps:
        end, carry = checkpointed(carry, rest)
        ends.append(end)
    return jnp.swapaxes(jnp.concatenate([outputs, *ends]), 0, 1), carry


def _run(params, carry, xs, *, reverse, dtype):
    """Time-major, in one go."""
    inputs, valid, resets = xs
    input_kernel, kernel, bias = _pack(params)
    if dtype is not None:
        inputs, input_kernel, kernel = (x.astype(dtype) for x in (inputs, input_kernel, kernel))
    # One product over all steps. (time, batch, 4 * hidden)
    projected = jnp.dot(inputs, input_kernel, preferred_element_type=bias.dtype) + bias
    if resets is not None and valid is not None:
        resets &= valid
    hidden, carry = _recur(reverse, projected.astype(dtype), kernel, carry, valid, resets)
    return (hidden if valid is None else jnp.where(valid, hidden, 0)), carry


def _pack(params):
    """Kernels (inputs, 4 * hidden), (hidden, 4 * hidden) and bias (4 * hidden,), halved for the sigmoid gates.

    sigmoid(x) = (1 + tanh(x / 2)) / 2: with the halves in the weights, one tanh serves all gates.
    """
    scale = [1.0 if gate == "g" else 0.5 for gate in GATES]

    def join(path, leaf):
        parts = [params[path + gate][leaf] * s for gate, s in zip(GATES, scale, strict=True)]
        return jnp.concatenate(parts, -1)

    return join("i", "kernel"), join("h", "kernel"), join("h", "bias")


def _gates(block):
    """The gates i, f, g, o from the block of tanh values."""
    i, f, g, o = jnp.split(block, 4, -1)
    return 0.5 + 0.5 * i, 0.5 + 0.5 * f, g, 0.5 + 0.5 * o


def _dot(x, kernel, contract, dtype):
    dims = (((x.ndim - 1,), (contract,)), ((), ()))
    return lax.dot_general(x.astype(kernel.dtype), kernel, dims, preferred_element_type=dtype)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _recur(reverse, projected, kernel, carry, valid, resets):
    return _forward(reverse, projected, kernel, carry, valid, resets)[0]


def _forward(reverse, projected, kernel, carry, valid, resets):
    dtype = carry[1].dtype

    def step(carry, xs):
        projected, valid, resets = xs
        if resets is not None:
            carry = tuple(jnp.where(resets, 0, x) for x in carry)
        c, h = carry
        block = jnp.tanh(projected + _dot(h, kernel, 0, dtype).astype(projected.dtype))
        i, f, g, o = _gates(block)
        new_c = f * c + i * g
        new_h = o * jnp.tanh(new_c)
        if valid is not None:
            new_c, new_h = jnp.where(valid, new_c, c), jnp.where(valid, new_h, h)
        return (new_c, new_h), (new_h, block, c)

    last, (hidden, block, c_before) = lax.scan(step, carry, (projected, valid, resets), reverse=reverse)
    return (hidden, last), (kernel, carry[1], hidden, block, c_before, valid, resets)


def _backward(reverse, residuals, cotangents):
    """From the last step to the first, with d. the derivative of the loss and T the block of tanh values.

    h = o tanh(c), c = f c' + i g, and for a sigmoid gate (1 + T) / 2, so that with z the block before the tanh
    do/dz = (1 - T^2) / 2 and dg/dz = 1 - T^2. c is computed again from the gates.
    """
    kernel, first_h, hidden, block, c_before, valid, resets = residuals
    d_hidden, d_last = cotangents
    dtype = hidden.dtype

    def step(carry, xs):
        dc, dh = carry
        d_hidden, block, c, valid, resets = xs
        i, f, g, o = _gates(block)
        tanh_c = jnp.tanh(f * c + i * g)
        dh_all = dh + d_hidden
        dc_all = dc + dh_all * o * (1 - tanh_c * tanh_c)
        factors = (0.5 * dc_all * g, 0.5 * dc_all * c, dc_all * i, 0.5 * dh_all * tanh_c)
        dz = ((1 - block * block) * jnp.concatenate(factors, -1)).astype(block.dtype)
        if valid is not None:
            dz = jnp.where(valid, dz, 0)
        new_dh = _dot(dz, kernel, 1, dtype)
        new_dc = dc_all * f
        if valid is not None:
            new_dc, new_dh = jnp.where(valid, new_dc, dc), jnp.where(valid, new_dh, dh_all)
        if resets is not None:
            new_dc, new_dh = jnp.where(resets, 0, new_dc), jnp.where(resets, 0, new_dh)
        return (new_dc, new_dh), dz

    xs = (d_hidden, block, c_before, valid, resets)
    d_first, dz = lax.scan(step, d_last, xs, reverse=not reverse)
    before = (hidden[1:], first_h[None]) if reverse else (first_h[None], hidden[:-1])
    h_before = jnp.concatenate(before)
    if resets is not None:
        h_before = jnp.where(resets, 0, h_before)
    d_kernel = lax.dot_general(
        h_before.astype(kernel.dtype), dz, (((0, 1), (0, 1)), ((), ())), preferred_element_type=dtype
    )
    return dz, d_kernel.astype(kernel.dtype), d_first, None, None


_recur.defvjp(_forward, _backward)
