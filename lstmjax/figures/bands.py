"""Forecasts after the values they were made from, with the bands that were forecast."""

import pathlib
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
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
            ahead = np.arange(len(panel.forecast)) + 1
            axes.plot(np.arange(-len(panel.past), 0) + 1, panel.past, color=style.INK, label="read")
            if panel.truth is not None:
                axes.plot(ahead, panel.truth, ".-", color=style.BLUE, markersize=4, label="true")
            axes.plot(
                ahead, panel.forecast, ".-", color=style.VERMILLION, markersize=4, label="forecast"
            )
            if panel.low is not None:
                # a step as wide as the row, so that one row alone has a band
                axes.fill_between(
                    np.append(ahead - 0.5, ahead[-1] + 0.5),
                    np.append(panel.low, panel.low[-1]),
                    np.append(panel.high, panel.high[-1]),
                    step="post",
                    color=style.VERMILLION,
                    alpha=0.2,
                    linewidth=0,
                    label=panel.band,
                )
            axes.set_title(panel.title)
            axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            style.grid(axes)
        rows[-1].set_xlabel("rows after the last one read")
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
    return bands(task.panels(task.answer(outputs, batch)), path)


def _said(panel: Panel) -> str:
    if panel.truth is None:
        return f"{panel.title} goes from {panel.forecast[0]:.4g} to {panel.forecast[-1]:.4g}"
    there = np.isfinite(panel.truth)
    if not there.any():
        return f"{panel.title}, nothing observed"
    error = np.abs(panel.forecast - panel.truth)[there].mean()
    return f"{panel.title}, mean absolute error {error:.4g}"
