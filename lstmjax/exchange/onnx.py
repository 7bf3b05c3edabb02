"""ONNX files: each of our architectures as a graph around the operator LSTM.

The inputs are batch-first, `lengths` among them. Models that read forward also take their carry,
`initial_c_0`, `initial_h_0` and so on a layer, and give it back as `final_c_0`, ..., so that a
stream goes on where it stopped. An encoder-decoder is two files, `NAME.encoder.onnx` and
`NAME.decoder.onnx`.
"""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lstmjax import settings
from lstmjax.errors import UserError
from lstmjax.exchange import Source
from lstmjax.exchange.about import about, reads_symbols
from lstmjax.exchange.graph import Graph, State
from lstmjax.exchange.layer import stack
from lstmjax.experiment import Experiment
from lstmjax.files import write_bytes
from lstmjax.models.base import Model
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.models.encoder_decoder import EncoderDecoder, RepeatVector
from lstmjax.models.generative import Generative
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional
from lstmjax.models.tagger import Tagger
from lstmjax.models.vanilla import Vanilla

SUFFIXES = (".onnx",)
Params = Mapping[str, Any]
# Settings of every model with which the layer computes what the operator does.
KNOWN = set("outputs kernel initialization memory_steps recompute_every dtype param_dtype".split())


def write(source: Source, path: pathlib.Path) -> list[pathlib.Path]:
    """Writes a model, and what its task does to raw examples, as ONNX; returns the files.

    Raises:
      UserError: architecture or layers are none that can be written so, or a file cannot be.
    """
    model = source.experiment.model
    if type(model) not in GRAPHS:
        raise UserError(
            f"{path}: no ONNX graph is known here for architecture {type(model).__name__}; "
            "try .stablehlo"
        )
    for field in settings.fields(Model):
        value = getattr(model, field.name)
        if field.name == "regularization" and not value.in_steps(train=False):
            continue  # of the training alone
        if field.name not in KNOWN and value != field.default:
            told = f"the operator LSTM does not compute model.{field.name}={value}"
            raise UserError(f"{path}: {told}; try .stablehlo")
    files = {}
    for part, build in GRAPHS[type(model)].items():
        graph = Graph(f"{type(model).__name__} {part}".strip())
        build(graph, source.experiment, source.params)
        file = path.with_suffix(f".{part}.onnx") if part else path
        files[file] = graph.to_bytes(about(source))
    for file, content in files.items():
        write_bytes(file, content)
    return list(files)


def _layers(
    graph: Graph,
    steps: str,
    layers: Sequence[Sequence[Params]],
    lengths: str | None,
    streams: bool = False,
    reverse: bool = False,
) -> tuple[str, list[State]]:
    """LSTM layers, each on the outputs of the one below; `streams`: their carries are fed.

    Returns:
      The outputs (time, batch, width) of the top layer, and each layer's carry after it all.
    """
    carries = []
    for i, sides in enumerate(layers):
        before = _fed(graph, i, _width(sides)) if streams else None
        steps, after = graph.lstm(steps, sides, lengths, before, reverse)
        carries.append(after)
    return steps, carries


def _width(sides: Sequence[Params]) -> int:
    return sum(stack(side).outputs for side in sides)


def _fed(graph: Graph, layer: int, width: int) -> State:
    """The carry of a layer as two inputs."""
    names = (f"initial_{part}_{layer}" for part in "ch")
    return tuple(graph.input(name, np.float32, "batch", width) for name in names)


def _put_out(graph: Graph, layers: Sequence[Sequence[Params]], carries: list[State]) -> None:
    """Each layer's last carry as two outputs."""
    for i, (sides, carry) in enumerate(zip(layers, carries, strict=True)):
        for part, value in zip("ch", carry, strict=True):
            graph.output(f"final_{part}_{i}", value, "batch", _width(sides))


def _lengths(graph: Graph) -> str:
    return graph.input("lengths", np.int64, "batch")


def _vectors(graph: Graph, name: str, sides: Sequence[Params]) -> str:
    """What a layer reads as an input (batch, time, width), turned: (time, batch, width)."""
    width = stack(sides[0]).width
    return graph.turned(graph.input(name, np.float32, "batch", "time", width), 2)


def _answers(
    graph: Graph, value: str, params: Params, every_step: bool, name: str = "outputs"
) -> None:
    """Puts out what a dense layer makes of every step (time, batch, ...) or of the last one."""
    count, logits = params["kernel"].shape[1], graph.dense(value, params)
    if every_step:
        graph.output(name, graph.turned(logits, 2), "batch", "time", count)
    else:
        graph.output(name, logits, "batch", count)


def _stacked(graph: Graph, experiment: Experiment, params: Params) -> None:
    count = sum(name.startswith("LSTM_") for name in params)
    layers = [[params[f"LSTM_{i}"]] for i in range(count)]
    steps = _vectors(graph, "inputs", layers[0])
    _forward(graph, steps, layers, experiment.model.every_step, params)


def _forward(graph: Graph, steps: str, layers: list, every_step: bool, params: Params) -> None:
    """Layers that read forward, and a dense layer on the top."""
    steps, carries = _layers(graph, steps, layers, _lengths(graph), streams=True)
    _answers(graph, steps if every_step else carries[-1][1], params["Dense_0"], every_step)
    _put_out(graph, layers, carries)


def _bidirectional(graph: Graph, experiment: Experiment, params: Params) -> None:
    model = experiment.model
    names = ("forward", "backward") if model.direction == "both" else (model.direction,)
    layers = [[params[name] for name in names]]
    steps = _vectors(graph, "inputs", layers[0])
    if model.direction == "forward":
        return _forward(graph, steps, layers, model.every_step, params)
    backward = model.direction == "backward"
    steps, carries = _layers(graph, steps, layers, _lengths(graph), reverse=backward)
    read = steps if model.every_step else carries[0][1]
    if backward or model.merge == "concat":
        return _answers(graph, read, params["Dense_0"], model.every_step)
    parts = graph.node("Split", read, outputs=2, axis=-1)
    if model.merge == "none":
        for i, (name, part) in enumerate(zip(names, parts, strict=True)):
            _answers(graph, part, params[f"Dense_{i}"], model.every_step, f"outputs_{name}")
        return None
    merged = graph.node("Mul" if model.merge == "mul" else "Add", *parts)
    if model.merge == "ave":
        merged = graph.node("Mul", merged, graph.constant(0.5))
    return _answers(graph, merged, params["Dense_0"], model.every_step)


def _stacked_bidirectional(graph: Graph, experiment: Experiment, params: Params) -> None:
    model = experiment.model
    layers = [
        [params[f"{name}_{i}"] for name in ("forward", "backward")]
        for i in range(len(model.features))
    ]
    steps, carries = _layers(graph, _vectors(graph, "inputs", layers[0]), layers, _lengths(graph))
    read = steps if model.every_step else carries[-1][1]
    _answers(graph, read, params["Dense_0"], model.every_step)


def _cnn_lstm(graph: Graph, experiment: Experiment, params: Params) -> None:
    model, space = experiment.model, ("height", "width")[-experiment.model.dimensions :]
    channels = params["convolution_0"]["kernel"].shape[-2] if model.filters else "channels"
    inputs = graph.input("inputs", np.float32, "batch", "time", *space, channels)
    axes = range(1, len(space) + 1)
    # (batch * time, *space, channels), then channels first
    frames = graph.reshape(inputs, -1, graph.size(inputs, 2, 3 + len(space)))
    frames = graph.node("Transpose", frames, perm=[0, len(space) + 1, *axes])
    for i in range(len(model.filters)):
        layer = params[f"convolution_{i}"]
        kernel = np.moveaxis(np.asarray(layer["kernel"]), (-1, -2), (0, 1))
        frames = graph.node("Conv", frames, graph.constant(kernel), graph.constant(layer["bias"]))
        pool = [model.pool] * len(space)
        frames = graph.node("MaxPool", graph.node("Relu", frames), kernel_shape=pool, strides=pool)
    frames = graph.node("Transpose", frames, perm=[0, *(axis + 1 for axis in axes), 1])
    sides = [params["LSTM_0"]]
    read = stack(sides[0]).width
    steps = graph.turned(graph.reshape(frames, graph.size(inputs, 0, 2), read), 2)
    _forward(graph, steps, [sides], model.every_step, params)


def _generative(graph: Graph, experiment: Experiment, params: Params) -> None:
    model = experiment.model
    layers = [[params[f"layers_{i}"]] for i in range(len(model.features))]
    symbols = graph.turned(graph.input("inputs", np.int64, "batch", "time"))
    if model.embedding:
        steps = graph.embedded(symbols, params["embed"]["embedding"])
    else:
        steps = graph.one_hot(symbols, model.outputs, model.outputs**0.5)
    steps, carries = _layers(graph, steps, layers, _lengths(graph), streams=True)
    head = params.get("head")
    if model.tied:
        head = {"kernel": np.asarray(params["embed"]["embedding"]).T / model.tied_scale}
    _answers(graph, steps, head, every_step=True)
    _put_out(graph, layers, carries)


def _tagger(graph: Graph, experiment: Experiment, params: Params) -> None:
    model = experiment.model
    words = graph.input("words", np.int64, "batch", "time")
    characters = graph.input("characters", np.int64, "batch", "time", "characters")
    spelled = graph.reshape(graph.input("spelled", np.int64, "batch", "time"), -1)

    def both(name: str) -> list[Params]:
        return [params[f"{name}_{side}"] for side in ("forward", "backward")]

    letters = graph.turned(graph.reshape(characters, -1, graph.size(characters, 2, 3)))
    letters = graph.embedded(letters, params["characters_embedding"]["embedding"])
    _, [(_, spelling)] = _layers(graph, letters, [both("spelling")], spelled)
    spelling = graph.reshape(spelling, graph.size(words, 0, 2), _width(both("spelling")))
    word = graph.embedded(words, params["words_embedding"]["embedding"])
    steps = graph.turned(graph.node("Concat", word, spelling, axis=-1), 2)
    layers = [both(f"layer_{i}") for i in range(len(model.features))]
    steps, _ = _layers(graph, steps, layers, _lengths(graph))
    _answers(graph, steps, params["Dense_0"], every_step=True)


def _source(graph: Graph, experiment: Experiment, params: Params, sides: Sequence[Params]) -> str:
    """The steps that an encoder reads: symbols, or vectors."""
    if not reads_symbols(experiment.task):
        return _vectors(graph, "source", sides)
    symbols = graph.turned(graph.input("source", np.int64, "batch", "time"))
    if "embed_source" in params:
        return graph.embedded(symbols, params["embed_source"]["embedding"])
    return graph.one_hot(symbols, stack(sides[0]).width)


def _repeat_vector(graph: Graph, experiment: Experiment, params: Params) -> None:
    encoder, decoder = ([params[side]] for side in ("encoder", "decoder"))
    steps = _source(graph, experiment, params, encoder)
    _, [(_, last)] = _layers(graph, steps, [encoder], _lengths(graph))
    count = graph.input("steps", np.int64, 1)  # how many to write
    shape = graph.node("Concat", count, graph.integers(1, 1), axis=0)
    vector = graph.node("Unsqueeze", last, graph.integers(0))
    steps, _ = _layers(graph, graph.node("Expand", vector, shape), [decoder], None)
    _answers(graph, steps, params["Dense_0"], every_step=True)


def _encoder(graph: Graph, experiment: Experiment, params: Params) -> None:
    model = experiment.model
    sides = ("encoder", "backward")[: 1 + model.bidirectional]
    layers = [[params[f"{side}_{i}"] for side in sides] for i in range(len(model.features))]
    steps = _source(graph, experiment, params, layers[0])
    steps, carries = _layers(graph, steps, layers, _lengths(graph))
    _put_out(graph, layers, carries)
    if model.attention != "none":
        graph.output("memory", graph.turned(steps, 2), "batch", "time", model.features[-1])


def _decoder(graph: Graph, experiment: Experiment, params: Params) -> None:
    model = experiment.model
    layers = [[params[f"decoder_{i}"]] for i in range(len(model.features))]
    symbols = graph.turned(graph.input("symbols", np.int64, "batch", "time"))
    if model.embedding:
        steps = graph.embedded(symbols, params["embed_target"]["embedding"])
    else:
        steps = graph.one_hot(symbols, model.outputs)
    steps, carries = _layers(graph, steps, layers, None, streams=True)
    weights = None
    if model.attention != "none":
        hidden = graph.turned(steps, 2)
        width = model.features[-1]
        memory = graph.input("memory", np.float32, "batch", "source", width)
        weights = graph.attention(hidden, memory, _lengths(graph), params)
        context = graph.node("MatMul", weights, memory)
        both = graph.node("Concat", context, hidden, axis=-1)
        steps = graph.turned(graph.node("Tanh", graph.dense(both, params["combine"])), 2)
    _answers(graph, steps, params["head"], every_step=True)
    _put_out(graph, layers, carries)
    if weights is not None:
        graph.output("attention", weights, "batch", "time", "source")


GRAPHS: dict[type, dict[str, Callable[[Graph, Experiment, Params], None]]] = {
    Vanilla: {"": _stacked},
    Stacked: {"": _stacked},
    Bidirectional: {"": _bidirectional},
    StackedBidirectional: {"": _stacked_bidirectional},
    CnnLstm: {"": _cnn_lstm},
    Generative: {"": _generative},
    Tagger: {"": _tagger},
    RepeatVector: {"": _repeat_vector},
    EncoderDecoder: {"encoder": _encoder, "decoder": _decoder},
}
