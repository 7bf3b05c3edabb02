"""A long table: a row for each time of each series. Read, checked, put in order, and filled up."""

import re
from typing import NamedTuple

import numpy as np

from lstmjax.errors import UserError
from lstmjax.tasks.series.clock import AS_THEY_COME, Clock, find, later, places_of
from lstmjax.tasks.series.csv_table import LARGEST, MISSING, Table, read_time

WHOLE = re.compile(r"[-+]?\d{1,15}")  # a time that is a running number


class LongTable(NamedTuple):
    """The rows of all series, one series after the other, each in the order of time."""

    table: Table
    series: list[str]  # their names, in the order of the file
    first: np.ndarray  # (series,): the row where each begins
    ends: np.ndarray  # (series,): the row after its last
    rows: np.ndarray  # (rows,): where each row is in the table; -1: it was missing
    times: np.ndarray | None  # (rows,): datetime64[us] or int64
    every: str  # the distance of rows, or AS_THEY_COME
    told: tuple[str, ...]  # what was mended

    def numbers(self, name: str, setting: str, decimal: str = ".") -> np.ndarray:
        """A column as float64 (rows,), NaN where a value or its row is missing."""
        cells = np.array(self.table.column(name, setting))
        values = None
        if decimal == ".":
            try:  # far faster than cell by cell, where cells are plain
                values = np.where(cells == "", "nan", cells).astype(np.float64)
            except ValueError:
                pass
        if values is None or not (np.isnan(values) | (np.abs(values) < LARGEST)).all():
            values = self.table.numbers(name, setting, decimal)
        return np.where(self.rows < 0, np.nan, values[self.rows])

    def words(self, name: str, setting: str) -> list[str | None]:
        """What a column says of each series: its first cell that is not missing.

        Raises:
          UserError: a series has two different words.
        """
        cells = np.array([word or "" for word in self.table.words(name, setting)])[self.rows]
        found = []
        for begin, end in zip(self.first, self.ends, strict=True):
            said = np.where(self.rows[begin:end] < 0, "", cells[begin:end])
            kinds = [str(word) for word in dict.fromkeys(said.tolist()) if word]
            if len(kinds) > 1:
                raise UserError(
                    f"{self.table.path}: series {self.series[len(found)]!r} has both {kinds[0]!r} "
                    f"and {kinds[1]!r} in column {name!r}, which {setting} says is one of a series"
                )
            found.append(kinds[0] if kinds else None)
        return found

    def at(self, row: int) -> str:
        """Names a row as an editor shows it, or the one before it if that was missing."""
        return self.table.at(self.rows[: row + 1][self.rows[: row + 1] >= 0][-1])


def arrange(
    table: Table, series: str, time: str | None, form: str | None, every: str | None, mend: bool
) -> LongTable:
    """Puts the rows of a long table in order, and adds those that are missing.

    Args:
      table: the file's.
      series: the column that names the series of a row.
      time: the column of times or running numbers; None: rows are in order.
      form: of the times, as for strptime.
      every: the distance of a series' rows, as in `15min`; None: found; AS_THEY_COME: not filled.
      mend: whether to sort rows, and keep the last of those of one time.

    Raises:
      UserError: a row names no series, or its time cannot be read, comes twice or in disorder.
    """
    places: dict[str, int] = {}
    cells = [cell.strip() for cell in table.column(series, "task.series")]
    of = np.array([places.setdefault(cell, len(places)) for cell in cells])
    for name in places:
        if name.casefold() in MISSING:
            row = int(np.flatnonzero(of == places[name])[0])
            raise UserError(f"{table.at(row)}: no name in column {series!r}; name the row's series")
    if time is None:
        order = np.argsort(of, kind="stable")
        first = np.searchsorted(of[order], np.arange(len(places)))
        ends = np.append(first[1:], len(order))
        return LongTable(table, list(places), first, ends, order, None, AS_THEY_COME, ())
    times = _times(table, time, form)
    order, told = _in_order(table, of, times, mend)
    of, times = of[order], times[order]
    told = (told,) if told else ()
    clock = find(of, times) if every is None else None
    if every not in (None, AS_THEY_COME):
        clock = Clock.read(every)
        wrong = np.flatnonzero(places_of(of, times, clock) < 0)
        if len(wrong):
            row = wrong[0]
            raise UserError(
                f"{table.at(order[row])}: time {times[row]} is no multiple of {every} after the "
                "first of its series; mend it, or set task.every to the distance of the rows, or "
                f"to {AS_THEY_COME!r}"
            )
    first = np.searchsorted(of, np.arange(len(places)))
    if clock is None:
        ends = np.append(first[1:], len(order))
        return LongTable(table, list(places), first, ends, order, times, AS_THEY_COME, told)
    after = places_of(of, times, clock)
    lengths = after[np.append(first[1:], len(of)) - 1] + 1
    ends = np.cumsum(lengths)
    begin = ends - lengths
    rows = np.full(ends[-1], -1)
    rows[begin[of] + after] = order
    missing = int((rows < 0).sum())
    if missing:
        told += (f"{missing:,} rows of every {clock.every} are missing",)
    steps = np.arange(len(rows)) - np.repeat(begin, lengths)
    grid = later(np.repeat(times[first], lengths), steps, clock)
    return LongTable(table, list(places), begin, ends, rows, grid, clock.every, told)


def _times(table: Table, name: str, form: str | None) -> np.ndarray:
    """The column of times: int64 if all are whole numbers, else datetime64[us]."""
    cells = [cell.strip() for cell in table.column(name, "task.time")]
    different: dict[str, int] = {}
    of = np.array([different.setdefault(cell, len(different)) for cell in cells])
    whole = [form is None and WHOLE.fullmatch(cell) is not None for cell in different]
    if all(whole):
        return np.array([int(cell) for cell in different], np.int64)[of]
    times = np.empty(len(different), "datetime64[us]")
    for cell, i in different.items():
        try:
            if whole[0] and not whole[i]:
                raise ValueError("a number is expected, as in the first row")
            if not whole[0]:
                times[i] = read_time(cell, form)
        except ValueError:
            raise UserError(
                f"{table.at(int(np.flatnonzero(of == i)[0]))}: {cell!r} in column {name!r} is not "
                f"a time like {form or '2016-07-01 13:00, nor a whole number'}; mend it, or set "
                "task.time_format as for strptime, or task.time=none"
            ) from None
    return times[of]


def _in_order(
    table: Table, of: np.ndarray, times: np.ndarray, mend: bool
) -> tuple[np.ndarray, str]:
    """The table's rows by series and time, the last of each time; and what was mended."""
    order = np.argsort(of, kind="stable")
    numbers = times[order].astype(np.int64)
    same = of[order][1:] == of[order][:-1]
    wrong = np.flatnonzero(same & (np.diff(numbers) <= 0)) + 1
    if not len(wrong):
        return order, ""
    if not mend:
        row = order[wrong[0]]
        raise UserError(
            f"{table.at(row)}: time {times[row]} does not come after {times[order[wrong[0] - 1]]} "
            "of the row before of its series; sort the rows and leave each time once, or set "
            "task.mend=true"
        )
    order = np.lexsort((np.arange(len(of)), times.astype(np.int64), of))
    numbers = times[order].astype(np.int64)
    last = np.append((np.diff(numbers) > 0) | (np.diff(of[order]) > 0), True)
    return order[last], f"rows sorted by time, {(~last).sum():,} dropped whose time comes again"
