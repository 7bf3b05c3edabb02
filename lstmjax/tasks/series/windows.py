"""Windows of series: last observed values, normalization, and the steps that a model reads."""

from typing import Literal, NamedTuple

import jax.numpy as jnp
from jax import Array

Normalization = Literal["none", "last", "window", "residual"]
SMALLEST_VARIANCE = 1e-5  # of a window that is divided by its own deviation (Kim et al. 2022)


class Window(NamedTuple):
    """What an example is scored by, scaled as the whole file is."""

    past: Array  # (batch, history, columns), zero where missing
    past_seen: Array  # bool
    future: Array  # (batch, steps, targets), zero where missing
    shift: Array  # (batch, steps, targets): a forecast is shift + scale * output
    scale: Array  # (batch, 1, targets)
    variance: Array | None = (
        None  # (batch, 1, targets): of the part's truth, where nse is asked for
    )


def latest(values: Array, seen: Array, period: int, steps: int) -> Array:
    """The last observed value at the place in its period that each coming step has.

    Args:
      values: (batch, time, columns).
      seen: which of them count, likewise.
      period: in steps; 1 asks for the last value.
      steps: how many come.

    Returns:
      (batch, steps, columns), zero where no such value was observed.
    """
    rows, time, columns = values.shape
    whole = time // period * period
    shape = (rows, -1, period, columns)
    values, seen = (x[:, time - whole :].reshape(shape)[:, ::-1] for x in (values, seen))
    newest = seen.argmax(1, keepdims=True)  # the first that is true
    picked = jnp.take_along_axis(jnp.where(seen, values, 0), newest, 1)[:, 0]
    return picked[:, jnp.arange(steps) % period]


def centre_and_scale(kind: Normalization, values: Array, seen: Array) -> tuple[Array, Array]:
    """What a normalization measures each window from, and by: (batch, 1, columns) both."""
    ones = jnp.ones_like(values[:, :1])
    if kind == "none":
        return 0 * ones, ones
    if kind in ("last", "residual"):
        return latest(values, seen, 1, 1), ones
    count = jnp.maximum(seen.sum(1, keepdims=True), 1)
    mean = jnp.where(seen, values, 0).sum(1, keepdims=True) / count
    variance = jnp.where(seen, (values - mean) ** 2, 0).sum(1, keepdims=True) / count
    return mean, jnp.sqrt(variance + SMALLEST_VARIANCE)


def in_patches(read: Array, patch: int) -> Array:
    """(*batch, time, width) with `patch` steps as one: (*batch, time / patch, patch * width)."""
    return read.reshape(*read.shape[:-2], -1, patch * read.shape[-1])


def efficiency(squared: Array, window: Window) -> Array:
    """1 - squared error / variance of the truth (Nash & Sutcliffe 1970), of each value.

    Its mean over a series is that of the series; over several, the mean of theirs, weighted by how
    many values of each were observed.
    """
    return 1 - squared / window.variance
