"""Means of what several models say, as outputs of one model."""

from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.errors import UserError

# Values; logits of one of several; logits of yes or no; or what has no mean of the same shape.
Outputs = Literal["values", "logits", "yes_or_no", "other"]


def together(outputs: Array, kind: Outputs) -> Array:
    """The mean of values, or the logits of the mean of probabilities.

    Args:
      outputs: of several models, (models, ...).
      kind: what they are.

    Raises:
      UserError: they have no mean.
    """
    if kind == "values":
        return outputs.mean(0)
    if kind == "logits":
        return _log_mean(jax.nn.log_softmax(outputs.astype(jnp.float32)))
    if kind == "yes_or_no":
        outputs = outputs.astype(jnp.float32)
        yes, no = (_log_mean(jax.nn.log_sigmoid(sign * outputs)) for sign in (1, -1))
        return yes - no
    raise UserError("--together: what the models of this task say has no mean; leave it out")


def _log_mean(logs: Array) -> Array:
    """The logarithm of the mean of what has these logarithms, over the first axis."""
    return jax.nn.logsumexp(logs, 0) - jnp.log(len(logs))
