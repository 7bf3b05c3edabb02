"""Pictures of runs. The only file that imports matplotlib."""

import pathlib
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def learning_curve(log: list[dict[str, Any]], path: pathlib.Path) -> None:
    """Training and validation loss over the steps: the mean of the seeds, from lowest to highest.

    Args:
      log: the lines of metrics.jsonl.
      path: the PNG file to write.
    """
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    curves = {
        "training": [(line["step"], line["loss"]) for line in log if "loss" in line],
        "validation": [(line["step"], line["valid"]["loss"]) for line in log if "valid" in line],
    }
    for name, points in curves.items():
        steps = [step for step, _ in points]
        losses = np.array([np.atleast_1d(loss) for _, loss in points])  # (points, seeds)
        mean = losses.mean(1)
        (line,) = axes.plot(steps, mean, label=f"{name} ({mean[-1]:.3g} at the end)")
        if losses.shape[1] > 1:
            axes.fill_between(
                steps, losses.min(1), losses.max(1), color=line.get_color(), alpha=0.2
            )
    if min(np.min(loss) for points in curves.values() for _, loss in points) > 0:
        axes.set_yscale("log")
    axes.set(xlabel="update", ylabel="loss")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
