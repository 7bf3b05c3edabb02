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
ROWS = 64  # strings that are answered at once


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

    def scores(params: Any, split: str, indices: jax.Array) -> tuple[jax.Array, jax.Array]:
        batch = task.batch((), split, indices)
        outputs, _ = experiment.apply(params, batch)
        right = (outputs.argmax(-1) == batch.targets) & batch.mask
        asked = batch.mask.sum(-1)
        return batch.lengths - asked, right.sum(-1) / asked

    many = scores if experiment.seeds == 1 else jax.vmap(scores, (0, None, None), (None, 0))
    program = devices.jit(many, static_argnums=1)
    for split, count in (("valid", task.valid_examples), ("test", task.test_examples)):
        rows = min(ROWS, count)
        for begin in range(0, count - rows + 1, rows):
            found.append(program(params, split, jnp.arange(begin, begin + rows)))
    read = np.concatenate([part[0] for part in found])
    shares = np.concatenate([np.atleast_2d(part[1]) for part in found], 1)
    bins = (read - 1) // WIDE
    kinds = np.unique(bins)
    places = np.array([read[bins == kind].mean() for kind in kinds])
    return places, np.stack([shares[:, bins == kind].mean(1) for kind in kinds])
