"""The CNN-LSTM: a convolutional network reads each frame, an LSTM what it says over time."""

import math

import flax.linen as nn
from jax import Array

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.models.convolution import ConvolutionPool, Form
from lstmjax.recurrent import Carry, zero_padding
from lstmjax.settings import setting


class CnnLstm(Model):
    """Convolution, relu and max pooling for each number in `filters`, flatten, LSTM, dense.

    The frames of all steps go through one convolution a layer: time is folded into the batch
    (the "LRCN" of Donahue et al. 2015, section 3, trained jointly from the start). Padding is
    valid, the convolution's stride is 1, the pooling's its width.
    """

    features: int = setting(50, at_least=1)  # hidden units of the LSTM
    filters: tuple[int, ...] = setting((2,), at_least=1)  # of each convolution layer
    window: int = setting(2, at_least=1)  # width of the filters, in pixels
    pool: int = setting(2, at_least=1)  # width of the pooling, in pixels
    dimensions: int = setting(2, at_least=1, at_most=2)  # of a frame: 2 pictures, 1 series
    every_step: bool = False  # an output at every step instead of one at the end
    dropout: float = setting(0.0, at_least=0, at_most=0.95)  # on what the dense layer reads
    form: Form = "auto"  # what computes the convolutions; all agree to rounding

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
        """Classifies sequences of frames.

        Args:
          inputs: (*batch, time, height, width, channels), or with one dimension (*batch, time,
            width, channels).
          carry: the LSTM's, or None for zeros.
          lengths: valid frames of each row (*batch,), or None for all.
          resets: bool (*batch, time), true where a new sequence starts.
          train: whether dropout is on.

        Returns:
          (*batch, outputs) or, at every step, (*batch, time, outputs), and the LSTM's carry.
        """
        if inputs.ndim < self.dimensions + 3:
            raise UserError(
                f"model.dimensions is {self.dimensions}: inputs need (batch, time, "
                f"{'height, ' if self.dimensions == 2 else ''}width, channels), "
                f"got shape {inputs.shape}"
            )
        if lengths is not None:
            inputs = zero_padding(inputs, lengths)
        rows, frame = inputs.shape[: -self.dimensions - 1], inputs.shape[-self.dimensions - 1 :]
        hidden = inputs.reshape(math.prod(rows), *frame)  # (batch * time, *space, channels)
        for i, count in enumerate(self.filters):
            hidden = ConvolutionPool(
                count,
                self.window,
                self.pool,
                self.dimensions,
                self.form,
                self.dtype,
                self.param_dtype,
                name=f"convolution_{i}",
            )(hidden)
        hidden = hidden.reshape(*rows, -1)  # (*batch, time, pixels * filters)
        hidden, carry = self.lstm(self.features)(
            hidden, carry=carry, lengths=lengths, resets=resets, train=train
        )
        if not self.every_step:
            hidden = carry[1].astype(hidden.dtype)  # the output of the last valid step
        drop = self.dropout_over_time if self.every_step else nn.Dropout
        hidden = drop(self.dropout)(hidden, deterministic=not train)
        return self.dense(self.outputs)(hidden), carry
