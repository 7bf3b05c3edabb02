"""Any cell, step by step, with what regularization does inside of a step."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from lstmjax.recurrent.cells.base import Cell, dot
from lstmjax.recurrent.regularization import Regularization, kept, zoneout
from lstmjax.recurrent.tracing import traced_once


class _Step(NamedTuple):
    """What one step reads; None where there is nothing of the kind."""

    read: Array  # (batch, width of all gates)
    valid: Array | None  # (batch, 1)
    reset: Array | None  # (batch, 1)
    place: Array | None  # (): which step it is, for random numbers


@traced_once("cell", "reverse", "dtype", "regularization")
def run_cell(
    cell: Cell,
    weights: dict,
    inputs: Array,
    carry: tuple[Array, ...],
    *,
    valid: Array | None = None,
    resets: Array | None = None,
    reverse: bool = False,
    dtype: jnp.dtype | None = None,
    start: tuple[Array, ...] | None = None,
    regularization: Regularization = Regularization(),  # noqa: B008, a constant
    key: Array | None = None,
) -> tuple[Array, tuple[Array, ...]]:
    """Runs a cell over a batch of sequences.

    Args:
      cell: its equations.
      weights: what `cell.weights` draws.
      inputs: (batch, time, width).
      carry: the cell's parts, each (batch, features); their dtype is kept.
      valid: None or bool (batch, time); an invalid step keeps the carry, even where `resets` is
        true, and outputs zero.
      resets: None or bool (batch, time); the carry is `start` before such a step.
      reverse: from the last step to the first; outputs stay in the order of the inputs.
      dtype: of the products; None takes that of the weights.
      start: the carry after a reset, each (features,); None: zeros.
      regularization: recurrent dropout and zoneout; the rest is not done in steps.
      key: of their random numbers in training. None: nothing is dropped, zoneout averages. What is
        drawn for a step depends on its place, so that no padding changes it.

    Returns:
      outputs (batch, time, features) and the carry after the last valid step.
    """
    packed = cell.pack(weights)
    if dtype is not None:
        for name in ("input_kernel", "kernel"):
            packed[name] = packed[name].astype(dtype)
    read = dot(jnp.swapaxes(inputs, 0, 1).astype(carry[1].dtype), packed["input_kernel"])
    valid, resets = (None if mask is None else mask.T[..., None] for mask in (valid, resets))
    resets = resets if valid is None or resets is None else resets & valid
    start = (0.0,) * len(carry) if start is None else start
    rate, form = regularization.recurrent_dropout, regularization.recurrent_form
    drops = key is not None and rate > 0
    mask_key, steps_key = (None, None) if key is None else jax.random.split(key)
    hidden_mask = 1.0
    if drops and form == "hidden":
        hidden_mask = kept(mask_key, rate, carry[1].shape, carry[1].dtype)

    def body(carry: tuple[Array, ...], now: _Step) -> tuple[tuple[Array, ...], Array]:
        if now.reset is not None:
            carry = _where(now.reset, start, carry)
        keys, update_mask = (None, None), 1.0
        if now.place is not None:
            *keys, update_key = jax.random.split(jax.random.fold_in(steps_key, now.place), 3)
            if drops and form == "update":
                update_mask = kept(update_key, rate, carry[0].shape, carry[0].dtype)
        seen = (carry[0], carry[1] * hidden_mask, *carry[2:])
        c, h, *more = cell.step(packed, seen, now.read, update_mask)
        c = zoneout(keys[0], regularization.zoneout_cell, c, carry[0])
        h = zoneout(keys[1], regularization.zoneout_hidden, h, carry[1])
        after = tuple(x.astype(old.dtype) for x, old in zip((c, h, *more), carry, strict=True))
        if now.valid is None:
            return after, after[1]
        return _where(now.valid, after, carry), jnp.where(now.valid, after[1], 0)

    places = None if key is None else jnp.arange(read.shape[0])
    steps = _Step(read, valid, resets, places)
    carry, outputs = lax.scan(body, carry, steps, reverse=reverse)
    return jnp.swapaxes(outputs, 0, 1), carry


def _where(condition: Array, new: tuple, old: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(jnp.where(condition, x, y) for x, y in zip(new, old, strict=True))
