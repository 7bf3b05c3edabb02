"""The bidirectional LSTM: one layer reads forward, one backward, and every step sees both."""

from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from lstmjax.models.base import Model
from lstmjax.recurrent import Carry
from lstmjax.settings import setting


class Bidirectional(Model):
    """Two LSTM layers over the same steps in opposite directions (Schuster & Paliwal 1997).

    The backward layer reads each row's valid part from its end, and its outputs are put back in the
    input's order, so that step t of the merged outputs stands for step t of the input. `merge` none
    keeps the directions apart: each has its own dense layer, and the outputs are a pair, which no
    task here scores. The carry
    is a tuple with one (c, h) a direction, forward first.
    """

    features: int = setting(128, at_least=1)  # hidden units of each direction
    direction: Literal["both", "forward", "backward"] = "both"
    merge: Literal["concat", "sum", "mul", "ave", "none"] = "concat"  # of the two directions
    every_step: bool = True  # an output at every step instead of one from the final carries
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # on what the dense layer reads

    @property
    def causal(self) -> bool:
        """Whether the forward direction alone reads."""
        return self.direction == "forward"

    @nn.compact
    def __call__(
        self,
        inputs: Array,
        *,
        carry: tuple[Carry, ...] | None = None,
        lengths: Array | None = None,
        resets: Array | None = None,
        train: bool = False,
    ) -> tuple[Array | tuple[Array, ...], tuple[Carry, ...]]:
        """Maps (*batch, time, width) to (*batch, time, outputs), or to (*batch, outputs)."""
        directions = ("forward", "backward") if self.direction == "both" else (self.direction,)
        read, after = [], []
        for i, direction in enumerate(directions):
            layer = self.lstm(self.features, reverse=direction == "backward", name=direction)
            before = None if carry is None else carry[i]
            hidden, last = layer(inputs, carry=before, lengths=lengths, resets=resets, train=train)
            read.append(hidden if self.every_step else last[1].astype(hidden.dtype))
            after.append(last)
        drop = self.dropout_over_time if self.every_step else nn.Dropout
        merged = [drop(self.dropout)(x, deterministic=not train) for x in self._merged(read)]
        outputs = tuple(self.dense(self.outputs)(hidden) for hidden in merged)
        return (outputs if len(outputs) > 1 else outputs[0]), tuple(after)

    @nn.nowrap
    def _merged(self, read: list[Array]) -> list[Array]:
        if len(read) == 1 or self.merge == "none":
            return read
        forward, backward = read
        if self.merge == "concat":
            return [jnp.concatenate([forward, backward], -1)]
        if self.merge == "mul":
            return [forward * backward]
        return [(forward + backward) / (2 if self.merge == "ave" else 1)]
