"""What a forecast of a panel's series reads, what the outputs mean, and how they are scored."""

import dataclasses
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Shape
from lstmjax.tasks.panels.files import PanelFile
from lstmjax.tasks.panels.long_table import LongTable
from lstmjax.tasks.panels.windows import Normalization, PanelWindow, measure
from lstmjax.tasks.series.heads import COUNTS, Head, PanelKind, pinball
from lstmjax.tasks.series.windows import in_patches, latest


class Placed(NamedTuple):
    """Parameters of a head (batch, steps, targets, width): no outputs of a model."""

    parameters: Array


@dataclasses.dataclass(frozen=True)
class PanelWindows(PanelFile):
    """Forecasts of `horizon` rows from the `lookback` rows before them, of any series.

    In training every series is drawn equally often, whatever its length. `normalize` takes from
    each window its level and, without `log`, its spread: the model sees shapes, not sizes.

    `mixture` names seasons, as 24,168 hours. The forecast is then what the window repeats of each,
    weighted value by value as the model says, plus what the model adds: with a weight of one and
    nothing added it is the seasonal naive forecast.

    A model with a decoder reads columns that are known ahead step by step: at each row of the
    forecast those of that row, those that belong to the series, and how far ahead it is. A model
    without one reads them beside the window, each a horizon before its time, too.
    """

    normalize: Normalization = "window"
    patch: int = setting(1, at_least=1)  # rows that the model reads as one step
    mixture: tuple[int, ...] = setting((), at_least=1)  # seasons that a forecast repeats, in rows
    decoder: bool = False  # for an encoder-decoder: the model puts out one row a step
    head: PanelKind = "point"
    levels: tuple[float, ...] = setting(  # of the quantiles that are learned or written
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), at_least=0.001, at_most=0.999
    )
    # of freedom of head student; none: learned, for each value
    degrees: float | None = setting(5.0, at_least=1.1)
    # that head point is trained on: of normalized values, but smape of the file's
    error: Literal["absolute", "squared", "huber", "smape"] = "absolute"

    @property
    def read_as(self) -> Head:
        """What the outputs mean."""
        return Head(self.head, self.levels, self.degrees, self.error)

    @property
    def paired(self) -> bool:
        """Where an encoder-decoder writes the horizon."""
        return self.decoder

    @property
    def outputs(self) -> int:
        """Of each forecast value, or of those of a decoder's step, parameters and weights."""
        width = self.read_as.width + len(self.mixture)
        return (1 if self.decoder else self.horizon) * len(self.targets) * width

    def resolve(self) -> "PanelWindows":
        """Checks the settings against each other, and reads the file once."""
        if self.lookback % self.patch:
            raise UserError(
                f"task.lookback, {self.lookback}, is no multiple of task.patch, {self.patch}"
            )
        if list(self.levels) != sorted(set(self.levels)) or 0.5 not in self.levels:
            raise UserError(f"task.levels must ascend and hold 0.5, got {self.levels}")
        if self.error == "smape" and self.head != "point":
            raise UserError("task.error=smape is of task.head=point; change one of them")
        if self.head == COUNTS and (self.log or self.mixture):
            raise UserError(
                "task.head=negative_binomial is of counts as they are: set task.log=false and "
                "task.mixture=(), or choose another head"
            )
        if max(self.mixture, default=0) > self.lookback:
            raise UserError(
                f"task.mixture has a season of {max(self.mixture)} rows, and task.lookback is "
                f"{self.lookback}; raise it, or leave the season out"
            )
        beside = (self.known or self.calendar) and not self.decoder
        if beside and self.lookback < self.horizon:
            raise UserError(
                f"task.lookback, {self.lookback}, is less than task.horizon, {self.horizon}, whose "
                "known columns are read beside it; raise it"
            )
        return super().resolve()

    def numbers(self, long: LongTable) -> tuple[np.ndarray, np.ndarray]:
        """As of any panel; UserError where the head is of counts, and a value is none."""
        targets, beside = super().numbers(long)
        wrong = (targets < 0) | (targets != np.floor(targets))
        for row, i in np.argwhere(wrong & np.isfinite(targets))[: self.head == COUNTS]:
            raise UserError(
                f"{long.at(row)}: {targets[row, i]:g} in column {self.targets[i]!r} is no count; "
                "set task.head to student, say"
            )
        return targets, beside

    def batch(self, arrays: Any, split: str, indices: Array, shape: Shape | None = None) -> Batch:
        """Windows: inputs (batch, lookback / patch, width), targets a `PanelWindow`.

        With a decoder inputs are two: that, and what it reads (batch, horizon, width).
        """
        part = arrays["split"][split]
        count = len(part["series"])
        if split == "train":
            which, turn = indices % count, indices // count
            windows = part["count"][which]
            stride = -(-windows // part["most"])  # 1 unless a series is far longer than others
            turn = turn * stride % windows
        else:
            which = jnp.searchsorted(part["before"], indices, side="right") - 1
            turn = indices - part["before"][which]
        series = part["series"][which]
        origins = part["begin"][which] + turn
        return self.cut(arrays, series, origins, part["naive"][series])

    def cut(self, arrays: Any, series: Array, origins: Array, naive: Array) -> Batch:
        """The windows before and after some rows (batch,), which lie in some series (batch,)."""
        count, past_only = len(self.targets), len(self.targets) + len(self.past)
        rows = origins[:, None] + jnp.arange(-self.lookback, self.horizon)
        inside = (rows >= arrays["first"][series, None]) & (rows < arrays["ends"][series, None])
        rows = jnp.clip(rows, 0, len(arrays["values"]) - 1)
        seen = arrays["seen"][rows] & inside[..., None]
        values = jnp.where(seen, arrays["values"][rows], 0)
        past, future = values[:, : self.lookback, :count], values[:, self.lookback :, :count]
        there, mask = seen[:, : self.lookback, :count], seen[:, self.lookback :, :count]
        centre, scale = measure(self.normalize, past, there, self.season, not self.log)
        normalized = jnp.where(there, (past - centre) / scale, 0)
        # without a decoder what is known ahead stands a horizon earlier, too: the last rows show
        # all of it
        known = (values, seen) if self.gaps else (values,)
        read = [normalized, there] if self.gaps else [normalized]
        read += [x[:, : self.lookback, count:] for x in known]
        ahead = [x[:, self.horizon :, past_only:] for x in known]
        inputs = in_patches(jnp.concatenate(read + ahead * (not self.decoder), -1), self.patch)
        static = arrays["static"][series]
        inputs = _with_static(inputs, static)
        if self.decoder:
            ahead = jnp.concatenate([x[:, -self.horizon :] for x in ahead], -1)
            step = jnp.broadcast_to(self._how_far(), (len(ahead), self.horizon, 1))
            inputs = inputs, _with_static(jnp.concatenate([ahead, step], -1), static)
        bases = [latest(normalized, there, season, self.horizon) for season in self.mixture]
        window = PanelWindow(
            past=past,
            past_seen=there,
            future=jnp.where(mask, (future - centre) / scale, 0),
            centre=centre,
            scale=scale,
            bases=jnp.stack(bases, -1) if bases else jnp.zeros((*future.shape, 0)),
            unit=arrays["unit"][series][:, None],
            naive=naive[:, None],
            series=series,
            origin=origins - arrays["first"][series],
        )
        return Batch(inputs, targets=window, mask=mask)

    def _how_far(self) -> Array:
        return (jnp.arange(self.horizon)[:, None] + 1) / self.horizon

    def place(self, outputs: Any, batch: Batch) -> Array:
        """The model's outputs as parameters (batch, steps, targets, width) of the head.

        They are normalized, but those of counts, which are of the file. Softmax of the last numbers
        of a value are the weights of the seasons.
        """
        if isinstance(outputs, Placed):
            return outputs.parameters
        bases, width = batch.targets.bases, self.read_as.width
        outputs = outputs.reshape(*bases.shape[:3], width + bases.shape[-1]).astype(jnp.float32)
        if self.head == COUNTS:
            level = 1 + self._level(batch) * batch.targets.unit
            return self.read_as.place(outputs, 0 * level, jnp.broadcast_to(level, bases.shape[:3]))
        weights = jax.nn.softmax(outputs[..., width:], -1)
        base = (weights * bases).sum(-1)
        return self.read_as.place(outputs[..., :width], base, jnp.ones_like(base))

    def together(self, outputs: Any, batch: Batch) -> Placed:
        """The mean of several models' forecasts, from their outputs (models, batch, ...)."""
        return Placed(jax.vmap(lambda one: self.place(one, batch))(outputs).mean(0))

    def _level(self, batch: Batch) -> Array:
        """The mean of what was read, in units of the series: (batch, 1, targets)."""
        past, there = batch.targets.past, batch.targets.past_seen
        total = jnp.where(there, past, 0).sum(1, keepdims=True)
        return total / jnp.maximum(there.sum(1, keepdims=True), 1)

    def median(self, parameters: Array, batch: Batch) -> Array:
        """The forecast in one number, (batch, steps, targets), in units of the series."""
        return self.said(self.read_as.median(parameters), batch)

    def quantiles(self, parameters: Array, batch: Batch) -> Array:
        """The quantiles at `levels` (batch, steps, targets, levels), in units of the series."""
        levels = jnp.moveaxis(self.read_as.quantiles(parameters, self.levels), -1, 0)
        return jnp.stack([self.said(level, batch) for level in levels], -1)

    def said(self, values: Array, batch: Batch) -> Array:
        """What the head says, in units of the series."""
        return values / batch.targets.unit if self.head == COUNTS else self.in_units(values, batch)

    def in_units(self, normalized: Array, batch: Batch) -> Array:
        """Normalized values (batch, steps, targets) in units of the series."""
        values = normalized * batch.targets.scale + batch.targets.centre
        return jnp.exp(values) if self.log else values

    def loss(self, outputs: Any, batch: Batch) -> Array:
        """The head's loss of every value, (batch, steps, targets)."""
        parameters = self.place(outputs, batch)
        if self.error == "smape":
            said, truth = parameters[..., 0], batch.targets.future
            if self.log:  # the level makes no difference
                return metrics.smape(jnp.exp(said), jnp.exp(truth))
            return metrics.smape(self.in_units(said, batch), self.in_units(truth, batch))
        if self.head == COUNTS:
            truth = self.in_units(batch.targets.future, batch) * batch.targets.unit
            return self.read_as.loss(parameters, jnp.round(truth))
        return self.read_as.loss(parameters, batch.targets.future)

    def metrics(self, outputs: Any, batch: Batch) -> Sums:
        """Errors of the median; of a distribution also the quantile loss and the coverage."""
        parameters = self.place(outputs, batch)
        scores = self.errors(self.median(parameters, batch), batch)
        if self.read_as.is_probabilistic:
            scores |= self.errors_of_levels(self.quantiles(parameters, batch), batch)
        return scores

    def errors(self, median: Array, batch: Batch) -> Sums:
        """Scores as in the M4 competition, sMAPE and MASE, and MAE, of forecasts in series' units.

        sMAPE is in per cent, 0 to 200 (Makridakis et al. 2020, section 2.4). MASE divides by the
        mean change over a season before the part that is scored; series of which it is unknown, or
        which repeat themselves exactly, do not count in it. MAE is in the units of the file.
        """
        window, mask = batch.targets, batch.mask
        truth = self.in_units(window.future, batch)
        away = jnp.abs(median - truth)
        naive = jnp.broadcast_to(window.naive, away.shape)
        return {
            "smape": metrics.mean(100 * metrics.smape(median, truth), mask),
            "mase": metrics.mean(away / jnp.where(naive > 0, naive, 1), mask & (naive > 0)),
            "mae": metrics.mean(away * window.unit, mask),
        }

    def errors_of_levels(self, quantiles: Array, batch: Batch) -> Sums:
        """Scores of quantiles (batch, steps, targets, levels), ascending, in series' units.

        `wql` is the weighted quantile loss: twice the pinball loss, averaged over `levels`, by the
        mean absolute value (Salinas et al. 2020, section 4.2). `coverage` is the share of values
        between the outermost of `levels`.
        """
        window, mask = batch.targets, batch.mask
        truth = self.in_units(window.future, batch)
        loss, _ = metrics.mean(
            2 * pinball(quantiles, truth, self.levels).mean(-1) * window.unit, mask
        )
        size, _ = metrics.mean(jnp.abs(truth) * window.unit, mask)
        inside = (quantiles[..., 0] <= truth) & (truth <= quantiles[..., -1])
        return {"wql": (loss, size), "coverage": metrics.mean(inside, mask)}


def _with_static(inputs: Array, static: Array) -> Array:
    """What belongs to a series (batch, width), at the end of every step (batch, time, width)."""
    static = jnp.broadcast_to(static[:, None], (*inputs.shape[:2], static.shape[-1]))
    return jnp.concatenate([inputs, static], -1)
