"""Windows of a panel: measured by themselves, so that a series never seen needs nothing more."""

from typing import Literal, NamedTuple

import jax.numpy as jnp
from jax import Array

from lstmjax.tasks.series.windows import latest

Normalization = Literal["last", "window", "season"]
LEAST_SPREAD = 1e-4  # of a window's values, by their mean size: what varies less is constant


class PanelWindow(NamedTuple):
    """What an example is scored by. Truth and bases are normalized as the window is."""

    past: Array  # (batch, lookback, targets): in units of the series, or their logarithms
    past_seen: Array  # bool
    future: Array  # (batch, steps, targets)
    centre: Array  # (batch, 1, targets): a value is centre + scale * normalized
    scale: Array  # (batch, 1, targets)
    bases: Array  # (batch, steps, targets, seasons): what the window repeats of each season
    unit: Array  # (batch, 1, targets): of the file, how many a unit of the series is
    naive: Array  # (batch, 1, targets): what MASE divides by, in units of the series; 0: unknown
    series: Array  # (batch,): which series, by its place in the file
    origin: Array  # (batch,): how many rows of it come before the forecast


def measure(
    kind: Normalization, values: Array, seen: Array, season: int, by_spread: bool
) -> tuple[Array, Array]:
    """The level that a window is measured from, and its scale: (batch, 1, columns) both.

    Args:
      kind: `last`: the last value; `window`: the mean; `season`: the mean of the last season.
      values: (batch, time, columns).
      seen: which of them count, likewise.
      season: in steps.
      by_spread: whether the scale is the deviation of the window's values; else it is 1, as suits
        logarithms, whose differences are ratios already.
    """
    mean = _mean(values, seen)
    scale = jnp.ones_like(mean)
    if by_spread:
        deviation = jnp.sqrt(_mean((values - mean) ** 2, seen))
        size = _mean(jnp.abs(values), seen)
        size = jnp.where(size > 0, size, 1)
        scale = jnp.where(deviation > LEAST_SPREAD * size, deviation, size)
    if kind == "last":
        return latest(values, seen, 1, 1), scale
    if kind == "window":
        return mean, scale
    recent = seen[:, -season:]
    level = _mean(values[:, -season:], recent)
    return jnp.where(recent.any(1, keepdims=True), level, mean), scale


def _mean(values: Array, seen: Array) -> Array:
    """Over time, of what was seen: (batch, 1, columns), 0 where nothing was."""
    total = jnp.where(seen, values, 0).sum(1, keepdims=True)
    return total / jnp.maximum(seen.sum(1, keepdims=True), 1)
