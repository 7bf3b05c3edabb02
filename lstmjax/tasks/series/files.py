"""Series in a CSV file: which columns are read, how rows are split, and the scaling."""

import dataclasses

import numpy as np

from lstmjax.errors import UserError
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Data, Task
from lstmjax.tasks.series.csv_table import Table, read_table, read_time

PARTS = 3  # numbers that split_rows and split_dates hold at most


@dataclasses.dataclass(frozen=True)
class SeriesFile(Task):
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
    time_format: str | None = None  # of that column, as for strptime; none: ISO 8601
    valid_fraction: float = setting(0.1, at_least=0, at_most=0.9)  # of the rows, before the test
    test_fraction: float = setting(0.2, at_least=0, at_most=0.9)  # of the rows, from the end
    # instead of fractions: where validation and test begin, and, if it is not the file's end, where
    # test ends; as rows after the header, from 0, or as times
    split_rows: tuple[int, ...] = setting((), at_least=0)
    split_dates: tuple[str, ...] = ()
    log: bool = False  # take the targets' logarithms
    # what the file determines:
    bounds: tuple[int, ...] = ()  # rows where validation begins, test begins, and test ends
    means: tuple[float, ...] = ()  # of each column of numbers, targets first, in the training part
    deviations: tuple[float, ...] = ()
    gaps: tuple[str, ...] = ()  # columns with missing values
    words: tuple[str, ...] = ()  # the kinds of each category, as column=word
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
        times = None if self.time is None else table.times(self.time, self.time_format)
        task = dataclasses.replace(self, digest=table.digest, bounds=self._split(table, times))
        values = task.numbers(table)
        train = values[: task.bounds[0]]
        for name, column in zip(self.numeric, np.isfinite(train).T, strict=True):
            if not column.any():
                raise UserError(
                    f"{self.path}: column {name!r} has no value in the {len(train):,} rows of the "
                    "training part; leave it out or move the split"
                )
        deviations = np.nanstd(train, 0)
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
            deviations=tuple(np.where(deviations > 0, deviations, 1).tolist()),
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
        if self.late:
            said += f"; {self.late:,} rows come late and are read as if they did not"
        return said

    def numbers(self, table: Table) -> np.ndarray:
        """The columns of numbers (rows, columns), NaN where missing, logarithms where asked for."""
        settings = ["task.targets"] * len(self.targets) + ["task.covariates"] * len(self.covariates)
        columns = [
            table.numbers(name, setting)
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

    def _split(self, table: Table, times: np.ndarray | None) -> tuple[int, ...]:
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
            places, name = list(self.split_rows), "split_rows"
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
