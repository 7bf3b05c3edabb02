"""Series: from the last values of a CSV file's columns, the next ones."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks import series_floors
from lstmjax.tasks.base import Batch, Data, Panel, Shape
from lstmjax.tasks.forecast_heads import Error, Head, Kind, pinball
from lstmjax.tasks.series_file import SeriesFile
from lstmjax.tasks.series_floors import latest

SMALLEST_VARIANCE = 1e-5  # of a window that is scaled by its own deviation (Kim et al. 2022)


class Window(NamedTuple):
    """What an example is scored by: in the units of the training part's deviations."""

    past: Array  # (batch, history, columns), zero where missing
    past_seen: Array  # bool
    future: Array  # (batch, steps, targets), zero where missing
    shift: Array  # (batch, steps, targets): a forecast is shift + scale * output
    scale: Array  # (batch, 1, targets)


@dataclasses.dataclass(frozen=True)
class Series(SeriesFile):
    """Forecasts of `horizon` rows from the `lookback` rows before them, at every row of a part.

    The rolling origin (Tashman 2000): every row of the test part with `horizon` rows ahead of it is
    an origin to forecast from, with the rows before it, of whatever part, for the model to read.
    A direct forecast says the whole horizon at once; a recursive one says one row, reads it as if
    it had been observed, and goes on.

    `normalize` takes from each window what training should not depend on, and gives it back to the
    forecast: `last` subtracts each target's last value (NLinear, Zeng et al. 2023), `window`
    subtracts its mean and divides by its deviation (RevIN without weights, Kim et al. 2022);
    `residual` leaves the window as it is, and the forecast is measured from the last value.
    """

    lookback: int = setting(48, at_least=1)  # rows that are read
    horizon: int = setting(12, at_least=1)  # rows that are forecast
    forecast: Literal["direct", "recursive"] = "direct"
    normalize: Literal["none", "last", "window", "residual"] = "none"
    difference: int = setting(0, at_least=0)  # subtract the value so many rows before; 0: none
    patch: int = setting(1, at_least=1)  # rows that the model reads as one step
    independent: bool = False  # each target alone, by one model for all, and the covariates
    decoder: bool = False  # for an encoder-decoder: the model puts out one row a step
    head: Kind = "point"
    levels: tuple[float, ...] = setting(  # of the quantiles that are learned or written
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), at_least=0.001, at_most=0.999
    )
    degrees: float = setting(5.0, at_least=1.1)  # of freedom of head student
    error: Error = "absolute"  # that head point is trained on
    units: Literal["original", "scaled"] = "original"  # scaled: report in training deviations
    season: int = setting(1, at_least=1)  # rows: what the seasonal naive floor repeats

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
    def history(self) -> int:
        """Rows before an origin that an example takes."""
        return self.lookback + self.difference

    @property
    def read_as(self) -> Head:
        """What the outputs mean."""
        return Head(self.head, self.levels, self.degrees, self.error)

    def resolve(self) -> "Series":
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
        if self.forecast == "recursive" and self.read_as.is_probabilistic:
            raise UserError(
                "task.forecast=recursive goes on from one value: set task.head=point, or "
                "task.forecast=direct"
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
        count = len(self.targets)
        values, there = past[:, self.difference :], seen[:, self.difference :]
        shift = jnp.zeros_like(future)
        if self.difference:
            shift = latest(past[..., :count], seen[..., :count], self.difference, future.shape[1])
            before = slice(0, self.lookback)
            values = values.at[..., :count].add(-past[:, before, :count])
            there = there.at[..., :count].set(there[..., :count] & seen[:, before, :count])
        target, target_there = values[..., :count], there[..., :count]
        centre, scale = self._centre(target, target_there)
        if self.normalize in ("last", "window"):
            values = values.at[..., :count].set((target - centre) / scale)
        inputs = self._steps(jnp.where(there, values, 0), there)
        if self.decoder:
            inputs = inputs, jnp.zeros((*inputs.shape[:-2], self.steps))
        window = Window(past, seen, future, shift + centre, scale)
        return Batch(inputs, window, mask=mask)

    def _centre(self, values: Array, there: Array) -> tuple[Array, Array]:
        """What `normalize` subtracts and divides by, each (batch, 1, targets)."""
        ones = jnp.ones_like(values[:, :1])
        if self.normalize == "none":
            return 0 * ones, ones
        if self.normalize in ("last", "residual"):
            return latest(values, there, 1, 1), ones
        count = jnp.maximum(there.sum(1, keepdims=True), 1)
        mean = jnp.where(there, values, 0).sum(1, keepdims=True) / count
        variance = jnp.where(there, (values - mean) ** 2, 0).sum(1, keepdims=True) / count
        return mean, jnp.sqrt(variance + SMALLEST_VARIANCE)

    def _steps(self, values: Array, there: Array) -> Array:
        """Values with the indicators of columns that have gaps, patch by patch, series apart."""
        count = len(self.targets)
        gaps = [i for i, name in enumerate(self.numeric) if name in self.gaps]
        if not self.independent:
            read = jnp.concatenate([values, there[..., gaps].astype(values.dtype)], -1)
            return read.reshape(len(read), -1, self.patch * read.shape[-1])
        covariates = [i for i in gaps if i >= count]
        shared = [values[..., count:], there[..., covariates].astype(values.dtype)]
        shared = jnp.concatenate(shared, -1)[:, None]  # (batch, 1, lookback, width)
        own = [values[..., :count]]
        if any(i < count for i in gaps):
            own.append(there[..., :count].astype(values.dtype))
        own = jnp.moveaxis(jnp.stack(own, -1), 2, 1)  # (batch, targets, lookback, 1 or 2)
        shared = jnp.broadcast_to(shared, (*own.shape[:3], shared.shape[-1]))
        read = jnp.concatenate([own, shared], -1)
        return read.reshape(*read.shape[:2], -1, self.patch * read.shape[-1])

    def place(self, outputs: Array, batch: Batch) -> Array:
        """The model's outputs as scaled parameters (batch, steps, targets, width)."""
        series = len(self.targets) if self.independent else 1
        together = len(self.targets) // series
        steps = batch.targets.shift.shape[1]
        # with a decoder (batch, [targets,] steps, ...), else all of it on one axis
        outputs = outputs.reshape(-1, series, steps, together, self.read_as.width)
        outputs = jnp.moveaxis(outputs, 1, 2).reshape(len(outputs), steps, -1, outputs.shape[-1])
        return self.read_as.place(outputs, batch.targets.shift, batch.targets.scale)

    def rollout(self, model: Callable[[Batch], tuple[Any, Any]], batch: Batch) -> tuple[Any, Any]:
        """Calls the model once, or for a recursive forecast row after row on what it said."""
        if self.forecast == "direct":
            return model(batch)
        horizon = batch.targets.future.shape[1]
        nothing = jnp.zeros_like(batch.targets.future[:, :1])

        def one(past: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
            values, seen = past
            now = self.window(values, seen, nothing, nothing > 0)
            row = self.place(model(now)[0], now)[..., 0]  # (batch, 1, targets)
            seen = jnp.concatenate([seen[:, 1:], jnp.ones_like(row, bool)], 1)
            return (jnp.concatenate([values[:, 1:], row], 1), seen), row[:, 0]

        past = batch.targets.past, batch.targets.past_seen
        _, rows = jax.lax.scan(one, past, None, length=horizon)
        # as outputs of the window that the batch shows
        outputs = (jnp.moveaxis(rows, 0, 1) - batch.targets.shift) / batch.targets.scale
        outputs = jnp.moveaxis(outputs, 1, 2) if self.independent else outputs
        return outputs.reshape(len(outputs), -1), None

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """The head's loss of every value, (batch, steps, targets), in training deviations."""
        return self.read_as.loss(self.place(outputs, batch), batch.targets.future)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Errors of the median; with a distribution also pinball loss, CRPS and coverage.

        The pinball loss is the mean over `levels`. The CRPS is twice its mean over 100 levels, or
        over the levels that a quantile head has. The coverage is the share of values between the
        outermost of `levels`.
        """
        head, parameters = self.read_as, self.place(outputs, batch)
        forecast = {"median": head.median(parameters)}
        if head.is_probabilistic:
            forecast["levels"] = head.quantiles(parameters, self.levels)
            forecast["grid"] = head.quantiles(parameters, head.grid)
        each = self.errors(batch.targets.future, **forecast)
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
            "crps": 2 * pinball(grid, truth, self.read_as.grid).mean(-1),
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

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The last value, the value a season before, and least squares on what the model reads."""
        return series_floors.floors(self, data)

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `OT: ... 30.5 27.8 then 27.8 25.0, forecast 27.1 26.0, mae 0.85`."""
        count, shown = len(self.targets), 3
        past = self.original(np.asarray(batch.targets.past[..., :count]))
        truth = self.original(np.asarray(batch.targets.future))
        median = self.original(np.asarray(self.read_as.median(self.place(outputs, batch))))
        there = np.asarray(batch.targets.past_seen[..., :count]), np.asarray(batch.mask)
        past, truth = (
            np.where(seen, x, np.nan) for x, seen in zip((past, truth), there, strict=True)
        )
        lines = []
        for row in range(len(truth)):
            for i, name in enumerate(self.targets):
                parts = past[row, -shown:, i], truth[row, :shown, i], median[row, :shown, i]
                last, then, said = (" ".join(f"{value:.4g}" for value in part) for part in parts)
                error = (
                    np.nanmean(np.abs(truth - median)[row, :, i])
                    if there[1][row, :, i].any()
                    else np.nan
                )
                lines.append(f"{name}: ... {last} then {then}, forecast {said}, mae {error:.4g}")
        return lines
