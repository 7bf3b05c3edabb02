"""The contract of a cell, and the weights that most cells share."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from lstmjax.recurrent.initialization import GATES, Initialization, initial_weights


@dataclasses.dataclass(frozen=True)
class Cell:
    """The equations of one step, and the weights in them. A frozen dataclass of settings.

    A carry is (c, h), each (batch, features), then whatever more a cell remembers, of that shape.
    The weights are `i` and `h` with a gate's letter, as OptimizedLSTMCell has them, and what
    `extra` adds. All steps' inputs meet the input kernels at once; `step` gets the products.
    """

    @property
    def parts(self) -> int:
        """How many arrays a carry has."""
        return 2

    @property
    def gates(self) -> str:
        """Letters of the gates with weights, among input, forget, candidate (g) and output."""
        return GATES

    def check(self, features: int) -> None:
        """Raises UserError where the settings do not fit `features` hidden units."""

    def weights(
        self,
        key: Array,
        scheme: Initialization,
        inputs: int,
        features: int,
        memory_steps: int,
        dtype: jnp.dtype,
        hidden: int | None = None,
    ) -> dict[str, Any]:
        """The initial weights, see `initial_weights`."""
        drawn = initial_weights(key, scheme, inputs, features, memory_steps, dtype, hidden)
        drawn = {name: leaf for name, leaf in drawn.items() if name[1] in self.gates}
        return drawn | self.extra(jax.random.fold_in(key, 1), features, dtype)

    def extra(self, key: Array, features: int, dtype: jnp.dtype) -> dict[str, Any]:
        """Weights beside those of the gates."""
        return {}

    def pack(self, weights: dict[str, Any]) -> dict[str, Any]:
        """`input_kernel`, `kernel` and `bias` of all gates side by side, and the extra weights."""
        inner, hidden = ([weights[side + gate] for gate in self.gates] for side in "ih")
        packed = {
            "input_kernel": jnp.concatenate([part["kernel"] for part in inner], -1),
            "kernel": jnp.concatenate([part["kernel"] for part in hidden], -1),
            "bias": jnp.concatenate([part["bias"] for part in hidden], -1),
        }
        gates = {side + gate for gate in self.gates for side in "ih"}
        return packed | {name: part for name, part in weights.items() if name not in gates}

    def step(
        self, packed: dict[str, Any], carry: tuple[Array, ...], read: Array, kept: Array | float
    ) -> tuple[Array, ...]:
        """The carry after a step.

        Args:
          packed: what `pack` made of the weights.
          carry: before the step.
          read: the step's input times `input_kernel`, (batch, all gates' width).
          kept: a mask (batch, features), or 1, times which a cell adds to its memory.
        """
        raise NotImplementedError


def dot(hidden: Array, kernel: Array) -> Array:
    """A product in the precision of the kernel, accumulated in that of the hidden state."""
    hidden_dtype = hidden.dtype
    return lax.dot_general(
        hidden.astype(kernel.dtype),
        kernel,
        (((hidden.ndim - 1,), (0,)), ((), ())),
        preferred_element_type=hidden_dtype,
    )
