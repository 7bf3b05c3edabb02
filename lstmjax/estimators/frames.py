"""pandas and polars frames and arrays of series: columns out of them, and answers in kind.

Frames are read through narwhals, which takes both alike, and which only they need.
"""

import csv
import datetime
import hashlib
import io
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from lstmjax.errors import UserError
from lstmjax.files import write_text

MISSING = "NA"  # how a value that was not observed stands in a CSV file


class Columns:
    """The columns of a frame, or those of an array (time,) or (time, series), as `series 1`, ..."""

    def __init__(self, frame: Any):
        """Looks at the kind of the frame; UserError where it is none."""
        self._frame = None
        if isinstance(frame, (np.ndarray, list, tuple)):
            array = np.asarray(frame)
            if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or not array.size:
                raise UserError(
                    f"the series is an array of {array.dtype} of shape {array.shape}; numbers "
                    "(time,) or (time, series) are needed, or a frame"
                )
            self.flat = array.ndim == 1
            columns = array.reshape(len(array), -1).T
            self._columns = {f"series {i + 1}": column.tolist() for i, column in enumerate(columns)}
            self.numbers = list(self._columns)
            return
        try:
            import narwhals
        except ImportError:
            raise UserError(
                "frames are read through narwhals: pip install narwhals, or give an array"
            ) from None
        try:
            self._frame = narwhals.from_native(frame, eager_only=True)
        except TypeError as error:
            raise UserError(
                f"the series is a {type(frame).__name__}; give a pandas or polars frame, or an "
                "array (time,) or (time, series)"
            ) from error
        self._columns = {name: self._frame[name].to_list() for name in self._frame.columns}
        schema = self._frame.schema
        self.numbers = [name for name in self._columns if schema[name].is_numeric()]

    @property
    def is_array(self) -> bool:
        """Whether an array was given."""
        return self._frame is None

    def column(self, name: str, argument: str) -> list:
        """The values of a column; UserError names the argument that asked for it."""
        if name not in self._columns:
            raise UserError(
                f"{argument}: no column {name!r}; there are {', '.join(map(str, self._columns))}"
            )
        return self._columns[name]

    def like(self, columns: dict[str, Any]) -> Any:
        """Columns as a frame of the same kind."""
        import narwhals

        return narwhals.from_dict(columns, backend=self._frame.implementation).to_native()


def check_order(times: Sequence, names: Sequence | None = None) -> None:
    """Raises UserError, with the row, where a time does not come after the one before.

    Args:
      times: of the rows, from 0: dates, times or numbers.
      names: which series each row belongs to; none: all to one.
    """
    last: dict[Any, Any] = {}
    for row, (name, time) in enumerate(zip(names or [None] * len(times), times, strict=True)):
        if name in last and not time > last[name]:
            of = "" if names is None else f" of {name!r}"
            raise UserError(
                f"time: row {row:,}, {time}, does not come after {last[name]} of the row before"
                f"{of}; sort the rows, and leave each time once"
            )
        last[name] = time


def in_utc(times: Sequence) -> np.ndarray:
    """Dates or times as datetime64[us] (rows,), in UTC where they have a zone."""
    if getattr(times[0], "tzinfo", None) is not None:
        times = [time.astimezone(datetime.UTC).replace(tzinfo=None) for time in times]
    return np.array(times, "datetime64[us]")


def of_a_kind(times: np.ndarray, first: Any) -> list:
    """Times or whole numbers (rows,) as a column has them: as dates, or in its zone.

    Args:
      times: in UTC if the column's have a zone.
      first: of the column.
    """
    if not isinstance(first, datetime.datetime):
        dates = isinstance(first, datetime.date)
        return [time.date() if dates else time for time in times.tolist()]
    if first.tzinfo is None:
        return times.tolist()
    return [t.replace(tzinfo=datetime.UTC).astimezone(first.tzinfo) for t in times.tolist()]


def write_csv(directory: pathlib.Path, columns: dict[str, Sequence]) -> pathlib.Path:
    """Writes columns to a CSV file named after its content, so that it replaces no other."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_cell(value) for value in row])
    content = text.getvalue()
    file = directory / f"series-{hashlib.sha256(content.encode()).hexdigest()[:12]}.csv"
    if not file.exists():
        write_text(file, content)
    return file


def _cell(value: Any) -> str:
    if value is None or value != value:
        return MISSING
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
