"""The LSTM layer: weights, lengths, resets, direction and carry around a choice of kernel."""

import functools
import math
from collections.abc import Callable
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.errors import UserError
from lstmjax.recurrent.fused import fused_lstm
from lstmjax.recurrent.initialization import Initialization, initial_weights
from lstmjax.recurrent.projected import projected_lstm
from lstmjax.recurrent.scan import scan_lstm
from lstmjax.settings import setting

# (c, h): the cell's memory (*batch, features) and its output, as wide unless projected
Carry = tuple[Array, Array]
KERNELS = {"scan": scan_lstm, "fused": fused_lstm}
Kernel = Literal["auto", "scan", "fused"]
Precision = Literal["float32", "bfloat16", "float16", "float64"]


def choose_kernel(kernel: Kernel) -> str:
    """The name of the kernel that runs: `auto` is the fastest that computes what was asked for."""
    return "fused" if kernel == "auto" else kernel


class LSTM(nn.Module):
    """One LSTM layer over sequences.

    Only valid steps count: a padded row gives, at its valid steps and in its final carry, what the
    row alone gives; outputs at padded steps are zero, and a row of length 0 returns its initial
    carry. The parameters are OptimizedLSTMCell's, whatever the kernel.
    """

    features: int = setting(128, at_least=1)  # hidden units
    projection: int | None = setting(None, at_least=1)  # width of the output and of h
    reverse: bool = False  # read each row's valid part from its end to its start
    kernel: Kernel = "auto"  # what computes it; all kernels agree to rounding
    initialization: Initialization = "flax"
    memory_steps: int = setting(100, at_least=3)  # chrono: the longest dependency, in steps
    recompute_every: int | None = setting(None, at_least=1)  # keep the carry once in so many steps
    # Of the matrix products; the carry has param_dtype, with kernel fused at least float32.
    dtype: Precision = "float32"
    param_dtype: Precision = "float32"

    @nn.compact
    def __call__(
        self,
        inputs: Array,
        *,
        carry: Carry | None = None,
        lengths: Array | None = None,
        resets: Array | None = None,
    ) -> tuple[Array, Carry]:
        """Runs the layer.

        Args:
          inputs: (*batch, time, width), any number of batch axes.
          carry: (c, h), each (*batch, features), or None for zeros. With a projection h is
            (*batch, projection).
          lengths: integers (*batch,), the number of valid steps of each row, or None for all.
          resets: bool (*batch, time), true where a new sequence starts in mid-row: nothing passes
            from the steps before to the steps from there on (or back, in reverse).

        Returns:
          outputs (*batch, time, features), with a projection (*batch, time, projection), and the
          carry after each row's last valid step.

        Raises:
          ValueError: shapes that do not fit together.
          UserError: the kernel cannot do what the settings ask for.
        """
        *batch, time, width = inputs.shape
        lengths, resets = (None if x is None else jnp.asarray(x) for x in (lengths, resets))
        _expect("lengths", lengths, (*batch,))
        _expect("resets", resets, (*batch, time))
        widths = self.features, self.projection or self.features  # of c and h
        weights = self.param(
            "cell",
            initial_weights,
            self.initialization,
            width,
            self.features,
            self.memory_steps,
            jnp.dtype(self.param_dtype),
            widths[1],
        )
        if carry is None:
            carry = tuple(jnp.zeros((*batch, size), self.param_dtype) for size in widths)
        for part, size in zip(carry, widths, strict=True):
            _expect("carry", part, (*batch, size))

        rows = math.prod(batch)
        valid = None
        if lengths is not None:
            valid = jnp.arange(time) < lengths.reshape(rows, 1)
            inputs = zero_padding(inputs, lengths)
        if resets is not None:
            resets = resets.reshape(rows, time)
            if self.reverse:
                resets = resets if valid is None else resets & valid  # padding starts nothing
                # read backward, a sequence begins at its last step: the one before a next start
                resets = jnp.pad(resets[:, 1:], ((0, 0), (0, 1)))
        kernel = choose_kernel(self.kernel)
        run = KERNELS[kernel] if self.projection is None else self._projected()
        keeping = {}
        if self.recompute_every is not None:
            if kernel == "scan":
                raise UserError("kernel scan keeps every step: recompute_every needs kernel fused")
            keeping = {"recompute_every": self.recompute_every}
        arguments = dict(valid=valid, resets=resets, reverse=self.reverse)
        arguments |= dict(dtype=jnp.dtype(self.dtype), **keeping)
        operands = (
            weights,
            inputs.reshape(rows, time, width),
            tuple(
                part.reshape(rows, size).astype(self.param_dtype)
                for part, size in zip(carry, widths, strict=True)
            ),
        )
        try:
            outputs, carry = run(*operands, **arguments)
        except TypeError as error:
            if "forward-mode" not in str(error):
                raise
            if self.kernel != "auto":
                raise UserError(
                    f"kernel {kernel} has reverse-mode derivatives only (jax.grad, jax.vjp): for "
                    "jax.jvp and jax.jacfwd set kernel to auto or scan"
                ) from None
            outputs, carry = scan_lstm(*operands, **arguments)
        outputs = outputs.reshape(*batch, time, widths[1]).astype(self.dtype)
        c, h = (part.reshape(*batch, size) for part, size in zip(carry, widths, strict=True))
        return outputs, (c, h)

    def _projected(self) -> Callable:
        """The kernel of a projection, with its weights."""
        if self.kernel != "auto" or self.recompute_every is not None:
            raise UserError(
                "projection has a kernel of its own: set kernel to auto and recompute_every to none"
            )
        if self.projection >= self.features:
            raise UserError(
                f"projection {self.projection} must be smaller than features {self.features}"
            )
        shape, dtype = (self.features, self.projection), jnp.dtype(self.param_dtype)
        drawn = self.param("projection", nn.initializers.lecun_normal(), shape, dtype)
        return functools.partial(projected_lstm, projection=drawn)


def zero_padding(inputs: Array, lengths: Array) -> Array:
    """Inputs with zeros at padded steps, so that NaN or infinity there reaches no gradient.

    Args:
      inputs: (*batch, time, ...).
      lengths: integers (*batch,), the valid steps of each row.
    """
    lengths = jnp.asarray(lengths)
    time = inputs.shape[lengths.ndim]
    valid = jnp.arange(time) < lengths[..., None]
    return jnp.where(valid.reshape(valid.shape + (1,) * (inputs.ndim - valid.ndim)), inputs, 0)


def _expect(name: str, array: Array | None, shape: tuple[int, ...]) -> None:
    if array is not None and jax.numpy.shape(array) != shape:
        raise ValueError(f"LSTM: {name} has shape {jnp.shape(array)}, the inputs ask for {shape}")
