"""Metrics as (sum, count) pairs: added up on the device, divided once on the host."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

Sums = Mapping[str, tuple[Array, Array]]

# What the mean still needs before it carries its name: the root of a mean square is an rmse, the
# exponential of a mean negative log likelihood a perplexity.
FINISH = {"rmse": np.sqrt, "perplexity": np.exp, "bits": lambda nats: nats / np.log(2)}


def mean(values: Array, mask: Array | None = None) -> tuple[Array, Array]:
    """The sum of `values` where `mask` holds, and how many values that is.

    Args:
      values: any shape.
      mask: None, or weights of 0 and 1 over the leading axes of `values`; the remaining axes of
        `values` all count.
    """
    values = values.astype(jnp.float32)
    if mask is None:
        return values.sum(), jnp.float32(values.size)
    mask = mask.reshape(mask.shape + (1,) * (values.ndim - mask.ndim))
    weights = jnp.broadcast_to(mask, values.shape).astype(jnp.float32)
    # where, not a product: a masked value may be infinite
    return jnp.where(weights > 0, values, 0).sum(), weights.sum()


def divide(sums: Mapping[str, tuple]) -> dict[str, np.ndarray]:
    """The metrics themselves from their sums and counts; NaN where nothing was counted."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = {
            name: np.float64(value) / np.float64(count) for name, (value, count) in sums.items()
        }
        return {name: FINISH.get(name, lambda mean: mean)(value) for name, value in means.items()}


def cross_entropy(logits: Array, labels: Array) -> Array:
    """-log softmax(logits)[labels] in nats: logits (..., classes), integer labels (...)."""
    return optax.softmax_cross_entropy_with_integer_labels(logits.astype(jnp.float32), labels)
