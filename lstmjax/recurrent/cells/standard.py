"""Today's cell: Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000)."""

import dataclasses
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid

from lstmjax.recurrent.cells.base import Cell, dot


@dataclasses.dataclass(frozen=True)
class Standard(Cell):
    """c' = f c + i g and h' = o tanh(c'): sigmoid gates i, f, o and g = tanh of W x + R h + b.

    Every kernel computes it. Its equations stand here for what reaches into the steps.
    """

    def step(
        self, packed: dict[str, Any], carry: tuple[Array, ...], read: Array, kept: Array | float
    ) -> tuple[Array, ...]:
        """(c', h')."""
        c, h = carry
        i, f, g, o = jnp.split(read + dot(h, packed["kernel"]) + packed["bias"], 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g) * kept
        return c, sigmoid(o) * jnp.tanh(c)
