"""Where a text is cut into windows, in each epoch elsewhere: a pure function of their numbers."""

import math

import jax
import jax.numpy as jnp
from jax import Array


def most_moved(deviation: float) -> int:
    """Symbols that a cut is moved at most: two deviations, of which a window has two."""
    return math.ceil(2 * deviation / math.sqrt(2))


def cut(indices: Array, windows: int, window: int, deviation: float) -> tuple[Array, Array]:
    """Where windows of random length begin, and their lengths.

    The cuts stand `window` symbols apart, from another symbol on in each epoch. Each is moved by a
    number of its own, Gaussian within two deviations. A window ends where the next one starts.

    Args:
      indices: (batch,) of windows; window i of epoch e is i + e windows.
      windows: of an epoch.
      window: the mean length.
      deviation: the lengths'.

    Returns:
      int32 (batch,) and (batch,): the first symbols of windows, counted from where those of equal
      length would begin, and the lengths.
    """
    epochs, places = jnp.divmod(indices, windows)
    most, share = most_moved(deviation), deviation / math.sqrt(2)

    def begin(epoch: Array, place: Array) -> Array:
        key = jax.random.fold_in(jax.random.key(0), epoch)
        first = jax.random.randint(key, (), 0, window)
        moved = share * jax.random.truncated_normal(jax.random.fold_in(key, place), -2.0, 2.0)
        moved = jnp.clip(jnp.round(moved).astype(jnp.int32), -most, most)
        return jnp.where(place == 0, jnp.maximum(first + moved, 0), first + moved)

    starts, ends = (jax.vmap(begin)(epochs, places + more) for more in (0, 1))
    return starts, window + ends - starts
