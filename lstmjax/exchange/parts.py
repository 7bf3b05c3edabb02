"""A model as the list of its layers, which is what the files of other libraries hold.

Files name layers as their authors liked. So layers are matched by kind and order: the n-th LSTM
of a file is the n-th of the model, and likewise for embeddings and for dense layers. Directions,
shapes and counts must agree.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax.errors import UserError
from lstmjax.exchange.layer import Stacked, stack, unstack
from lstmjax.models.base import Model
from lstmjax.models.captioner import Captioner
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.models.generative import Generative
from lstmjax.models.segments import Segments
from lstmjax.models.tagger import Tagger
from lstmjax.recurrent.initialization import GATES

Kind = Literal["LSTM", "embedding", "dense"]
KINDS: tuple[Kind, ...] = ("LSTM", "embedding", "dense")


class Part(NamedTuple):
    """One layer with its weights."""

    name: str  # as the file or the model calls it
    kind: Kind
    # an LSTM's; an embedding (symbols, width); a dense kernel (inputs, outputs)
    weights: Stacked | np.ndarray
    bias: np.ndarray | None = None  # of a dense layer
    backward: bool = False

    @property
    def inputs(self) -> int:
        """How many numbers it reads, an embedding how many symbols."""
        return self.weights.width if isinstance(self.weights, Stacked) else len(self.weights)

    @property
    def shape(self) -> str:
        """What it maps to what, in words."""
        if isinstance(self.weights, Stacked):
            p = self.weights.projection
            projected = "" if p is None else f" projected to {p.shape[1]}"
            return f"{self.weights.width} inputs, {self.weights.features} units{projected}"
        words = ("symbols", "numbers each") if self.kind == "embedding" else ("inputs", "outputs")
        counts = self.weights.shape
        return ", ".join(f"{count} {word}" for count, word in zip(counts, words, strict=True))


def layers(model: Model, width: int = 1) -> dict[str, Any]:
    """The parameters of each layer, in the order in which the model uses them; shapes only.

    Args:
      model: whose.
      width: of what it reads, if that is vectors.

    Raises:
      UserError: it has layers that other libraries' files are not matched with.
    """
    if isinstance(model, (Captioner, CnnLstm, Segments)):
        raise UserError(f"model {type(model).__name__} is not exchanged with other libraries")
    cell = type(getattr(model, "cell", None)).__name__
    if cell not in ("NoneType", "Standard"):
        raise UserError(f"model.cell {cell} has no counterpart in other libraries: use Standard()")
    if model.regularization.in_steps(train=False):
        raise UserError(
            "model.regularization with zoneout has no counterpart in other libraries: set "
            "zoneout_cell and zoneout_hidden to 0"
        )
    found: dict[str, Any] = {}

    def init(key: jax.Array) -> None:
        params = model.init(key, _example(model, width))["params"]
        for name, layer in params.items():  # in order, which a tree that leaves a trace loses
            found[name] = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), layer)

    jax.eval_shape(init, jax.random.key(0))
    for name, layer in found.items():
        _kind(name, layer)
    return found


def split(model: Model, params: Any) -> list[Part]:
    """The layers of a model with its parameters, in the order in which it uses them."""
    parts = []
    for name in layers(model):
        part = _part(name, params[name])
        if part.kind == "LSTM" and not any(p.kind == "LSTM" for p in parts):
            kernel = part.weights.kernel
            kernel = kernel * np.asarray(_input_scale(model), kernel.dtype)
            part = part._replace(weights=part.weights._replace(kernel=kernel))
        parts.append(part)
    if getattr(model, "tied", False):  # others have no such layer: the output's weights stand alone
        table = next(part.weights for part in parts if part.kind == "embedding")
        kernel = table.T / np.asarray(model.tied_scale, table.dtype)
        parts.append(Part("head", "dense", kernel))
    return parts


def without_projections(parts: Sequence[Part], library: str) -> list[Part]:
    """The parts as they are; UserError where an LSTM has a projection, which a library lacks."""
    for part in parts:
        if part.kind == "LSTM" and part.weights.projection is not None:
            raise UserError(f"layer {part.name} has a projection, which {library}'s LSTM lacks")
    return list(parts)


def join(model: Model, parts: Sequence[Part], where: str) -> dict[str, Any]:
    """A model's parameters from the layers of a file: the inverse of `split`.

    Args:
      model: whose.
      parts: in the file's order.
      where: names the file in the message of an error.

    Raises:
      UserError: counts, directions or shapes differ.
    """
    if getattr(model, "tied", False):
        raise UserError(f"{where}: a model with tied weights cannot be filled; set tied=False")
    lowest = next(_kind(name, leaf) for name, leaf in layers(model).items())
    width = next((part.inputs for part in parts if part.kind == lowest), 1)
    own = {name: _part(name, leaf) for name, leaf in layers(model, width).items()}
    title = type(model).__name__
    params: dict[str, Any] = {}
    for kind in KINDS:
        given = [part for part in parts if part.kind == kind]
        slots = [slot for slot in own.values() if slot.kind == kind]
        if len(given) != len(slots):
            raise UserError(
                f"{where} has {_count(kind, given)}, model {title} has {_count(kind, slots)}"
            )
        for slot, part in zip(slots, given, strict=True):
            _check(part, slot, f"{where}: {part.name}", f"{title}.{slot.name}")
            params[slot.name] = _params(part, model, slot)
    scale = _input_scale(model)
    if scale != 1:
        name = next(slot.name for slot in own.values() if slot.kind == "LSTM")
        for gate in ("ii", "if", "ig", "io"):
            params[name]["cell"][gate]["kernel"] /= scale
    return {name: params[name] for name in own}


def _params(part: Part, model: Model, slot: Part) -> dict[str, Any]:
    dtype = jnp.dtype(model.param_dtype)
    if part.kind == "LSTM":
        return jax.tree.map(lambda leaf: leaf.astype(dtype), unstack(part.weights))
    if part.kind == "embedding":
        return {"embedding": part.weights.astype(dtype)}
    params = {"kernel": np.ascontiguousarray(part.weights, dtype)}
    if slot.bias is not None:
        zeros = np.zeros(part.weights.shape[1])
        params["bias"] = (zeros if part.bias is None else part.bias).astype(dtype)
    return params


def _check(part: Part, slot: Part, theirs: str, ours: str) -> None:
    if part.backward != slot.backward:
        way = {True: "backward", False: "forward"}
        raise UserError(f"{theirs} reads {way[part.backward]}, {ours} reads {way[slot.backward]}")
    if part.shape != slot.shape:
        raise UserError(f"{theirs} has {part.shape}; {ours} has {slot.shape}")
    if part.bias is not None and slot.bias is None:
        raise UserError(f"{theirs} has a bias, {ours} has none")


def _count(kind: str, parts: Sequence[Part]) -> str:
    names = f" ({', '.join(part.name for part in parts)})" if parts else ""
    plural = "s" if kind != "dense" else " layers"
    return f"{len(parts) or 'no'} {kind}{plural if len(parts) != 1 else plural.strip('s')}{names}"


def _kind(name: str, leaf: Any) -> Kind:
    if not isinstance(leaf, Mapping):
        raise UserError(f"array {name} is of no LSTM, embedding or dense layer")
    gates = {f"{source}{gate}" for source in "ih" for gate in GATES}
    if "cell" in leaf and set(leaf) <= {"cell", "projection"} and set(leaf["cell"]) == gates:
        return "LSTM"
    if "embedding" in leaf:
        return "embedding"
    if "kernel" in leaf and leaf["kernel"].ndim == 2:
        return "dense"
    raise UserError(
        f"layer {name} with {', '.join(leaf)} is no plain LSTM, embedding or dense layer: other "
        "libraries have no counterpart"
    )


def _part(name: str, leaf: Any) -> Part:
    """A layer of ours, of arrays or of shapes."""
    leaf = jax.tree.map(
        lambda x: (
            np.broadcast_to(np.zeros((), x.dtype), x.shape)
            if isinstance(x, jax.ShapeDtypeStruct)
            else np.asarray(x)
        ),
        leaf,
    )
    kind = _kind(name, leaf)
    if kind == "LSTM":
        return Part(name, kind, stack(leaf), backward="backward" in name)
    if kind == "embedding":
        return Part(name, kind, leaf["embedding"])
    return Part(name, kind, leaf["kernel"], leaf.get("bias"))


def _input_scale(model: Model) -> float:
    """What the one-hot vectors that the first LSTM reads are multiplied by; others' are not."""
    one_hot = isinstance(model, Generative) and not model.embedding
    return model.outputs**0.5 if one_hot else 1.0


def _example(model: Model, width: int) -> Any:
    """The smallest input: what a model's parameters are made for."""
    symbols, vectors = jnp.zeros((1, 1), jnp.int32), jnp.zeros((1, 1, width))
    if isinstance(model, Generative):
        return symbols
    if isinstance(model, Tagger):
        return symbols, symbols[..., None], symbols
    if model.paired:
        return (symbols if getattr(model, "embedding", 0) else vectors), symbols
    return vectors
