"""Forecasts after the values they were made from, with the bands that were forecast."""

import pathlib
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.ticker import MaxNLocator

from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import Batch, Data, Panel


def bands(panels: Sequence[Panel], path: pathlib.Path) -> str:
    """A picture below another: what was read, what is forecast, its band, and what came.

    Args:
      panels: at least one.
      path: the PNG file to write.
    """
    with style.picture(path, 1.2 + 1.9 * len(panels)) as figure:
        rows = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
        for axes, panel in zip(rows, panels, strict=True):
            before, ahead = _places(panel)
            axes.plot(before, panel.past, color=style.INK, label="read")
            if panel.truth is not None:
                axes.plot(ahead, panel.truth, ".-", color=style.BLUE, markersize=4, label="true")
            axes.plot(
                ahead, panel.forecast, ".-", color=style.VERMILLION, markersize=4, label="forecast"
            )
            if panel.low is not None:
                places, low, high = ahead, panel.low, panel.high
                if len(ahead) == 1:  # as wide as the row, so that it can be seen
                    width = ahead[0] - before[-1]
                    places = ahead[0] + width * np.array([-0.5, 0.5])
                    low, high = (np.repeat(end, 2) for end in (low, high))
                axes.fill_between(
                    places,
                    low,
                    high,
                    color=style.VERMILLION,
                    alpha=0.2,
                    linewidth=0,
                    label=panel.band,
                )
            axes.set_title(panel.title)
            if panel.times is None:
                axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
                axes.set_xlabel("rows after the last one read" if axes is rows[-1] else "")
            else:
                axes.xaxis.set_major_locator(AutoDateLocator(minticks=3))
                axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
            style.grid(axes)
        handles, labels = rows[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=4)
    band = f" with {panels[0].band}" if panels[0].low is not None else ""
    each = "; ".join(_said(panel) for panel in panels)
    return f"Forecasts{band} after the values that they were made from: {each}."


def test_forecasts(experiment: Experiment, data: Data, params: Any, path: pathlib.Path) -> str:
    """The same of test examples from the first to the last.

    Args:
      experiment: whose task forecasts series.
      data: the task's.
      params: of one seed.
      path: the PNG file to write.
    """
    task, last = experiment.task, data.sizes["test"] - 1
    indices = np.linspace(0, last, min(task.pictured, last + 1)).astype(np.int32)

    @jax.jit
    def forecast(params: Any, arrays: Any) -> tuple[Any, Batch]:
        batch = task.batch(arrays, "test", indices)
        return experiment.apply(params, batch)[0], batch

    outputs, batch = jax.device_get(forecast(params, data.arrays))
    where = task.captions("test", indices)
    panels = task.panels(task.answer(outputs, batch))
    return bands([p._replace(title=p.title + where[p.example]) for p in panels], path)


def _places(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Where the rows read and forecast stand: counted from the last one read, or in days."""
    if panel.times is not None:
        return tuple(date2num(times) for times in panel.times)
    return np.arange(-len(panel.past), 0) + 1, np.arange(len(panel.forecast)) + 1


def _said(panel: Panel) -> str:
    if panel.truth is None:
        return f"{panel.title} goes from {panel.forecast[0]:.4g} to {panel.forecast[-1]:.4g}"
    there = np.isfinite(panel.truth)
    if not there.any():
        return f"{panel.title}, nothing observed"
    error = np.abs(panel.forecast - panel.truth)[there].mean()
    return f"{panel.title}, mean absolute error {error:.4g}"
