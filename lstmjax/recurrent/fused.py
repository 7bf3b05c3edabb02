"""A scan over OptimizedLSTMCell in fewer and larger operations, with its own backward pass.

The cell is that of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000). All
steps' inputs meet their kernel in one product, so that a step is one product with the hidden state.
As sigmoid(x) = (1 + tanh(x / 2)) / 2, with the halves put into the weights, the four gates of a
step are one tanh of one contiguous block.

The forward pass keeps not the gates but the derivatives that the backward pass multiplies with;
they are cheap while the gates are at hand. Let z be the block before the tanh and T after it:

    i, f, o = (1 + T) / 2,   g = T,   c = f c' + i g,   h = o tanh(c)

with (c', h') the carry before the step. With dh and dc the loss's derivatives in h and c,

    dc += dh o (1 - tanh(c)^2)
    dz  = (1 - T^2) * (dc g / 2,  dc c' / 2,  dc i,  dh tanh(c) / 2)
    dc' = dc f,   dh' = dz W^T

where all but dc, dh is known to the forward pass. What multiplies (dc, dc, dc, dh) in dz is called
`local` below. It is written over z, and dz over it, because memory is the slow part. The weights'
derivatives are one product over all steps after the last.
"""

import functools

import jax
import jax.numpy as jnp
from jax import Array, lax

from lstmjax.recurrent.initialization import GATES
from lstmjax.recurrent.tracing import traced_once

# Of inputs, multiplied at once where nothing is kept for a backward pass: fewer make a product slow
CHUNK_ROWS = 320


@traced_once("reverse", "dtype", "recompute_every")
def fused_lstm(
    params: dict,
    inputs: Array,
    carry: tuple[Array, Array],
    *,
    valid: Array | None = None,
    resets: Array | None = None,
    reverse: bool = False,
    dtype: jnp.dtype | None = None,
    recompute_every: int | None = None,
) -> tuple[Array, tuple[Array, Array]]:
    """Runs an LSTM over a batch of sequences.

    Reverse-mode derivatives only, as of any function with a custom VJP.

    Args:
      params: OptimizedLSTMCell's tree: kernels `ii if ig io` (width, features), and
        `hi hf hg ho` (features, features) with biases (features,).
      inputs: (batch, time, width).
      carry: (c, h), each (batch, features); becomes float32, or float64 where the parameters are.
      valid: None or bool (batch, time); an invalid step keeps the carry, even where `resets` is
        true, and outputs zero.
      resets: None or bool (batch, time); the carry is zero before such a step.
      reverse: from the last step to the first; outputs stay in the order of the inputs.
      dtype: of the products and of what is kept for the backward pass; None takes that of the
        operands. Carry and outputs stay in the carry's.
      recompute_every: keep the carry once in so many steps, and compute what is between them twice;
        the square root of the number of steps takes the least memory. None keeps every step.

    Returns:
      outputs (batch, time, features) and the carry after the last valid step.
    """
    weights = _pack(params)
    carry_dtype = jnp.promote_types(weights[-1].dtype, jnp.float32)
    carry = jax.tree.map(lambda x: x.astype(carry_dtype), carry)
    dtype = jnp.result_type(inputs, weights[0]) if dtype is None else dtype
    # Time first: a step is a contiguous block.
    valid, resets = (None if mask is None else mask.T[..., None] for mask in (valid, resets))
    resets = resets if valid is None or resets is None else resets & valid
    steps = jnp.swapaxes(inputs, 0, 1), valid, resets
    run = functools.partial(_layer, reverse, jnp.dtype(dtype))
    if recompute_every is None:
        hidden, carry = run(weights, carry, *steps)
    else:
        hidden, carry = _in_chunks(run, weights, carry, steps, reverse, recompute_every)
    if valid is not None:
        hidden = jnp.where(valid, hidden, 0)
    return jnp.swapaxes(hidden, 0, 1), carry


def _pack(params):
    """Kernels (width, 4 * features), (features, 4 * features), bias (1, 4 * features), halved."""

    def join(path, leaf):
        parts = [params[path + gate][leaf] * (1.0 if gate == "g" else 0.5) for gate in GATES]
        return jnp.concatenate(parts, -1)

    return join("i", "kernel"), join("h", "kernel"), join("h", "bias")[None]


def _in_chunks(run, weights, carry, steps, reverse, size):
    """Runs chunk after chunk, keeping only their arguments; a shorter chunk takes what is left."""
    run = jax.checkpoint(run, prevent_cse=False)
    whole = steps[0].shape[0] // size * size
    chunks = jax.tree.map(lambda x: x[:whole].reshape(-1, size, *x.shape[1:]), steps)
    rest = jax.tree.map(lambda x: x[whole:], steps)

    def chunk(carry, steps):
        hidden, carry = run(weights, carry, *steps)
        return carry, hidden

    ends = []
    if reverse and rest[0].shape[0]:
        carry, end = chunk(carry, rest)
        ends.append(end)
    carry, hidden = lax.scan(chunk, carry, chunks, reverse=reverse)
    if not reverse and rest[0].shape[0]:
        carry, end = chunk(carry, rest)
        ends.append(end)
    return jnp.concatenate([hidden.reshape(whole, *hidden.shape[2:]), *ends]), carry


def _dot(left, right, contract, dtype=None):
    return lax.dot_general(left, right, (contract, ((), ())), preferred_element_type=dtype)


def _prepare(weights, inputs, dtype):
    """The inputs' part of z, (time, batch, 4 * features), and the function of one step."""
    input_kernel, kernel, bias = weights
    projected = _dot(inputs.astype(dtype), input_kernel.astype(dtype), ((2,), (0,)))
    kernel = kernel.astype(dtype)

    def step(carry, projected, valid, resets):
        """Returns the carry after the step, and what `_derivatives` needs."""
        if resets is not None:
            carry = tuple(jnp.where(resets, 0, x) for x in carry)
        c, h = carry
        block = jnp.tanh(projected + bias + _dot(h.astype(dtype), kernel, ((1,), (0,)), h.dtype))
        i, f, g, o = jnp.split(block, len(GATES), -1)
        i, f, o = 0.5 + 0.5 * i, 0.5 + 0.5 * f, 0.5 + 0.5 * o
        new_c = f * c + i * g
        tanh_c = jnp.tanh(new_c)
        new_h = o * tanh_c
        if valid is not None:
            new_c, new_h = jnp.where(valid, new_c, c), jnp.where(valid, new_h, h)
        return (new_c, new_h), (block, i, f, g, o, c, tanh_c)

    return projected, step


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _layer(reverse, dtype, weights, carry, inputs, valid, resets):
    """The hidden state after each step, (time, batch, features), and the last carry.

    Without derivatives: z is needed for the step alone, so the inputs' products are computed chunk
    by chunk of time, each of which stays in the processor's cache.
    """

    def chunk(carry, steps):
        inputs, *masks = steps
        projected, step = _prepare(weights, inputs, dtype)

        def body(carry, xs):
            carry, _ = step(carry, *xs)
            return carry, carry[1]

        return lax.scan(body, carry, (projected, *masks), reverse=reverse)

    steps, time = (inputs, valid, resets), inputs.shape[0]
    size = _chunk_size(time, inputs.shape[1])
    if size == time:
        carry, hidden = chunk(carry, steps)
        return hidden, carry
    chunks = jax.tree.map(lambda x: x.reshape(-1, size, *x.shape[1:]), steps)
    carry, hidden = lax.scan(chunk, carry, chunks, reverse=reverse)
    return hidden.reshape(time, *hidden.shape[2:]), carry


def _chunk_size(time, batch):
    """The fewest steps that hold CHUNK_ROWS rows and divide the time; all, where it is open."""
    if not (isinstance(time, int) and isinstance(batch, int)) or time * batch == 0:
        return time
    least = min(time, -(-CHUNK_ROWS // batch))
    return next(size for size in range(least, time + 1) if time % size == 0)


def _derivatives(block, i, f, g, o, c, tanh_c, valid, resets):
    """The factors that take (dc, dc, dc, dh) to dz, dh to dc, and dc to dc'."""
    local = (1 - block * block) * jnp.concatenate([0.5 * g, 0.5 * c, i, 0.5 * tanh_c], -1)
    c_by_h = o * (1 - tanh_c * tanh_c)
    if valid is not None:
        local, c_by_h, f = (jnp.where(valid, x, y) for x, y in ((local, 0), (c_by_h, 0), (f, 1)))
    return local, c_by_h, f if resets is None else jnp.where(resets, 0, f)


def _forward(reverse, dtype, weights, carry, inputs, valid, resets):
    projected, step = _prepare(weights, inputs, dtype)

    def body(state, xs):
        carry, block = state
        t, *masks = xs
        carry, kept = step(carry, lax.dynamic_index_in_dim(block, t, keepdims=False), *masks)
        local, c_by_h, f = (x.astype(dtype) for x in _derivatives(*kept, *masks))
        block = lax.dynamic_update_index_in_dim(block, local, t, 0)
        return (carry, block), (carry[1], c_by_h, f)

    times = jnp.arange(inputs.shape[0])
    state = carry, projected  # `local` is written over `projected`
    (last, local), (hidden, c_by_h, f) = lax.scan(
        body, state, (times, valid, resets), reverse=reverse
    )
    return (hidden, last), (weights, carry[1], inputs, hidden, local, c_by_h, f, valid, resets)


def _backward(reverse, dtype, kept, cotangents):
    (input_kernel, kernel, bias), first_h, inputs, hidden, local, c_by_h, f, valid, resets = kept
    d_hidden, d_last = cotangents
    transposed = kernel.astype(dtype).T  # once, not in every step

    def body(state, xs):
        dc, dh_later, block = state
        t, d_hidden, c_by_h, f, valid, resets = xs
        dh = dh_later + d_hidden
        dc = dc + dh * c_by_h
        factors = jnp.concatenate([dc, dc, dc, dh], -1)
        dz = (lax.dynamic_index_in_dim(block, t, keepdims=False) * factors).astype(dtype)
        block = lax.dynamic_update_index_in_dim(block, dz, t, 0)
        new_dh = _dot(dz, transposed, ((1,), (0,)), dh.dtype)
        if valid is not None:
            new_dh += jnp.where(valid, 0, dh_later)
        if resets is not None:
            new_dh = jnp.where(resets, 0, new_dh)
        return (dc * f, new_dh, block), None

    xs = jnp.arange(inputs.shape[0]), d_hidden, c_by_h, f, valid, resets
    (*d_first, dz), _ = lax.scan(body, (*d_last, local), xs, reverse=not reverse)
    before = (hidden[1:], first_h[None]) if reverse else (first_h[None], hidden[:-1])
    h_before = jnp.concatenate(before)
    if resets is not None:
        h_before = jnp.where(resets, 0, h_before)
    over_steps = ((0, 1), (0, 1))
    d_input_kernel, d_kernel = (
        _dot(x.astype(dtype), dz, over_steps, bias.dtype).astype(weight.dtype)
        for x, weight in ((inputs, input_kernel), (h_before, kernel))
    )
    d_bias = jnp.sum(dz, (0, 1), dtype=bias.dtype)[None]
    d_inputs = _dot(dz, input_kernel.astype(dtype), ((2,), (1,))).astype(inputs.dtype)
    return (d_input_kernel, d_kernel, d_bias), tuple(d_first), d_inputs, None, None


_layer.defvjp(_forward, _backward)
