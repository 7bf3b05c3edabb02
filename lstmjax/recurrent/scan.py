"""The reference kernel: `nn.scan` over Flax's OptimizedLSTMCell."""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from lstmjax.recurrent.tracing import traced_once


class _MaskedStep(nn.Module):
    """One step of the cell: start afresh at a reset, stand still at an invalid step."""

    features: int
    dtype: jnp.dtype | None

    @nn.compact
    def __call__(self, carry, step):
        inputs, valid, reset = step
        if reset is not None:
            if valid is not None:
                reset &= valid
            carry = tuple(jnp.where(reset[:, None], 0, part) for part in carry)
        cell = nn.OptimizedLSTMCell(self.features, dtype=self.dtype, name="cell")
        (cell_state, hidden), _ = cell(carry, inputs)
        # the cell takes its width from the carry and ignores `features`
        assert hidden.shape[-1] == self.features
        after = (cell_state.astype(carry[0].dtype), hidden.astype(carry[1].dtype))
        if valid is None:
            return after, after[1]
        after = tuple(
            jnp.where(valid[:, None], new, old) for new, old in zip(after, carry, strict=True)
        )
        return after, jnp.where(valid[:, None], after[1], 0)


@traced_once("reverse", "dtype")
def scan_lstm(
    params: dict,
    inputs: Array,
    carry: tuple[Array, Array],
    *,
    valid: Array | None = None,
    resets: Array | None = None,
    reverse: bool = False,
    dtype: jnp.dtype | None = None,
) -> tuple[Array, tuple[Array, Array]]:
    """Runs an LSTM over a batch of sequences.

    The cell is that of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000):
    c' = f c + i g and h' = o tanh(c'), gates i, f, o by sigmoid and g by tanh of W x + R h + b.

    Args:
      params: OptimizedLSTMCell's tree, see `initial_weights`.
      inputs: (batch, time, width).
      carry: (c, h), each (batch, features); its dtype is kept.
      valid: None or bool (batch, time); an invalid step keeps the carry, even where `resets` is
        true, and outputs zero.
      resets: None or bool (batch, time); the carry is zero before such a step.
      reverse: from the last step to the first; outputs stay in the order of the inputs.
      dtype: of the products; None takes that of the operands.

    Returns:
      outputs (batch, time, features) and the carry after the last valid step.
    """
    steps = nn.scan(
        _MaskedStep,
        variable_broadcast="params",
        split_rngs={"params": False},
        in_axes=1,
        out_axes=1,
        reverse=reverse,
    )(carry[1].shape[-1], dtype, parent=None)
    carry, outputs = steps.apply({"params": {"cell": params}}, carry, (inputs, valid, resets))
    return outputs, carry
