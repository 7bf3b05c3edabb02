"""Whether this machine computes the same bits twice."""

from typing import Any

import jax
import numpy as np

from lstmjax import program_cache, programs
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.tasks.base import Data
from lstmjax.training.steps import compile_advance, init_state

STEPS = 20  # at most


def check(experiment: Experiment, data: Data) -> str:
    """Compiles and runs the first steps twice; returns a line that says that the bits agree.

    Raises:
      UserError: they do not.
    """
    count = min(STEPS, experiment.log_every, experiment.steps)
    (state, log), (again, log_again) = (_first_steps(experiment, data, count) for _ in range(2))
    for i in range(count):
        if any(not _same(log[name][i], log_again[name][i]) for name in log):
            raise UserError(
                f"not deterministic: step {i + 1}, run twice, gave two losses; {REMEDY}"
            )
    for path, leaf in state.items():
        if not _same(leaf, again[path]):
            raise UserError(f"not deterministic: {path} differs after {count} steps; {REMEDY}")
    return f"deterministic: the first {count} steps, compiled and run twice, gave the same bits"


REMEDY = "on GPUs set XLA_FLAGS=--xla_gpu_deterministic_ops=true"


def _first_steps(experiment: Experiment, data: Data, count: int) -> tuple[dict, dict]:
    programs.forget()
    state = init_state(experiment, data)
    with program_cache.set_aside():
        advance = compile_advance(experiment, data, state)
    state, log = advance(state, 0, count)
    state = state.replace(key=jax.random.key_data(state.key))
    leaves = jax.tree_util.tree_leaves_with_path(state)
    local = {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf.addressable_data(0)
        for path, leaf in leaves
    }
    log = jax.device_get(log)
    return jax.device_get(local), {name: log[name] for name in ("loss", "gradient_norm")}


def _same(one: Any, other: Any) -> bool:
    """To the last bit: NaN equals itself."""
    return np.asarray(one).tobytes() == np.asarray(other).tobytes()
