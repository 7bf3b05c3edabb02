"""An LSTM over segments of a window, whose decoder writes all segments of the forecast at once."""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.recurrent import Carry
from lstmjax.settings import setting


class Segments(Model):
    """Reads a window a segment a step, and writes the forecast in segments side by side.

    The encoder is a dense layer, relu, and an LSTM over the window's segments. The decoder is one
    step of a second LSTM for each segment of the forecast. All of these start from the encoder's
    carry, and each reads a learned vector that says which segment it writes (SegRNN, Lin et al.
    2023, sections 3.2 and 3.3, with an LSTM). A window of 720 rows in segments of 48 is 15 steps.
    """

    causal = False

    features: int = setting(128, at_least=2)  # of the dense layer and of both LSTMs
    segment: int = setting(48, at_least=1)  # rows that are read as one step, and numbers written so
    # Inputs are (batch, series, time, width): half of what the decoder reads says which series
    by_series: bool = False
    dropout: float = setting(0.5, at_least=0, at_most=0.95)  # on what the dense layer reads

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
        """Maps (*batch, time, width) to (*batch, outputs), and gives the encoder's carry.

        Raises:
          UserError: `lengths` or `resets` are given, or the window is no whole number of segments.
        """
        if lengths is not None or resets is not None:
            raise UserError("model Segments reads windows of one length: choose another for these")
        *batch, time, width = inputs.shape
        if time % self.segment:
            raise UserError(
                f"model.segment, {self.segment}, does not divide the {time} rows of a window: "
                "change it or task.lookback"
            )
        read = inputs.reshape(*batch, time // self.segment, self.segment * width)
        hidden = nn.relu(self.dense(self.features)(read))
        _, carry = self.lstm(self.features, name="encoder")(hidden, carry=carry)
        steps = -(-self.outputs // self.segment)
        steps = next(count for count in range(steps, 0, -1) if self.outputs % count == 0)
        queries = self._queries(steps, tuple(batch))
        start = tuple(
            jnp.broadcast_to(part[..., None, :], queries.shape).astype(part.dtype) for part in carry
        )
        written, _ = self.lstm(self.features, name="decoder")(queries[..., None, :], carry=start)
        written = nn.Dropout(self.dropout, deterministic=not train)(written[..., 0, :])
        return self.dense(self.outputs // steps)(written).reshape(*batch, self.outputs), carry

    def _queries(self, steps: int, batch: tuple[int, ...]) -> Array:
        """Which segment, and which series, each step of the decoder writes: (*batch, steps, .)."""
        small = nn.initializers.normal(0.02)
        shape = (*batch, steps, self.features)
        if not self.by_series:
            place = self.param("place", small, (steps, self.features), self.param_dtype)
            return jnp.broadcast_to(place, shape)
        if len(batch) < 2:
            raise UserError(
                "model.by_series needs series side by side: set task.independent=true, or "
                "model.by_series=false"
            )
        half = self.features // 2
        place = self.param("place", small, (steps, self.features - half), self.param_dtype)
        series = self.param("series", small, (batch[-1], half), self.param_dtype)
        parts = place, jnp.broadcast_to(series[:, None], (batch[-1], steps, half))
        parts = (jnp.broadcast_to(part, (*shape[:-1], part.shape[-1])) for part in parts)
        return jnp.concatenate(list(parts), -1)
