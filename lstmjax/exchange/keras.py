"""Weights from and to Keras: `.keras`, `.weights.h5`, and whole-model `.h5` files."""

import io
import json
import pathlib
import re
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from lstmjax.errors import UserError
from lstmjax.exchange import Source, needed, parts
from lstmjax.exchange.layer import Stacked, unstack
from lstmjax.exchange.parts import Part
from lstmjax.files import read_bytes, write_bytes
from lstmjax.models.base import Model
from lstmjax.models.tagger import Tagger

SUFFIXES = (".weights.h5",)
CONTAINERS = ("sequential", "functional", "model")
CELLS = {"gru": "GRU", "simple_rnn": "SimpleRNN"}
BLOCKS = {1: "SimpleRNN", 3: "GRU"}  # of columns, for each gate one
LOGITS = ("linear", "softmax", "sigmoid")  # of a dense layer, after what lstmjax's models put out


class _Layer(NamedTuple):
    """A layer of a Keras file."""

    name: str  # the user's own where the file has it
    kind: str  # its class in snake case, of TimeDistributed the class inside
    config: dict[str, Any]  # empty where the file holds none
    arrays: list[np.ndarray]  # in Keras' order, a forward layer's before a backward one's


def from_keras(path: str | pathlib.Path, model: Model | None = None) -> dict[str, Any]:
    """Parameters from a file that Keras wrote; Keras need not be installed.

    Args:
      path: of a `.keras`, a `.weights.h5` or a whole-model `.h5` file.
      model: what to fill. Its LSTM layers, embeddings and dense layers are filled each in order
        of appearance. It puts out logits, whatever activation the last dense layer has in Keras.

    Returns:
      The model's parameters. Without a model, those of the file's LSTM layers: `LSTM_0`, `LSTM_1`,
      ..., or of both directions `forward_0`, `backward_0`, ...

    Raises:
      UserError: the file cannot be read, holds what lstmjax cannot express, or does not fit.
    """
    where = str(path)
    found = _read(pathlib.Path(path))
    if model is not None:
        for layer in found:
            _check_around(layer, model, where)
    read = [part for layer in found for part in _parts(layer, where, model is not None)]
    if model is not None:
        return parts.join(model, read, where)
    counts: dict[str, int] = {}
    params = {}
    for part in read:
        if part.kind == "LSTM":
            stem = "LSTM"
            if any(other.backward for other in read):
                stem = "backward" if part.backward else "forward"
            counts[stem] = counts.get(stem, -1) + 1
            params[f"{stem}_{counts[stem]}"] = unstack(part.weights)
    if not params:
        raise UserError(f"{where} has no LSTM; it has {', '.join(x.name for x in found)}")
    return params


def write(source: Source, path: pathlib.Path) -> None:
    """Writes a file that `load_weights` of a Keras model with the same layers takes.

    The Keras model has, in the order of ours, an `LSTM` or `Bidirectional(LSTM)` for each layer,
    an `Embedding` and a `Dense`.

    Raises:
      UserError: a layer cannot be expressed, h5py is missing, or the file cannot be written.
    """
    h5py = needed("h5py", "exchange")
    model = source.experiment.model
    if isinstance(model, Tagger):
        raise UserError(
            f"{path}: model Tagger reads words inside of sentences: not written for Keras"
        )
    content = io.BytesIO()
    counts: dict[str, int] = {}
    whole = parts.without_projections(parts.split(model, source.params), "Keras")
    with h5py.File(content, "w") as file:
        for kind, groups in _groups(whole):
            counts[kind] = counts.get(kind, -1) + 1
            name = f"{kind}_{counts[kind]}" if counts[kind] else kind
            for inside, arrays in groups.items():
                for i, array in enumerate(arrays):
                    file[f"layers/{name}/{inside}vars/{i}"] = np.asarray(array, np.float32)
    write_bytes(path, content.getvalue())


def _groups(whole: list[Part]) -> Iterator[tuple[str, dict[str, list[np.ndarray]]]]:
    """Keras' class of each layer, and its arrays by the group that they lie in."""
    lstms = [part for part in whole if part.kind == "LSTM"]
    for part, after in zip(whole, [*whole[1:], None], strict=True):
        if part.kind == "LSTM":
            both = after is not None and after.backward
            if part.backward and (len(lstms) == 1 or lstms[lstms.index(part) - 1].backward):
                raise UserError(f"layer {part.name} reads backward alone: not written for Keras")
            if part.backward:
                continue
            sides = {"forward_layer/cell/": part, "backward_layer/cell/": after}
            sides = sides if both else {"cell/": part}
            kind = "bidirectional" if both else "lstm"
            yield kind, {inside: list(side.weights[:3]) for inside, side in sides.items()}
        else:
            arrays = [part.weights] if part.bias is None else [part.weights, part.bias]
            yield part.kind, {"": arrays}


def _parts(layer: _Layer, where: str, all_count: bool) -> Iterator[Part]:
    """The parts that a layer is; with `all_count` none may be left out."""
    here = f"{where}: {layer.name}"
    if layer.kind in ("lstm", "bidirectional"):
        _check_cell(layer, here)
        each = len(layer.arrays) // (2 if layer.kind == "bidirectional" else 1)
        sides = {"": layer.arrays[:each], " backward": layer.arrays[each:]}
        for side, arrays in sides.items():
            if arrays:
                weights = _stacked(arrays, here)
                yield Part(layer.name + side, "LSTM", weights, backward=bool(side))
    elif layer.kind in CELLS:
        raise UserError(f"{here} is a {CELLS[layer.kind]}; lstmjax has LSTMs only")
    elif layer.kind == "embedding" and len(layer.arrays) == 1:
        yield Part(layer.name, "embedding", layer.arrays[0])
    elif layer.kind == "dense" and layer.arrays:
        yield Part(layer.name, "dense", *layer.arrays)
    elif layer.arrays and all_count:
        raise UserError(f"{here} ({layer.kind}) is no LSTM, embedding or dense layer")


def _stacked(arrays: list[np.ndarray], here: str) -> Stacked:
    kernel, recurrent, *bias = (array.astype(np.float32) for array in arrays)
    features = recurrent.shape[0]
    if recurrent.ndim != 2 or recurrent.shape != (features, 4 * features):
        kind = BLOCKS.get(recurrent.shape[-1] // features, "cell of another kind")
        raise UserError(f"{here} is a {kind}; lstmjax has LSTMs only")
    return Stacked(kernel, recurrent, bias[0] if bias else np.zeros(4 * features, np.float32))


def _check_cell(layer: _Layer, here: str) -> None:
    """Raises UserError where an LSTM computes what lstmjax's does not."""
    inner = layer.config.get("layer", {"class_name": "LSTM", "config": layer.config})
    if inner["class_name"] != "LSTM":
        raise UserError(f"{here} is a {inner['class_name']}; lstmjax has LSTMs only")
    config = inner["config"]
    for setting, wanted in (("activation", "tanh"), ("recurrent_activation", "sigmoid")):
        if config.get(setting, wanted) != wanted:
            raise UserError(f"{here} has {setting} {config[setting]}; lstmjax's layer has {wanted}")
    if config.get("go_backwards"):
        raise UserError(
            f"{here} has go_backwards, whose outputs stand in another order than lstmjax's: "
            "put it into a Bidirectional, or reverse the inputs yourself"
        )


def _check_around(layer: _Layer, model: Model, where: str) -> None:
    """Raises UserError where a layer does what no setting of the weights makes the model do."""
    here = f"{where}: {layer.name}"
    merge = layer.config.get("merge_mode", "concat") or "none"
    wanted = getattr(model, "merge", "concat")
    if layer.kind == "bidirectional" and layer.config and merge != wanted:
        raise UserError(f"{here} has merge_mode {merge}, the model has merge {wanted}")
    activation = layer.config.get("activation", "linear")
    if layer.kind == "dense" and activation not in LOGITS:
        raise UserError(f"{here} has activation {activation}; the model's dense layers have none")


def _read(path: pathlib.Path) -> list[_Layer]:
    """The layers of a file, in the order in which the model holds them."""
    h5py = needed("h5py", "exchange")
    content = read_bytes(path, "weights")
    try:
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                config = json.loads(archive.read("config.json"))
                content = archive.read("model.weights.h5")
            with h5py.File(io.BytesIO(content), "r") as file:
                return list(_configured(config, file))
        with h5py.File(io.BytesIO(content), "r") as file:
            weights = file.get("model_weights", file)
            if "layer_names" in weights.attrs:
                config = json.loads(file.attrs.get("model_config", "{}"))
                return list(_legacy(config, weights))
            return list(_unconfigured(file))
    except UserError:
        raise
    except Exception as error:  # damaged: h5py and json raise of every kind
        raise UserError(
            f"{path} is no file of Keras' that can be read ({type(error).__name__}: {error}); "
            "save .keras, .weights.h5 or .h5 anew"
        ) from error


def _configured(config: dict[str, Any], group: Any) -> Iterator[_Layer]:
    """The layers that a `.keras` file's config lists; groups are numbered by class."""
    counts: dict[str, int] = {}
    for entry in config["config"]["layers"]:
        kind = _snake(entry["class_name"])
        counts[kind] = counts.get(kind, -1) + 1
        inside = group.get(f"layers/{kind}_{counts[kind]}" if counts[kind] else f"layers/{kind}")
        if kind in CONTAINERS:
            yield from _configured(entry, inside)
        else:
            yield _entry(entry, [] if inside is None else list(_arrays(inside)))


def _legacy(config: dict[str, Any], group: Any) -> Iterator[_Layer]:
    """The layers of a whole-model `.h5` file: groups have the layers' own names."""
    entries = config.get("config", {}).get("layers", [])
    known = {entry["config"]["name"]: entry for entry in entries}
    for name in map(_text, group.attrs["layer_names"]):
        inside = group[name]
        arrays = [inside[_text(weight)][()] for weight in inside.attrs["weight_names"]]
        if name in known:
            yield _entry(known[name], arrays)
        else:
            kind = re.sub(r"_\d+$", "", name)
            yield _Layer(name, kind if kind in CELLS else _guessed(kind, arrays), {}, arrays)


def _unconfigured(file: Any) -> Iterator[_Layer]:
    """The layers of a `.weights.h5` file, by their groups' names and what is in them."""
    group = file["layers"] if "layers" in file else file

    def order(name: str) -> list[Any]:
        return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]

    for name in sorted(set(group) - {"optimizer", "vars"}, key=order):
        inside = group[name]
        if "layers" in inside:  # a model inside of the model
            yield from _unconfigured(inside)
            continue
        arrays = list(_arrays(inside))
        own = _text(inside["vars"].attrs.get("name", name)) if "vars" in inside else name
        kind = re.sub(r"_\d+$", "", name)
        if "forward_layer" in inside:
            kind = "bidirectional"
        elif "cell" in inside:
            kind = "lstm"
        elif kind not in ("dense", "embedding"):
            kind = _guessed(kind, arrays)
        yield _Layer(own, kind, {}, arrays)


def _guessed(kind: str, arrays: list[np.ndarray]) -> str:
    """What a layer without a config must be, from the shapes of its arrays."""
    ranks = [array.ndim for array in arrays]
    names = {(2, 2, 1): "lstm", (2, 2, 1) * 2: "bidirectional", (2, 1): "dense", (2,): "embedding"}
    return names.get(tuple(ranks), kind)


def _entry(entry: dict[str, Any], arrays: list[np.ndarray]) -> _Layer:
    name, kind, config = entry["config"]["name"], _snake(entry["class_name"]), entry["config"]
    if kind == "time_distributed":
        kind, config = _snake(config["layer"]["class_name"]), config["layer"]["config"]
    return _Layer(name, kind, config, arrays)


def _arrays(group: Any) -> Iterator[np.ndarray]:
    """What Keras calls a layer's weights, in its order; not the seeds of its dropout."""
    for name in ("vars", "cell", "forward_layer", "backward_layer", "layer"):
        if name == "vars" and name in group:
            yield from (group[name][i][()] for i in sorted(group[name], key=int))
        elif name in group:
            yield from _arrays(group[name])


def _snake(name: str) -> str:
    """A class's name as Keras' files have it: `TimeDistributed` is `time_distributed`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
