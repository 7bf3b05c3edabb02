"""A small file of two series, and its task and windows."""

import jax
import jax.numpy as jnp

from lstmjax.tasks.series import Series
from tests import small_files

ROWS = 120


def values():
    """Two columns as the file has them, NaN where they are missing."""
    return small_files.series_values(ROWS)


def series(file, **changes):
    fields = dict(
        path=file,
        targets=("load",),
        covariates=("heat",),
        lookback=6,
        horizon=3,
        split_rows=(60, 80),
        season=4,
    )
    return Series(**fields | changes).resolve()


def windows(task, split, indices=None):
    data = task.load()
    indices = range(data.sizes[split]) if indices is None else indices
    return task.batch(jax.device_put(data.arrays), split, jnp.asarray(list(indices)))
