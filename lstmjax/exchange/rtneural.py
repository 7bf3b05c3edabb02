"""`.json`: what RTNeural reads, which runs small networks in real-time audio (C++).

Its layers are Keras', so that the arrays are, too.
"""

import json
import pathlib
from typing import Any

from lstmjax.errors import UserError
from lstmjax.exchange import Source, parts
from lstmjax.files import write_text
from lstmjax.models.stacked import Stacked
from lstmjax.models.vanilla import Vanilla

SUFFIXES = (".json",)


def write(source: Source, path: pathlib.Path) -> None:
    """Writes LSTM layers and a dense layer, which read a step at a time.

    Raises:
      UserError: the model has anything else, or the file cannot be written.
    """
    model = source.experiment.model
    if not isinstance(model, (Vanilla, Stacked)):
        title = type(model).__name__
        raise UserError(f"{path}: RTNeural runs forward LSTMs and a dense layer, not {title}")
    layers: list[dict[str, Any]] = []
    for part in parts.without_projections(parts.split(model, source.params), "RTNeural"):
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
