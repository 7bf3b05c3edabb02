"""A graph of ONNX operators in the making, with the layers of our models as its nodes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lstmjax.errors import UserError
from lstmjax.exchange import needed
from lstmjax.exchange.layer import stack
from lstmjax.recurrent.initialization import GATES

OPSET, IR_VERSION = 14, 7  # of 2021: what every onnxruntime since then reads
CELL = {f"{side}{gate}" for side in "ih" for gate in GATES}
State = tuple[str, str]  # names of (c, h), each (batch, features)


class Graph:
    """Operators one after the other; a value is known by its name, a text.

    Sequences are (time, batch, features) inside, as the operator LSTM has them, and batch-first in
    inputs and outputs.
    """

    def __init__(self, name: str):
        """An empty graph; UserError if the package onnx is missing."""
        self._onnx = needed("onnx", "onnx")
        self._name = name
        self._nodes, self._weights, self._inputs, self._outputs = [], [], [], []

    def input(self, name: str, kind: type, *shape: int | str) -> str:
        """Something that is fed; a text among the sizes names one that is not known yet."""
        self._inputs.append(self._described(name, kind, shape))
        return name

    def output(self, name: str, value: str, *shape: int | str) -> None:
        """Puts a value out under a name, float32."""
        self._outputs.append(self._described(name, np.float32, shape))
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))

    def constant(self, value: Any, kind: type = np.float32) -> str:
        """Numbers that the file holds."""
        name = f"weight_{len(self._weights)}"
        array = np.asarray(value).astype(kind, order="C")
        self._weights.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def integers(self, *values: int) -> str:
        """A constant vector of whole numbers: axes, shapes, places."""
        return self.constant(values, np.int64)

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """What an operator makes of values: a value, or as many as it has outputs."""
        place = len(self._nodes)
        names = [f"{operator.lower()}_{place}_{i}" for i in range(outputs)]
        made = self._onnx.helper.make_node(operator, list(inputs), names, **attributes)
        self._nodes.append(made)
        return names[0] if outputs == 1 else names

    def size(self, value: str, begin: int, end: int) -> str:
        """The sizes of a value's axes `begin` to `end`, a vector."""
        places = self.integers(*range(begin, end))
        return self.node("Gather", self.node("Shape", value), places)

    def reshape(self, value: str, *parts: str | int) -> str:
        """A value in another shape, put together from vectors of sizes and from numbers."""
        vectors = [self.integers(part) if isinstance(part, int) else part for part in parts]
        return self.node("Reshape", value, self.node("Concat", *vectors, axis=0))

    def turned(self, value: str, *rest: int) -> str:
        """The first two axes exchanged, batch and time; `rest` are the others, from 2."""
        return self.node("Transpose", value, perm=[1, 0, *rest])

    def dense(self, value: str, params: Mapping[str, Any]) -> str:
        """A dense layer on the last axis."""
        product = self.node("MatMul", value, self.constant(params["kernel"]))
        if "bias" not in params:
            return product
        return self.node("Add", product, self.constant(params["bias"]))

    def embedded(self, symbols: str, table: Any) -> str:
        """The vectors of symbols; -1, which nothing comes before, has a vector of zeros."""
        table = np.asarray(table)
        return self.node("Gather", self.constant(np.pad(table, ((0, 1), (0, 0)))), symbols)

    def one_hot(self, symbols: str, count: int, scale: float = 1.0) -> str:
        """One-hot vectors of symbols; -1, which nothing comes before, is all zeros."""
        apart = self.node("Unsqueeze", symbols, self.integers(-1))
        equal = self.node("Equal", apart, self.integers(*range(count)))
        vectors = self.node("Cast", equal, to=self._onnx.TensorProto.FLOAT)
        return vectors if scale == 1 else self.node("Mul", vectors, self.constant(scale))

    def lstm(
        self,
        steps: str,
        sides: Sequence[Mapping[str, Any]],
        lengths: str | None,
        before: State | None = None,
        reverse: bool = False,
    ) -> tuple[str, State]:
        """One LSTM layer, the operator itself.

        Args:
          steps: (time, batch, width).
          sides: the layer of one direction, or of both, forward first.
          lengths: int64 (batch,), valid steps, or None for all.
          before: the carry to start from, or None for zeros.
          reverse: whether the one direction is backward.

        Returns:
          Outputs (time, batch, directions * features), and the carry after the last valid step,
          (batch, directions * features) each; that of a row of length 0 is the one before.
        """
        features = stack(sides[0]).features
        operands = [steps, *(self.constant(part) for part in _weights(sides))]
        operands.append("" if lengths is None else self._whole(lengths))
        if before is not None:
            axis = self.integers(0)
            cell, hidden = (self.node("Unsqueeze", part, axis) for part in before)
            operands += [hidden, cell]  # ONNX has the hidden state first
        direction = "reverse" if reverse else ("forward", "bidirectional")[len(sides) - 1]
        outputs, hidden, cell = self.node(
            "LSTM", *operands, outputs=3, direction=direction, hidden_size=features
        )
        after = (cell, hidden)
        if lengths is not None:
            empty = self.node("Equal", lengths, self.integers(0))
            empty = self.node("Unsqueeze", empty, self.integers(1))  # (batch, 1)
            kept = before or (self.constant(0.0),) * 2
            after = tuple(
                self.node("Where", empty, old, new) for old, new in zip(kept, after, strict=True)
            )
        outputs = self.node("Transpose", outputs, perm=[0, 2, 1, 3])
        outputs = self.node("Reshape", outputs, self.integers(0, 0, len(sides) * features))
        last = (self.node("Transpose", part, perm=[1, 0, 2]) for part in after)
        shape = self.integers(0, len(sides) * features)
        return outputs, tuple(self.node("Reshape", part, shape) for part in last)

    def attention(self, hidden: str, memory: str, lengths: str, params: Mapping[str, Any]) -> str:
        """How much each step looks at each source position, as our EncoderDecoder has it.

        Args:
          hidden: (batch, time, features), the decoder's.
          memory: (batch, source, features), the encoder's.
          lengths: int64 (batch,), of the sources.
          params: with `score` and its parts for additive attention, else it is dot.

        Returns:
          (batch, time, source).
        """
        if "score" in params:
            query = self.dense(hidden, params["score_query"])
            query = self.node("Unsqueeze", query, self.integers(2))
            keys = self.dense(memory, params["score_memory"])
            keys = self.node("Unsqueeze", keys, self.integers(1))
            scores = self.dense(self.node("Tanh", self.node("Add", query, keys)), params["score"])
            scores = self.node("Squeeze", scores, self.integers(3))
        else:
            scores = self.node("MatMul", hidden, self.node("Transpose", memory, perm=[0, 2, 1]))
        time = self.node("Squeeze", self.size(memory, 1, 2), self.integers(0))
        zero, one = (self.constant(value, np.int64) for value in (0, 1))
        valid = self.node("Range", zero, time, one)
        valid = self.node("Less", valid, self.node("Unsqueeze", lengths, self.integers(1, 2)))
        low = self.constant(np.finfo(np.float32).min)
        weights = self.node("Softmax", self.node("Where", valid, scores, low), axis=-1)
        return self.node("Where", valid, weights, self.constant(0.0))

    def to_bytes(self, metadata: Mapping[str, Any]) -> bytes:
        """The file, with values beside the graph, each as JSON under its name."""
        helper = self._onnx.helper
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, self._weights
        )
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, producer_name="lstmjax")
        model.ir_version = IR_VERSION
        helper.set_model_props(model, {name: json.dumps(of) for name, of in metadata.items()})
        return model.SerializeToString()

    def _whole(self, value: str) -> str:
        return self.node("Cast", value, to=self._onnx.TensorProto.INT32)

    def _described(self, name: str, kind: type, shape: Sequence[int | str]) -> Any:
        helper = self._onnx.helper
        element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        return helper.make_tensor_value_info(name, element, shape)


def _weights(sides: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """W (directions, 4 * features, width), R (..., features) and B (directions, 8 * features)."""
    for side in sides:
        if more := sorted(side["cell"].keys() - CELL | side.keys() - {"cell"}):
            raise UserError(f"ONNX's LSTM has no {', '.join(more)}: this layer cannot be written")

    def turned(array: np.ndarray) -> np.ndarray:
        """Rows for columns, the gates in ONNX's order."""
        gates = dict(zip(GATES, np.split(array.T, len(GATES)), strict=True))
        return np.concatenate([gates[gate] for gate in "iofg"])

    layers = [stack(side) for side in sides]
    biases = [turned(layer.bias) for layer in layers]
    return [
        np.stack([turned(layer.kernel) for layer in layers]),
        np.stack([turned(layer.recurrent) for layer in layers]),
        np.stack([np.concatenate([0 * bias, bias]) for bias in biases]),
    ]
