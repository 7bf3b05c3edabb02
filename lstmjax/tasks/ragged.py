"""Sequences of unequal length, one after the other in one array: nothing is stored as padding."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array


class Ragged(NamedTuple):
    """Row i is codes[starts[i] : starts[i] + lengths[i]]."""

    codes: Array
    starts: Array  # (rows,)
    lengths: Array  # (rows,)

    def padded(self, rows: Array, width: int, padding: int) -> Array:
        """Rows (...,) as integers (..., width), filled up with `padding`; traceable."""
        places = jnp.arange(width)
        inside = places < self.lengths[rows][..., None]
        flat = jnp.minimum(self.starts[rows][..., None] + places, len(self.codes) - 1)
        return jnp.where(inside, self.codes[flat].astype(jnp.int32), padding)


def number(values: Iterable) -> dict:
    """The place of each different value, in the order of their first occurrence."""
    return {value: place for place, value in enumerate(dict.fromkeys(values))}


def pack(rows: Sequence[Sequence[int]], symbols: int) -> Ragged:
    """Rows of codes below `symbols`, in the smallest type that holds them."""
    lengths = np.array([len(row) for row in rows], np.int32)
    codes = np.array([code for row in rows for code in row], np.min_scalar_type(symbols))
    return Ragged(codes, (np.cumsum(lengths) - lengths).astype(np.int32), lengths)
