"""Panels in a CSV file: which columns are read, and where the parts of each series lie."""

import dataclasses
from typing import Any, Literal

import numpy as np

from lstmjax.errors import UserError
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Data
from lstmjax.tasks.forecasts import Forecasts
from lstmjax.tasks.panels import calendars, static
from lstmjax.tasks.panels.calendars import Part
from lstmjax.tasks.panels.long_table import LongTable, arrange
from lstmjax.tasks.series.csv_table import read_table

LARGEST_UNEVEN = 4  # times the mean number of windows: a longer series skips some in an epoch


@dataclasses.dataclass(frozen=True)
class PanelFile(Forecasts):
    """Many series in one long table, each with training, validation and test parts of its own.

    A column has one role: `targets` are forecast; `past` are known until now; `known` also ahead,
    such as prices and holidays; `static` belong to the series, as numbers or words; `calendar` is
    made from the time. The last `test_rows` of each series are tested on, the `valid_rows` before
    them choose the best checkpoint, and all before is trained on.
    """

    path: str = ""  # a CSV file with a header
    separator: str = ","  # of its cells; `tab` or `\t`: a tab
    series: str = "unique_id"  # the column that names the series of a row
    time: str | None = None  # the column of times or running numbers; none: rows are in order
    time_format: str | None = None  # of that column, as for strptime; none: ISO 8601
    every: str | None = None  # distance of a series' rows, as 15min; none: found; rows: any
    mend: bool = False  # sort rows by time, and keep the last of those with one time
    decimal: Literal[".", ","] | None = None  # the mark before decimals; none: found
    targets: tuple[str, ...] = ()  # columns to forecast
    past: tuple[str, ...] = ()  # columns of numbers that are known until now
    known: tuple[str, ...] = ()  # columns of numbers that are known ahead, too
    static: tuple[str, ...] = ()  # columns of numbers or words that belong to the series
    calendar: tuple[Part, ...] = ()  # made from the time: hour, weekday, day, month, year_day
    valid_rows: int | None = setting(None, at_least=1)  # of each series; none: the horizon
    test_rows: int | None = setting(None, at_least=1)  # of each series; none: the horizon
    # Once settings are chosen: validation rows are trained on, too. The last checkpoint is best
    # then: set evaluate_every to the number of steps.
    train_on_valid: bool = False
    log: bool = False  # take the targets' logarithms
    lookback: int = setting(48, at_least=1)  # rows that are read
    horizon: int = setting(12, at_least=1)  # rows that are forecast
    season: int = setting(1, at_least=1)  # rows: what MASE and the seasonal naive forecast go by
    # what the file determines:
    names: tuple[str, ...] = ()  # of the series
    means: tuple[float, ...] = ()  # of the columns `past` and `known`, and numbers of `static`
    deviations: tuple[float, ...] = ()
    words: tuple[str, ...] = ()  # the kinds of each static word, as column=word
    gaps: bool = False  # whether values are missing, or windows reach before a series' beginning
    told: tuple[str, ...] = ()  # what was guessed or mended
    digest: str = ""  # SHA-256 of the file, so that a changed one is noticed

    untraced = frozenset({"path", "names", "told", "digest"})

    @property
    def validates(self) -> bool:
        """Whether the validation rows are held out."""
        return not self.train_on_valid

    @property
    def beside(self) -> tuple[str, ...]:
        """The columns of numbers that are no targets, by row."""
        return self.past + self.known

    def resolve(self) -> "PanelFile":
        """Reads the file once: the series, their parts, and the scaling of what stands beside them.

        Raises:
          UserError: the file is malformed, a column is missing, or no series is long enough.
        """
        self._check()
        table = read_table(self.path, self.separator)
        mark, told = table.how_written((*self.targets, *self.beside), self.separator, self.decimal)
        task = dataclasses.replace(self, digest=table.digest, decimal=mark)
        long = task.arranged(table)
        learned = static.learn(long, task.static, mark)
        task = dataclasses.replace(
            task,
            every=long.every,
            names=tuple(long.series),
            told=told + long.told,
            words=learned.words,
        )
        targets, beside = task.numbers(long)
        parts = task.parts(long)
        train = np.zeros(len(targets), bool)
        stop = parts["test" if task.train_on_valid else "valid"][0]
        for begin, end in zip(long.first, stop, strict=True):
            train[begin:end] = True
        for i, name in enumerate(task.beside):
            if not np.isfinite(beside[train, i]).any():
                raise UserError(f"{self.path}: column {name!r} has no value to train on")
        short = int((parts["train"][0] - long.first < task.lookback).sum())
        task = task._tells(parts, long, short)
        means, deviations = static.scaling(beside[train])
        return dataclasses.replace(
            task,
            means=(*means, *learned.means),
            deviations=(*deviations, *learned.deviations),
            gaps=bool(short or np.isnan(targets).any() or np.isnan(beside).any()),
        )

    def load(self) -> Data:
        """The rows of all series, where each lies, and where the windows of each split begin.

        Targets are divided by a power of two for each series, so that all fit float32: `unit`.
        """
        table = read_table(self.path, self.separator)
        if table.digest != self.digest:
            raise UserError(
                f"{self.path}: not the file this experiment was trained on (its SHA-256 differs); "
                "restore that file, or train in a new directory"
            )
        long = self.arranged(table)
        arrays = self.arrays(long)
        parts = self.parts(long)
        arrays["split"], sizes = {}, {}
        for split in SPLITS:
            begin, count = parts[split]
            has = np.flatnonzero(count)
            arrays["split"][split] = {
                "series": has.astype(np.int32),
                "begin": begin[has].astype(np.int32),
                "count": count[has].astype(np.int32),
                "before": (np.cumsum(count[has]) - count[has]).astype(np.int32),
                "naive": self._naive(
                    arrays, long, parts["test" if split == "test" else "valid"][0]
                ),
            }
            sizes[split] = int(count.sum())
        train = arrays["split"]["train"]
        most = min(train["count"].max(), LARGEST_UNEVEN * np.ceil(train["count"].mean()))
        train["most"] = np.int32(most)
        sizes["train"] = int(most) * len(train["series"])  # each series equally often
        return Data(arrays, sizes)

    def describe(self, data: Data) -> str:
        """The file, its series and rows, and what may surprise."""
        rows = len(data.arrays["values"])
        said = f"{self.path}: {len(self.names):,} series, {rows:,} rows, forecasting "
        said += ", ".join(self.targets)
        return said + "".join(f"; {what}" for what in self.told)

    def arranged(self, table: Any) -> LongTable:
        """The rows in order."""
        return arrange(table, self.series, self.time, self.time_format, self.every, self.mend)

    def numbers(self, long: LongTable) -> tuple[np.ndarray, np.ndarray]:
        """Targets and what stands beside them, float64 (rows, columns) with NaN where missing."""
        parts = []
        for names, name in (
            (self.targets, "task.targets"),
            (self.past, "task.past"),
            (self.known, "task.known"),
        ):
            columns = [long.numbers(column, name, self.decimal or ".") for column in names]
            parts.append(np.stack(columns, 1) if columns else np.zeros((len(long.rows), 0)))
        targets, *beside = parts
        if self.log:
            for row, i in np.argwhere(targets <= 0)[:1]:
                raise UserError(
                    f"{long.at(row)}: {targets[row, i]:g} in column {self.targets[i]!r} has no "
                    "logarithm; set task.log=false"
                )
        return targets, np.concatenate(beside, 1)

    def arrays(self, long: LongTable, first_ahead: np.ndarray | None = None) -> dict[str, Any]:
        """What windows are cut from. Unknown words of a static column are zeros.

        Args:
          long: the rows.
          first_ahead: (series,) the first row that no unit may look at; none: none.
        """
        targets, beside = self.numbers(long)
        stop = long.ends if first_ahead is None else first_ahead
        unit = np.ones((len(long.first), len(self.targets)))
        for i, (begin, end) in enumerate(zip(long.first, stop, strict=True)):
            if np.isfinite(targets[begin:end]).any():
                largest = np.nanmax(np.abs(targets[begin:end]), 0)
                unit[i] = 2.0 ** np.round(np.log2(np.where(largest > 0, largest, 1)))
        of = np.repeat(np.arange(len(long.first)), long.ends - long.first)
        values = targets / unit[of]
        values = np.log(values) if self.log else values
        count = len(self.beside)
        beside = (beside - self.means[:count]) / self.deviations[:count]
        learned = static.Learned(self.means[count:], self.deviations[count:], self.words)
        times = np.arange(len(of)) if long.times is None else long.times
        ahead = calendars.read(self.calendar, times)
        seen = np.isfinite(np.concatenate([values, beside, ahead], 1))
        values = np.where(seen, np.concatenate([values, beside, ahead], 1), 0)
        return {
            "values": values.astype(np.float32),
            "seen": seen,
            "first": long.first.astype(np.int32),
            "ends": long.ends.astype(np.int32),
            "unit": unit.astype(np.float32),
            "static": static.read(long, self.static, learned, self.decimal or "."),
        }

    def parts(self, long: LongTable) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Of each split the first origin of each series, and how many there are: (series,) both."""
        test = self.test_rows or self.horizon
        valid = self.valid_rows or self.horizon
        begins = {
            split: np.maximum(long.ends - rows, long.first)
            for split, rows in (("test", test), ("valid", test + valid))
        }
        stops = {"test": long.ends, "valid": begins["test"]}
        stops["train"] = begins["test"] if self.train_on_valid else begins["valid"]
        # a short series is read from its beginning on
        room = stops["train"] - long.first - self.horizon
        begins["train"] = long.first + np.clip(room, 1, self.lookback)
        return {
            split: (
                begins[split],
                np.where(
                    begins[split] > long.first,
                    np.maximum(stops[split] - self.horizon + 1 - begins[split], 0),
                    0,
                ),
            )
            for split in SPLITS
        }

    def _naive(self, arrays: dict, long: LongTable, stop: np.ndarray) -> np.ndarray:
        """The mean absolute change over a season before `stop`: (series, targets), 0 if unknown."""
        count = len(self.targets)
        naive = np.zeros((len(long.first), count), np.float32)
        for i, (begin, end) in enumerate(zip(long.first, stop, strict=True)):
            values = arrays["values"][begin:end, :count].astype(np.float64)
            values = np.exp(values) if self.log else values
            values = np.where(arrays["seen"][begin:end, :count], values, np.nan)
            change = np.abs(values[self.season :] - values[: -self.season])
            there = np.isfinite(change).sum(0)
            naive[i] = np.nansum(change, 0) / np.maximum(there, 1)
        return naive

    def _check(self) -> None:
        if not self.targets:
            raise UserError(
                f"task.targets is not set: name columns of {self.path or 'a file'} to forecast"
            )
        roles = {
            "series": (self.series,),
            "time": () if self.time is None else (self.time,),
            **{name: getattr(self, name) for name in ("targets", "past", "known", "static")},
        }
        has: dict[str, str] = {}
        for role, columns in roles.items():
            for column in columns:
                if column in has:
                    raise UserError(
                        f"task.{role} names {column!r}, which is in task.{has[column]}; a column "
                        "has one role"
                    )
                has[column] = role
        if self.calendar and self.time is None:
            raise UserError("task.calendar is made from times: name their column in task.time")
        for name in ("valid_rows", "test_rows"):
            if (getattr(self, name) or self.horizon) < self.horizon:
                raise UserError(
                    f"task.{name}, {getattr(self, name)}, is less than task.horizon, "
                    f"{self.horizon}; raise it, or set it to none"
                )

    def _tells(self, parts: dict, long: LongTable, short: int) -> "PanelFile":
        told = list(self.told)
        for split, what in (("train", "train on"), ("valid", "validate"), ("test", "test")):
            lacking = int((parts[split][1] == 0).sum())
            if lacking == len(long.first):
                longest = int((long.ends - long.first).max())
                raise UserError(
                    f"{self.path}: the longest series has {longest:,} rows, too few to {what}: "
                    "lower task.horizon, task.valid_rows or task.test_rows"
                )
            if lacking:
                told.append(f"{lacking:,} series too short to {what}")
        if short:
            told.append(f"{short:,} series too short for whole windows, read from their beginning")
        return dataclasses.replace(self, told=tuple(told))
