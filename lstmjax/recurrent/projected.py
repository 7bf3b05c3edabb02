"""The LSTM whose output is a projection of its hidden units: few recurrent weights, many cells."""

import jax.numpy as jnp
from jax import Array, lax

from lstmjax.recurrent.initialization import GATES
from lstmjax.recurrent.tracing import traced_once


@traced_once("reverse", "dtype")
def projected_lstm(
    params: dict,
    inputs: Array,
    carry: tuple[Array, Array],
    *,
    projection: Array,
    valid: Array | None = None,
    resets: Array | None = None,
    reverse: bool = False,
    dtype: jnp.dtype | None = None,
) -> tuple[Array, tuple[Array, Array]]:
    """Runs a projected LSTM over a batch of sequences.

    As Sak et al. (2014), equations 1 to 6, without peepholes: c' = f c + i g, h' = W (o tanh(c')),
    so that h, which the gates and the next layer read, is narrower than c.

    Args:
      params: kernels `ii if ig io` (width, features), and `hi hf hg ho` (projection, features) with
        biases (features,).
      inputs: (batch, time, width).
      carry: c (batch, features) and h (batch, projection); becomes at least float32.
      projection: (features, projection), W transposed.
      valid: None or bool (batch, time); an invalid step keeps the carry, even where `resets` is
        true, and outputs zero.
      resets: None or bool (batch, time); the carry is zero before such a step.
      reverse: from the last step to the first; outputs stay in the order of the inputs.
      dtype: of the products; None takes that of the operands.

    Returns:
      outputs (batch, time, projection) and the carry after the last valid step.
    """

    def join(path: str, leaf: str) -> Array:
        return jnp.concatenate([params[path + gate][leaf] for gate in GATES], -1)

    kept = jnp.promote_types(carry[0].dtype, jnp.float32)
    dtype = jnp.result_type(inputs, projection) if dtype is None else dtype
    kernel, recurrent, last = (
        array.astype(dtype) for array in (join("i", "kernel"), join("h", "kernel"), projection)
    )

    def product(left: Array, right: Array) -> Array:
        return jnp.matmul(left.astype(dtype), right, preferred_element_type=kept)

    read = product(jnp.swapaxes(inputs, 0, 1), kernel) + join("h", "bias").astype(kept)
    valid, resets = (None if mask is None else mask.T[..., None] for mask in (valid, resets))
    resets = resets if valid is None or resets is None else resets & valid

    def step(carry: tuple[Array, Array], now: tuple) -> tuple[tuple[Array, Array], Array]:
        read, valid, reset = now
        if reset is not None:
            carry = tuple(jnp.where(reset, 0, part) for part in carry)
        c, h = carry
        i, f, g, o = jnp.split(read + product(h, recurrent), len(GATES), -1)
        c = _sigmoid(f) * c + _sigmoid(i) * jnp.tanh(g)
        after = c, product(_sigmoid(o) * jnp.tanh(c), last)
        if valid is None:
            return after, after[1]
        after = tuple(jnp.where(valid, x, old) for x, old in zip(after, carry, strict=True))
        return after, jnp.where(valid, after[1], 0)

    carry = tuple(part.astype(kept) for part in carry)
    carry, outputs = lax.scan(step, carry, (read, valid, resets), reverse=reverse)
    return jnp.swapaxes(outputs, 0, 1), carry


def _sigmoid(x: Array) -> Array:
    return 0.5 + 0.5 * jnp.tanh(0.5 * x)
