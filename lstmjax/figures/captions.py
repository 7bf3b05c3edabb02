"""What a model says of pictures, and which places it looks at as it writes each word."""

import math
import pathlib
from typing import Any

import jax.numpy as jnp
import numpy as np

from lstmjax import devices
from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import Data

CANDIDATES = 64  # examples that the facts are of
SHOWN = 3
COLUMNS = 11  # pictures beside each other
DARK = 0.15  # brightness of a place that is not looked at


def captions(experiment: Experiment, data: Data, params: Any, path: pathlib.Path) -> str:
    """Pictures with the sentences written; with attention a copy a word, lit where it looks.

    Args:
      experiment: with a task of pictures and a Captioner.
      data: the task's.
      params: of one seed.
      path: the PNG file to write.
    """
    task = experiment.task
    indices = jnp.arange(min(CANDIDATES, data.sizes["test"]))
    batch = devices.jit(lambda arrays: task.batch(arrays, "test", indices))(data.arrays)
    apply = devices.jit(lambda p, b: experiment.apply(p, b, mutable="intermediates"))
    (logits, _), state = apply(params, batch)
    pictures, written = np.asarray(batch.inputs[0]), np.asarray(logits.argmax(-1))
    texts = [task.spell(row) for row in written]
    right = np.asarray(task.compare(jnp.asarray(written), batch.targets)[0])
    weights = None
    if state:
        (weights,) = state["intermediates"]["attention"]
        weights = np.asarray(weights, np.float32)  # (batch, time, height, width)
    shown = range(min(SHOWN, len(pictures)))
    longest = max(len(texts[example].split()) for example in shown)
    rows = 1 if weights is None else math.ceil((1 + longest) / COLUMNS)
    with style.picture(path, len(shown) * (0.66 * rows + 0.42)) as figure:
        parts = figure.subfigures(len(shown), 1, squeeze=False).ravel()
        for part, example in zip(parts, shown, strict=True):
            verdict = "" if right[example] else " (wrong)"
            part.suptitle(texts[example] + verdict, fontsize=8, x=0.01, ha="left")
            panels = part.subplots(rows, COLUMNS, squeeze=False).ravel()
            for axes in panels:
                axes.set_axis_off()
            panels[0].imshow(pictures[example])
            for axes, time in zip(panels[1:], range(longest), strict=False):
                words = texts[example].split()
                if weights is not None and time < len(words):
                    axes.imshow(pictures[example] * _light(weights[example, time], pictures))
                    axes.set_title(words[time], fontsize=8, pad=2)
    told = f"{sum(right)} of {len(right)} test pictures are described rightly."
    if weights is None:
        return f"Pictures and what the model says of them: {told}"
    stop = task.stop
    counted = np.cumsum(written == stop, 1) == 0  # before the stop
    strongest = weights.reshape(*written.shape, -1).max(-1)[counted].mean()
    return (
        f"Where the model looks in a picture as it writes each word: bright places have weight. "
        f"The place most looked at has {strongest:.2f} of a word's weight on average; {told}"
    )


def _light(weights: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """How bright each pixel is (height, width, 1): places spread evenly over the picture."""
    pixels = pictures.shape[1:3]
    rows, columns = (
        np.arange(size) * places // size for size, places in zip(pixels, weights.shape, strict=True)
    )
    spread = weights[np.ix_(rows, columns)] / weights.max()
    return (DARK + (1 - DARK) * spread)[..., None]
