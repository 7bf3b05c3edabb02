"""The nearest of many pictures: a floor that copies the sentence it was shown."""

import jax.numpy as jnp
from jax import Array

from lstmjax import devices

CHUNK = 256  # pictures that are numbers at once, of either side


def nearest_picture(known: Array, asked: Array) -> Array:
    """For each of `asked` (asked, ...) the place in `known` (size, ...) of the picture next to it.

    By the sum of squared differences over all pixels: numbers from 0 to 1, or bytes. Only a chunk
    of either is in memory as numbers.
    """

    def away(known: Array, asked: Array) -> Array:
        """(asked, known): the sum of squares, less what is the same for all that are known."""
        known, asked = (_numbers(pictures) for pictures in (known, asked))
        return (known**2).sum(1) - 2 * asked @ known.T

    program = devices.jit(away)
    return jnp.concatenate(
        [
            jnp.concatenate([program(part, some) for part in _chunks(known)], 1).argmin(1)
            for some in _chunks(asked)
        ]
    )


def _chunks(pictures: Array) -> list[Array]:
    return [pictures[i : i + CHUNK] for i in range(0, len(pictures), CHUNK)]


def _numbers(pictures: Array) -> Array:
    """Pictures as rows of numbers from 0 to 1."""
    largest = 255 if pictures.dtype == jnp.uint8 else 1
    return pictures.reshape(len(pictures), -1).astype(jnp.float32) / largest
