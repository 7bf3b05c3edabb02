"""The stacked LSTM: layers of LSTMs, each reading the outputs of the one below."""

import flax.linen as nn
from jax import Array

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.recurrent import Carry
from lstmjax.settings import setting


class Stacked(Model):
    """One LSTM layer for each width in `features`, and a dense layer on the last or every output.

    Depth lets each layer work on its own time scale (Graves et al. 2013, section 2). The carry is
    a tuple with one (c, h) a layer, lowest first.
    """

    features: tuple[int, ...] = setting((128, 128), at_least=1)  # hidden units of each layer
    every_step: bool = False  # an output at every step instead of one at the end
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # between layers and before the dense
    input_dropout: float = setting(0.0, at_least=0, at_most=0.95)  # on what the first layer reads

    @nn.compact
    def __call__(
        self,
        inputs: Array,
        *,
        carry: tuple[Carry, ...] | None = None,
        lengths: Array | None = None,
        resets: Array | None = None,
        train: bool = False,
    ) -> tuple[Array, tuple[Carry, ...]]:
        """Maps (*batch, time, width) to (*batch, outputs), or to (*batch, time, outputs)."""
        if not self.features:
            raise UserError("model.features is empty: give at least one width, as in 20,20")
        hidden, after = inputs, []
        if self.input_dropout:
            hidden = self.dropout_over_time(self.input_dropout)(hidden, deterministic=not train)
        for i, width in enumerate(self.features):
            before = None if carry is None else carry[i]
            rows = dict(carry=before, lengths=lengths, resets=resets, train=train)
            hidden, last = self.lstm(width)(hidden, **rows)
            after.append(last)
            drop = self.dropout_over_time
            if i == len(self.features) - 1 and not self.every_step:
                hidden, drop = last[1].astype(hidden.dtype), nn.Dropout  # of the last valid step
            hidden = drop(self.dropout)(hidden, deterministic=not train)
        return self.dense(self.outputs)(hidden), tuple(after)
