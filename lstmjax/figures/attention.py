"""Which characters of a sum the decoder looks at as it writes each character of the answer."""

import pathlib
from typing import Any

import jax.numpy as jnp
import numpy as np

from lstmjax import devices
from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import Data
from lstmjax.tasks.generated.addition import ALPHABET

CANDIDATES = 64  # test examples that the longest are shown of
SHOWN = 4


def attention(experiment: Experiment, data: Data, params: Any, path: pathlib.Path) -> str:
    """Attention weights over additions: a row a written character, a column a character read.

    Args:
      experiment: with the task Addition and an EncoderDecoder that has attention.
      data: the task's.
      params: of one seed.
      path: the PNG file to write.

    Raises:
      ValueError: the model has no attention.
    """
    indices = jnp.arange(min(CANDIDATES, data.sizes["test"]))
    batch = experiment.task.batch(data.arrays, "test", indices)
    apply = devices.jit(lambda p, b: experiment.apply(p, b, mutable="intermediates"))
    (outputs, _), state = apply(params, batch)
    if not state:
        raise ValueError("attention: the model has none; set model.attention")
    (weights,) = state["intermediates"]["attention"]
    weights = np.asarray(weights, np.float32)  # (batch, time, source time)
    source, written = np.asarray(batch.inputs[0]), np.asarray(outputs.argmax(-1))
    lines = experiment.task.show(outputs, batch)
    counts, lengths = np.asarray(batch.mask).sum(1), np.full(len(source), source.shape[1])
    if batch.lengths is not None:
        lengths = np.asarray(batch.lengths)
    # the longest, and of equally long ones the first
    shown = np.argsort(-(lengths + counts), stable=True)[:SHOWN]
    with style.picture(path, 4.2) as figure:
        panels = figure.subplots(-(-len(shown) // 2), min(2, len(shown)), squeeze=False).ravel()
        for axes, example in zip(panels, shown, strict=False):
            read, steps = lengths[example], counts[example]
            image = axes.imshow(
                weights[example, :steps, :read], cmap=style.AMOUNT, vmin=0, vmax=1, aspect="auto"
            )
            axes.set_xticks(range(read), [_name(symbol) for symbol in source[example, :read]])
            axes.set_yticks(range(steps), [_name(symbol) for symbol in written[example, :steps]])
            axes.tick_params(length=0, labelsize=11)
            style.framed(axes)
            axes.set_title(lines[example])
        for axes in panels[len(shown) :]:
            axes.set_visible(False)
        figure.supxlabel("read", fontsize=11)
        figure.supylabel("written", fontsize=11)
        figure.colorbar(image, ax=panels.tolist(), label="weight", shrink=0.8, pad=0.02)
    counted = np.asarray(batch.mask)
    strongest = weights.max(-1)[counted].mean()
    signs = np.isin(source, [ALPHABET.index(symbol) for symbol in "+ "])[:, None, :]
    on_digits = np.where(signs, 0, weights).sum(-1)[counted].mean()
    right = ((written == np.asarray(batch.targets)) | ~counted).all(1).sum()
    return (
        f"Where the decoder looks in the sum (columns) as it writes each character of the answer "
        f"(rows): over {len(source)} test sums the character most looked at has {strongest:.2f} "
        f"of a step's weight on average, digits together {on_digits:.2f}; "
        f"{right} of these sums are right."
    )


def _name(symbol: int) -> str:
    return "end" if ALPHABET[symbol] == " " else ALPHABET[symbol]
