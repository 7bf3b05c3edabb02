"""The nearest of many spellings: a floor that copies what it was shown."""

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax.metrics import edit_distance
from lstmjax.tasks.ragged import Ragged

NEIGHBOURS = 8  # spellings before and behind, in either order, that are compared
CHUNK = 512  # spellings compared at once


def nearest_spelling(sources: Ragged, known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """For each of `asked` the place in `known` of the spelling at the least edit distance.

    Only the spellings are compared that sort next to the asked one, read forward or backward: what
    shares its beginning or its end. Of equally near ones the first in this order is taken.

    Args:
      sources: the spellings.
      known: rows of `sources` (size,) to choose from.
      asked: rows of `sources` (asked,).

    Returns:
      Integers (asked,), indices into `known`.
    """
    width, padding = int(sources.lengths.max()), int(sources.codes.max()) + 1
    spelled = np.asarray(sources.padded(np.arange(len(sources.lengths)), width, padding))
    places = np.arange(width)
    back = sources.lengths[:, None] - 1 - places
    reverse = np.where(back >= 0, np.take_along_axis(spelled, np.maximum(back, 0), 1), -1)
    forward = np.where(spelled == padding, -1, spelled)

    candidates = []  # (asked, neighbours): places in `known`
    for rows in (forward, reverse):
        order = np.lexsort(rows.T[::-1])
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        by_rank = np.argsort(rank[known])
        place = np.searchsorted(rank[known][by_rank], rank[asked])
        near = place[:, None] + np.arange(-NEIGHBOURS, NEIGHBOURS)
        candidates.append(by_rank[np.clip(near, 0, len(known) - 1)])
    candidates = np.concatenate(candidates, 1)

    @jax.jit
    def choose(asked: jax.Array, candidates: jax.Array) -> jax.Array:
        distances = edit_distance(asked[:, None], candidates, padding)
        return distances.argmin(-1)

    chosen = np.empty(len(asked), np.int64)
    for start in range(0, len(asked), CHUNK):
        rows = slice(start, start + CHUNK)
        compared = jnp.asarray(spelled[asked[rows]]), jnp.asarray(spelled[known[candidates[rows]]])
        chosen[rows] = np.take_along_axis(
            candidates[rows], np.asarray(choose(*compared))[:, None], 1
        )[:, 0]
    return chosen
