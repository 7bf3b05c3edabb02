"""Residual LSTM layers over what a dense layer makes of each step."""

import flax.linen as nn
from jax import Array

from lstmjax.models.base import Model
from lstmjax.recurrent import Carry
from lstmjax.settings import setting


class Residual(Model):
    """A dense layer and relu at every step, LSTM layers of one width, and a dense output.

    From the second layer on, each adds to what it reads, so that depth costs no gradient (He et al.
    2016; between LSTM layers as in Wu et al. 2016, section 3.1). The dense layer suits steps that
    are wide, such as the 24 hours of a day. The carry is a tuple with one (c, h) a layer.
    """

    features: int = setting(128, at_least=1)  # of the dense layer and of every LSTM
    layers: int = setting(2, at_least=1, at_most=32)
    every_step: bool = False  # an output at every step instead of one at the end
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # on what each LSTM and the output read

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
        drop = nn.Dropout(self.dropout, deterministic=not train)
        hidden, after = drop(nn.relu(self.dense(self.features)(inputs))), []
        last = 0  # the sum of what the layers put out at the last valid step
        for i in range(self.layers):
            before = None if carry is None else carry[i]
            outputs, state = self.lstm(self.features)(
                hidden, carry=before, lengths=lengths, resets=resets
            )
            outputs, last = drop(outputs), last + state[1].astype(outputs.dtype)
            hidden = hidden + outputs if i else outputs
            after.append(state)
        return self.dense(self.outputs)(hidden if self.every_step else drop(last)), tuple(after)
