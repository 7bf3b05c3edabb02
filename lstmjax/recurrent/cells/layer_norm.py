"""The layer-normalized cell (Ba et al. 2016, appendix, equations 20 to 22)."""

import dataclasses
from typing import Any

import jax.numpy as jnp
from jax import Array, lax
from jax.nn import sigmoid

from lstmjax.recurrent.cells.base import Cell, dot
from lstmjax.settings import setting


@dataclasses.dataclass(frozen=True)
class LayerNorm(Cell):
    """The standard cell with three normalizations N, each over the units of one example.

    The gates together are N(W x) + N(R h) + b, and h' = o tanh(N(c')). N scales its result by
    weights; the shifts of the first two are b, that of the third is a weight of its own.
    """

    epsilon: float = setting(1e-5, at_least=0)  # beside the variance

    def extra(self, key: Array, features: int, dtype: jnp.dtype) -> dict[str, Any]:
        """Scales one and shift zero."""
        return {
            "norm_inputs": {"scale": jnp.ones(4 * features, dtype)},
            "norm_recurrent": {"scale": jnp.ones(4 * features, dtype)},
            "norm_cell": {"scale": jnp.ones(features, dtype), "bias": jnp.zeros(features, dtype)},
        }

    def step(
        self, packed: dict[str, Any], carry: tuple[Array, ...], read: Array, kept: Array | float
    ) -> tuple[Array, ...]:
        """(c', h')."""
        c, h = carry
        gates = self.norm(read) * packed["norm_inputs"]["scale"] + packed["bias"]
        gates += self.norm(dot(h, packed["kernel"])) * packed["norm_recurrent"]["scale"]
        i, f, g, o = jnp.split(gates, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g) * kept
        shown = self.norm(c) * packed["norm_cell"]["scale"] + packed["norm_cell"]["bias"]
        return c, sigmoid(o) * jnp.tanh(shown)

    def norm(self, values: Array) -> Array:
        """Mean zero and variance one over the last axis."""
        values -= values.mean(-1, keepdims=True)
        return values * lax.rsqrt(jnp.square(values).mean(-1, keepdims=True) + self.epsilon)
