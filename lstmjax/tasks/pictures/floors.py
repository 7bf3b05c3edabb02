"""The nearest of many pictures: a floor that copies the sentence it was shown."""

import jax.numpy as jnp
from jax import Array

from lstmjax import devices

CHUNK = 256  # pictures compared at once


def nearest_picture(known: Array, asked: Array) -> Array:
    """For each of `asked` (asked, ...) the place in `known` (size, ...) of the picture next to it.

    By the sum of squared differences over all pixels.
    """

    def choose(known: Array, asked: Array) -> Array:
        known = known.reshape(len(known), -1).astype(jnp.float32)
        squares = (known**2).sum(1)

        def one_chunk(pictures: Array) -> Array:
            flat = pictures.reshape(len(pictures), -1).astype(jnp.float32)
            return (squares - 2 * flat @ known.T).argmin(1)

        chunks = [one_chunk(asked[i : i + CHUNK]) for i in range(0, len(asked), CHUNK)]
        return jnp.concatenate(chunks)

    return devices.jit(choose)(known, asked)
