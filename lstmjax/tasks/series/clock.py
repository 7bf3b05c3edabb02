"""Regular times: how far rows are apart, and where each row stands in such a grid."""

import re
from typing import NamedTuple

import numpy as np

from lstmjax.errors import UserError

UNITS = {"month": "M", "d": "D", "h": "h", "min": "m", "s": "s"}  # NumPy's names
NUMBERS = ""  # the unit of times that are running numbers
MOST_MISSING = 0.1  # of the rows: if more are, gaps are the rule, as weekends of trading days
AS_THEY_COME = "rows"  # for a distance: none is held, and no row is missing


class Clock(NamedTuple):
    """How times are written as ticks: whole numbers that grow by `step` from row to row."""

    unit: str = NUMBERS  # NumPy's name of it, as `h`
    step: int = 1

    @property
    def every(self) -> str:
        """As the setting `task.every` has it."""
        names = {unit: name for name, unit in UNITS.items()}
        return f"{self.step}{names.get(self.unit, '')}"

    @classmethod
    def read(cls, every: str) -> "Clock":
        """What `every` says; UserError if it says nothing."""
        match = re.fullmatch(r"([1-9]\d{0,8})\s*([a-z]*)", every.strip())
        if not match or match[2] not in ("", *UNITS):
            raise UserError(
                f"task.every is {every!r}: give a number and one of {', '.join(UNITS)}, as in "
                f"15min; a number alone if times are numbers; or {AS_THEY_COME!r}"
            )
        return cls(UNITS.get(match[2], NUMBERS), int(match[1]))


def later(times: np.ndarray, steps: np.ndarray, clock: Clock) -> np.ndarray:
    """The times so many rows after others."""
    if clock.unit == NUMBERS:
        return times + clock.step * steps
    coarse = times.astype(f"datetime64[{clock.unit}]")
    within = times - coarse.astype(times.dtype)
    moved = coarse + (clock.step * steps).astype(f"timedelta64[{clock.unit}]")
    return moved.astype(times.dtype) + within


def find(of: np.ndarray, times: np.ndarray) -> Clock | None:
    """The distance between rows, if nearly all rows of all series keep it.

    Args:
      of: (rows,) integers from 0: which series a row belongs to, one series after the other.
      times: (rows,), ascending in each series.
    """
    units = (NUMBERS,) if times.dtype == np.int64 else UNITS.values()
    for unit in units:
        ticks = times if unit == NUMBERS else times.astype(f"datetime64[{unit}]").astype(np.int64)
        apart = np.diff(ticks)[of[1:] == of[:-1]]
        step = int(np.median(apart)) if len(apart) else 0
        if step < 1 or 2 * (apart == step).sum() < len(apart):
            continue
        places = places_of(of, times, Clock(unit, step))
        lengths = np.append(places[np.flatnonzero(np.diff(of))], places[-1]) + 1
        if (places >= 0).all() and len(of) >= (1 - MOST_MISSING) * lengths.sum():
            return Clock(unit, step)
    return None


def places_of(of: np.ndarray, times: np.ndarray, clock: Clock) -> np.ndarray:
    """How many rows each is after the first of its series, (rows,); -1 where it is not whole.

    Raises:
      UserError: the clock has a unit and the times are numbers, or the reverse.
    """
    first = np.searchsorted(of, np.arange(of[-1] + 1))[of]
    if clock.unit == NUMBERS:
        if times.dtype != np.int64:
            raise UserError(
                f"task.every is {clock.every!r}, and the times are no numbers: name a unit, as in "
                f"{clock.every}h"
            )
        after, whole = times - times[first], True
    else:
        if times.dtype == np.int64:
            raise UserError(
                f"task.every is {clock.every!r}, and the times are numbers: give one without a "
                "unit, or set task.time_format"
            )
        coarse = times.astype(f"datetime64[{clock.unit}]")
        within = times - coarse.astype(times.dtype)
        after, whole = (coarse - coarse[first]).astype(np.int64), within == within[first]
    return np.where(whole & (after % clock.step == 0), after // clock.step, -1)
