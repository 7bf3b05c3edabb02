"""Weights from and to PyTorch: `nn.LSTM`'s names and layout, in `.pt` and `.safetensors` files."""

import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax.errors import UserError
from lstmjax.exchange import Source, needed, parts, pt_file
from lstmjax.exchange.layer import Stacked, unstack
from lstmjax.exchange.parts import Part
from lstmjax.files import write_bytes
from lstmjax.models.base import Model
from lstmjax.models.residual import Residual

SUFFIXES = (".pt", ".torch.safetensors")
RECURRENT = re.compile(r"^(.*?)(weight|bias)_(ih|hh|hr)(?:_l(\d+)(_reverse)?)?$")
CELLS = {1: "an nn.RNN", 3: "an nn.GRU"}  # by the blocks of rows in their weights


def from_torch(
    weights: Mapping[str, Any] | str | pathlib.Path, prefix: str = "", model: Model | None = None
) -> dict[str, Any]:
    """Parameters from PyTorch's weights; PyTorch need not be installed.

    Args:
      weights: a state_dict, as tensors or arrays, or the path of a `.pt` or `.safetensors` file.
      prefix: of the names that count, such as `encoder.lstm`; the rest is passed over.
      model: what to fill. Names that `to_torch` gives are matched as such. Otherwise its LSTM
        layers, embeddings and dense layers are filled each in order of appearance. Two-dimensional
        weights without a bias are embeddings as long as the model has some to fill, else dense.

    Returns:
      The model's parameters. Without a model, those of the layers of one nn.LSTM: `LSTM_0`,
      `LSTM_1`, ..., or of both directions `forward_0`, `backward_0`, ...

    Raises:
      UserError: the file cannot be read, holds other cells, or does not fit the model.
    """
    where = "weights" if isinstance(weights, Mapping) else str(weights)
    arrays = {name: _array(name, value) for name, value in _read(weights).items()}
    start = f"{prefix.rstrip('.')}." if prefix else ""
    chosen = {
        name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)
    }
    if model is not None:
        own = to_torch(model, parts.layers(model))
        if own.keys() == chosen.keys():  # .safetensors files are in the order of the alphabet
            chosen = {name: chosen[name] for name in own}
    recurrent = list(_recurrent(chosen, where))
    if not recurrent:
        some = ", ".join(list(arrays)[:4])
        raise UserError(f"{where} has no LSTM{f' below {prefix}' if prefix else ''}; it has {some}")
    if model is not None:
        tables = sum("embedding" in layer for layer in parts.layers(model).values())
        return parts.join(model, recurrent + list(_matrices(chosen, tables, where)), where)
    modules = dict.fromkeys(part.name.partition(" ")[0] for part in recurrent)
    if len(modules) > 1:
        raise UserError(f"{where} has several LSTMs: choose one with prefix={' or '.join(modules)}")
    both = any(part.backward for part in recurrent)
    found: dict[str, Any] = {}
    for i, part in enumerate(recurrent):
        name = f"{'backward' if part.backward else 'forward'}_{i // 2}" if both else f"LSTM_{i}"
        single = jax.tree.map(lambda leaf: leaf.astype(np.float32), part.weights)
        found[name] = unstack(single)
    return found


def to_torch(model: Model, params: Any) -> dict[str, np.ndarray]:
    """A state_dict of a model's parameters, as arrays.

    A stack of LSTM layers with equal widths is one nn.LSTM called `lstm` (`encoder`, `decoder`,
    `spelling` where the model says so). Layers of unequal widths, and those of a Residual, are
    `lstm_0`, `lstm_1`, ...
    Embeddings and dense layers keep their names, in lower case and without a `_0`.

    Raises:
      UserError: the model has layers that PyTorch lacks.
    """
    found: dict[str, np.ndarray] = {}
    whole = parts.split(model, params)
    layers = [part for part in whole if part.kind == "LSTM"]
    for name, stack in _stacks(layers, apart=isinstance(model, Residual)):
        for level, sides in enumerate(stack):
            for side in sides:
                end = f"l{level}{'_reverse' if side.backward else ''}"
                found[f"{name}.weight_ih_{end}"] = side.weights.kernel.T
                found[f"{name}.weight_hh_{end}"] = side.weights.recurrent.T
                found[f"{name}.bias_ih_{end}"] = np.zeros_like(side.weights.bias)
                found[f"{name}.bias_hh_{end}"] = side.weights.bias
                if side.weights.projection is not None:
                    found[f"{name}.weight_hr_{end}"] = side.weights.projection.T
    for part in whole:
        if part.kind != "LSTM":
            name = part.name.lower().removesuffix("_0")
            found[f"{name}.weight"] = part.weights if part.kind == "embedding" else part.weights.T
            if part.bias is not None:
                found[f"{name}.bias"] = part.bias
    return {name: np.ascontiguousarray(array) for name, array in found.items()}


def write(source: Source, path: pathlib.Path) -> None:
    """Writes a model's state_dict; the file appears whole or not at all."""
    arrays = to_torch(source.experiment.model, source.params)
    if path.name.endswith(".pt"):
        pt_file.write(path, arrays)
    else:
        write_bytes(path, needed("safetensors.numpy", "exchange").save(arrays, {"format": "pt"}))


def _read(weights: Mapping[str, Any] | str | pathlib.Path) -> Mapping[str, Any]:
    if isinstance(weights, Mapping):
        return weights
    path = pathlib.Path(weights)
    if path.suffix != ".safetensors":
        return pt_file.read(path)
    safetensors = needed("safetensors", "exchange")
    try:
        with safetensors.safe_open(path, "numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise UserError(f"weights {path}: no such file") from None
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"{path} cannot be read as safetensors: {error}") from error


def _array(name: str, value: Any) -> np.ndarray:
    """An array, of at least single precision: the sum of two biases needs it."""
    try:
        array = np.asarray(value)
        return array.astype(np.float32) if array.dtype in (np.float16, jnp.bfloat16) else array
    except (TypeError, RuntimeError) as error:  # of a tensor on a GPU, or in bfloat16
        raise UserError(f"weights: {name} cannot be read as an array: {error}") from error


def _recurrent(arrays: Mapping[str, np.ndarray], where: str) -> Iterator[Part]:
    """The LSTM layers, module after module in the file's order, lowest layer and forward first."""
    modules: dict[str, dict[tuple[int, bool], dict[str, np.ndarray]]] = {}
    for name, array in arrays.items():
        if found := RECURRENT.match(name):
            module, kind, which, level, reverse = found.groups()
            layer = modules.setdefault(module, {}).setdefault((int(level or 0), bool(reverse)), {})
            layer[f"{kind}_{which}"] = array
    for module, found in modules.items():
        for (level, backward), layer in sorted(found.items()):
            name = f"{module.rstrip('.') or 'lstm'} layer {level}{' backward' * backward}"
            yield Part(name, "LSTM", _stacked(layer, f"{where}: {name}"), backward=backward)


def _stacked(layer: Mapping[str, np.ndarray], where: str) -> Stacked:
    lacking = {"weight_ih", "weight_hh"} - layer.keys()
    if lacking:
        raise UserError(f"{where} lacks {min(lacking)}")
    kernel, recurrent = layer["weight_ih"].T, layer["weight_hh"].T
    projection = layer["weight_hr"].T if "weight_hr" in layer else None
    hidden = recurrent.shape[0] if recurrent.ndim == 2 else 0
    features = hidden if projection is None else projection.shape[0]
    gates, rest = divmod(recurrent.shape[-1], features or 1)
    if not rest and gates in CELLS:
        raise UserError(f"{where} is {CELLS[gates]}; lstmjax has LSTMs only")
    biases = [layer[name] for name in ("bias_ih", "bias_hh") if name in layer]
    bias = sum(biases) if biases else np.zeros(4 * features, kernel.dtype)
    wide = (4 * features,)
    if kernel.ndim != 2 or (kernel.shape[1:], recurrent.shape[1:], bias.shape) != (wide,) * 3:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in layer.items())
        raise UserError(f"{where} is no nn.LSTM: {shapes}")
    return Stacked(kernel, recurrent, bias, projection)


def _matrices(arrays: Mapping[str, np.ndarray], tables: int, where: str) -> Iterator[Part]:
    """Embeddings, `tables` of them, and dense layers, in the file's order."""
    for name, array in arrays.items():
        if RECURRENT.match(name):
            continue
        module, _, leaf = name.rpartition(".")
        bias = arrays.get(f"{module}.bias" if module else "bias")
        if leaf == "weight" and array.ndim == 2:
            if bias is None and tables:
                tables -= 1
                yield Part(module, "embedding", array)
            else:
                yield Part(module, "dense", array.T, bias)
        elif not (leaf == "bias" and arrays.get(f"{module}.weight", array).ndim == 2):
            raise UserError(
                f"{where}: {name} {array.shape} is of no LSTM, embedding or dense layer; choose a "
                "part with prefix, or leave it out"
            )


def _stacks(layers: list[Part], apart: bool) -> Iterator[tuple[str, list[list[Part]]]]:
    """Each nn.LSTM's name and its levels, a level being one direction or two.

    `apart`: a level is an nn.LSTM of its own, as something is done between them.
    """
    stacks: dict[str, list[list[Part]]] = {}
    stem = ""
    for part in layers:
        if not part.backward:
            stem = re.sub(r"_\d+$", "", part.name.lower().removesuffix("_forward"))
            stem = "lstm" if stem in ("forward", "layer", "layers") else stem
            stacks.setdefault(stem, []).append([part])
        elif not stacks or len(stacks[stem][-1]) == 2:
            raise UserError(f"layer {part.name}: PyTorch has no LSTM that reads backward only")
        else:
            stacks[stem][-1].append(part)
    for stem, stack in stacks.items():
        sizes = {(side.weights.features, side.weights.outputs) for sides in stack for side in sides}
        reads = {sides[0].weights.width for sides in stack[1:]}
        if not apart and len(sizes) == 1 and reads <= {stack[0][0].weights.outputs * len(stack[0])}:
            yield stem, stack
        else:
            yield from ((f"{stem}_{i}", [sides]) for i, sides in enumerate(stack))
