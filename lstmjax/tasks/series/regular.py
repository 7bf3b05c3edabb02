"""The rows of one series at regular times: put in order, and filled up where some are missing."""

import numpy as np

from lstmjax.errors import UserError
from lstmjax.tasks.series.clock import Clock, find, later, places_of
from lstmjax.tasks.series.csv_table import Table


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
    clock = find(np.zeros(len(times), int), times) if len(times) > 2 else None
    return None if clock is None else clock.every


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
    rows, lines = [], []
    for place, row, line in zip(places, table.rows, table.lines, strict=True):
        missing = int(place) - len(rows)
        rows += [[""] * len(table.names)] * missing + [row]
        lines += [line] * (missing + 1)
    grid = later(times[:1].repeat(len(rows)), np.arange(len(rows)), Clock.read(every))
    return table._replace(rows=rows, lines=lines), grid, places


def _places(times: np.ndarray, every: str) -> np.ndarray:
    """How many distances each time is after the first, (rows,); -1 where it is not whole."""
    return places_of(np.zeros(len(times), int), times, Clock.read(every))
