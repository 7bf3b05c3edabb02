"""Panels: from the last values of each of many series, the next ones."""

import dataclasses
import pathlib
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import devices
from lstmjax.files import write_text
from lstmjax.tasks.base import Batch, Data, Panel
from lstmjax.tasks.panels import floors, forecasts
from lstmjax.tasks.panels.forecasting import PanelWindows
from lstmjax.tasks.panels.forecasts import PanelForecast

SHOWN = 3  # values of a window in a line for people


@dataclasses.dataclass(frozen=True)
class Panels(PanelWindows):
    """Forecasts of every series of a long table, by one model.

    `PanelFile` has the settings of the file, and `PanelWindows` those of what is read and scored.
    """

    pictured: ClassVar[int] = 4

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The last value, the value a season before, and drift."""
        return floors.floors(self, data)

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `H1: ... 605 586 then 586 559, forecast 580 561, smape 1.2`."""
        lines = []
        for answer in self.answer(outputs, batch):
            for i, target in enumerate(self.targets):
                last, then, said = (
                    " ".join(f"{value:.4g}" for value in values[:, i])
                    for values in (
                        answer.past[-SHOWN:],
                        answer.truth[:SHOWN],
                        answer.median[:SHOWN],
                    )
                )
                name = self.names[answer.series] + (f" {target}" if len(self.targets) > 1 else "")
                truth, median = answer.truth[:, i], answer.median[:, i]
                error = np.abs(truth - median) / (np.abs(truth) + np.abs(median))
                error = 200 * error[np.isfinite(error)]
                score = f"smape {error.mean():.4g}" if len(error) else "nothing to score"
                lines.append(f"{name}: ... {last} then {then}, forecast {said}, {score}")
        return lines

    def read(self, path: pathlib.Path) -> tuple[Any, list[Batch]]:
        """The last rows of each series of a file, to forecast the ones after them."""
        return forecasts.read(self, path)

    def answer(self, outputs: Any, batch: Batch) -> list[PanelForecast]:
        """Forecasts in the units of the file."""
        return forecasts.answers(self, outputs, batch)

    def write(self, path: pathlib.Path, source: Any, answers: list[PanelForecast]) -> None:
        """A CSV file with a line for each series, step and target."""
        write_text(path, forecasts.as_csv(self, source, answers))

    def paths(self, model: Any, batch: Batch, key: Array, count: int) -> np.ndarray:
        """As any forecast's, from one compiled call."""

        def draw(batch: Batch, key: Array) -> Array:
            drawn = self.read_as.paths(self.place(model(batch)[0], batch), key, count)
            each = [self.said(one, batch) for one in jnp.moveaxis(drawn, -1, 0)]
            return jnp.stack(each, -1) * batch.targets.unit[..., None]

        return np.asarray(devices.jit(draw)(batch, key), np.float64)

    def whence(
        self, answers: list[PanelForecast], split: str, indices: np.ndarray
    ) -> list[tuple[list[str], int]]:
        """The name of the series, with its targets if there are several, and the rows before."""
        several = len(self.targets) > 1
        return [
            (
                [f"{self.names[a.series]}{f' {name}' if several else ''}" for name in self.targets],
                a.origin,
            )
            for a in answers
        ]

    def refits(self, data: Data, every: int) -> list["Panels"]:
        """The last test rows of each series are fewer and fewer."""
        rows = self.test_rows or self.horizon
        return [
            dataclasses.replace(self, test_rows=rows - i, told=())
            for i in range(0, rows - self.horizon + 1, every)
        ]

    def first_origins(self, data: Data, count: int) -> np.ndarray:
        """Those of each series."""
        part = data.arrays["split"]["test"]
        each = zip(np.asarray(part["before"]), np.asarray(part["count"]), strict=True)
        return np.concatenate([before + np.arange(min(count, of)) for before, of in each])

    def scale_of(self, answer: PanelForecast) -> np.ndarray:
        """Of logarithms the forecast itself, else the deviation of what was read."""
        if self.log:
            return np.abs(answer.median)
        spread = np.nanstd(answer.past, 0)
        size = np.nanmean(np.abs(answer.past), 0)
        spread = np.where(spread > 1e-4 * size, spread, np.where(size > 0, size, 1))
        return np.broadcast_to(spread, answer.median.shape)

    def spread_of(self, answer: PanelForecast) -> np.ndarray:
        """The deviation of what was read; NaN where nothing was observed."""
        seen = np.isfinite(answer.past)
        spread = np.std(answer.past, 0, where=seen) if seen.any(0).all() else np.nan
        return np.broadcast_to(spread, answer.median.shape)

    def panels(self, answers: list[PanelForecast], source: Any = None) -> list[Panel]:
        """What was read and is forecast."""
        return forecasts.panels(self, answers, source)
