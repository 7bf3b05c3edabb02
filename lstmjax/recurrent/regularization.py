"""Regularization of recurrent layers: settings, and pure functions of keys and arrays.

A rate is the share that is dropped. What is kept is scaled by 1 / (1 - rate), so that nothing
changes on average; zoneout, which replaces by the past, takes the average where nothing is drawn.
"""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.settings import setting


@dataclasses.dataclass(frozen=True)
class Regularization:
    """What is done to a model's LSTM layers in training. By default nothing.

    Weight drop and locked dropout run on every kernel. The others reach into the steps, which
    kernel scan computes.
    """

    # Every dropout between layers has one mask a sequence, or a window of a stream, instead of one
    # a step: variational dropout (Gal & Ghahramani 2016; "locked" in Merity et al. 2018).
    locked: bool = False
    # Of the recurrent weights, drawn once an update (Merity et al. 2018, section 2).
    weight_drop: float = setting(0.0, at_least=0, at_most=0.95)
    # Of what one step hands to the next. `hidden`: of the hidden state that the gates read, one
    # mask a sequence (Gal & Ghahramani 2016); `update`: of what is added to the cell, a mask a
    # step, so that nothing remembered is lost (Semeniuta et al. 2016, equation 10).
    recurrent_dropout: float = setting(0.0, at_least=0, at_most=0.95)
    recurrent_form: Literal["hidden", "update"] = "update"
    # Units that keep their value of the step before (Krueger et al. 2017, equations 5 and 6).
    zoneout_cell: float = setting(0.0, at_least=0, at_most=0.95)
    zoneout_hidden: float = setting(0.0, at_least=0, at_most=0.95)

    def in_steps(self, train: bool) -> bool:
        """Whether a step is another function, so that a kernel must go step by step."""
        zoneout = self.zoneout_cell > 0 or self.zoneout_hidden > 0
        return zoneout or (train and self.recurrent_dropout > 0)


def kept(key: Array, rate: float, shape: tuple[int, ...], dtype: jnp.dtype) -> Array:
    """A mask: 0 at a share `rate` of the places, 1 / (1 - rate) elsewhere."""
    return jax.random.bernoulli(key, 1 - rate, shape).astype(dtype) / (1 - rate)


def drop_weights(key: Array, weights: dict, rate: float) -> dict:
    """A cell's weights with a share of the recurrent kernels' entries dropped.

    Recurrent kernels are the `kernel` of every part whose name starts with h.
    """
    dropped = dict(weights)
    for place, name in enumerate(sorted(name for name in weights if name.startswith("h"))):
        kernel = weights[name]["kernel"]
        mask = kept(jax.random.fold_in(key, place), rate, kernel.shape, kernel.dtype)
        dropped[name] = {**weights[name], "kernel": kernel * mask}
    return dropped


def drop_symbols(key: Array, symbols: Array, vectors: Array, count: int, rate: float) -> Array:
    """Embedding dropout: a share of the symbols has the vector zero wherever it occurs.

    Args:
      key: one mask of the vocabulary is drawn from it.
      symbols: integers (*batch, time) below `count`.
      vectors: theirs, (*batch, time, width).
      count: of the vocabulary.
      rate: the share (Gal & Ghahramani 2016, section 4.2; Merity et al. 2018, section 4.3).
    """
    return vectors * kept(key, rate, (count,), vectors.dtype)[symbols][..., None]


def zoneout(key: Array | None, rate: float, new: Array, old: Array) -> Array:
    """New values, a share `rate` of them replaced by the old; without a key their average."""
    if not rate:
        return new
    if key is None:
        return rate * old + (1 - rate) * new
    return jnp.where(jax.random.bernoulli(key, rate, new.shape), old, new)
