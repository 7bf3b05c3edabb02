"""What one measures on the day that a GPU is at hand, one part a process.

    python -m lstmjax.benchmark.device PART JSON

prints one JSON object. On a CPU the shapes are small, which only shows that it runs.
"""

import dataclasses
import json
import sys
import time as clock
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax.benchmark import work
from lstmjax.benchmark.tables import LAYER_FIELDS
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment, load_config
from lstmjax.inference.evaluation import Evaluation
from lstmjax.models.generative import Generative
from lstmjax.optimizers import AdamW
from lstmjax.recurrent import LSTM, cudnn
from lstmjax.tasks.text import Text
from lstmjax.training import determinism
from lstmjax.training.steps import compile_advance, init_state

SECONDS = 570.0  # for everything
SHAPES = [  # (batch, time, inputs, hidden, layers, bidirectional)
    (32, 50, 32, 128, 1, False),
    (64, 100, 64, 256, 2, False),
    (20, 35, 650, 650, 2, False),
    (128, 128, 1024, 1024, 2, False),
    (32, 64, 128, 128, 1, True),
]
SMALL_SHAPES = [(2, 3, 4, 5, 1, False)]


def plan(text: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts to run here, in order, and the arguments of each; without a text it is ours."""
    on_cpu = jax.default_backend() == "cpu"
    width = 8 if on_cpu else 256
    yield "equality", {"batch": 4, "time": 8 if on_cpu else 64, "inputs": 5, "hidden": width}
    yield "determinism", {"file": text, "hidden": width, "batch": 4, "window": 8}
    for shape in SMALL_SHAPES if on_cpu else SHAPES:
        yield "layers", dict(zip(LAYER_FIELDS, shape, strict=True))
    yield "memory", {"batch": 2 if on_cpu else 64, "time": 8 if on_cpu else 512, "hidden": width}
    size = {"batch": 4, "window": 8} if on_cpu else {"batch": 64, "window": 128}
    yield "text", {"file": text, "hidden": width} | size
    size = {"hidden": 8, "seconds": 0.0} if on_cpu else {"hidden": 650, "seconds": 200.0}
    yield "recipe", {"file": text} | size


def kernels() -> list[str]:
    """Those that run on this device."""
    return ["fused"] if cudnn.lacking() else ["fused", "cudnn"]


def equality(batch: int, time: int, inputs: int, hidden: int) -> dict[str, Any]:
    """How far each kernel is from the reference with exact products, in outputs and gradients.

    The largest difference over the largest number, of rows of all lengths from 0 on, both ways;
    with products as exact as float32 is, and as JAX computes them here unless told otherwise.
    """
    x = jax.random.normal(jax.random.key(0), (batch, time, inputs))
    lengths = jnp.linspace(0, time, batch).astype(jnp.int32)
    weights = LSTM(hidden, kernel="scan").init(jax.random.key(1), x)

    def results(kernel: str, reverse: bool) -> Any:
        def loss(weights: Any, x: jax.Array) -> tuple[jax.Array, Any]:
            layer = LSTM(hidden, kernel=kernel, reverse=reverse)
            outputs, carry = layer.apply(weights, x, lengths=lengths)
            return jnp.sin(3 * outputs).sum() + (carry[0] * carry[1]).sum(), (outputs, carry)

        return jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(weights, x)

    def far(kernel: str) -> float:
        actual = [jax.device_get(results(kernel, reverse)) for reverse in (False, True)]
        pairs = zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True)
        return float(max(np.abs(x - y).max() / np.abs(y).max() for x, y in pairs))

    with jax.default_matmul_precision("highest"):
        expected = [jax.device_get(results("scan", reverse)) for reverse in (False, True)]
    found = {}
    for kernel in kernels():
        with jax.default_matmul_precision("highest"):
            exact = far(kernel)
        found[kernel] = {"exact": exact, "as usual": far(kernel)}
    return found


def determinism_of(file: str | None, hidden: int, batch: int, window: int) -> dict[str, Any]:
    """Whether the first updates of a text model give the same bits twice."""
    found = {}
    for kernel in kernels():
        experiment = Experiment(
            task=Text(path=file, window=window),
            model=Generative(features=(hidden, hidden), kernel=kernel),
            optimizer=AdamW(),
            batch_size=batch,
            steps=20,
        ).resolve()
        data = experiment.task.load().placed(batch)
        try:
            found[kernel] = determinism.check(experiment, data)
        except UserError as error:
            found[kernel] = str(error)
    return found


def layers(**shape: Any) -> dict[str, Any]:
    """A training step, alone and in a scan, and a forward pass, in ms."""
    return {kernel: work.layer(**shape, kernel=kernel) for kernel in kernels()}


def memory(**shape: Any) -> dict[str, Any]:
    """MiB of a training step's arguments and temporaries, as the compiler counts them."""
    return {kernel: work.memory(**shape, kernel=kernel) for kernel in kernels()}


def text(**shape: Any) -> dict[str, Any]:
    """Characters a second of training on a text."""
    return {kernel: work.text(**shape, kernel=kernel) for kernel in kernels()}


def recipe(file: str | None, hidden: int, seconds: float) -> dict[str, Any]:
    """The medium model of Zaremba et al. (2014), `configs/papers/zaremba.py`, in the given time."""
    experiment = load_config("papers/zaremba")
    experiment = dataclasses.replace(
        experiment,
        task=dataclasses.replace(experiment.task, path=file),
        model=experiment.model.clone(features=(hidden, hidden), embedding=hidden),
    ).resolve()
    data = experiment.task.load().placed(experiment.batch_size)
    epoch = data.sizes["train"] // experiment.batch_size
    state, steps = init_state(experiment, data), 0
    advance = compile_advance(experiment, data, state)
    began = clock.perf_counter()
    while steps < 39 * epoch and (steps == 0 or clock.perf_counter() - began < seconds):
        count = min(experiment.log_every, 39 * epoch - steps)
        state, log = advance(state, steps, count)
        log["loss"].block_until_ready()
        steps += count
    spent = clock.perf_counter() - began
    scores = Evaluation(experiment, data, "test", state.params)(state.params)
    return {
        "epochs": steps / epoch,
        "seconds": spent,
        "words_per_second": steps * experiment.batch_size * experiment.task.window / spent,
        "seconds_of_39_epochs": spent / steps * epoch * 39,
        "test_perplexity": float(scores["perplexity"]),
        "symbols": experiment.task.outputs,
    }


PARTS = {
    "equality": equality,
    "determinism": determinism_of,
    "layers": layers,
    "memory": memory,
    "text": text,
    "recipe": recipe,
}

if __name__ == "__main__":
    found = PARTS[sys.argv[1]](**json.loads(sys.argv[2]))
    print(json.dumps({"lacks": cudnn.lacking()} | found))
