"""Series: from the last values of a CSV file's columns, the next ones."""

import dataclasses
import pathlib
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import devices
from lstmjax.files import write_text
from lstmjax.tasks.base import SPLITS, Batch, Data, Panel, Shape
from lstmjax.tasks.series import floors, forecasts
from lstmjax.tasks.series.csv_table import read_table
from lstmjax.tasks.series.forecasting import SeriesWindows
from lstmjax.tasks.series.forecasts import Forecast

SHOWN = 3  # values of a window in a line for people


@dataclasses.dataclass(frozen=True)
class Series(SeriesWindows):
    """Forecasts of the rows after a window, with floors beside their scores, for people and files.

    `SeriesWindows` has the settings, and says what is read and how it is scored.
    """

    pictured: ClassVar[int] = 4
    in_time: ClassVar[bool] = True

    def load(self) -> Data:
        """As of any file; with `nse` also the variance of the truth in each part."""
        data = super().load()
        if not self.nse:
            return data
        count, variance = len(self.targets), {}
        values, seen = (data.arrays[name][:, :count] for name in ("values", "seen"))
        values = values if self.units == "scaled" else self.original(values)
        values = np.where(seen, values, np.nan)
        for split in SPLITS:
            begin, (_, end) = self.origin(split), self._rows(split)
            variance[split] = np.nanvar(values[begin:end], 0, dtype=np.float64).astype(np.float32)
        return data._replace(arrays=data.arrays | {"variance": variance})

    def batch(
        self, arrays: dict[str, Any], split: str, indices: Array, shape: Shape | None = None
    ) -> Batch:
        """As of any windows; with `nse` they know the variance of their part."""
        batch = super().batch(arrays, split, indices, shape)
        if not self.nse:
            return batch
        variance = arrays["variance"][split]
        variance = jnp.broadcast_to(variance, (len(indices), 1, len(variance)))
        return batch._replace(targets=batch.targets._replace(variance=variance))

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The last value, one a season before, drift, and least squares on what the model reads."""
        return floors.floors(self, data)

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `OT: ... 30.5 27.8 then 27.8 25.0, forecast 27.1 26.0, mae 0.85`."""
        lines = []
        for past, truth, median, _ in self.answer(outputs, batch):
            for i, name in enumerate(self.targets):
                last, then, said = (
                    " ".join(f"{value:.4g}" for value in values[:, i])
                    for values in (past[-SHOWN:], truth[:SHOWN], median[:SHOWN])
                )
                error = np.abs(truth - median)[:, i]
                error = error[np.isfinite(error)]
                score = f"mae {error.mean():.4g}" if len(error) else "nothing observed"
                lines.append(f"{name}: ... {last} then {then}, forecast {said}, {score}")
        return lines

    def read(self, path: pathlib.Path) -> tuple[Any, list[Batch]]:
        """The last rows of a file, to forecast the ones after them."""
        return forecasts.read(self, path)

    def answer(self, outputs: Array, batch: Batch) -> list[Forecast]:
        """Forecasts in the units of the file."""
        return forecasts.answers(self, outputs, batch)

    def write(self, path: pathlib.Path, source: Any, answers: list[Forecast]) -> None:
        """A CSV file with a line for each step and target."""
        write_text(path, forecasts.as_csv(self, source, *answers))

    def panels(self, answers: list[Forecast], source: Any = None) -> list[Panel]:
        """What was read and is forecast."""
        return forecasts.panels(self, answers, source)

    def paths(self, model: Any, batch: Batch, key: Array, count: int) -> np.ndarray:
        """As any forecast's, from one compiled call."""

        def draw(batch: Batch, key: Array) -> Array:
            if self.forecast == "recursive":
                return self.walk(model, batch, key, count)
            head, parameters = self.place(model(batch)[0], batch)
            return head.paths(parameters, key, count)

        drawn = np.asarray(devices.jit(draw)(batch, key), np.float64)
        return np.moveaxis(self.original(np.moveaxis(drawn, -1, 0)), 0, -1)

    def whence(
        self, answers: list[Forecast], split: str, indices: np.ndarray
    ) -> list[tuple[list[str], int]]:
        """The targets, and the rows of the file before each forecast."""
        return [(list(self.targets), int(row)) for row in self.origin(split) + indices]

    def scale_of(self, answer: Forecast) -> np.ndarray:
        """Of logarithms the forecast itself, else one: errors are in the units of the file."""
        return np.abs(answer.median) if self.log else np.ones_like(answer.median)

    def spread_of(self, answer: Forecast) -> np.ndarray:
        """The deviation in training; of logarithms that share of the forecast."""
        return self.scale_of(answer) * self.deviations[: len(self.targets)]

    def refits(self, data: Data, every: int) -> list["Series"]:
        """The validation part moves along before the origins."""
        valid, test, end = self.bounds
        rows = [(test + i, test + i - test + valid) for i in range(0, data.sizes["test"], every)]
        places = np.array([(before, at, end) for at, before in rows])
        if self.time is None:
            return [
                dataclasses.replace(self, split_rows=tuple(three), told=())
                for three in places.tolist()
            ]
        _, times, _ = self.rows(read_table(self.path, self.separator))
        last = times[-1:] + (times[-1:] - times[-2:-1])
        words = forecasts.in_words(np.concatenate([times, last]), self.time_format)
        return [
            dataclasses.replace(
                self, split_dates=tuple(words[row] for row in three), split_rows=(), told=()
            )
            for three in places.tolist()
        ]

    def captions(self, split: str, indices: np.ndarray) -> list[str]:
        """The rows of the file, from 1, where the forecasts begin."""
        return [f", row {row:,} on" for row in self.origin(split) + indices + 1]
