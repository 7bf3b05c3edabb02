"""Rows at regular times: their order, their distance, and the rows that are missing."""

import re

import numpy as np

from lstmjax.errors import UserError
from lstmjax.tasks.series.csv_table import Table

UNITS = {"month": "M", "d": "D", "h": "h", "min": "m", "s": "s"}  # NumPy's names
MOST_MISSING = 0.1  # of the rows; where more are, gaps are the rule, as weekends of trading days
AS_THEY_COME = "rows"


def in_order(table: Table, times: np.ndarray, mend: bool) -> tuple[Table, np.ndarray, str]:
    """A table whose times ascend, its times, and what was mended; the last row of a time stays.

    Raises:
      UserError: a time does not come after the one before, and `mend` is false.
    """
    wrong = np.flatnonzero(np.diff(times) <= np.timedelta64(0, "us")) + 1
    if not len(wrong):
        return table, times, ""
    row = wrong[0]
    if not mend:
        raise UserError(
            f"{table.at(row)}: time {times[row]} does not come after {times[row - 1]} of the row "
            "before; sort the rows and leave each time once, or set task.mend=true"
        )
    order = np.argsort(times, kind="stable")
    last = np.append(np.diff(times[order]) > np.timedelta64(0, "us"), True)
    dropped = int((~last).sum())
    order = order[last]
    table = table._replace(
        rows=[table.rows[i] for i in order], lines=[table.lines[i] for i in order]
    )
    return table, times[order], f"rows sorted by time, {dropped:,} dropped whose time comes again"


def found(times: np.ndarray) -> str | None:
    """The distance between rows, as in `15min`, if all times keep it and few rows are missing."""
    if len(times) < 3:
        return None
    for name, unit in UNITS.items():
        apart = np.diff(times.astype(f"datetime64[{unit}]")).astype(np.int64)
        count = int(np.median(apart))
        if count < 1 or 2 * (apart == count).sum() < len(apart):
            continue
        places = _places(times, f"{count}{name}")
        if (places >= 0).all() and len(times) >= (1 - MOST_MISSING) * (places[-1] + 1):
            return f"{count}{name}"
    return None


def missing(times: np.ndarray) -> str | None:
    """The distance that `found` tells, if rows are missing."""
    every = found(times)
    return every if every and _places(times, every)[-1] >= len(times) else None


def filled(table: Table, times: np.ndarray, every: str) -> tuple[Table, np.ndarray, np.ndarray]:
    """The table with an empty row for each missing one, its times, and where each row went.

    Raises:
      UserError: `every` cannot be read, or a time is no whole number of such distances after the
        first.
    """
    places = _places(times, every)
    for row in np.flatnonzero(places < 0)[:1]:
        raise UserError(
            f"{table.at(row)}: time {times[row]} is no multiple of {every} after {times[0]}; mend "
            "it, or set task.every to the distance of the rows, or to 'rows' to take them as "
            "they come"
        )
    count, unit = _distance(every)
    rows, lines = [], []
    for place, row, line in zip(places, table.rows, table.lines, strict=True):
        missing = int(place) - len(rows)
        rows += [[""] * len(table.names)] * missing + [row]
        lines += [line] * (missing + 1)
    first = times[:1].astype(f"datetime64[{unit}]")
    grid = first + (count * np.arange(len(rows))).astype(f"timedelta64[{unit}]")
    grid = grid.astype(times.dtype) + (times[0] - first.astype(times.dtype))
    return table._replace(rows=rows, lines=lines), grid, places


def _distance(every: str) -> tuple[int, str]:
    match = re.fullmatch(r"([1-9]\d{0,8})\s*([a-z]+)", every.strip())
    if not match or match[2] not in UNITS:
        raise UserError(
            f"task.every is {every!r}: give a number and one of {', '.join(UNITS)}, as in 15min, "
            f"or {AS_THEY_COME!r} to take the rows as they come"
        )
    return int(match[1]), UNITS[match[2]]


def _places(times: np.ndarray, every: str) -> np.ndarray:
    """How many distances each time is after the first, (rows,); -1 where it is not whole."""
    count, unit = _distance(every)
    coarse = times.astype(f"datetime64[{unit}]")
    after = (coarse - coarse[0]).astype(np.int64)
    within = times - coarse.astype(times.dtype)
    return np.where((within == within[0]) & (after % count == 0), after // count, -1)
