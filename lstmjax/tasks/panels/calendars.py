"""What the time itself tells: the hour, the day of the week, ..., as points on circles."""

from typing import Literal

import numpy as np

from lstmjax.errors import UserError

Part = Literal["hour", "weekday", "day", "month", "year_day"]
PERIOD = {"hour": 24, "weekday": 7, "day": 31, "month": 12, "year_day": 365.25}


def width(parts: tuple[Part, ...]) -> int:
    """Numbers a row: a sine and a cosine for each part."""
    return 2 * len(parts)


def read(parts: tuple[Part, ...], times: np.ndarray) -> np.ndarray:
    """The parts of each time (rows,) as sines and cosines: float64 (rows, width).

    Raises:
      UserError: the times are running numbers.
    """
    if not parts:
        return np.zeros((len(times), 0))
    if times.dtype == np.int64:
        raise UserError(
            "task.calendar needs dates, and task.time has whole numbers: leave it out, or set "
            "task.time_format"
        )
    days, months, years = (times.astype(f"datetime64[{unit}]") for unit in "DMY")
    hour = np.timedelta64(1, "h")
    found = {
        "hour": (times - days) / hour,
        "weekday": (days.astype(np.int64) + 3) % 7 + (times - days) / hour / 24,  # Monday is 0
        "day": (days - months).astype(np.int64),
        "month": months.astype(np.int64) % 12,
        "year_day": (days - years).astype(np.int64),
    }
    angles = [2 * np.pi * found[part] / PERIOD[part] for part in parts]
    return np.stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)], 1)
