"""The vanilla LSTM: input, one LSTM layer, dense output."""

import flax.linen as nn
from jax import Array

from lstmjax.models.base import Model
from lstmjax.recurrent import Carry
from lstmjax.settings import setting


class Vanilla(Model):
    """One LSTM layer and a dense layer on its last output, or on the output of every step."""

    features: int = setting(128, at_least=1)  # hidden units
    every_step: bool = False  # an output at every step instead of one at the end
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # on what the dense layer reads
    input_dropout: float = setting(0.0, at_least=0, at_most=0.95)  # on what the LSTM layer reads

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
        """Maps (*batch, time, width) to (*batch, outputs), or to (*batch, time, outputs)."""
        rows = dict(carry=carry, lengths=lengths, resets=resets, train=train)
        if self.input_dropout:
            inputs = self.dropout_over_time(self.input_dropout)(inputs, deterministic=not train)
        hidden, carry = self.lstm(self.features)(inputs, **rows)
        if not self.every_step:
            hidden = carry[1].astype(hidden.dtype)  # the output of the last valid step
        drop = self.dropout_over_time if self.every_step else nn.Dropout
        hidden = drop(self.dropout)(hidden, deterministic=not train)
        return self.dense(self.outputs)(hidden), carry
