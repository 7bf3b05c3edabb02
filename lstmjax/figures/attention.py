"""Where a decoder looks in what it read, as it writes each symbol of its answer."""

import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from lstmjax import devices
from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import Batch, Data
from lstmjax.tasks.generated.addition import ALPHABET
from lstmjax.tasks.pairs.arrays import encode

CANDIDATES = 64  # test examples that the longest are shown of
SHOWN = 4


class Look(NamedTuple):
    """A panel: the weights (written, read), and names of its columns and rows."""

    weights: np.ndarray
    read: Sequence[str]
    written: Sequence[str]
    title: str = ""


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
    outputs, weights = _looked(experiment, params, batch)
    if weights is None:
        raise ValueError("attention: the model has none; set model.attention")
    source, written = np.asarray(batch.inputs[0]), np.asarray(outputs.argmax(-1))
    lines = experiment.task.show(outputs, batch)
    counts, lengths = np.asarray(batch.mask).sum(1), np.full(len(source), source.shape[1])
    if batch.lengths is not None:
        lengths = np.asarray(batch.lengths)
    # the longest, and of equally long ones the first
    shown = np.argsort(-(lengths + counts), stable=True)[:SHOWN]
    looks = [
        Look(
            weights[i, : counts[i], : lengths[i]],
            [_character(symbol) for symbol in source[i, : lengths[i]]],
            [_character(symbol) for symbol in written[i, : counts[i]]],
            lines[i],
        )
        for i in shown
    ]
    _draw(looks, path, height=4.2, labels=11)
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
    logits, weights = _looked(experiment, params, batch)
    if weights is None:
        return ""
    looks, answers = [], []
    for read, row, looked in zip(texts, np.asarray(logits.argmax(-1)), weights, strict=True):
        end = int(np.argmax(np.append(row, task.stop) == task.stop))
        steps = [task.target_vocabulary[code] for code in row[:end]]
        answers.append(f"{task.join_source(read)} = {task.join_target(steps)}")
        rows = [*map(_word, steps), "end"][: len(looked)]
        looks.append(Look(looked[: len(rows), : len(read)], [*map(_word, read)], rows))
    _draw(looks, path, height=3.6 * -(-len(looks) // 2), labels=9, slanted=True)
    each = "; ".join(answers)
    return f"Where the decoder looks in what it read (columns) as it writes (rows): {each}."


def _looked(experiment: Experiment, params: Any, batch: Batch) -> tuple[Any, np.ndarray | None]:
    """What a model writes, and its attention (batch, time, source time), or None without any."""
    apply = devices.jit(lambda p, b: experiment.apply(p, b, mutable="intermediates"))
    (outputs, _), state = apply(params, batch)
    weights = state["intermediates"]["attention"][0] if state else None
    return outputs, None if weights is None else np.asarray(weights, np.float32)


def _draw(
    looks: list[Look], path: pathlib.Path, height: float, labels: float, slanted: bool = False
) -> None:
    """One panel a look, two beside each other; `labels`: the size of names, in points."""
    columns = min(2, len(looks))
    slant = dict(rotation=60, ha="right") if slanted else {}
    with style.picture(path, height) as figure:
        panels = figure.subplots(-(-len(looks) // columns), columns, squeeze=False).ravel()
        for axes, look in zip(panels, looks, strict=False):
            image = axes.imshow(look.weights, cmap=style.AMOUNT, vmin=0, vmax=1, aspect="auto")
            axes.set_xticks(range(len(look.read)), look.read, **slant)
            axes.set_yticks(range(len(look.written)), look.written)
            axes.tick_params(length=0, labelsize=labels)
            axes.tick_params(axis="x", pad=1)
            style.framed(axes)
            axes.set_title(look.title)
        for axes in panels[len(looks) :]:
            axes.set_visible(False)
        figure.supxlabel("read", fontsize=11)
        figure.supylabel("written", fontsize=11)
        figure.colorbar(image, ax=panels.tolist(), label="weight", shrink=0.8, pad=0.02)


def _character(symbol: int) -> str:
    return "end" if ALPHABET[symbol] == " " else ALPHABET[symbol]


def _word(symbol: str) -> str:
    return symbol.strip() or "blank"
