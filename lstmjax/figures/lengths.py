"""How a score falls with the length of what is read."""

import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax import devices
from lstmjax.experiment import Experiment
from lstmjax.figures import style

WIDE = 20  # lengths that make one point


def lengths(runs: Mapping[str, tuple[Experiment, Any]], path: pathlib.Path) -> str:
    """Accuracy against the length of the string, for runs on the languages.

    Args:
      runs: experiment and parameters of all seeds, by the name in the picture; at most five.
      path: the PNG file to write.
    """
    facts = []
    with style.picture(path, 3.6) as figure:
        axes = figure.subplots()
        for i, (name, (experiment, params)) in enumerate(runs.items()):
            places, curves = _accuracies(experiment, params)
            look = {"linestyle": style.DASHES[i], "marker": "o", "markersize": 3}
            style.band(axes, places, curves, style.COLOURS[i], name, **look)
            unseen = curves[places > experiment.task.length]
            facts.append(f"{name} {unseen.mean():.3f} (worst seed {unseen.mean(0).min():.3f})")
        trained = next(iter(runs.values()))[0].task.length
        axes.axvline(trained, color=style.MUTED, linestyle=":", linewidth=1)
        axes.annotate(
            "trained to here", (trained, 0), (5, 2), textcoords="offset points", color=style.MUTED
        )
        axes.set(xlabel="symbols of the string", ylabel="accuracy", ylim=(0, 1.03))
        style.grid(axes)
        figure.legend(loc="outside upper center", ncols=2)
    return (
        f"Accuracy against the length of the string, trained to {trained}: the mean over the "
        f"seeds, in a band from the lowest to the highest. Beyond what was trained on: "
        f"{', '.join(facts)}."
    )


def _accuracies(experiment: Experiment, params: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean lengths (bins,) and accuracies (bins, seeds) on validation and test strings."""
    task, found = experiment.task, []

    def right(params: Any, batch: Any) -> jax.Array:
        outputs, _ = experiment.apply(params, batch)
        counts = (outputs.argmax(-1) == batch.targets) & batch.mask
        return counts.sum(-1) / batch.mask.sum(-1)

    program = devices.jit(right if experiment.seeds == 1 else jax.vmap(right, (0, None)))
    for split, count in (("valid", task.valid_examples), ("test", task.test_examples)):
        batch = devices.jit(task.batch, static_argnums=1)((), split, jnp.arange(count))
        shares = np.atleast_2d(program(params, batch))
        read = np.asarray(batch.lengths - batch.mask.sum(-1))
        found.append((read, shares))
    read = np.concatenate([part[0] for part in found])
    shares = np.concatenate([part[1] for part in found], 1)
    bins = (read - 1) // WIDE
    kinds = np.unique(bins)
    places = np.array([read[bins == kind].mean() for kind in kinds])
    return places, np.stack([shares[:, bins == kind].mean(1) for kind in kinds])
