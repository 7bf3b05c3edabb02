"""A CSV file with a header: read, checked, and its columns as numbers, words or times."""

import csv
import difflib
import hashlib
import io
import math
import pathlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from lstmjax.errors import UserError
from lstmjax.tasks.series.numbers import MARKS, marks, number

MISSING = {"", "na", "n/a", "nan", "null", "none"}  # in any case
EPOCH = "epoch"  # the form of times that count seconds since 1970
LARGEST = 1e140  # whose squares, added up, float64 holds


class Table(NamedTuple):
    """The cells of a file as text."""

    path: str
    names: list[str]
    rows: list[list[str]]  # as wide as `names`
    lines: list[int]  # of the file, where each row ends
    digest: str  # SHA-256 of the file

    def column(self, name: str, setting: str) -> list[str]:
        """The cells of a column; UserError, with the nearest name, if it is not there."""
        if name not in self.names:
            close = difflib.get_close_matches(name, self.names, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(self.names)}"
            if any("," in other for other in self.names):
                quoted = next(other for other in self.names if "," in other)
                hint += f"; put a name with a comma in quotes: --set {setting}='\"{quoted}\"'"
            raise UserError(f"{self.path}: no column {name!r} ({setting}); {hint}")
        place = self.names.index(name)
        return [row[place] for row in self.rows]

    def numbers(self, name: str, setting: str, decimal: str = ".") -> np.ndarray:
        """A column as float64 (rows,), NaN where a cell is empty or says that it is missing."""
        cells = self.column(name, setting)
        if decimal == "." and (plain := _plain_numbers(cells)) is not None:
            return plain
        values, signs = np.full(len(cells), np.nan), set()
        for i, cell in enumerate(cells):
            if cell.strip().casefold() in MISSING:
                continue
            try:
                values[i] = number(cell, decimal)
            except ValueError:
                values[i] = math.inf
            signs.add(cell.strip().endswith("%"))
            if len(signs) > 1:
                raise UserError(
                    f"{self.at(i)}: {cell!r} in column {name!r}, whose cells are per cent in part; "
                    "write all of them one way"
                )
            if not abs(values[i]) < LARGEST:
                raise UserError(
                    f"{self.at(i)}: {cell!r} in column {name!r} is not a number; mend it, leave "
                    f"the cell empty if it is missing, or name another column in {setting}"
                )
        return values

    def how_written(
        self, names: Iterable[str], separator: str, decimal: str | None
    ) -> tuple[str, tuple[str, ...]]:
        """How columns of numbers are written: the mark before decimals, and what to tell of it.

        Args:
          names: of the columns; those that are not there are passed over.
          separator: of the file's cells; a semicolon makes a doubtful comma a decimal one.
          decimal: the mark, `.` or `,`; None: found.

        Raises:
          UserError: all commas may be before decimals or between thousands.
        """
        columns = (self.column(name, "") for name in {*names} & {*self.names})
        cells = {cell.strip() for column in columns for cell in column}
        cells = {cell for cell in cells if cell.casefold() not in MISSING}
        told = ("per cent signs dropped",) * any(cell.endswith("%") for cell in cells)
        if decimal is not None:
            return decimal, told
        fit = marks(cells)
        if len(fit) == len(MARKS) and separator != ";":
            raise UserError(
                f"{self.path}: in {max(cells, key=len)!r} the comma may be before decimals or "
                "between thousands; set task.decimal to , or ."
            )
        if fit and fit[-1] == ",":
            return ",", ("decimal commas", *told)
        return ".", told

    def words(self, name: str, setting: str) -> list[str | None]:
        """A column as texts (rows,), None where one is missing."""
        cells = [cell.strip() for cell in self.column(name, setting)]
        return [None if cell.casefold() in MISSING else cell for cell in cells]

    def times(self, name: str, form: str | None) -> np.ndarray:
        """A column as datetime64[us] (rows,): ISO 8601, or what `form` says to strptime.

        Raises:
          UserError: a time that cannot be read.
        """
        cells = self.column(name, "task.time")
        if form is None and (plain := _plain_times(cells)) is not None:
            return plain
        times = np.empty(len(cells), "datetime64[us]")
        for i, cell in enumerate(cells):
            try:
                times[i] = read_time(cell, form)
            except ValueError:
                raise UserError(
                    f"{self.at(i)}: {cell!r} in column {name!r} is not a time like "
                    f"{form or '2016-07-01 13:00'}; mend it, or set task.time_format as for "
                    "strptime (`epoch`: seconds since 1970), or task.time=none"
                ) from None
        return times

    def at(self, row: int) -> str:
        """Names a row as an editor shows it."""
        return f"{self.path} line {self.lines[row]}"


def _plain_numbers(cells: list[str]) -> np.ndarray | None:
    """A column at once, if Python reads every cell and each is a number of reasonable size."""
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None
    return values if (np.abs(values) < LARGEST).all() else None


def _plain_times(cells: list[str]) -> np.ndarray | None:
    """A column at once, if Python reads every cell and none names a zone."""
    try:
        times = list(map(datetime.fromisoformat, cells))
    except ValueError:
        return None
    return None if any(t.tzinfo for t in times) else np.array(times, "datetime64[us]")


def read_time(text: str, form: str | None) -> np.datetime64:
    """One time, in UTC where it names a zone; ValueError where it cannot be read."""
    text = text.strip()
    if form == EPOCH:
        seconds = float(text)
        if not abs(seconds) < 1e11:  # beyond year 5000: milliseconds, most likely
            raise ValueError(f"{text} is not a number of seconds")
        return np.datetime64(round(seconds * 1e6), "us")
    if form is None and re.fullmatch(r"\d{4}-\d{2}", text):  # months, which Python leaves out
        return np.datetime64(text, "us")
    time = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
    if time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(time, "us")


def read_table(path: str, separator: str) -> Table:
    """Reads a UTF-8 CSV file whose first line names the columns.

    Raises:
      UserError: it is missing, empty, not UTF-8, ragged, or has no header; or nothing can be
        separated by `separator`.
    """
    separator = character(separator)
    content = _content(path)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"{path} line {line}: not UTF-8; save the file as UTF-8") from error
    rows, lines, known = [], [], {}  # cells written alike are one text in memory
    # a piece at a time is text, beside the cells
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    try:
        for row in reader:
            rows.append([known.setdefault(cell, cell) for cell in row])
            lines.append(reader.line_num)
    except csv.Error as error:
        raise UserError(f"{path} line {reader.line_num}: {error}; mend the quotes") from error
    while rows and not rows[-1]:  # blank lines at the end
        rows.pop()
    if not rows:
        raise UserError(f"{path}: empty; a header and rows of numbers are needed")
    names = [name.strip() for name in rows.pop(0)]
    _check_header(path, names, separator)
    for i, row in enumerate(rows):
        if not row and len(names) == 1:
            rows[i] = [""]  # in a file of one column a missing value is a blank line
        elif len(row) != len(names):
            raise UserError(
                f"{path} line {lines[i + 1]}: {len(row)} cells, the header names {len(names)}; "
                "mend the row, or set task.separator"
            )
    return Table(path, names, rows, lines[1:], hashlib.sha256(content).hexdigest())


def character(separator: str) -> str:
    r"""What `task.separator` stands for: one character, and `tab` or `\t` for a tab."""
    separator = {"tab": "\t", r"\t": "\t"}.get(separator, separator)
    if len(separator) != 1 or separator in '"\r\n\0':
        raise UserError(
            f"task.separator is {separator!r}: give one character that stands between cells, as "
            "in --set task.separator=';', or tab"
        )
    return separator


def _content(path: str) -> bytes:
    if not path:
        raise UserError("task.path is not set: name a CSV file, as in --set task.path=my.csv")
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name a CSV file") from error


def _check_header(path: str, names: list[str], separator: str) -> None:
    for other in set(",;\t") - {separator}:
        if len(names) == 1 and other in names[0]:
            raise UserError(
                f"{path} line 1: one column {names[0]!r}; set task.separator={other!r} if that "
                "parts the cells"
            )
    if all(_is_number(name) for name in names):
        raise UserError(f"{path} line 1: only numbers; a header that names the columns is needed")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(f"{path} line 1: two columns named {twice[0]!r}; rename one")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
