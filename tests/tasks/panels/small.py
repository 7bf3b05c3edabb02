"""A panel of four meters, its settings and its windows."""

import jax
import numpy as np

from lstmjax.tasks.panels import Panels
from tests import small_files

LOOKBACK, HORIZON, SEASON = 8, 3, 4
SETTINGS = dict(
    series="meter",
    time="hour",
    targets=("y",),
    lookback=LOOKBACK,
    horizon=HORIZON,
    season=SEASON,
    test_rows=5,
    log=True,
    normalize="season",
    mixture=(SEASON, 2 * SEASON),
    error="smape",
)


def task_of(directory, sizes=(60, 45, 32, 9), **changes):
    file = small_files.panel_csv(directory, sizes, ahead=changes.pop("ahead", 0))
    return Panels(path=str(file), **SETTINGS | changes).resolve()


def batch_of(task, split, indices=None):
    data = task.load()
    indices = np.arange(data.sizes[split]) if indices is None else indices
    return jax.device_get(jax.jit(task.batch, static_argnums=1)(data.arrays, split, indices)), data
