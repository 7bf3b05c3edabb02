"""`.json`: what RTNeural reads, which runs small networks in real-time audio (C++).

Its layers are Keras', so that the arrays are, too.
"""

import json
import pathlib
from typing import Any

import numpy as np

from lstmjax.errors import UserError
from lstmjax.exchange import Source, parts
from lstmjax.exchange.parts import Part
from lstmjax.files import write_text
from lstmjax.models.stacked import Stacked
from lstmjax.models.vanilla import Vanilla
from lstmjax.tasks.base import Task
from lstmjax.tasks.sequences.regression import Regression
from lstmjax.tasks.sequences.task import SequenceTask

SUFFIXES = (".json",)


def write(source: Source, path: pathlib.Path) -> None:
    """Writes LSTM layers and a dense layer, which read a step at a time.

    Raises:
      UserError: the model has anything else, or the file cannot be written.
    """
    model = source.experiment.model
    if type(model) not in (Vanilla, Stacked):  # nor what is derived from them, and may do more
        title = type(model).__name__
        raise UserError(f"{path}: RTNeural runs forward LSTMs and a dense layer, not {title}")
    found = parts.without_projections(parts.split(model, source.params), "RTNeural")
    layers: list[dict[str, Any]] = []
    for part in _in_units(source.experiment.task, found, path):
        lstm = part.kind == "LSTM"
        arrays = list(part.weights[:3]) if lstm else [part.weights, part.bias]
        layers.append(
            {
                "type": "lstm" if lstm else "dense",
                "activation": "tanh" if lstm else "",
                "shape": [None, None, part.weights.features if lstm else part.weights.shape[1]],
                "weights": [array.astype(float).tolist() for array in arrays],
            }
        )
    width = len(layers[0]["weights"][0])
    write_text(path, json.dumps({"in_shape": [None, None, width], "layers": layers}))


def _in_units(task: Task, found: list[Part], path: pathlib.Path) -> list[Part]:
    """The layers for what was measured: the first and the last one do what the task's scaling did.

    RTNeural has no other place for it.
    """
    if not isinstance(task, SequenceTask):
        return found
    first, *between, last = found
    mean, deviation = np.array(task.mean), np.array(task.deviation)
    if first.weights.width != len(mean):
        raise UserError(f"{path}: RTNeural reads a step as it is: train without frames and masks")
    kernel = first.weights.kernel / deviation[:, None]
    bias = first.weights.bias - mean @ kernel
    first = first._replace(weights=first.weights._replace(kernel=kernel, bias=bias))
    if isinstance(task, Regression):
        if task.head != "point":
            raise UserError(f"{path}: RTNeural puts out numbers: train with head point")
        spread = np.array(task.spread)
        scaled = last.bias * spread + np.array(task.centre)
        last = last._replace(weights=last.weights * spread, bias=scaled)
    return [first, *between, last]
