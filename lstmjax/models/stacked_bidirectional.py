"""The stacked bidirectional LSTM: every layer reads both directions of the one below."""

from typing import ClassVar

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.recurrent import Carry
from lstmjax.settings import setting


class StackedBidirectional(Model):
    """For each width in `features` a forward and a backward LSTM; a dense layer on the top.

    Each layer reads the two outputs of the one below side by side, forward first, as
    `torch.nn.LSTM(num_layers=..., bidirectional=True)` does (Graves et al. 2013, section 2). The
    parameters of layer i are `forward_i` and `backward_i`. The carry is a tuple with one
    (forward, backward) a layer, lowest first, each a (c, h).
    """

    causal: ClassVar[bool] = False

    features: tuple[int, ...] = setting((128, 128), at_least=1)  # hidden units of each direction
    every_step: bool = True  # an output at every step instead of one from the final carries
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # between layers and before the dense

    @nn.compact
    def __call__(
        self,
        inputs: Array,
        *,
        carry: tuple[tuple[Carry, Carry], ...] | None = None,
        lengths: Array | None = None,
        resets: Array | None = None,
        train: bool = False,
    ) -> tuple[Array, tuple[tuple[Carry, Carry], ...]]:
        """Maps (*batch, time, width) to (*batch, time, outputs), or to (*batch, outputs)."""
        if not self.features:
            raise UserError("model.features is empty: give at least one width, as in 64,64")
        hidden, after = inputs, []
        for i, width in enumerate(self.features):
            before = (None, None) if carry is None else carry[i]
            read, last = zip(
                *(
                    self.lstm(width, reverse=name == "backward", name=f"{name}_{i}")(
                        hidden, carry=start, lengths=lengths, resets=resets, train=train
                    )
                    for name, start in zip(("forward", "backward"), before, strict=True)
                ),
                strict=True,
            )
            after.append(last)
            drop = self.dropout_over_time
            if i == len(self.features) - 1 and not self.every_step:
                # both have read the whole row
                read, drop = [end[1].astype(hidden.dtype) for end in last], nn.Dropout
            hidden = drop(self.dropout)(jnp.concatenate(read, -1), deterministic=not train)
        return self.dense(self.outputs)(hidden), tuple(after)
