"""What goes into a file beside a model: how raw examples become its inputs, and answers again."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax import settings
from lstmjax.errors import UserError
from lstmjax.exchange import Source
from lstmjax.tasks.base import Task
from lstmjax.tasks.generated.addition import ALPHABET, Addition
from lstmjax.tasks.generated.listops import CLOSE, OPERATORS, ListOps
from lstmjax.tasks.pairs.transduction import Transduction
from lstmjax.tasks.pictures.captioning import Captioning
from lstmjax.tasks.sequences.task import SequenceTask
from lstmjax.tasks.series.forecasting import SeriesWindows
from lstmjax.tasks.tagging import Tagging
from lstmjax.tasks.text.next_symbol import NextSymbol

# Of the trainer's machine; nothing of them is needed to predict.
FILES = {f"{of}{what}" for of in ("train", "valid", "test") for what in ("", "_labels", "_path")}
FILES |= {"path", "digest", "given"}
# What a task's fields do not say: the symbols in the order of their codes.
SYMBOLS = {
    Addition: list(ALPHABET),
    ListOps: [*map(str, range(10)), *(f"[{name}" for name in OPERATORS), "]"][: CLOSE + 1],
}


def about(source: Source) -> dict[str, Any]:
    """The settings of the task and of the model as JSON values, without the names of files."""
    task = source.experiment.task
    told = {name: of for name, of in settings.to_json(task).items() if name not in FILES}
    if symbols := SYMBOLS.get(type(task)):
        told["symbols"] = symbols
    if getattr(task, "stop", None) is not None:
        told["stop"] = task.stop
    return {"task": told, "model": settings.to_json(source.experiment.model)}


def inputs(task: Task) -> dict[str, tuple[np.dtype, tuple[int | str, ...]]]:
    """What a task's model reads: the type and the shape of each input, `batch` and `time` open.

    Needs the files of a task that is none of those named here, such as one of the user's own.

    Raises:
      UserError: an encoder-decoder reads vectors on its target side.
    """
    symbols = np.dtype(np.int32), ("batch", "time")
    if isinstance(task, NextSymbol):
        return {"inputs": symbols}
    if isinstance(task, Captioning):
        raise UserError(
            f"a model of task {type(task).__name__} reads pictures, which no exported program does "
            "yet: use launch.predict, or export its weights to .safetensors"
        )
    if isinstance(task, Tagging):
        spelling = symbols[0], ("batch", "time", task.longest_word)
        return {"words": symbols, "characters": spelling, "spelled": symbols}
    if isinstance(task, Transduction):
        return {"source": symbols}
    if isinstance(task, SequenceTask):
        read = task.read_arrays(np.zeros((1, task.frame, *task.step), np.float32))[0].inputs
    elif isinstance(task, SeriesWindows):
        past = jnp.zeros((1, task.history, len(task.numeric) + len(task.words)))
        future = jnp.zeros((1, task.horizon, len(task.targets)))
        read = task.window(past, past == 0, future, future == 0).inputs
    else:
        data = task.load()
        first = jnp.zeros(1, jnp.int32)
        read = jax.eval_shape(
            lambda arrays: task.batch(arrays, "train", first, data.shapes[0]).inputs, data.arrays
        )
    if task.paired and getattr(read[1], "ndim", 0) == 3:  # (batch, horizon, columns)
        raise UserError(
            "a decoder that reads what is known ahead has no counterpart in this format: choose "
            ".safetensors, or train with task.decoder=false and a model without one"
        )
    read, name = (read[0], "source") if task.paired else (read, "inputs")
    apart = [len(task.targets)] if getattr(task, "independent", False) else []
    rest = read.shape[2 + len(apart) :]
    return {name: (np.dtype(read.dtype), ("batch", *apart, "time", *rest))}


def reads_symbols(task: Task) -> bool:
    """Whether what the model reads is symbols, not vectors."""
    return all(kind.kind in "iu" for kind, _ in inputs(task).values())
