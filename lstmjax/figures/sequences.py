"""What a model makes of sequences as they go by: forecasts of waves, verdicts on videos."""

import dataclasses
import pathlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator

from lstmjax import devices
from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import Batch, Data

WAVES = 256  # of the test split that a forecast's error is measured on
SHOWN_WAVES = (0.95, 0.6, 0.25)  # quantiles of how far the values to forecast lie apart
VIDEOS = 64  # of the test split whose probabilities are drawn
SHOWN_FRAMES = 6
DIRECTIONS = {"right": style.BLUE, "left": style.VERMILLION}


def forecasts(experiment: Experiment, data: Data, params: Any, path: pathlib.Path) -> str:
    """Waves with the values that a model forecasts and the true ones, each also enlarged.

    Args:
      experiment: with the task DampedSine.
      data: the task's.
      params: of one seed.
      path: the PNG file to write.
    """
    batch, outputs = _first(experiment, data, params, WAVES)
    read, truth = np.asarray(batch.inputs[..., 0]), np.asarray(batch.targets)
    forecast = np.asarray(outputs)
    errors = np.abs(forecast - truth).mean(1)
    by_size = np.argsort(np.ptp(truth, axis=1))
    shown = [by_size[int(share * (len(by_size) - 1))] for share in SHOWN_WAVES]
    length, horizon = read.shape[1], truth.shape[1]
    enlarged = min(horizon, length)  # values read that are shown again
    before, after = np.arange(length) + 1, np.arange(length, length + horizon) + 1
    with style.picture(path, 4.2) as figure:
        rows = figure.subplots(2, len(shown), squeeze=False, height_ratios=(1, 1.15))
        for column, wave in enumerate(shown):
            for axes, start in zip(rows[:, column], (0, length - enlarged), strict=True):
                # from the last value read on, so that there is no gap
                axes.plot(
                    [length, *after], [read[wave, -1], *truth[wave]], color=style.FAINT, zorder=1
                )
                axes.plot(before[start:], read[wave, start:], color=style.INK, label="read")
                axes.plot(
                    after,
                    truth[wave],
                    "o",
                    color=style.BLUE,
                    markersize=9 if start else 5,
                    markerfacecolor="none",
                    clip_on=False,
                    label="true",
                )
                axes.plot(
                    after,
                    forecast[wave],
                    "x" if start else ".",
                    color=style.VERMILLION,
                    markersize=5,
                    clip_on=False,
                    label="forecast",
                )
                style.grid(axes)
                axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
                axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            rows[0, column].set(ylim=(-0.05, 1.05), yticks=(0, 0.5, 1))
            rows[0, column].set_title(f"error {_plain(errors[wave])}")
            rows[1, column].set_xlabel("step")
        for axes, label in zip(rows[:, 0], ("value", "value, enlarged"), strict=True):
            axes.set_ylabel(label)
        for axes in rows[0, 1:]:
            axes.tick_params(labelleft=False)
        handles, labels = rows[1, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
    each = ", ".join(_plain(errors[wave]) for wave in shown)
    return (
        f"Three test waves, from much of the swing left to little: {length} values are read, the "
        f"next {horizon} forecast, and below these are enlarged; the mean absolute errors are "
        f"{each}, and {_plain(errors.mean())} over {len(errors):,} test waves."
    )


def video(experiment: Experiment, data: Data, params: Any, path: pathlib.Path) -> str:
    """Frames of a video in each direction, and the probability of right as the frames go by.

    Args:
      experiment: with the task MovingSquare, and a model that has `every_step`.
      data: the task's.
      params: of one seed.
      path: the PNG file to write.
    """
    stepwise = dataclasses.replace(experiment, model=experiment.model.clone(every_step=True))
    batch, logits = _first(stepwise, data, params, VIDEOS)
    probabilities = np.asarray(jax.nn.sigmoid(logits[..., 0]))  # (videos, time)
    right = np.asarray(batch.targets) > 0.5
    frames = probabilities.shape[1]
    count = min(SHOWN_FRAMES, frames)
    times = np.linspace(0, frames - 1, count).round().astype(int)
    members = {"right": np.flatnonzero(right), "left": np.flatnonzero(~right)}
    members = {name: places for name, places in members.items() if len(places)}
    with style.picture(path, 4.6) as figure:
        layout = figure.add_gridspec(
            len(members) + 1, count, height_ratios=[1] * len(members) + [2.2]
        )
        below = figure.add_subplot(layout[-1, :])
        for row, (name, places) in enumerate(members.items()):
            colour = DIRECTIONS[name]
            for column, time in enumerate(times):
                axes = figure.add_subplot(layout[row, column])
                frame = np.asarray(batch.inputs[places[0], time, :, :, 0])
                _draw_frame(axes, frame, colour)
                if row == 0:
                    axes.set_title(f"frame {time + 1}")
                if column == 0:
                    axes.set_ylabel(name)
            below.plot(
                np.arange(frames) + 1,
                probabilities[places[1:]].T,
                color=colour,
                alpha=0.25,
                linewidth=0.8,
            )
            below.plot(
                np.arange(frames) + 1, probabilities[places[0]], color=colour, label=f"goes {name}"
            )
        # half a frame's width at each end puts every frame above its place in time
        half = (frames - 1) / (count - 1) / 2
        below.set(xlim=(1 - half, frames + half), ylim=(-0.03, 1.03), xticks=times + 1)
        below.set(xlabel="frames seen", ylabel="probability of right")
        style.grid(below)
        below.legend(loc="center right")
    correct = ((probabilities > 0.5) == right[:, None]).sum(0)
    return (
        f"Frames of two test videos, and the probability of right after each frame of {len(right)} "
        f"test videos, these two in bold: {correct[0]} of the {len(right)} are told correctly "
        f"after the first frame, {correct[1]} after the second, {correct[-1]} after the last."
    )


def _first(experiment: Experiment, data: Data, params: Any, count: int) -> tuple[Batch, jax.Array]:
    """The first test examples and what the model says of them."""
    indices = jnp.arange(min(count, data.sizes["test"]))
    batch = experiment.task.batch(data.arrays, "test", indices)
    outputs, _ = devices.jit(experiment.apply)(params, batch)
    return batch, outputs


def _plain(error: float) -> str:
    """Two digits that count, without an exponent."""
    return np.format_float_positional(error, precision=2, fractional=False)


def _draw_frame(axes: Axes, frame: np.ndarray, colour: str) -> None:
    axes.imshow(frame, cmap=ListedColormap(["white", colour]), vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    style.framed(axes)
