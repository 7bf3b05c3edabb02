"""R squared of numbers, of a sequence or of each of its steps."""

from collections.abc import Sequence

import numpy as np

from lstmjax.errors import UserError
from lstmjax.tasks.sequences.examples import Sequences
from lstmjax.tasks.sequences.regression import Regression


def r_squared(given: Sequences, said: Sequence[np.ndarray], task: Regression) -> float:
    """The mean over the values: 1 is right, 0 is as good as the mean of the targets.

    Args:
      given: sequences with targets, and perhaps with weights (size,) or (size, time).
      said: the answers to each.
      task: that was fit.

    Raises:
      UserError: the targets are not of the shape that `fit` was given.
    """
    true = given.targets
    if true.shape[-1] != task.values or (true.ndim == 3) != task.every_step:
        each, of = (" at every step" * flag for flag in (true.ndim == 3, task.every_step))
        raise UserError(
            f"y has {true.shape[-1]} values{each}, fit was given {task.values}{of}; give the same"
        )
    weight = np.ones(len(true)) if given.weights is None else given.weights
    if task.every_step:
        valid = np.arange(true.shape[1]) < given.lengths[:, None]
        weight = np.broadcast_to(weight.reshape(len(true), -1), valid.shape)
        true, weight = true[valid], weight[valid]
    said = np.concatenate([np.reshape(row, (-1, task.values)) for row in said])
    weight = weight[:, None].astype(np.float64)
    mean = (weight * true).sum(0) / weight.sum()
    rest, whole = ((weight * (true - of) ** 2).sum(0) for of in (said, mean))
    return float(np.mean(np.where(whole > 0, 1 - rest / np.where(whole > 0, whole, 1), 0)))
