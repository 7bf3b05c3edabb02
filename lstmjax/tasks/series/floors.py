"""What simple forecasts score on the windows that a model is tested on."""

import collections
import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from lstmjax import devices, metrics
from lstmjax.tasks.base import Batch, Data
from lstmjax.tasks.series.forecasting import SeriesWindows
from lstmjax.tasks.series.windows import efficiency, latest

CHUNK = 256  # windows that are worked on at a time
MOST = {"train": 2**15, "test": 2**16}  # windows that are read; of more, evenly spaced ones
SPREAD_FROM = 2_000  # training windows, at most, whose errors give a floor its bands

# From origins (count,) and the windows there to forecasts (count, horizon, targets), scaled.
Forecast = Callable[[np.ndarray, Batch], np.ndarray]


def floors(task: SeriesWindows, data: Data) -> dict[str, dict[str, float]]:
    """The last observed value, the one a season before, drift, and least squares on the window.

    Drift is the line through the first and the last value observed until then, of logarithms where
    these are learned.
    Where a task takes differences, what an output of zero says is a classical forecast, too: with
    normalization `last`, the value a season before moved by the newest change since a season.
    Least squares reads what the model reads, normalized as it is, with indicators of what is
    missing. Where the task forecasts distributions a floor has bands, too: the quantiles of its own
    errors in the training part, for each target and step of the horizon. Where that part is shorter
    than a window, as it may be for recursive forecasts, there is neither a fit nor a band.
    """
    task = dataclasses.replace(task, forecast="direct", decoder=False)
    forecasts = {"last value": _repeat(task, data, 1)}
    if task.season > 1:
        forecasts[f"value {task.season} rows before"] = _repeat(task, data, task.season)
    forecasts["drift"] = _drift(task, data)
    if task.difference:
        forecasts["output of zero"] = lambda _, batch: np.asarray(batch.targets.shift)
    if task.windows("train"):
        forecasts["least squares on the window"] = _least_squares(task, data)
    size, most = task.windows("test"), MOST["test"]
    sample = f" on {most:,} of {size:,}" if size > most else ""
    scores = _scores(task, data, forecasts)
    return {f"{name}{sample}": of for name, of in scores.items()}


def _windows(task: SeriesWindows, data: Data, split: str) -> Iterator[tuple[np.ndarray, Batch]]:
    """Origins and batches of a split, a chunk at a time."""
    size = task.windows(split)
    chosen = np.linspace(0, size - 1, min(size, MOST[split])).round().astype(np.int32)
    batch = devices.jit(task.batch, static_argnums=1)
    for start in range(0, len(chosen), CHUNK):
        indices = chosen[np.minimum(np.arange(start, start + CHUNK), len(chosen) - 1)]
        chunk = batch(data.arrays, split, indices)
        # one shape for all: what is beyond the end counts for nothing
        there = start + np.arange(CHUNK) < len(chosen)
        mask = np.asarray(chunk.mask) & there[:, None, None]
        yield task.origin(split) + indices, chunk._replace(mask=mask)


def _repeat(task: SeriesWindows, data: Data, period: int) -> Forecast:
    """The last observed value of each target, or that of the same place in the last seasons."""
    values, seen = (np.asarray(data.arrays[name]) for name in ("values", "seen"))
    count = len(task.targets)
    back = -(-max(period, task.history) // period) * period

    def forecast(origins: np.ndarray, batch: Batch) -> np.ndarray:
        rows = origins[:, None] + np.arange(-back, 0)
        there = seen[:, :count][np.maximum(rows, 0)] & (rows >= 0)[..., None]
        past = values[:, :count][np.maximum(rows, 0)]
        return np.asarray(latest(past, there, period, task.horizon))

    return forecast


def _drift(task: SeriesWindows, data: Data) -> Forecast:
    """The line through each target's first and last observed value (rows before an origin)."""
    count = len(task.targets)
    values, seen = (np.asarray(data.arrays[name])[:, :count] for name in ("values", "seen"))
    rows, columns = np.arange(len(values))[:, None], np.arange(count)
    newest = np.maximum.accumulate(np.where(seen, rows, -1))
    first = seen.argmax(0)

    def forecast(origins: np.ndarray, batch: Batch) -> np.ndarray:
        last = newest[origins - 1]  # (count, targets)
        slope = (values[last, columns] - values[first, columns]) / np.maximum(last - first, 1)
        ahead = (origins[:, None] - 1 - last)[:, None] + np.arange(1, task.horizon + 1)[:, None]
        line = values[last, columns][:, None] + slope[:, None] * ahead
        return np.where((last >= 0)[:, None], line, 0).astype(np.float32)

    return forecast


def _least_squares(task: SeriesWindows, data: Data) -> Forecast:
    """Every step of the horizon on all that the window shows, and a constant.

    By the normal equations, added up chunk by chunk in float64, and their solution of least norm
    where columns depend on each other. A window with a missing value ahead is left out.
    """
    gram, moment = 0.0, 0.0
    for _, batch in _windows(task, data, "train"):
        read = _design(batch)
        window = batch.targets
        asked = _by_series(task, (window.future - window.shift) / window.scale)
        whole = _by_series(task, batch.mask).all(1)
        gram += read[whole].T @ read[whole]
        moment += read[whole].T @ asked[whole]
    weights = np.linalg.lstsq(gram, moment)[0]

    def forecast(origins: np.ndarray, batch: Batch) -> np.ndarray:
        window, count = batch.targets, len(task.targets)
        said = _design(batch) @ weights
        if task.independent:
            said = np.moveaxis(said.reshape(-1, count, task.horizon), 1, 2)
        said = said.reshape(-1, task.horizon, count)
        return said * np.asarray(window.scale) + np.asarray(window.shift)

    return forecast


def _design(batch: Batch) -> np.ndarray:
    """A row for each window, or for each series of it, and a one: float64."""
    inputs = np.asarray(batch.inputs, np.float64)  # (batch, [targets,] time, width)
    read = inputs.reshape(-1, inputs.shape[-2] * inputs.shape[-1])
    return np.concatenate([read, np.ones((len(read), 1))], 1)


def _by_series(task: SeriesWindows, values: np.ndarray) -> np.ndarray:
    """(batch, horizon, targets) as the rows that `_design` has."""
    values = np.asarray(values)
    if task.independent:
        return np.moveaxis(values, 2, 1).reshape(-1, task.horizon)
    return values.reshape(len(values), -1)


def _scores(
    task: SeriesWindows, data: Data, forecasts: dict[str, Forecast]
) -> dict[str, dict[str, float]]:
    """The task's metrics over the test split, of each forecast."""
    bands = {name: {} for name in forecasts}
    if task.read_as.is_probabilistic and task.windows("train"):
        bands = _bands(task, data, forecasts)
    sums, count = {name: collections.defaultdict(float) for name in forecasts}, 0
    for origins, batch in _windows(task, data, "test"):
        count += batch.mask.sum()
        for name, forecast in forecasts.items():
            said = forecast(origins, batch)
            quantiles = {kind: said[..., None] + spread for kind, spread in bands[name].items()}
            each = task.errors(batch.targets.future, said, **quantiles)
            if task.nse:
                each["nse"] = efficiency(each["mse"], batch.targets)
            for metric, values in each.items():
                sums[name][metric] += np.asarray(values, np.float64)[batch.mask].sum()
    means = {
        name: metrics.divide({metric: (total, count) for metric, total in of.items()})
        for name, of in sums.items()
    }
    return {name: {m: float(mean) for m, mean in of.items()} for name, of in means.items()}


def _bands(
    task: SeriesWindows, data: Data, forecasts: dict[str, Forecast]
) -> dict[str, dict[str, np.ndarray]]:
    """Quantiles of each forecast's errors in training: (horizon, targets, levels), for `errors`."""
    every = -(-min(task.windows("train"), MOST["train"]) // SPREAD_FROM)
    errors = {name: [] for name in forecasts}
    for origins, batch in _windows(task, data, "train"):
        for name, forecast in forecasts.items():
            error = np.asarray(batch.targets.future) - forecast(origins, batch)
            errors[name].append(np.where(batch.mask, error, np.nan)[::every])

    def quantiles(of: list[np.ndarray], levels: np.ndarray) -> np.ndarray:
        found = np.nanquantile(np.concatenate(of), levels, 0).astype(np.float32)
        return np.moveaxis(found, 0, -1)

    kinds = {"levels": task.levels, "grid": task.read_as.grid}
    return {
        name: {kind: quantiles(of, levels) for kind, levels in kinds.items()}
        for name, of in errors.items()
    }
