"""What a forecast of a panel's series reads, what the outputs mean, and how they are scored."""

import dataclasses
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Shape
from lstmjax.tasks.panels.files import PanelFile
from lstmjax.tasks.panels.windows import Normalization, PanelWindow, measure
from lstmjax.tasks.series.heads import Head, Kind, pinball
from lstmjax.tasks.series.windows import in_patches, latest


class Placed(NamedTuple):
    """Parameters of a head (batch, steps, targets, width), normalized: no outputs of a model."""

    parameters: Array


@dataclasses.dataclass(frozen=True)
class PanelWindows(PanelFile):
    """Forecasts of `horizon` rows from the `lookback` rows before them, of any series.

    In training every series is drawn equally often, whatever its length. `normalize` takes from
    each window its level and, without `log`, its spread: the model sees shapes, not sizes.

    `mixture` names seasons, as 24,168 hours. The forecast is then what the window repeats of each,
    weighted value by value as the model says, plus what the model adds: with a weight of one and
    nothing added it is the seasonal naive forecast.
    """

    normalize: Normalization = "window"
    patch: int = setting(1, at_least=1)  # rows that the model reads as one step
    mixture: tuple[int, ...] = setting((), at_least=1)  # seasons that a forecast repeats, in rows
    head: Kind = "point"
    levels: tuple[float, ...] = setting(  # of the quantiles that are learned or written
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), at_least=0.001, at_most=0.999
    )
    degrees: float = setting(5.0, at_least=1.1)  # of freedom of head student
    # that head point is trained on: of normalized values, but smape of the file's
    error: Literal["absolute", "squared", "huber", "smape"] = "absolute"

    @property
    def read_as(self) -> Head:
        """What the outputs mean."""
        return Head(self.head, self.levels, self.degrees, self.error)

    @property
    def outputs(self) -> int:
        """Of each forecast value the head's parameters, and a weight for each season."""
        width = self.read_as.width + len(self.mixture)
        return self.horizon * len(self.targets) * width

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
        if max(self.mixture, default=0) > self.lookback:
            raise UserError(
                f"task.mixture has a season of {max(self.mixture)} rows, and task.lookback is "
                f"{self.lookback}; raise it, or leave the season out"
            )
        if (self.known or self.calendar) and self.lookback < self.horizon:
            raise UserError(
                f"task.lookback, {self.lookback}, is less than task.horizon, {self.horizon}, whose "
                "known columns are read beside it; raise it"
            )
        return super().resolve()

    def batch(self, arrays: Any, split: str, indices: Array, shape: Shape | None = None) -> Batch:
        """Windows: inputs (batch, lookback / patch, width), targets a `PanelWindow`."""
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
        # what is known ahead stands a horizon earlier, too: the last rows show all of it
        beside = [
            (x[:, : self.lookback, count:], x[:, self.horizon :, past_only:])
            for x in (values, seen)
        ]
        read = [normalized, *beside[0]]
        if self.gaps:
            read += [there, *beside[1]]
        inputs = in_patches(jnp.concatenate(read, -1), self.patch)
        static = arrays["static"][series][:, None]
        static = jnp.broadcast_to(static, (*inputs.shape[:2], static.shape[-1]))
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
        inputs = jnp.concatenate([inputs, static], -1)
        return Batch(inputs, targets=window, mask=mask)

    def place(self, outputs: Any, batch: Batch) -> Array:
        """The model's outputs as normalized parameters (batch, steps, targets, width) of the head.

        Softmax of the last numbers of a value are the weights of the seasons.
        """
        if isinstance(outputs, Placed):
            return outputs.parameters
        bases, width = batch.targets.bases, self.read_as.width
        outputs = outputs.reshape(*bases.shape[:3], width + bases.shape[-1]).astype(jnp.float32)
        weights = jax.nn.softmax(outputs[..., width:], -1)
        base = (weights * bases).sum(-1)
        return self.read_as.place(outputs[..., :width], base, jnp.ones_like(base))

    def together(self, outputs: Any, batch: Batch) -> Placed:
        """The mean of several models' forecasts, from their outputs (models, batch, ...)."""
        return Placed(jax.vmap(lambda one: self.place(one, batch))(outputs).mean(0))

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
        return self.read_as.loss(parameters, batch.targets.future)

    def metrics(self, outputs: Any, batch: Batch) -> Sums:
        """Errors of the median; of a distribution also the quantile loss and the coverage."""
        parameters = self.place(outputs, batch)
        median = self.in_units(self.read_as.median(parameters), batch)
        scores = self.errors(median, batch)
        if self.read_as.is_probabilistic:
            levels = self.read_as.quantiles(parameters, self.levels)
            scores |= self.errors_of_levels(
                jnp.stack([self.in_units(x, batch) for x in jnp.moveaxis(levels, -1, 0)], -1), batch
            )
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
