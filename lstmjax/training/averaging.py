"""Averages of the parameters over the updates: what is evaluated, kept and used."""

from collections.abc import Sequence
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import devices
from lstmjax.optimizers import Optimizer


@flax.struct.dataclass
class Iterate:
    """Where training stands while the state's parameters are an average of where it was."""

    params: Any
    count: Array  # int32: how many parameters were averaged; 0: not yet, the average is the last


def first(optimizer: Optimizer, params: Any) -> Iterate | None:
    """At the first update; None where nothing is averaged."""
    if optimizer.average == "none":
        return None
    copy = jax.tree.map(jnp.array, params)
    return Iterate(copy, jnp.int32(optimizer.average == "moving"))


def average(optimizer: Optimizer, before: Any, iterate: Iterate) -> tuple[Any, Iterate]:
    """The average with one more, and the iterate that counts it.

    Until 1 / (1 - average_decay) are counted, a moving average is their mean: it needs no
    correction for where it started.

    Args:
      optimizer: says which average.
      before: the average before.
      iterate: the parameters after the update, with the count before.
    """
    started = iterate.count > 0
    least = 1 - optimizer.average_decay if optimizer.average == "moving" else 0.0
    share = jnp.where(started, jnp.maximum(least, 1 / (iterate.count + 1)), 1.0)
    after = jax.tree.map(
        lambda old, new: old + share.astype(new.dtype) * (new - old), before, iterate.params
    )
    after = jax.tree.map(lambda mean, new: jnp.where(started, mean, new), after, iterate.params)
    return after, iterate.replace(count=iterate.count + started)


def begin(optimizer: Optimizer, iterate: Iterate, losses: Sequence[Any]) -> Iterate:
    """The iterate after an evaluation, from which on an average may be taken.

    Merity et al. (2018), algorithm 1: once a validation loss is above the lowest of those that are
    at least `average_patience` evaluations before it. Each seed begins by itself.

    Args:
      optimizer: says which average.
      iterate: of the state.
      losses: of all evaluations until now, each () or (seeds,).
    """
    *before, last = np.asarray(losses)
    early = before[: len(before) - optimizer.average_patience]
    if optimizer.average != "triggered" or len(before) <= optimizer.average_patience:
        return iterate
    now = last > np.min(early, 0)
    count = np.asarray(jax.device_get(iterate.count))
    count = np.where((count == 0) & now, np.int32(1), count)
    return iterate.replace(count=devices.put(count, iterate.count.sharding))
