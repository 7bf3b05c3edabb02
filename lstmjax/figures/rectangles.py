"""Rectangles a model draws, beside real ones."""

import pathlib
from typing import Any

import jax
import numpy as np
from matplotlib.axes import Axes

from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import Data

DRAWN = 1_000
REAL = 10_000  # at most, of the test split
SHOWN = 16


def rectangles(experiment: Experiment, data: Data, params: Any, path: pathlib.Path) -> str:
    """Real and generated rectangles, and how their widths and heights are distributed.

    Args:
      experiment: with the task Rectangles, head mixture.
      data: the task's.
      params: of one seed.
      path: the PNG file to write.

    Raises:
      ValueError: the head is a point: there is no distribution to draw from.
    """
    task = experiment.task
    if task.head != "mixture":
        raise ValueError(f"rectangles: nothing can be drawn from head {task.head}; take mixture")

    @jax.jit
    def draw(params: Any, key: jax.Array) -> jax.Array:
        def step(inputs: jax.Array, carry: Any) -> tuple[jax.Array, Any]:
            return experiment.model.apply({"params": params}, inputs, carry=carry)

        return task.draw(step, key, DRAWN)

    generated = np.asarray(draw(params, jax.random.key(experiment.seed)))
    indices = np.arange(min(REAL, data.sizes["test"]))
    real = np.asarray(task.batch(data.arrays, "test", indices).targets)  # (count, 4, 2)
    verdict = task.judge(generated)
    sources = {"real": (real, style.INK), "generated": (generated, style.VERMILLION)}
    with style.picture(path, 5.4) as figure:
        panels = figure.subplots(2, 2, height_ratios=(1.35, 1))
        for axes, (name, (corners, colour)) in zip(panels[0], sources.items(), strict=True):
            _overlay(axes, corners[:SHOWN], colour)
            axes.set_title(f"{name}, {SHOWN} of {len(corners):,}")
        for dimension, (axes, side) in enumerate(zip(panels[1], ("width", "height"), strict=True)):
            for name, (corners, colour) in sources.items():
                sizes = np.sort(corners[:, 2, dimension] - corners[:, 0, dimension])
                shares = np.arange(1, len(corners) + 1) / len(corners)
                dashes = "-" if name == "real" else (0, (4, 2))
                axes.plot(sizes, shares, color=colour, linestyle=dashes, label=name)
            style.grid(axes)
            axes.set(xlabel=side, xlim=(0, 1), ylim=(0, 1.02))
            axes.set_title(f"largest gap {verdict[side + '_distance']:.3f}")
        panels[1, 0].set_ylabel("share at most as large")
        panels[1, 1].tick_params(labelleft=False)
        panels[1, 1].legend(loc="lower right")
    return (
        f"Rectangles of the test split beside ones that the model drew corner by corner, and the "
        f"distributions of their sides: of {DRAWN:,} drawn, {verdict['right_angles']:.1%} have "
        f"right angles; their widths and heights are at most "
        f"{verdict['width_distance']:.3f} and {verdict['height_distance']:.3f} from the true "
        f"distribution functions (the Kolmogorov-Smirnov distance)."
    )


def _overlay(axes: Axes, corners: np.ndarray, colour: str) -> None:
    """Outlines (count, 4, 2) over each other, drawn as they are, closed or not."""
    for outline in corners:
        closed = np.concatenate([outline, outline[:1]])
        axes.plot(*closed.T, color=colour, alpha=0.65, linewidth=1.1, solid_joinstyle="miter")
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), aspect="equal", xticks=[0, 1], yticks=[0, 1])
    style.framed(axes)
