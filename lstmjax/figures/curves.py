"""Curves over training and over positions, with bands over seeds."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from lstmjax import devices
from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import Data

Log = Sequence[Mapping[str, Any]]  # the lines of a metrics.jsonl
EXAMPLES = 2_000  # at most, of the test split that accuracies are measured on


def learning_curve(log: Log, path: pathlib.Path) -> str:
    """Training and validation loss over the updates.

    Args:
      log: the lines of metrics.jsonl.
      path: the PNG file to write.
    """
    curves = {
        name: points
        for name, points in {"training": _training(log), "validation": _validation(log)}.items()
        if len(points[0])
    }
    with style.picture(path, 3.3) as figure:
        axes = figure.subplots()
        for (name, (steps, losses)), colour in zip(curves.items(), style.COLOURS, strict=False):
            if name == "validation" or len(steps) == 1:
                _marks(axes, steps, losses, colour, name)
            else:
                style.band(axes, steps, losses, colour, name)
        _over_updates(axes, [losses for _, losses in curves.values()])
        axes.legend()
    steps, losses = list(curves.values())[-1]
    seeds = losses.shape[1]
    each = f", the mean of {seeds} seeds and the range from the lowest to the highest"
    return (
        f"{' and '.join(curves).capitalize()} loss over {steps[-1]:,} updates"
        f"{each if seeds > 1 else ''}; {list(curves)[-1]} loss ends at {_spread(losses[-1])}."
    )


def directions(logs: Mapping[str, Log], path: pathlib.Path) -> str:
    """Training loss over the updates of several runs, such as the directions of one model.

    Args:
      logs: the lines of metrics.jsonl of each run, by its name in the picture; at most five.
      path: the PNG file to write.
    """
    curves = {name: _training(log) for name, log in logs.items()}
    with style.picture(path, 3.3) as figure:
        axes = figure.subplots()
        for i, (name, (steps, losses)) in enumerate(curves.items()):
            style.band(axes, steps, losses, style.COLOURS[i], name, linestyle=style.DASHES[i])
        _over_updates(axes, [losses for _, losses in curves.values()])
        axes.set_ylabel("training loss")
        axes.legend()
    ends = ", ".join(f"{name} {_spread(losses[-1])}" for name, (_, losses) in curves.items())
    seeds = max(losses.shape[1] for _, losses in curves.values())
    each = f", the mean of {seeds} seeds in a band from the lowest to the highest"
    return f"Training loss over the updates{each if seeds > 1 else ''}; it ends at: {ends}."


def positions(runs: Mapping[str, tuple[Experiment, Data, Any]], path: pathlib.Path) -> str:
    """How often each step of a sequence is labelled rightly, for runs on one task of yes and no.

    Args:
      runs: experiment, data and parameters of each run, by its name in the picture; at most five.
        The parameters are those of all seeds, as `restore_best` gives them.
      path: the PNG file to write.
    """
    experiment, data, _ = next(iter(runs.values()))
    indices = jnp.arange(min(EXAMPLES, data.sizes["test"]))
    labels = {
        split: np.asarray(experiment.task.batch(data.arrays, split, indices).targets) > 0.5
        for split in ("train", "test")
    }
    prior = ((labels["train"].mean(0) > 0.5) == labels["test"]).mean(0)
    curves = {name: _accuracies(*run, indices) for name, run in runs.items()}
    places = np.arange(len(prior)) + 1
    with style.picture(path, 3.3) as figure:
        axes = figure.subplots()
        for i, (name, accuracies) in enumerate(curves.items()):
            look = {"linestyle": style.DASHES[i], "marker": "o", "markersize": 4}
            style.band(axes, places, accuracies, style.COLOURS[i], name, **look)
        axes.plot(places, prior, color=style.MUTED, linestyle=":", label="position prior")
        style.grid(axes)
        axes.set(xlabel="step of the sequence", ylabel="accuracy")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
    facts = ", ".join(
        f"{name} {rates.mean():.4f} (least at step {rates.mean(1).argmin() + 1}, "
        f"{rates.mean(1).min():.4f})"
        for name, rates in curves.items()
    )
    return (
        f"How often each step is labelled rightly, on {len(indices):,} test sequences: {facts}; "
        f"the likelier label of each position {prior.mean():.4f}."
    )


def _accuracies(experiment: Experiment, data: Data, params: Any, indices: jax.Array) -> np.ndarray:
    """The accuracy of each step, (time, seeds)."""
    batch = experiment.task.batch(data.arrays, "test", indices)

    def of_one(params: Any) -> jax.Array:
        outputs, _ = experiment.apply(params, batch)
        return ((outputs[..., 0] > 0) == (batch.targets > 0.5)).mean(0)

    of_all = of_one if experiment.seeds == 1 else jax.vmap(of_one, out_axes=1)
    accuracies = np.asarray(devices.jit(of_all)(params))
    return accuracies.reshape(len(accuracies), -1)


def _training(log: Log) -> tuple[list[int], np.ndarray]:
    """Steps, and losses (steps, seeds)."""
    return _points([(line["step"], line["loss"]) for line in log if "loss" in line])


def _validation(log: Log) -> tuple[list[int], np.ndarray]:
    return _points([(line["step"], line["valid"]["loss"]) for line in log if "valid" in line])


def _points(points: list[tuple[int, Any]]) -> tuple[list[int], np.ndarray]:
    return [step for step, _ in points], np.array(
        [np.atleast_1d(loss) for _, loss in points], float
    )


def _over_updates(axes: Axes, losses: list[np.ndarray]) -> None:
    lowest = min(np.min(values) for values in losses)
    highest = max(np.max(values) for values in losses)
    if lowest > 0 and highest > 10 * lowest:
        axes.set_yscale("log")
        if highest < 1000 * lowest:
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlim(left=0)
    axes.set(xlabel="update", ylabel="loss")
    style.grid(axes)


def _marks(axes: Axes, steps: Sequence[int], losses: np.ndarray, colour: str, label: str) -> None:
    """Points at the means of (steps, seeds) losses, with bars from lowest to highest."""
    mean = losses.mean(1)
    reach = np.stack([mean - losses.min(1), losses.max(1) - mean])
    axes.errorbar(
        steps, mean, reach, fmt="o", color=colour, markersize=5, capsize=4, label=label, zorder=3
    )


def _spread(values: np.ndarray) -> str:
    if len(values) == 1:
        return f"{values[0]:.3g}"
    return f"{values.mean():.3g} ({values.min():.3g} to {values.max():.3g})"
