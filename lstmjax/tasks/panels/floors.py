"""What simple forecasts of a panel score on the windows that a model is tested on."""

from collections.abc import Callable, Iterator

import jax
import numpy as np

from lstmjax import devices, metrics
from lstmjax.tasks.base import Batch, Data
from lstmjax.tasks.panels.forecasting import PanelWindows

CHUNK = 256  # windows that are worked on at a time
MOST = 2**14  # test windows that are forecast; of more, evenly spaced ones

# From what was observed of a series, oldest first, NaN where missing, and a number of steps to its
# continuation (steps,).
Continue = Callable[[np.ndarray, int], np.ndarray]


def last_value(values: np.ndarray, steps: int) -> np.ndarray:
    """The last observed value again and again."""
    return season_before(values, steps, 1)


def season_before(values: np.ndarray, steps: int, season: int) -> np.ndarray:
    """The last observed value at the same place in the season; NaN if there was none."""
    rows = np.full((-(-len(values) // season), season), np.nan)
    rows.reshape(-1)[len(rows) * season - len(values) :] = values
    there = np.isfinite(rows)
    newest = len(rows) - 1 - there[::-1].argmax(0)
    return rows[newest, np.arange(season)][np.arange(steps) % season]


def drift(values: np.ndarray, steps: int) -> np.ndarray:
    """The line through the first and the last observed value (Hyndman & Athanasopoulos 2021)."""
    there = np.flatnonzero(np.isfinite(values))
    if not len(there):
        return np.full(steps, np.nan)
    first, last = there[0], there[-1]
    slope = (values[last] - values[first]) / max(last - first, 1)
    return values[last] + slope * (len(values) - 1 - last + np.arange(1, steps + 1))


def floors(task: PanelWindows, data: Data) -> dict[str, dict[str, float]]:
    """The last value, the value a season before, and drift, from all of a series until then.

    If nothing was observed at a place of the season, the last value stands in.
    """
    ways: dict[str, Continue] = {"last value": last_value, "drift": drift}
    if task.season > 1:
        ways[f"value {task.season} rows before"] = lambda v, s: season_before(v, s, task.season)
    sums: dict[str, list] = {name: [] for name in ways}
    values, seen = (np.asarray(data.arrays[name]) for name in ("values", "seen"))
    first, count = np.asarray(data.arrays["first"]), len(task.targets)
    history = np.where(seen[:, :count], values[:, :count].astype(np.float64), np.nan)
    history = np.exp(history) if task.log else history
    scores = devices.jit(task.errors)
    for batch in _windows(task, data):
        spans = [
            history[first[series] : first[series] + origin]
            for series, origin in zip(batch.targets.series, batch.targets.origin, strict=True)
        ]
        for name, way in ways.items():
            said = np.stack(
                [np.stack([_filled(way, column, task.horizon) for column in x.T], 1) for x in spans]
            )
            sums[name].append(scores(said.astype(np.float32), batch))
    size = data.sizes["test"]
    sample = f" on {MOST:,} of {size:,}" if size > MOST else ""
    return {
        f"{name}{sample}": {
            metric: float(value)
            for metric, value in metrics.divide(
                {m: tuple(np.sum([np.float64(s[m]) for s in found], 0)) for m in found[0]}
            ).items()
        }
        for name, found in sums.items()
    }


def _filled(way: Continue, values: np.ndarray, steps: int) -> np.ndarray:
    said = way(values, steps)
    said = np.where(np.isfinite(said), said, last_value(values, steps))
    return np.where(np.isfinite(said), said, 0)


def _windows(task: PanelWindows, data: Data) -> Iterator[Batch]:
    """Batches of the test, of one shape: what is beyond the end is masked out."""
    size = data.sizes["test"]
    chosen = np.linspace(0, size - 1, min(size, MOST)).round().astype(np.int32)
    cut = devices.jit(task.batch, static_argnums=1)
    for start in range(0, len(chosen), CHUNK):
        places = np.arange(start, start + CHUNK)
        batch = cut(data.arrays, "test", chosen[np.minimum(places, len(chosen) - 1)])
        there = places < len(chosen)
        batch = batch._replace(inputs=None, mask=batch.mask & there[:, None, None])
        yield jax.device_get(batch)
