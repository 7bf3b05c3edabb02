"""The LSTM layer's weights as every other library has them: the gates side by side in one array."""

from typing import Any, NamedTuple

import numpy as np

from lstmjax.recurrent.initialization import GATES


class Stacked(NamedTuple):
    """The weights of one layer in one direction; columns are the gates i f g o."""

    kernel: np.ndarray  # (width of the inputs, 4 * features)
    recurrent: np.ndarray  # (features, or width of the output; 4 * features)
    bias: np.ndarray  # (4 * features,)
    projection: np.ndarray | None = None  # (features, width of the output), if there is one

    @property
    def features(self) -> int:
        """Hidden units."""
        return self.bias.shape[0] // len(GATES)

    @property
    def outputs(self) -> int:
        """Width of the output: the hidden units, or what they are projected to."""
        return self.recurrent.shape[0]

    @property
    def width(self) -> int:
        """Of the inputs."""
        return self.kernel.shape[0]


def stack(layer: Any) -> Stacked:
    """The arrays of a layer's parameters, {"cell": {"ii": {"kernel"}, ..., "hi": {...}, ...}}."""

    def join(path: str, leaf: str) -> np.ndarray:
        parts = [np.asarray(layer["cell"][path + gate][leaf]) for gate in GATES]
        return np.concatenate(parts, -1)

    arrays = join("i", "kernel"), join("h", "kernel"), join("h", "bias")
    projection = layer.get("projection")
    return Stacked(*arrays, None if projection is None else np.asarray(projection))


def unstack(weights: Stacked) -> dict[str, Any]:
    """The inverse of `stack`: a layer's parameters."""
    kernels, recurrents, biases = (
        [np.ascontiguousarray(part) for part in np.split(array, len(GATES), -1)]
        for array in weights[:3]
    )
    cell = {f"i{gate}": {"kernel": kernel} for gate, kernel in zip(GATES, kernels, strict=True)}
    for gate, kernel, bias in zip(GATES, recurrents, biases, strict=True):
        cell[f"h{gate}"] = {"kernel": kernel, "bias": bias}
    if weights.projection is None:
        return {"cell": cell}
    return {"cell": cell, "projection": np.ascontiguousarray(weights.projection)}
