"""Forecasts of the series in a user's file: windows at their ends, and the rows after them."""

import csv
import io
import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax.errors import UserError
from lstmjax.files import decimal
from lstmjax.tasks.base import Batch, Panel
from lstmjax.tasks.panels.forecasting import PanelWindows
from lstmjax.tasks.panels.long_table import LongTable
from lstmjax.tasks.series.clock import AS_THEY_COME, Clock, later
from lstmjax.tasks.series.csv_table import character, read_table
from lstmjax.tasks.series.forecasts import MOST_PANELS, in_words, panel_of, times_after

AT_ONCE = 256  # windows of a batch


class PanelForecast(NamedTuple):
    """One window and what is said of it, in the units of the file; NaN where nothing was seen."""

    series: int  # its place in the file
    origin: int  # how many of its rows come before the forecast
    past: np.ndarray  # (lookback, targets)
    truth: np.ndarray  # (horizon, targets)
    median: np.ndarray  # (horizon, targets)
    quantiles: np.ndarray | None  # (horizon, targets, levels)


class Source(NamedTuple):
    """What the answers' file says of each series."""

    names: list[str]
    times: list[np.ndarray] | None  # of the steps ahead: datetime64[us] or int64

    def in_words(self, form: str | None) -> list[list[str]] | None:
        """The times as the file might write them."""
        if self.times is None:
            return None
        together, steps = np.concatenate(self.times), len(self.times[0])
        words = together.tolist()
        if together.dtype != np.int64:
            words = in_words(together, form)
        return [words[i : i + steps] for i in range(0, len(words), steps)]


def read(task: PanelWindows, path: pathlib.Path) -> tuple[Source, list[Batch]]:
    """The last rows of each series of a file as an example, known series or new ones.

    If columns are known ahead, a series' forecast begins after its last row with a target.

    Raises:
      UserError: the file is malformed, a series has nothing to forecast from or lacks what is known
        ahead, or has a gap where training had none.
    """
    long = task.arranged(read_table(str(path), task.separator))
    targets, beside = task.numbers(long)
    origins = long.ends.copy()
    for i, (begin, end) in enumerate(zip(long.first, long.ends, strict=True)):
        there = np.flatnonzero(np.isfinite(targets[begin:end]).any(1))
        if not len(there):
            raise UserError(
                f"{path}: series {long.series[i]!r} has no value of {', '.join(task.targets)}; "
                "give at least one row before the forecast, or leave the series out"
            )
        if task.known:
            origins[i] = begin + there[-1] + 1
    _check_known(task, long, origins)
    if not task.gaps:
        _check_whole(task, long, np.isfinite(np.concatenate([targets, beside], 1)), origins)
    arrays = task.arrays(_longer(task, long, origins), origins)
    naive = jnp.zeros((len(origins), len(task.targets)))
    of = np.arange(len(origins))
    moved = arrays["first"] + origins - long.first
    cut = jax.jit(task.cut)
    batches = []
    for start in range(0, len(of), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        batch = jax.device_get(cut(arrays, of[part], moved[part], naive[part]))
        batches.append(batch._replace(mask=np.zeros_like(batch.mask)))
    return Source(long.series, _ahead(task, long, origins, task.horizon)), batches


def _check_known(task: PanelWindows, long: LongTable, origins: np.ndarray) -> None:
    """UserError if a series lacks what is known ahead."""
    for name in task.known:
        values = long.numbers(name, "task.known", task.decimal or ".")
        for i, (origin, end) in enumerate(zip(origins, long.ends, strict=True)):
            ahead = values[origin : min(end, origin + task.horizon)]
            if len(ahead) < task.horizon or np.isnan(ahead).any():
                raise UserError(
                    f"{long.table.path}: series {long.series[i]!r} has {np.isfinite(ahead).sum()} "
                    f"values of {name!r} after its last target; task.known needs them for all "
                    f"{task.horizon} rows ahead, whose targets stay empty"
                )


def _check_whole(
    task: PanelWindows, long: LongTable, seen: np.ndarray, origins: np.ndarray
) -> None:
    """UserError if a window reaches before its series, or not all of it was `seen` (rows, columns).

    A model that was trained without gaps reads a missing value as any other.
    """
    for name, begin, origin in zip(long.series, long.first, origins, strict=True):
        if origin - begin < task.lookback:
            raise UserError(
                f"{long.table.path}: series {name!r} has {origin - begin:,} rows before its "
                f"forecast, which reads {task.lookback:,}; give more of them, or train on a panel "
                "with short series"
            )
        window = slice(origin - task.lookback, origin)
        for row, column in np.argwhere(~seen[window])[:1] + (window.start, 0):
            if long.rows[row] < 0:
                what = f"the next row of series {name!r} is missing, and no"
            else:
                empty = (*task.targets, *task.beside)[column]
                what = f"column {empty!r} of series {name!r} is empty, and had no missing"
            raise UserError(
                f"{long.at(row)}: {what} value in training; give it, or train on a file with gaps"
            )


def _longer(task: PanelWindows, long: LongTable, origins: np.ndarray) -> LongTable:
    """With empty rows at the end of each series that has no horizon of rows after its origin."""
    lengths = np.maximum(long.ends, origins + task.horizon) - long.first
    ends = np.cumsum(lengths)
    first = ends - lengths
    rows = np.full(ends[-1], -1)
    times = None if long.times is None else np.zeros(ends[-1], long.times.dtype)
    ahead = _ahead(task, long, long.ends, int((lengths - (long.ends - long.first)).max()))
    for i, (begin, end) in enumerate(zip(long.first, long.ends, strict=True)):
        there = slice(first[i], first[i] + end - begin)
        rows[there] = long.rows[begin:end]
        if times is not None:
            times[there] = long.times[begin:end]
            times[there.stop : ends[i]] = ahead[i][: ends[i] - there.stop]
    return long._replace(first=first, ends=ends, rows=rows, times=times)


def _ahead(
    task: PanelWindows, long: LongTable, origins: np.ndarray, count: int
) -> list[np.ndarray] | None:
    """The times of `count` rows from each origin on."""
    if long.times is None:
        return None
    if long.every != AS_THEY_COME:
        clock = Clock.read(long.every)
        return [
            later(long.times[o - 1 : o].repeat(count), np.arange(count) + 1, clock) for o in origins
        ]
    found = []
    for begin, origin in zip(long.first, origins, strict=True):
        times = long.times[begin:origin]
        if times.dtype == np.int64:
            step = int(np.median(np.diff(times))) if len(times) > 1 else 1
            found.append(times[-1] + step * (np.arange(count) + 1))
        else:
            found.append(times_after(times, count))
    return found


def answers(task: PanelWindows, outputs: Any, batch: Batch) -> list[PanelForecast]:
    """A forecast for each row of a batch."""
    window = batch.targets
    unit = np.asarray(window.unit, np.float64)
    parameters = task.place(jax.tree.map(jnp.asarray, outputs), batch)

    past = np.exp(window.past) if task.log else np.asarray(window.past)
    past = np.where(np.asarray(window.past_seen), past * unit, np.nan)
    truth = np.asarray(task.in_units(window.future, batch), np.float64) * unit
    truth = np.where(np.asarray(batch.mask), truth, np.nan)
    median = np.asarray(task.median(parameters, batch), np.float64) * unit
    quantiles = [None] * len(median)
    if task.read_as.is_probabilistic:
        levels = np.asarray(task.quantiles(parameters, batch), np.float64)
        quantiles = levels * unit[..., None]
    places = (np.asarray(x).tolist() for x in (window.series, window.origin))
    return [
        PanelForecast(*row) for row in zip(*places, past, truth, median, quantiles, strict=True)
    ]


def as_csv(task: PanelWindows, source: Source, found: list[PanelForecast]) -> str:
    """A line for each series, step and target: forecast, and its quantiles."""
    levels = task.levels if found[0].quantiles is not None else ()
    several = len(task.targets) > 1
    out = io.StringIO()
    writer = csv.writer(out, delimiter=character(task.separator), lineterminator="\n")
    target = ["target"] if several else []
    writer.writerow([task.series, task.time or "step", *target, "forecast", *levels])
    ahead = source.in_words(task.time_format)
    for forecast in found:
        times, spread = ahead[forecast.series] if ahead else None, task.spread_of(forecast)
        for step in range(task.horizon):
            place = times[step] if times else step + 1
            for i, name in enumerate(task.targets):
                values = [forecast.median[step, i]]
                if forecast.quantiles is not None:
                    values += list(forecast.quantiles[step, i])
                writer.writerow(
                    [
                        source.names[forecast.series],
                        place,
                        *([name] if several else []),
                        *(decimal(value, spread[step, i]) for value in values),
                    ]
                )
    return out.getvalue()


def panels(
    task: PanelWindows, found: list[PanelForecast], source: Source | None = None
) -> list[Panel]:
    """A panel for each of a few forecasts, evenly spaced: of their first target."""
    names = task.names if source is None else source.names
    shown = []
    for k in np.linspace(0, len(found) - 1, min(len(found), MOST_PANELS)).astype(int):
        forecast = found[k]
        title = f"{names[forecast.series]}, {forecast.origin:,} rows before"
        shown.append(panel_of(forecast, 0, title, int(k), task.levels))
    return shown
