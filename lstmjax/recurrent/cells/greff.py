"""The cell with peepholes, and what is left when a part is taken away (Greff et al. 2015)."""

import dataclasses
from typing import Any, Literal

import jax.numpy as jnp
from flax.linen import initializers
from jax import Array
from jax.nn import sigmoid

from lstmjax.recurrent.cells.base import Cell, dot

Variant = Literal[
    "peepholes",
    "no_input_gate",
    "no_forget_gate",
    "no_output_gate",
    "no_input_activation",
    "no_output_activation",
    "coupled_gates",
    "full_gate_recurrence",
]


@dataclasses.dataclass(frozen=True)
class Greff(Cell):
    """Greff et al. (2015), section 2 and appendix A: V, with peepholes, and seven variants of it.

    With p the peepholes (Gers & Schmidhuber 2000), z the candidate, and a a gate's W x + R h + b:

        z = tanh(a_z)   i = sigmoid(a_i + p_i c)   f = sigmoid(a_f + p_f c)   c' = z i + c f
        o = sigmoid(a_o + p_o c')   h' = o tanh(c')

    A missing gate is 1 and a missing activation the identity; coupled, f = 1 - i. With full gate
    recurrence every a also has a product with the last step's i, f and o. The variant without
    peepholes is the standard cell.
    """

    variant: Variant = "peepholes"

    @property
    def parts(self) -> int:
        """Five with full gate recurrence: c, h, i, f, o."""
        return 5 if self.variant == "full_gate_recurrence" else 2

    @property
    def gates(self) -> str:
        """All but the one that is missing."""
        without = {"no_input_gate": "i", "no_output_gate": "o"}
        without |= dict.fromkeys(("no_forget_gate", "coupled_gates"), "f")
        return "ifgo".replace(without.get(self.variant, " "), "")

    def extra(self, key: Array, features: int, dtype: jnp.dtype) -> dict[str, Any]:
        """Peepholes, zero at first, and kernels of the gates' recurrence."""
        peepholes = {gate: jnp.zeros(features, dtype) for gate in self.gates if gate != "g"}
        if self.variant != "full_gate_recurrence":
            return {"peephole": peepholes}
        shape = (3 * features, 3 * features)
        recurrence = initializers.lecun_normal()(key, shape, dtype)
        return {"peephole": peepholes, "gates": {"kernel": recurrence}}

    def step(
        self, packed: dict[str, Any], carry: tuple[Array, ...], read: Array, kept: Array | float
    ) -> tuple[Array, ...]:
        """(c', h'), and with full gate recurrence the gates."""
        c, h, *before = carry
        variant, peephole = self.variant, packed["peephole"]
        joined = read + dot(h, packed["kernel"]) + packed["bias"]
        a = dict(zip(self.gates, jnp.split(joined, len(self.gates), -1), strict=True))
        if before:
            more = dot(jnp.concatenate(before, -1), packed["gates"]["kernel"])
            a |= {
                gate: a[gate] + part
                for gate, part in zip("ifo", jnp.split(more, 3, -1), strict=True)
            }

        def gate(name: str, cell: Array) -> Array | float:
            return sigmoid(a[name] + peephole[name] * cell) if name in self.gates else 1.0

        z = a["g"] if variant == "no_input_activation" else jnp.tanh(a["g"])
        i = gate("i", c)
        f = 1 - i if variant == "coupled_gates" else gate("f", c)
        c = z * i * kept + c * f
        o = gate("o", c)
        h = o * (c if variant == "no_output_activation" else jnp.tanh(c))
        return (c, h, i, f, o)[: self.parts]
