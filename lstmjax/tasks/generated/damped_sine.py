"""Damped sine: forecast the next values of a decaying wave. The course's stacked lesson."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Generated
from lstmjax.tasks.together import Outputs

FITTED_ON = 10_000  # training examples that the least squares floors are given


@dataclasses.dataclass(frozen=True)
class DampedSine(Generated):
    """`length` values of 0.5 + 0.5 sin(2 pi t / period) exp(-decay t) in, the next `horizon` out.

    The period is a whole number, the decay is uniform; both differ from example to example.
    """

    outputs_are: ClassVar[Outputs] = "values"

    length: int = setting(50, at_least=1)  # values read
    horizon: int = setting(5, at_least=1)  # values forecast
    shortest_period: int = setting(10, at_least=2)  # steps
    longest_period: int = setting(20, at_least=2)  # steps, included
    least_decay: float = setting(0.01, at_least=0)  # a step
    most_decay: float = setting(0.1, at_least=0)  # a step

    @property
    def outputs(self) -> int:
        """One value a step of the horizon."""
        return self.horizon

    def example(self, key: Array, split: str) -> Batch:
        """Inputs (length, 1) and targets (horizon,)."""
        which, decay = jax.random.uniform(key, (2,))
        periods = self.longest_period - self.shortest_period + 1
        period = self.shortest_period + jnp.floor(which * periods)
        decay = self.least_decay + decay * (self.most_decay - self.least_decay)
        time = jnp.arange(self.length + self.horizon)
        phase = 2 * jnp.pi * (time % period) / period  # in one turn: less is lost to rounding
        wave = 0.5 + 0.5 * jnp.sin(phase) * jnp.exp(-decay * time)
        return Batch(wave[: self.length, None], targets=wave[self.length :])

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Absolute error of every value, averaged over the horizon: (batch,)."""
        return jnp.abs(outputs - batch.targets).mean(-1)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Mean absolute and root mean square error of a value."""
        error = outputs - batch.targets
        return {
            "mae": metrics.mean(jnp.abs(error), batch.mask),
            "rmse": metrics.mean(error**2, batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The wave's middle, its last value, and least squares on its last values."""
        arrays = data.arrays
        train = self.batch_once(arrays, "train", jnp.arange(FITTED_ON))
        test = self.test_batch(data)
        past, future = (np.asarray(x, np.float64) for x in (train.inputs[..., 0], train.targets))
        seen, truth = (np.asarray(x, np.float64) for x in (test.inputs[..., 0], test.targets))
        floors = {
            "constant 0.5": _scores(0.5 - truth),
            "repeat the last value": _scores(seen[:, -1:] - truth),
        }
        for values in (2, 5, 10, 20):
            if values <= self.length:
                fit, *_ = np.linalg.lstsq(_with_one(past, values), future)
                name = f"least squares on the last {values}"
                floors[name] = _scores(_with_one(seen, values) @ fit - truth)
        return floors

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `0.51 0.66 0.73 then 0.71 0.61, forecast 0.71 0.62, mae 0.0050`."""
        lines = []
        for past, truth, forecast in zip(
            np.asarray(batch.inputs[..., 0]),
            np.asarray(batch.targets),
            np.asarray(outputs),
            strict=True,
        ):
            error = np.abs(forecast - truth).mean()
            last, truth, forecast = (
                " ".join(f"{value:.3f}" for value in values)
                for values in (past[-3:], truth, forecast)
            )
            lines.append(f"... {last} then {truth}, forecast {forecast}, mae {error:.4f}")
        return lines


def _with_one(past: np.ndarray, values: int) -> np.ndarray:
    """The last `values` of each row and a one: (rows, values + 1)."""
    return np.concatenate([past[:, -values:], np.ones((len(past), 1))], 1)


def _scores(error: np.ndarray) -> dict[str, float]:
    return {"mae": float(np.abs(error).mean()), "rmse": float(np.sqrt((error**2).mean()))}
