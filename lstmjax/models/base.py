"""The settings that every architecture has, and the layer that they describe."""

from typing import Any, ClassVar

import flax.linen as nn

from lstmjax.recurrent import LSTM
from lstmjax.recurrent.cells import Cell, Standard
from lstmjax.recurrent.initialization import Initialization
from lstmjax.recurrent.kernels import Kernel
from lstmjax.recurrent.lstm import Precision
from lstmjax.recurrent.regularization import Regularization
from lstmjax.settings import setting


class Model(nn.Module):
    """A sequence model: `model(inputs, *, carry, lengths, resets, train) -> (outputs, carry)`.

    Inputs are batch-first and are whatever the task's `Batch.inputs` is. `carry` None means zeros;
    `lengths` and `resets` are those of the LSTM layer; `train` turns dropout on.
    """

    # Whether it is an encoder-decoder: inputs are a source, and the target shifted by one step.
    paired: ClassVar[bool] = False

    # Whether an output depends on no later step, so that the model can read one step at a time.
    causal: ClassVar[bool] = True

    outputs: int = setting(1, at_least=1)  # width of the output layer: the task sets it
    kernel: Kernel = "auto"  # what computes the LSTM layers
    initialization: Initialization = "flax"  # of the LSTM layers
    memory_steps: int = setting(
        100, at_least=3
    )  # chrono initialization: longest dependency, in steps
    recompute_every: int | None = setting(None, at_least=1)  # steps: less memory, more time
    cell: Cell = Standard()  # the equations of the LSTM layers
    trainable_carry: bool = False  # sequences start from parameters instead of zeros
    regularization: Regularization = Regularization()  # of the LSTM layers, in training
    dtype: Precision = "float32"  # of matrix products
    param_dtype: Precision = "float32"

    @nn.nowrap
    def lstm(self, features: int, **settings: Any) -> LSTM:
        """An LSTM layer with this model's settings."""
        return LSTM(
            features,
            kernel=self.kernel,
            initialization=self.initialization,
            memory_steps=self.memory_steps,
            recompute_every=self.recompute_every,
            cell=self.cell,
            trainable_carry=self.trainable_carry,
            regularization=self.regularization,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            **settings,
        )

    @nn.nowrap
    def dropout_over_time(self, rate: float) -> nn.Dropout:
        """Dropout of (*batch, time, width): a mask a step or, if locked, one for all steps."""
        return nn.Dropout(rate, broadcast_dims=(-2,) if self.regularization.locked else ())

    @nn.nowrap
    def dense(self, features: int, **settings: Any) -> nn.Dense:
        """A dense layer with this model's settings."""
        return nn.Dense(features, dtype=self.dtype, param_dtype=self.param_dtype, **settings)
