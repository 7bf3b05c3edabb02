"""Starting from the parameters of another run, and parameters that stay as they are."""

import pathlib
from typing import Any

import jax
import numpy as np

from lstmjax import devices
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.runs.checkpoints import restore_best
from lstmjax.training.steps import State


def start_from(experiment: Experiment, state: State) -> State:
    """A fresh state with the best parameters of `experiment.start`, for every seed alike.

    Raises:
      UserError: no run is there, or its parameters have other names or shapes.
    """
    other, params, _ = restore_best(pathlib.Path(experiment.start))
    _check_meanings(experiment, other)
    given = names(other.first_seed(params))
    own = names(state.params)
    lacking, further = own.keys() - given.keys(), given.keys() - own.keys()
    if lacking or further:
        what = f"lacks {min(lacking)}" if lacking else f"has {min(further)} besides"
        raise UserError(f"start {experiment.start}: its model {what}; use the same architecture")
    seeds = () if experiment.seeds == 1 else (experiment.seeds,)
    for name, leaf in own.items():
        if leaf.shape != (*seeds, *given[name].shape):
            raise UserError(
                f"start {experiment.start}: {name} has shape {given[name].shape}, this model's has "
                f"{leaf.shape[len(seeds) :]}; set the same widths"
            )

    def place(path: Any, leaf: Any) -> Any:
        value = np.broadcast_to(np.asarray(given[_name(path)], leaf.dtype), leaf.shape)
        return devices.put(value, leaf.sharding)

    iterate = state.iterate
    if iterate is not None:
        iterate = iterate.replace(params=jax.tree_util.tree_map_with_path(place, iterate.params))
    params = jax.tree_util.tree_map_with_path(place, state.params)
    return state.replace(params=params, iterate=iterate)


def _check_meanings(experiment: Experiment, other: Experiment) -> None:
    """Raises UserError where numbers stand for other symbols than in the run to start from."""
    if type(experiment.task) is not type(other.task):
        return
    for name in experiment.task.meanings:
        here, there = (getattr(of.task, name) for of in (experiment, other))
        if here != there:
            differs = sorted(set(here) ^ set(there)) or ["their order"]
            remedy = "train both on the same symbols"
            if hasattr(experiment.task, "every_byte"):
                remedy += ", as with task.every_byte=true"
            raise UserError(
                f"start {experiment.start}: its task.{name} is another "
                f"({len(differs)} differ: {' '.join(differs[:5])!r}); {remedy}"
            )


def check_frozen(experiment: Experiment, state: State) -> None:
    """Raises UserError where `experiment.frozen` names no parameter."""
    known = names(state.params)
    for part in experiment.frozen:
        if not any(f"{name}.".startswith(f"{part}.") for name in known):
            tops = ", ".join(sorted({name.split(".")[0] for name in known}))
            raise UserError(f"frozen names {part!r}, which the model lacks; it has {tops}")


def names(params: Any) -> dict[str, Any]:
    """Parameters by name: `LSTM_0.cell.hf.kernel`."""
    return {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(params)}


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")
