"""The LSTM layer: weights, lengths, resets, direction and carry around a cell and its kernel."""

import math
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.errors import UserError
from lstmjax.recurrent import cudnn
from lstmjax.recurrent.cells import Cell, Standard
from lstmjax.recurrent.initialization import Initialization
from lstmjax.recurrent.kernels import KERNELS, Kernel, by_steps, choose_kernel, settle
from lstmjax.recurrent.projected import projected_lstm
from lstmjax.recurrent.regularization import Regularization, drop_weights
from lstmjax.recurrent.scan import scan_lstm
from lstmjax.recurrent.stepwise import run_cell
from lstmjax.settings import setting

# (c, h): the cell's memory (*batch, features) and its output, as wide unless projected; of some
# cells, more after them, as wide as c
Carry = tuple[Array, ...]
Precision = Literal["float32", "bfloat16", "float16", "float64"]


class LSTM(nn.Module):
    """One LSTM layer over sequences.

    Only valid steps count: a padded row gives, at its valid steps and in its final carry, what the
    row alone gives; outputs at padded steps are zero, and a row of length 0 returns its initial
    carry. The parameters of the standard cell are OptimizedLSTMCell's, whatever the kernel.
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
    cell: Cell = Standard()  # the equations of a step
    trainable_carry: bool = False  # a sequence starts from parameters instead of zeros
    regularization: Regularization = Regularization()  # in training

    @nn.compact
    def __call__(
        self,
        inputs: Array,
        *,
        carry: Carry | None = None,
        lengths: Array | None = None,
        resets: Array | None = None,
        train: bool = False,
    ) -> tuple[Array, Carry]:
        """Runs the layer.

        Args:
          inputs: (*batch, time, width), any number of batch axes.
          carry: (c, h), each (*batch, features), or None for zeros or the trainable carry. With a
            projection h is (*batch, projection).
          lengths: integers (*batch,), the number of valid steps of each row, or None for all.
          resets: bool (*batch, time), true where a new sequence starts in mid-row: nothing passes
            from the steps before to the steps from there on (or back, in reverse).
          train: whether the layer is regularized, by the random numbers called `dropout`.

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
        self.cell.check(self.features)
        hidden = self.projection or self.features
        widths = self.features, hidden, *(self.features,) * (self.cell.parts - 2)
        weights = self.param(
            "cell",
            self.cell.weights,
            self.initialization,
            width,
            self.features,
            self.memory_steps,
            jnp.dtype(self.param_dtype),
            hidden,
        )
        start = None
        if carry is None:
            carry = tuple(jnp.zeros((*batch, size), self.param_dtype) for size in widths)
            if self.trainable_carry:
                start = self._start()
                carry = tuple(zeros + part for zeros, part in zip(carry, start, strict=True))
        if len(carry) != self.cell.parts:
            raise ValueError(f"LSTM: the carry has {len(carry)} parts, the cell {self.cell.parts}")
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
        operands = (
            self._dropped(weights, train),
            inputs.reshape(rows, time, width),
            tuple(
                part.reshape(rows, size).astype(self.param_dtype)
                for part, size in zip(carry, widths, strict=True)
            ),
        )
        outputs, carry = self._run(
            operands, start, train, valid=valid, resets=resets, reverse=self.reverse
        )
        outputs = outputs.reshape(*batch, time, hidden).astype(self.dtype)
        return outputs, tuple(
            part.reshape(*batch, size) for part, size in zip(carry, widths, strict=True)
        )

    def _start(self) -> Carry:
        """The trainable carry, each part (features,)."""
        names = ("initial_c", "initial_h", *(f"initial_{i}" for i in range(2, self.cell.parts)))
        zeros = nn.initializers.zeros
        return tuple(self.param(name, zeros, (self.features,), self.param_dtype) for name in names)

    def _projection(self, besides: str) -> Array:
        """Its weights (features, projection); UserError where it meets what it cannot do."""
        if besides:
            raise UserError(f"projection cannot be combined with {besides}: set it to none")
        if self.kernel != "auto" or self.recompute_every is not None:
            raise UserError(
                "projection has a kernel of its own: set kernel to auto and recompute_every to none"
            )
        if self.projection >= self.features:
            raise UserError(
                f"projection {self.projection} must be smaller than features {self.features}"
            )
        shape, dtype = (self.features, self.projection), jnp.dtype(self.param_dtype)
        return self.param("projection", nn.initializers.lecun_normal(), shape, dtype)

    def _kernel(self, operands: tuple, reasons: str, arguments: dict[str, Any]) -> str:
        """The name of the one that runs."""
        _, inputs, _ = operands
        dtypes = arguments["dtype"], jnp.dtype(self.param_dtype), inputs.dtype
        unfit = cudnn.unfit(inputs, dtypes, arguments["resets"], self.recompute_every)
        return settle(self.kernel, choose_kernel(self.kernel, reasons), self.features, unfit)

    def _dropped(self, weights: dict, train: bool) -> dict:
        rate = self.regularization.weight_drop
        return drop_weights(self.make_rng("dropout"), weights, rate) if train and rate else weights

    def _run(
        self, operands: tuple, start: Carry | None, train: bool, **arguments: Any
    ) -> tuple[Array, Carry]:
        """Outputs (rows, time, features) and the last carry, by the kernel that can."""
        arguments["dtype"] = jnp.dtype(self.dtype)
        restarts = start is not None and arguments["resets"] is not None
        reasons = by_steps(self.cell, self.regularization, restarts, train)
        if self.projection is not None:
            projection = self._projection(reasons or self.trainable_carry and "a trainable carry")
            return projected_lstm(*operands, projection=projection, **arguments)
        kernel = self._kernel(operands, reasons, arguments)
        if self.recompute_every is not None:
            if kernel == "scan":
                raise UserError("kernel scan keeps every step: recompute_every needs kernel fused")
            arguments["recompute_every"] = self.recompute_every
        if reasons:
            drawn = train and self.regularization.in_steps(train)
            key = self.make_rng("dropout") if drawn else None
            random = {"regularization": self.regularization, "key": key}
            return run_cell(self.cell, *operands, start=start, **random, **arguments)
        try:
            return KERNELS[kernel](*operands, **arguments)
        except TypeError as error:
            if "forward-mode" not in str(error):
                raise
            if self.kernel != "auto":
                raise UserError(
                    f"kernel {kernel} has reverse-mode derivatives only (jax.grad, jax.vjp): for "
                    "jax.jvp and jax.jacfwd set kernel to auto or scan"
                ) from None
            arguments.pop("recompute_every", None)
            return scan_lstm(*operands, **arguments)


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
