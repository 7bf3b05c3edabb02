"""Metrics as (sum, count) pairs: added up on the device, divided once on the host."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

Sums = Mapping[str, tuple[Array, Array]]

# What the mean still needs before it carries its name: the root of a mean square is an rmse, the
# exponential of a mean negative log likelihood a perplexity.
FINISH = {"rmse": np.sqrt, "perplexity": np.exp, "bits": lambda nats: nats / np.log(2)}


def mean(values: Array, mask: Array | None = None) -> tuple[Array, Array]:
    """The weighted sum of `values`, and the sum of the weights.

    Args:
      values: any shape.
      mask: None, where every value counts once; or booleans or weights over the leading axes of
        `values`, the remaining axes of which all count alike.
    """
    values = values.astype(jnp.float32)
    if mask is None:
        return values.sum(), jnp.float32(values.size)
    mask = mask.reshape(mask.shape + (1,) * (values.ndim - mask.ndim))
    weights = jnp.broadcast_to(mask, values.shape).astype(jnp.float32)
    # where, not a product: a masked value may be infinite
    return jnp.where(weights > 0, values * weights, 0).sum(), weights.sum()


def divide(sums: Mapping[str, tuple]) -> dict[str, np.ndarray]:
    """The metrics themselves from their sums and counts; NaN where nothing was counted."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = {
            name: np.float64(value) / np.float64(count) for name, (value, count) in sums.items()
        }
        return {name: FINISH.get(name, lambda mean: mean)(value) for name, value in means.items()}


def smape(forecast: Array, truth: Array) -> Array:
    """2 |forecast - truth| / (|forecast| + |truth|), from 0 to 2; 0 where both are 0.

    Its gradient is zero there, too.
    """
    size = jnp.abs(forecast) + jnp.abs(truth)
    return 2 * jnp.abs(forecast - truth) / jnp.where(size > 0, size, 1)


def cross_entropy(logits: Array, labels: Array) -> Array:
    """-log softmax(logits)[labels] in nats: logits (..., classes), integer labels (...).

    It is 0 where a label is no class, as one that training lacks: no probability is its own.
    """
    known = labels < logits.shape[-1]
    labels = jnp.where(known, labels, 0)
    nats = optax.softmax_cross_entropy_with_integer_labels(logits.astype(jnp.float32), labels)
    return jnp.where(known, nats, 0)


def among(labels: Array, logits: Array, mask: Array | None) -> Array:
    """The mask of what counts in a mean of nats: labels (...) that are classes of the logits."""
    known = labels < logits.shape[-1]
    return known if mask is None else mask * known


def edit_distance(written: Array, reference: Array, stop: int) -> Array:
    """How many symbols must be inserted, deleted or replaced (Levenshtein 1966).

    Args:
      written: integers (*batch, time), each sequence up to its first `stop`.
      reference: integers (*batch, other time), the same.
      stop: what ends a sequence.

    Returns:
      Integers (*batch,).
    """
    batch = jnp.broadcast_shapes(written.shape[:-1], reference.shape[:-1])
    written = jnp.broadcast_to(written, (*batch, written.shape[-1]))
    places = jnp.arange(reference.shape[-1] + 1)

    # row j: the distance of what is written so far to the first j symbols of the reference
    def read(state: tuple[Array, Array], symbol: Array) -> tuple[tuple[Array, Array], None]:
        row, ended = state
        ended |= symbol == stop
        replaced = row[..., :-1] + (reference != symbol[..., None])
        best = (row + 1).at[..., 1:].min(replaced)  # deleted or replaced
        # inserted: the least over all k <= j of best[k] + j - k
        after = jax.lax.cummin(best - places, best.ndim - 1) + places
        return (jnp.where(ended[..., None], row, after), ended), None

    start = jnp.broadcast_to(places, (*batch, len(places))), jnp.zeros(batch, bool)
    (row, _), _ = jax.lax.scan(read, start, jnp.moveaxis(written, -1, 0))
    length = jnp.broadcast_to(sequence_length(reference, stop), batch)
    return jnp.take_along_axis(row, length[..., None], -1)[..., 0]


def sequence_length(symbols: Array, stop: int) -> Array:
    """How many symbols (*batch, time) come before the first `stop`: (*batch,)."""
    return jnp.cumprod(symbols != stop, -1).sum(-1)
