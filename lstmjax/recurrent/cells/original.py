"""The cell of 1997: no forget gate, blocks of cells that share gates, truncated gradients."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient
from jax.nn import sigmoid

from lstmjax.errors import UserError
from lstmjax.recurrent.cells.base import Cell, dot
from lstmjax.recurrent.initialization import Initialization
from lstmjax.settings import setting


@dataclasses.dataclass(frozen=True)
class Original(Cell):
    """Hochreiter & Schmidhuber (1997), section 4 and appendix A.1.

    With g(x) = 4 sigmoid(x) - 2 and h(x) = 2 sigmoid(x) - 1, equations 3 and 5:

        i = sigmoid(a_i)   o = sigmoid(a_o)   c' = c + i g(a_c)   y = o h(c')

    A block's cells share i and o. Every a is a product with the input, the last step's y, and the
    last step's gates. No error passes back through these last two: it flows through c alone
    (section 4, "learning"). A carry is (c, y, i, o), the gates once a cell. Weights are uniform,
    whatever the layer's initialization.
    """

    block: int = setting(1, at_least=1)  # cells of a block
    bound: float = setting(0.1, at_least=0)  # of the initial weights
    input_biases: tuple[float, ...] = ()  # initial, of each block's gate; of further blocks 0
    output_biases: tuple[float, ...] = ()
    truncated: bool = True  # whether errors stop at the gates' and the cells' recurrent inputs

    @property
    def parts(self) -> int:
        """c, y, i, o."""
        return 4

    def check(self, features: int) -> None:
        """Blocks are whole, and no more biases are given than there are blocks."""
        if features % self.block:
            raise UserError(
                f"cell.block {self.block} does not divide the {features} hidden units: "
                "change either"
            )
        for name in ("input_biases", "output_biases"):
            given = len(getattr(self, name))
            if given > features // self.block:
                raise UserError(
                    f"cell.{name} has {given} values for {features // self.block} blocks"
                )

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
        """Kernels of the blocks' gates i and o, and of the cells, g."""
        blocks = features // self.block
        tree, biases = {}, {"i": self.input_biases, "o": self.output_biases}
        for place, (gate, width) in enumerate((("i", blocks), ("g", features), ("o", blocks))):
            from_inputs, from_steps = jax.random.split(jax.random.fold_in(key, place))
            given = jnp.array(biases.get(gate, ()), dtype)
            tree |= {
                f"i{gate}": {"kernel": self._uniform(from_inputs, (inputs, width), dtype)},
                f"h{gate}": {
                    "kernel": self._uniform(from_steps, (features + 2 * blocks, width), dtype),
                    "bias": jnp.zeros(width, dtype).at[: len(given)].set(given),
                },
            }
        return tree

    def _uniform(self, key: Array, shape: tuple[int, int], dtype: jnp.dtype) -> Array:
        return jax.random.uniform(key, shape, dtype, -self.bound, self.bound)

    @property
    def gates(self) -> str:
        """No forget gate."""
        return "igo"

    def step(
        self, packed: dict[str, Any], carry: tuple[Array, ...], read: Array, kept: Array | float
    ) -> tuple[Array, ...]:
        """(c', y', i', o')."""
        c, *before = carry
        y, i, o = map(stop_gradient, before) if self.truncated else before
        seen = jnp.concatenate([y, i[..., :: self.block], o[..., :: self.block]], -1)
        blocks, features = c.shape[-1] // self.block, c.shape[-1]
        a = read + dot(seen, packed["kernel"]) + packed["bias"]
        a_i, a_c, a_o = jnp.split(a, [blocks, blocks + features], -1)
        i, o = (jnp.repeat(sigmoid(part), self.block, -1) for part in (a_i, a_o))
        c = c + i * (4 * sigmoid(a_c) - 2) * kept
        return c, o * (2 * sigmoid(c) - 1), i, o
