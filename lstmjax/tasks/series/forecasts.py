"""Forecasts from a user's file: its last rows as an example, and the rows after them as a CSV."""

import csv
import dataclasses
import io
import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax.errors import UserError
from lstmjax.files import decimal
from lstmjax.tasks.base import Batch, Panel
from lstmjax.tasks.series import regular
from lstmjax.tasks.series.csv_table import EPOCH, Table, character, read_table
from lstmjax.tasks.series.forecasting import SeriesWindows

MOST_PANELS = 6
LEAST_ROWS = 24  # of those read that a picture shows at least


class Forecast(NamedTuple):
    """One window and what is said of it, in the units of the file; NaN where nothing was seen."""

    past: np.ndarray  # (history, targets)
    truth: np.ndarray  # (horizon, targets)
    median: np.ndarray  # (horizon, targets)
    quantiles: np.ndarray | None  # (horizon, targets, levels)


def read(task: SeriesWindows, path: pathlib.Path) -> tuple[np.ndarray | None, list[Batch]]:
    """The last rows of a file as one example, and the times of all rows, if the task has any.

    Raises:
      UserError: the file is malformed, has too few rows, or has a gap or a word where the training
        file had none.
    """
    table = read_table(str(path), task.separator)
    table, times, _ = task.rows(table)
    if times is not None and task.every is None and not task.late:  # no row missed in training
        table, times, _ = dataclasses.replace(task, every=regular.missing(times)).rows(table)
    values, seen = task.scaled(table)
    if len(values) < task.history:
        raise UserError(
            f"{path}: {len(values):,} rows, a forecast reads {task.history:,}; give more of them"
        )
    first = len(values) - task.history
    _check_known(task, table, seen, first)
    past, past_seen = (jnp.asarray(x[None, first:]) for x in (values, seen))
    future = jnp.zeros((1, task.horizon, len(task.targets)))
    return times, [jax.device_get(task.window(past, past_seen, future, future > 0))]


def _check_known(task: SeriesWindows, table: Table, seen: np.ndarray, first: int) -> None:
    """UserError where the rows from `first` on show what the model cannot know."""
    for i, name in enumerate(task.numeric):
        for row in np.flatnonzero(~seen[first:, i])[:1] + first:
            if name not in task.gaps:
                raise UserError(
                    f"{table.at(row)}: column {name!r} is empty, and had no missing value in "
                    "training; fill it in, or train on a file with gaps"
                )
    for name in task.categories:
        for row, word in enumerate(table.words(name, "task.categories")):
            if row >= first and word is not None and f"{name}={word}" not in task.words:
                raise UserError(
                    f"{table.at(row)}: {word!r} in column {name!r} did not occur in training; "
                    "leave the cell empty, or train on a file that has it"
                )


def answers(task: SeriesWindows, outputs: Any, batch: Batch) -> list[Forecast]:
    """A forecast for each row of a batch."""
    count, window = len(task.targets), batch.targets
    head, parameters = task.place(jnp.asarray(outputs), batch)
    median = task.original(np.asarray(head.median(parameters)))
    past = task.original(np.asarray(window.past)[..., :count])
    truth = task.original(np.asarray(window.future))
    past = np.where(np.asarray(window.past_seen)[..., :count], past, np.nan)
    truth = np.where(np.asarray(batch.mask), truth, np.nan)
    quantiles = [None] * len(median)
    if head.is_probabilistic:
        scaled = np.asarray(head.quantiles(parameters, task.levels))
        quantiles = np.moveaxis(task.original(np.moveaxis(scaled, -1, 0)), 0, -1)
    return [Forecast(*row) for row in zip(past, truth, median, quantiles, strict=True)]


def as_csv(task: SeriesWindows, times: np.ndarray | None, forecast: Forecast) -> str:
    """A line for each step and target: time or step, target, forecast, and its quantiles."""
    levels = task.levels if forecast.quantiles is not None else ()
    horizon, spread = len(forecast.median), task.spread_of(forecast)
    places = [str(step + 1) for step in range(horizon)]
    if times is not None:
        places = in_words(times_after(times, horizon), task.time_format)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=character(task.separator), lineterminator="\n")
    writer.writerow([task.time or "step", "target", "forecast", *levels])
    for step, place in enumerate(places):
        for i, name in enumerate(task.targets):
            values = [forecast.median[step, i]]
            if forecast.quantiles is not None:
                values += list(forecast.quantiles[step, i])
            writer.writerow([place, name, *(decimal(value, spread[step, i]) for value in values)])
    return out.getvalue()


def times_after(times: np.ndarray, count: int) -> np.ndarray:
    """The next `count` times, by the median distance; whole months are counted as months."""
    months = times.astype("datetime64[M]")
    if len(times) < 2:
        raise UserError("one time alone tells no distance: give more rows")
    unit = months if np.all(months == times) else times
    between = np.diff(unit)
    distance = np.median(between.astype(np.int64)).astype(np.int64)
    ahead = (distance * np.arange(1, count + 1)).astype(between.dtype)
    return (unit[-1] + ahead).astype("datetime64[us]")


def in_words(times: np.ndarray, form: str | None) -> list[str]:
    """Times as the file might write them, without the parts that all of them lack."""
    if form == EPOCH:
        return [f"{time / 1e6:.10g}" for time in times.astype(np.int64)]
    if form:
        return [time.strftime(form) for time in times.astype(object)]
    unit = next(
        unit
        for unit in ("M", "D", "m", "s", "us")
        if np.all(times.astype(f"datetime64[{unit}]") == times)
    )
    return [text.replace("T", " ") for text in np.datetime_as_string(times, unit)]


def panels(
    task: SeriesWindows, forecasts: list[Forecast], times: np.ndarray | None = None
) -> list[Panel]:
    """A panel for each forecast or each target, whichever are more.

    Args:
      task: whose forecasts they are.
      forecasts: at least one.
      times: of all rows of the file whose end they go on from, if it has any.
    """
    ahead = None if times is None else times_after(times, task.horizon)
    shown = []
    for k in range(min(max(len(forecasts), len(task.targets)), MOST_PANELS)):
        example, i = k % len(forecasts), k % len(task.targets)
        forecast = forecasts[example]
        panel = panel_of(forecast, i, task.targets[i], example, task.levels)
        if times is not None:
            panel = panel._replace(times=(times[len(times) - len(panel.past) :], ahead))
        shown.append(panel)
    return shown


def panel_of(forecast: Any, i: int, title: str, example: int, levels: tuple[float, ...]) -> Panel:
    """One target of a forecast as a picture shows it, with the band between its outer quantiles.

    Args:
      forecast: `past`, `truth` and `median` (rows, targets), `quantiles` (rows, targets, levels).
      i: which target.
      title: of the panel.
      example: which example is shown.
      levels: of the quantiles, if there are any.
    """
    truth = forecast.truth[:, i]
    panel = Panel(
        title=title,
        example=example,
        past=forecast.past[-max(3 * len(forecast.median), LEAST_ROWS) :, i],
        forecast=forecast.median[:, i],
        truth=None if np.isnan(truth).all() else truth,
    )
    if forecast.quantiles is None:
        return panel
    low, *_, high = np.moveaxis(forecast.quantiles[:, i], -1, 0)
    share = 100 * (levels[-1] - levels[0])
    return panel._replace(low=low, high=high, band=f"{share:.0f} % band")
