"""Series in a CSV file: which columns are read, how rows are split, and the scaling."""

import dataclasses
import re
from typing import Literal

import numpy as np

from lstmjax.errors import UserError
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Data
from lstmjax.tasks.forecasts import Forecasts
from lstmjax.tasks.series import regular
from lstmjax.tasks.series.clock import AS_THEY_COME
from lstmjax.tasks.series.csv_table import EPOCH, Table, read_table, read_time

PARTS = 3  # numbers that split_rows and split_dates hold at most
FARTHEST = 1e15  # whose square float32 holds, with room for sums
SECONDS = re.compile(r"1[0-8]\d{8}")  # since 1970, in 2001 to 2029; 2001020304 is no such number


@dataclasses.dataclass(frozen=True)
class SeriesFile(Forecasts):
    """The columns of a CSV file as series, in training, validation and test parts of its rows.

    Columns are scaled by mean and deviation of their observed values in the training part. Missing
    values become zero, and a column that has any is accompanied by one that says which are there.
    """

    path: str = ""  # a CSV file with a header
    separator: str = ","  # of its cells; `tab` or `\t`: a tab
    targets: tuple[str, ...] = ()  # columns to forecast
    covariates: tuple[str, ...] = ()  # columns of numbers that are read beside them
    categories: tuple[str, ...] = ()  # columns of words that are read, one-hot
    time: str | None = None  # the column of dates or times; none: rows are steps of one length
    # of that column, as for strptime, or `epoch`: seconds since 1970; none: ISO 8601, or found
    time_format: str | None = None
    every: str | None = None  # distance of rows, as in 15min; none: found; rows: as they come
    mend: bool = False  # sort rows by time, and keep the last of those with one time
    decimal: Literal[".", ","] | None = None  # the mark before decimals; none: found
    valid_fraction: float = setting(0.1, at_least=0, at_most=0.9)  # of the rows, before the test
    test_fraction: float = setting(0.2, at_least=0, at_most=0.9)  # of the rows, from the end
    # instead of fractions: where validation and test begin, and, if it is not the file's end, where
    # test ends; as rows after the header, from 0, or as times
    split_rows: tuple[int, ...] = setting((), at_least=0)
    split_dates: tuple[str, ...] = ()
    units: Literal["original", "scaled"] = "original"  # scaled: report in training deviations
    log: bool = False  # take the targets' logarithms
    # what the file determines:
    bounds: tuple[int, ...] = ()  # rows where validation begins, test begins, and test ends
    means: tuple[float, ...] = ()  # of each column of numbers, targets first, in the training part
    deviations: tuple[float, ...] = ()
    gaps: tuple[str, ...] = ()  # columns with missing values
    words: tuple[str, ...] = ()  # the kinds of each category, as column=word
    told: tuple[str, ...] = ()  # what was guessed or mended
    late: int = 0  # rows that come later after the one before than half as much again as most
    digest: str = ""  # SHA-256 of the file, so that a changed one is noticed

    @property
    def numeric(self) -> tuple[str, ...]:
        """The columns of numbers, targets first."""
        return self.targets + self.covariates

    def resolve(self) -> "SeriesFile":
        """Reads the file once: its split, scaling, gaps and words.

        Raises:
          UserError: the file is malformed, a column is missing, or a part is too small.
        """
        table = read_table(self.path, self.separator)
        self._check_columns(table)
        task = dataclasses.replace(self._found(table), digest=table.digest)
        rows = len(table.rows)
        table, times, places = task.rows(table)
        if len(table.rows) > rows:
            task = task._tells(f"{len(table.rows) - rows:,} rows of every {task.every} are missing")
        task = dataclasses.replace(task, bounds=task._split(table, times, places))
        values = task.numbers(table)
        train = values[: task.bounds[0]]
        for name, column in zip(self.numeric, np.isfinite(train).T, strict=True):
            if not column.any():
                raise UserError(
                    f"{self.path}: column {name!r} has no value in the {len(train):,} rows of the "
                    "training part; leave it out or move the split"
                )
        largest = np.nanmax(np.abs(train), 0)
        deviations = np.nanstd(train, 0)
        flat = deviations <= 1e-12 * largest  # one value, but for rounding
        deviations = np.where(flat, np.where(largest > FARTHEST, largest, 1), deviations)
        if task.units == "original" and not task._fits(deviations, np.nanmean(train, 0)):
            task = dataclasses.replace(task, units="scaled")._tells(
                "scores are in training deviations (task.units=scaled), for float32 cannot hold "
                "those of such values"
            )
        empty = np.isnan(values).any(0)
        words = {
            f"{name}={word}"
            for name in self.categories
            for word in table.words(name, "task.categories")
            if word is not None
        }
        return dataclasses.replace(
            task,
            means=tuple(np.nanmean(train, 0).tolist()),
            deviations=tuple(deviations.tolist()),
            gaps=tuple(name for name, gap in zip(self.numeric, empty, strict=True) if gap),
            words=tuple(sorted(words)),
            late=0 if times is None else _count_late(times),
        )

    def load(self) -> Data:
        """Scaled `values` (rows, columns), and whether they were `seen`; the sizes count windows.

        Columns are the targets, the covariates, and one for each word of a category.
        """
        table = read_table(self.path, self.separator)
        if table.digest != self.digest:
            raise UserError(
                f"{self.path}: not the file this experiment was trained on (its SHA-256 differs); "
                "restore that file, or train in a new directory"
            )
        table, _, _ = self.rows(table)
        values, seen = self.scaled(table)
        sizes = {split: self.windows(split) for split in SPLITS}
        return Data({"values": values, "seen": seen}, sizes)

    def windows(self, split: str) -> int:
        """How many examples a part of the rows holds."""
        raise NotImplementedError

    def describe(self, data: Data) -> str:
        """The file, its rows and its columns, and what may surprise."""
        rows = len(data.arrays["values"])
        said = f"{self.path}: {rows:,} rows, forecasting {', '.join(self.targets)}"
        if self.gaps:
            said += f"; missing values in {', '.join(self.gaps)}"
        said += "".join(f"; {what}" for what in self.told)
        if self.late:
            said += f"; {self.late:,} rows come late and are read as if they did not"
        return said

    def numbers(self, table: Table) -> np.ndarray:
        """The columns of numbers (rows, columns), NaN where missing, logarithms where asked for."""
        settings = ["task.targets"] * len(self.targets) + ["task.covariates"] * len(self.covariates)
        columns = [
            table.numbers(name, setting, self.decimal or ".")
            for name, setting in zip(self.numeric, settings, strict=True)
        ]
        if self.log:
            for i, name in enumerate(self.targets):
                for row in np.flatnonzero(columns[i] <= 0)[:1]:
                    raise UserError(
                        f"{table.at(row)}: {columns[i][row]:g} in column {name!r} has no "
                        "logarithm; set task.log=false"
                    )
                columns[i] = np.log(columns[i])
        return np.stack(columns, 1)

    def scaled(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        """What the model reads, float32 (rows, columns), and whether it was there."""
        values = (self.numbers(table) - self.means) / self.deviations
        seen = np.isfinite(values)
        for row, column in np.argwhere(np.abs(np.where(seen, values, 0)) > FARTHEST)[:1]:
            raise UserError(
                f"{table.at(row)}: column {self.numeric[column]!r} is {values[row, column]:.1g} "
                "training deviations from its mean; mend the value, or leave the column out"
            )
        columns = [np.where(seen, values, 0)]
        for name in self.categories:
            cells = [f"{name}={word}" for word in table.words(name, "task.categories")]
            known = [word for word in self.words if word.startswith(f"{name}=")]
            columns.append(np.array([[cell == word for word in known] for cell in cells]))
        values = np.concatenate(columns, 1, dtype=np.float32, casting="unsafe")
        always = np.ones((len(values), values.shape[1] - seen.shape[1]), bool)
        return values, np.concatenate([seen, always], 1)

    def original(self, values: np.ndarray) -> np.ndarray:
        """Scaled targets (..., targets) in the units of the file."""
        count = len(self.targets)
        values = values * np.array(self.deviations[:count]) + np.array(self.means[:count])
        return np.exp(values) if self.log else values

    def _check_columns(self, table: Table) -> None:
        if not self.targets:
            raise UserError(
                f"task.targets is not set: name columns of {self.path} to forecast, which has "
                f"{', '.join(table.names)}"
            )
        read = (*self.numeric, *self.categories)
        for name in read:
            if read.count(name) > 1:
                raise UserError(f"task.targets and what is read beside them name {name!r} twice")
        if self.time in read:
            raise UserError(f"task.time is {self.time!r}, a column that is read or forecast too")

    def rows(self, table: Table) -> tuple[Table, np.ndarray | None, np.ndarray]:
        """The table with its rows in order and missing ones empty, its times, where rows went."""
        places = np.arange(len(table.rows))
        if self.time is None:
            return table, None, places
        times = table.times(self.time, self.time_format)
        table, times, _ = regular.in_order(table, times, self.mend)
        if self.every in (None, AS_THEY_COME):
            return table, times, places[: len(times)]
        return regular.filled(table, times, self.every)

    def _found(self, table: Table) -> "SeriesFile":
        """With what the file tells where a setting is left open: decimal mark, times, distance."""
        mark, told = table.how_written(self.numeric, self.separator, self.decimal)
        task = dataclasses.replace(self, told=(*self.told, *told))
        if mark == ",":
            task = dataclasses.replace(task, decimal=mark)
        if self.time is None:
            return task
        when = table.column(self.time, "task.time")
        if self.time_format is None and all(SECONDS.fullmatch(cell.strip()) for cell in when):
            task = dataclasses.replace(task, time_format=EPOCH)._tells(
                "times in seconds since 1970"
            )
        times = table.times(self.time, task.time_format)
        _, times, mended = regular.in_order(table, times, self.mend)
        task = task._tells(mended) if mended else task
        return task if self.every else dataclasses.replace(task, every=regular.missing(times))

    def _tells(self, what: str) -> "SeriesFile":
        return dataclasses.replace(self, told=(*self.told, what))

    def _fits(self, deviations: np.ndarray, means: np.ndarray) -> bool:
        """Whether float32 holds the targets' errors and their squares in the file's units."""
        sizes = deviations[: len(self.targets)]
        if self.log:
            sizes = np.exp(np.minimum(means[: len(self.targets)] + 4 * sizes, 700))
        return bool(((sizes < FARTHEST) & (sizes > 1 / FARTHEST)).all())

    def _split(self, table: Table, times: np.ndarray | None, moved: np.ndarray) -> tuple[int, ...]:
        """Rows where validation begins, test begins, and test ends."""
        rows = len(table.rows)
        if self.split_rows and self.split_dates:
            raise UserError("task.split_rows and task.split_dates are both set: clear one")
        if self.split_dates:
            if times is None:
                raise UserError("task.split_dates needs task.time, the column of dates")
            places = [int(np.searchsorted(times, self._date(date))) for date in self.split_dates]
            name = "split_dates"
        elif self.split_rows:
            to = [*moved.tolist(), rows]  # where a row of the file went
            places, name = (
                [to[row] if row < len(to) else row for row in self.split_rows],
                "split_rows",
            )
        else:
            test = rows - round(rows * self.test_fraction)
            places, name = [test - round(rows * self.valid_fraction), test], "test_fraction"
        if len(places) not in (PARTS - 1, PARTS):
            raise UserError(f"task.{name} holds {len(places)} places: give two or three")
        places = [*places, rows][:PARTS]
        if not 0 < places[0] <= places[1] <= places[2] <= rows:
            raise UserError(
                f"task.{name}: validation from row {places[0]:,}, test from {places[1]:,} to "
                f"{places[2]:,}; they must ascend and {self.path} has {rows:,} rows"
            )
        return tuple(places)

    def _date(self, text: str) -> np.datetime64:
        try:
            return read_time(text, self.time_format)
        except ValueError:
            raise UserError(
                f"task.split_dates: {text!r} is not a time like those of column {self.time!r}"
            ) from None


def _count_late(times: np.ndarray) -> int:
    distances = np.diff(times).astype(np.int64)
    return int((2 * distances > 3 * np.median(distances)).sum()) if len(distances) else 0
