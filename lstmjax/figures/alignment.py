"""Where a model looks in a source as it writes its answer, symbol by symbol."""

import pathlib
from typing import Any

import jax.numpy as jnp
import numpy as np

from lstmjax import devices
from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import Batch, Data
from lstmjax.tasks.pairs.arrays import encode


def alignment(experiment: Experiment, data: Data, params: Any, path: pathlib.Path) -> str:
    """Attention over sources: a row a written symbol, a column a symbol read.

    Args:
      experiment: with a Transduction that has `pictured_sources`, and an EncoderDecoder.
      data: the task's.
      params: of one seed.
      path: the PNG file to write; none is written where the model has no attention.
    """
    task = experiment.task
    texts = [task.split_source(text) for text in task.pictured_sources()]
    codes = encode(texts, task.source_vocabulary)
    source = np.asarray(codes.padded(np.arange(len(texts)), int(codes.lengths.max()), 0))
    shifted = jnp.zeros((len(texts), task.longest), jnp.int32)  # of which only the shape is used
    batch = Batch((source, shifted), lengths=codes.lengths)
    apply = devices.jit(lambda p, b: experiment.apply(p, b, mutable="intermediates"))
    (logits, _), state = apply(params, batch)
    if not state:
        return ""
    weights = np.asarray(state["intermediates"]["attention"][0], np.float32)
    written = np.asarray(logits.argmax(-1))
    columns = min(2, len(texts))
    answers = []
    with style.picture(path, 3.6 * -(-len(texts) // columns), 7.2) as figure:
        panels = figure.subplots(-(-len(texts) // columns), columns, squeeze=False).ravel()
        for axes, read, row, looked in zip(panels, texts, written, weights, strict=False):
            end = int(np.argmax(np.append(row, task.stop) == task.stop))
            steps = [task.target_vocabulary[code] for code in row[:end]]
            answers.append(task.join_target(steps))
            image = axes.imshow(
                looked[: end + 1, : len(read)], cmap=style.AMOUNT, vmin=0, vmax=1, aspect="auto"
            )
            axes.set_xticks(range(len(read)), map(_name, read), rotation=60, ha="right")
            rows = [*map(_name, steps), "end"][: len(looked)]
            axes.set_yticks(range(len(rows)), rows)
            axes.tick_params(length=0, labelsize=9)
            axes.tick_params(axis="x", pad=1)
            style.framed(axes)
        for axes in panels[len(texts) :]:
            axes.set_visible(False)
        figure.supxlabel("read", fontsize=11)
        figure.supylabel("written", fontsize=11)
        figure.colorbar(image, ax=panels.tolist(), label="weight", shrink=0.6, pad=0.02)
    each = "; ".join(
        f"{task.join_source(read)} = {answer}" for read, answer in zip(texts, answers, strict=True)
    )
    return f"Where the decoder looks in what it read (columns) as it writes (rows): {each}."


def _name(symbol: str) -> str:
    return symbol.strip() or "blank"
