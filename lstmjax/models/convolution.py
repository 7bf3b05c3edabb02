"""Convolution, relu and max pooling as one layer, in three forms that compute the same function."""

import itertools
import math
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array, lax

from lstmjax.errors import UserError
from lstmjax.recurrent.lstm import Precision

Form = Literal["auto", "convolution", "patches", "shifts"]
MOST_TERMS = 256  # products of a shifted input that are written out; beyond, compiling gets slow


class ConvolutionPool(nn.Module):
    """relu(convolution + bias), then max pooling: stride 1, valid padding.

    Over one or two dimensions. `convolution` is XLA's, one in the program. On CPU its gradient is
    slow, and many times slower still with a kernel for each of several seeds. `patches` lays each
    place's window side by side and multiplies once; that takes the window's size times the memory.
    `shifts` writes the sum over the window out as products of shifted inputs, which the compiler
    fuses with relu and pooling into one loop. `auto` is `convolution` on accelerators; on CPU it is
    `shifts` where products are few, else `patches`.
    Parameters are nn.Conv's: kernel (*window, channels, filters).
    """

    filters: int
    window: int
    pool: int
    dimensions: int
    form: Form
    dtype: Precision
    param_dtype: Precision

    @nn.compact
    def __call__(self, inputs: Array) -> Array:
        """Maps (batch, *space, channels) to (batch, *smaller space, filters)."""
        space, channels = inputs.shape[1:-1], inputs.shape[-1]
        if any((size - self.window + 1) // self.pool < 1 for size in space):
            raise UserError(
                f"model.filters has too many layers: frames of {' x '.join(map(str, space))} are "
                f"too small for model.window {self.window} and model.pool {self.pool}"
            )
        shape = (self.window,) * self.dimensions
        kernel = self.param(
            "kernel",
            nn.initializers.lecun_normal(),
            (*shape, channels, self.filters),
            jnp.dtype(self.param_dtype),
        ).astype(self.dtype)
        bias = self.param(
            "bias", nn.initializers.zeros, (self.filters,), jnp.dtype(self.param_dtype)
        ).astype(self.dtype)
        inputs = inputs.astype(self.dtype)
        terms = math.prod(kernel.shape) * self.pool**self.dimensions
        form = self.form
        if form == "auto":
            form = "shifts" if terms <= MOST_TERMS else "patches"
            form = form if jax.default_backend() == "cpu" else "convolution"
        return RUN[form](inputs, kernel, bias, self.pool)


def _by_convolution(inputs: Array, kernel: Array, bias: Array, pool: int) -> Array:
    dimensions = inputs.ndim - 2
    letters = "HW"[:dimensions]
    names = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
    ones = (1,) * dimensions
    hidden = lax.conv_general_dilated(inputs, kernel, ones, "VALID", dimension_numbers=names)
    return nn.max_pool(nn.relu(hidden + bias), (pool,) * dimensions, (pool,) * dimensions)


def _by_patches(inputs: Array, kernel: Array, bias: Array, pool: int) -> Array:
    *window, channels, filters = kernel.shape
    places = [size - width + 1 for size, width in zip(inputs.shape[1:-1], window, strict=True)]
    # (batch, *places, window * channels)
    patches = jnp.concatenate(
        [
            inputs[
                (slice(None), *(slice(i, i + size) for i, size in zip(inside, places, strict=True)))
            ]
            for inside in itertools.product(*map(range, window))
        ],
        -1,
    )
    hidden = nn.relu(patches @ kernel.reshape(-1, filters) + bias)
    sizes = [size // pool for size in places]
    whole = hidden[(slice(None), *(slice(size * pool) for size in sizes))]
    pooled = whole.reshape(len(inputs), *(n for size in sizes for n in (size, pool)), filters)
    return pooled.max(tuple(range(2, 2 * len(sizes) + 1, 2)))


def _by_shifts(inputs: Array, kernel: Array, bias: Array, pool: int) -> Array:
    *window, channels, filters = kernel.shape
    space = inputs.shape[1:-1]
    sizes = [(size - width + 1) // pool for size, width in zip(space, window, strict=True)]

    def shifted(offsets: tuple[int, ...], channel: int) -> Array:
        """Every pool-th pixel of one channel from `offsets` on: (batch, *sizes)."""
        places = [
            slice(start, start + (size - 1) * pool + 1, pool)
            for start, size in zip(offsets, sizes, strict=True)
        ]
        return inputs[(slice(None), *places, channel)]

    def convolved(corner: tuple[int, ...], out: int) -> Array:
        """The convolution at one place of every pooling window: (batch, *sizes)."""
        return sum(
            shifted(tuple(map(sum, zip(corner, inside, strict=True))), channel)
            * kernel[(*inside, channel, out)]
            for inside in itertools.product(*map(range, window))
            for channel in range(channels)
        )

    def pooled(out: int) -> Array:
        corners = itertools.product(range(pool), repeat=len(window))
        largest = None
        for corner in corners:
            hidden = convolved(corner, out)
            largest = hidden if largest is None else jnp.maximum(largest, hidden)
        return largest + bias[out]

    # relu after pooling: the largest of the rectified is the rectified largest
    return nn.relu(jnp.stack([pooled(out) for out in range(filters)], -1))


RUN = {"convolution": _by_convolution, "patches": _by_patches, "shifts": _by_shifts}
