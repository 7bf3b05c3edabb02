"""What a forecast of a series reads, what the outputs mean, and how they are scored."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Shape
from lstmjax.tasks.series.files import SeriesFile
from lstmjax.tasks.series.heads import Error, Head, Kind, pinball
from lstmjax.tasks.series.windows import (
    Normalization,
    Window,
    centre_and_scale,
    efficiency,
    in_patches,
    latest,
)


@dataclasses.dataclass(frozen=True)
class SeriesWindows(SeriesFile):
    """Forecasts of `horizon` rows from the `lookback` rows before them, at every row of a part.

    The rolling origin (Tashman 2000): every row of the test part with `horizon` rows ahead of it is
    an origin to forecast from, with the rows before it, of whatever part, for the model to read.
    A direct forecast says the whole horizon at once; a recursive one says one row, reads it as if
    it had been observed, and goes on; of a distribution it reads a draw, `draws` times over.

    `normalize` takes from each window what training should not depend on, and gives it back to the
    forecast: `last` subtracts each target's last value (NLinear, Zeng et al. 2023), `window`
    subtracts its mean and divides by its deviation (RevIN without weights, Kim et al. 2022);
    `residual` leaves the window as it is, and the forecast is measured from the last value.
    """

    lookback: int = setting(48, at_least=1)  # rows that are read
    horizon: int = setting(12, at_least=1)  # rows that are forecast
    forecast: Literal["direct", "recursive"] = "direct"
    normalize: Normalization = "none"
    difference: int = setting(0, at_least=0)  # subtract the value so many rows before; 0: none
    patch: int = setting(1, at_least=1)  # rows that the model reads as one step
    independent: bool = False  # each target alone, by one model for all, and the covariates
    decoder: bool = False  # for an encoder-decoder: the model puts out one row a step
    head: Kind = "point"
    levels: tuple[float, ...] = setting(  # of the quantiles that are learned or written
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), at_least=0.001, at_most=0.999
    )
    # of freedom of head student; none: learned, for each value
    degrees: float | None = setting(5.0, at_least=1.1)
    draws: int = setting(100, at_least=10)  # of each recursive forecast of a distribution
    error: Error = "absolute"  # that head point is trained on
    season: int = setting(1, at_least=1)  # rows: what the seasonal naive floor repeats
    nse: bool = False  # report the Nash-Sutcliffe efficiency, too, as hydrologists do

    @property
    def paired(self) -> bool:
        """Where an encoder-decoder writes the horizon."""
        return self.decoder

    @property
    def outputs(self) -> int:
        """The parameters of every forecast value, or of one step where there is a decoder."""
        steps = 1 if self.decoder else self.steps
        together = 1 if self.independent else len(self.targets)
        return steps * together * self.read_as.width

    @property
    def steps(self) -> int:
        """Rows that one call of the model forecasts."""
        return 1 if self.forecast == "recursive" else self.horizon

    @property
    def scored_as(self) -> Head:
        """What `rollout` gives: of recursive distributions the sorted draws."""
        if self.forecast == "direct" or not self.read_as.is_probabilistic:
            return self.read_as
        return self.read_as.sampled(self.draws)

    @property
    def history(self) -> int:
        """Rows before an origin that an example takes."""
        return self.lookback + self.difference

    @property
    def read_as(self) -> Head:
        """What the outputs mean."""
        return Head(self.head, self.levels, self.degrees, self.error)

    def resolve(self) -> "SeriesWindows":
        """Checks the settings against each other and the file, and reads the file once."""
        if self.lookback % self.patch:
            raise UserError(
                f"task.lookback, {self.lookback}, is no multiple of task.patch, {self.patch}"
            )
        if list(self.levels) != sorted(set(self.levels)) or 0.5 not in self.levels:
            raise UserError(f"task.levels must ascend and hold 0.5, got {self.levels}")
        if self.forecast == "recursive" and (self.covariates or self.categories):
            raise UserError(
                "task.forecast=recursive must forecast all that it reads: make task.covariates "
                "targets, leave them out, or set task.forecast=direct"
            )
        if self.forecast == "recursive" and self.head == "quantile":
            raise UserError(
                "task.forecast=recursive goes on from draws, which quantiles do not give: set "
                "task.head to point, gaussian or student, or task.forecast=direct"
            )
        task = super().resolve()
        for split, settings in (
            ("train", "task.lookback, task.difference or task.horizon"),
            ("valid", "task.horizon, or raise task.valid_fraction"),
            ("test", "task.horizon, or raise task.test_fraction"),
        ):
            if task.windows(split) < 1:
                begin, end = task._rows(split)
                raise UserError(
                    f"{self.path}: the {split} part, rows {begin:,} to {end:,}, is too short for "
                    f"{self.horizon} rows after {self.history} others; lower {settings}"
                )
        return task

    def windows(self, split: str) -> int:
        """The origins of a part of the rows."""
        _, end = self._rows(split)
        return max(end - self._ahead(split) + 1 - self.origin(split), 0)

    def origin(self, split: str) -> int:
        """The row that the first example of a part forecasts."""
        return max(self._rows(split)[0], self.history)

    def _rows(self, split: str) -> tuple[int, int]:
        valid, test, end = self.bounds
        return {"train": (0, valid), "valid": (valid, test), "test": (test, end)}[split]

    def _ahead(self, split: str) -> int:
        """Rows after the origin: a model of one row is trained on one."""
        return self.steps if split == "train" else self.horizon

    def batch(
        self, arrays: dict[str, Array], split: str, indices: Array, shape: Shape | None = None
    ) -> Batch:
        """Windows: inputs (batch, [targets,] lookback / patch, width), targets a `Window`."""
        origins = self.origin(split) + indices[:, None]
        back = origins + jnp.arange(-self.history, 0)
        ahead = origins + jnp.arange(self._ahead(split))
        values, seen = arrays["values"], arrays["seen"]
        count = len(self.targets)
        future, mask = values[:, :count][ahead], seen[:, :count][ahead]
        return self.window(values[back], seen[back], future, mask)

    def window(self, past: Array, seen: Array, future: Array, mask: Array) -> Batch:
        """The batch of `past` (batch, history, columns), scaled, and what follows it."""
        count, apart = len(self.targets), self.difference
        values, there = past[..., :count], seen[..., :count]
        shift = jnp.zeros_like(future)
        if apart:
            shift = latest(values, there, apart, future.shape[1])
            values = values[:, apart:] - values[:, :-apart]
            there = there[:, apart:] & there[:, :-apart]
        centre, scale = centre_and_scale(self.normalize, values, there)
        if self.normalize in ("last", "window"):
            values = (values - centre) / scale
        values = jnp.where(there, values, 0)
        inputs = self._read(values, there, past[:, apart:, count:], seen[:, apart:, count:])
        inputs = in_patches(inputs, self.patch)
        if self.decoder:
            inputs = inputs, jnp.zeros((*inputs.shape[:-2], self.steps))
        window = Window(past, seen, future, shift + centre, scale)
        return Batch(inputs, targets=window, mask=mask)

    def _read(self, values: Array, there: Array, beside: Array, beside_there: Array) -> Array:
        """Targets, covariates, and where they are, if they have gaps; independent series apart."""
        gaps, other_gaps = (
            [i for i, name in enumerate(names) if name in self.gaps]
            for names in (self.targets, self.covariates)
        )
        beside = jnp.concatenate([beside, beside_there[..., other_gaps]], -1)
        if not self.independent:
            return jnp.concatenate([values, there[..., gaps], beside], -1)
        own = jnp.stack([values, there] if gaps else [values], -1)
        own = jnp.moveaxis(own, 2, 1)  # (batch, targets, lookback, 1 or 2)
        beside = jnp.broadcast_to(beside[:, None], (*own.shape[:3], beside.shape[-1]))
        return jnp.concatenate([own, beside], -1)

    def place(self, outputs: Array, batch: Batch) -> tuple[Head, Array]:
        """The model's outputs as scaled parameters (batch, steps, targets, width) of a head."""
        series = len(self.targets) if self.independent else 1
        together = len(self.targets) // series
        steps = batch.targets.shift.shape[1]
        # with a decoder (batch, [targets,] steps, ...), else all of it on one axis
        outputs = outputs.reshape(len(outputs), series, steps, together, -1)
        outputs = jnp.moveaxis(outputs, 1, 2).reshape(len(outputs), steps, -1, outputs.shape[-1])
        heads = {head.width: head for head in (self.scored_as, self.read_as)}
        if outputs.shape[-1] not in heads:
            raise ValueError(f"outputs of {outputs.shape[-1]} numbers a value, not {list(heads)}")
        head = heads[outputs.shape[-1]]
        return head, head.place(outputs, batch.targets.shift, batch.targets.scale)

    def rollout(self, model: Callable[[Batch], tuple[Any, Any]], batch: Batch) -> tuple[Any, Any]:
        """Calls the model once, or for a recursive forecast row after row on what it said."""
        if self.forecast == "direct":
            return model(batch)
        window = batch.targets
        rows = self.walk(model, batch, jax.random.key(0), self.scored_as.width)
        # as outputs of the window that the batch shows, (batch, horizon, targets, draws)
        outputs = (jnp.sort(rows, -1) - window.shift[..., None]) / window.scale[..., None]
        outputs = jnp.moveaxis(outputs, 1, 2) if self.independent else outputs
        return outputs.reshape(len(outputs), -1), None

    def walk(
        self, model: Callable[[Batch], tuple[Any, Any]], batch: Batch, key: Array, draws: int
    ) -> Array:
        """Goes on from draws, row after row: scaled values (batch, horizon, targets, draws)."""
        window = batch.targets
        horizon = window.future.shape[1]
        past = tuple(jnp.repeat(x, draws, 0) for x in (window.past, window.past_seen))
        nothing = jnp.zeros_like(past[0][:, :1])

        def one(past: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], Array]:
            now = self.window(*past, nothing, nothing > 0)
            head, parameters = self.place(model(now)[0], now)
            parameters = parameters.reshape(-1, draws, *parameters.shape[1:])
            row = head.draw(parameters, key).reshape(-1, 1, len(self.targets))
            rows = row, jnp.ones_like(row, bool)
            past = tuple(jnp.concatenate([x[:, 1:], y], 1) for x, y in zip(past, rows, strict=True))
            return past, row[:, 0]

        # one key for all batches: a window's forecast does not depend on the batch it is in
        _, rows = jax.lax.scan(one, past, jax.random.split(key, horizon))
        return rows.reshape(horizon, -1, draws, len(self.targets)).transpose(1, 0, 3, 2)

    def together(self, outputs: Array, batch: Batch) -> Array:
        """The mean of several models' forecasts, from their outputs (models, batch, ...)."""
        return self.scored_as.together(outputs)

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """The head's loss of every value, (batch, steps, targets), in training deviations."""
        head, parameters = self.place(outputs, batch)
        return head.loss(parameters, batch.targets.future)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Errors of the median; with a distribution also pinball loss, CRPS and coverage.

        The pinball loss is the mean over `levels`. The CRPS is twice its mean over 100 levels, or
        over the levels that a quantile head has. The coverage is the share of values between the
        outermost of `levels`.
        """
        head, parameters = self.place(outputs, batch)
        forecast = {"median": head.median(parameters)}
        if head.is_probabilistic:
            forecast["levels"] = head.quantiles(parameters, self.levels)
            forecast["grid"] = head.quantiles(parameters, head.grid)
        each = self.errors(batch.targets.future, **forecast)
        if self.nse:
            each["nse"] = efficiency(each["mse"], batch.targets)
        return {name: metrics.mean(values, batch.mask) for name, values in each.items()}

    def errors(
        self, truth: Array, median: Array, levels: Array | None = None, grid: Array | None = None
    ) -> dict[str, Array]:
        """The metrics of each value (...), from scaled forecasts.

        Args:
          truth: (...), targets last.
          median: (...).
          levels: the quantiles at `levels` (..., levels), or None for a point forecast.
          grid: the quantiles whose pinball losses make up the CRPS (..., levels).
        """
        truth, median = self._in_units(truth), self._in_units(median)
        squared = (median - truth) ** 2
        errors = {"mae": jnp.abs(median - truth), "mse": squared, "rmse": squared}
        if levels is None or grid is None:
            return errors
        levels, grid = (
            jnp.moveaxis(self._in_units(jnp.moveaxis(part, -1, 0)), 0, -1)
            for part in (levels, grid)
        )
        inside = (levels[..., 0] <= truth) & (truth <= levels[..., -1])
        return errors | {
            "crps": 2 * pinball(grid, truth, self.scored_as.grid).mean(-1),
            "pinball": pinball(levels, truth, self.levels).mean(-1),
            "coverage": inside,
        }

    def _in_units(self, values: Array) -> Array:
        """Scaled values (..., targets) in what is reported, up to a constant that errors lose."""
        count = len(self.targets)
        if self.units == "scaled":
            return values
        values = values * jnp.asarray(self.deviations[:count], jnp.float32)
        return jnp.exp(values + jnp.asarray(self.means[:count])) if self.log else values
