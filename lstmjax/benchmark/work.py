"""What lstmjax does in a benchmark, one case a process.

    python -m lstmjax.benchmark.work KIND JSON

prints one JSON object. KIND is one of WORK.
"""

import json
import pathlib
import sys
import tempfile
import time as clock
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from jax.sharding import Mesh

from lstmjax import devices
from lstmjax.benchmark import limits
from lstmjax.benchmark.peers import CLASSES
from lstmjax.benchmark.timing import milliseconds
from lstmjax.experiment import Experiment, load_config
from lstmjax.inference.generation import CHUNK, Sampling, generate
from lstmjax.models.base import Model
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.generative import Generative
from lstmjax.models.stacked import Stacked
from lstmjax.optimizers import AdamW
from lstmjax.tasks.text import Text
from lstmjax.training.run import run
from lstmjax.training.steps import compile_advance, init_state

LOOP = 20  # training steps in one scan


def _stack(hidden: int, layers: int, bidirectional: bool, kernel: str) -> Model:
    if bidirectional:
        return Bidirectional(outputs=CLASSES, features=hidden, kernel=kernel)
    return Stacked(outputs=CLASSES, features=(hidden,) * layers, every_step=True, kernel=kernel)


def _training(
    batch: int, time: int, inputs: int, model: Model, mesh: Mesh
) -> tuple[Callable[..., tuple], list, tuple[Array, Array], Callable[..., Array]]:
    """One step of training a stack, its (params, optimizer state), examples, and a forward pass."""
    x = jax.random.normal(jax.random.key(0), (batch, time, inputs))
    y = jax.random.randint(jax.random.key(1), (batch, time), 0, CLASSES)
    optimizer = optax.adam(1e-3)
    params = jax.jit(model.init)(jax.random.key(2), x)
    state = [params, jax.jit(optimizer.init)(params)]

    def loss(params: Any, x: Array, y: Array) -> Array:
        logits, _ = model.apply(params, x)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    def step(params: Any, opt_state: Any, x: Array, y: Array) -> tuple[Any, Any, Array]:
        value, gradient = jax.value_and_grad(loss)(params, x, y)
        updates, opt_state = optimizer.update(gradient, opt_state)
        return optax.apply_updates(params, updates), opt_state, value

    def forward(params: Any, x: Array) -> Array:
        return model.apply(params, x)[0]

    state = jax.device_put(state, devices.everywhere(mesh))
    return step, state, jax.device_put((x, y), devices.spread(mesh)), forward


def layer(
    batch: int,
    time: int,
    inputs: int,
    hidden: int,
    layers: int,
    bidirectional: bool,
    kernel: str = "auto",
) -> dict[str, Any]:
    """A training step, alone and as one of many in a scan, and a forward pass, in ms."""
    mesh = devices.mesh(batch)
    step, state, examples, forward = _training(
        batch, time, inputs, _stack(hidden, layers, bidirectional, kernel), mesh
    )

    def many(params: Any, opt_state: Any, x: Array, y: Array) -> tuple[Any, Any, Array]:
        def body(state: tuple, _: None) -> tuple[tuple, Array]:
            *state, value = step(*state, x, y)
            return tuple(state), value

        state, values = lax.scan(body, (params, opt_state), length=LOOP)
        return *state, values

    programs, compiling = [], []
    for function in (step, many):
        began = clock.perf_counter()
        whole = jax.jit(function, donate_argnums=(0, 1), out_shardings=devices.everywhere(mesh))
        lowered = whole.lower(*state, *examples)
        programs.append(lowered.compile())
        compiling.append(clock.perf_counter() - began)

    def advance(program: Callable) -> Callable[[], None]:
        def call() -> None:
            *state[:], value = program(*state, *examples)
            value.block_until_ready()

        return call

    forward = jax.jit(forward)
    return {
        "train": milliseconds(advance(programs[0])),
        "train_in_scan": milliseconds(advance(programs[1]), at_least=5, calls=LOOP),
        "forward": milliseconds(lambda: forward(state[0], examples[0]).block_until_ready()),
        "compile_seconds": compiling[0],
    }


def memory(batch: int, time: int, hidden: int, kernel: str = "auto") -> dict[str, Any]:
    """Milliseconds of a training step of one layer, and MiB of its arguments and temporaries."""
    stack, one_device = _stack(hidden, 1, False, kernel), Mesh(jax.devices()[:1], "batch")
    step, state, examples, _ = _training(batch, time, 64, stack, one_device)
    program = jax.jit(step, donate_argnums=(0, 1)).lower(*state, *examples).compile()
    analysis = program.memory_analysis()

    def call() -> None:
        *state[:], value = program(*state, *examples)
        value.block_until_ready()

    used = analysis.temp_size_in_bytes + analysis.argument_size_in_bytes
    return {"train": milliseconds(call, seconds=1, at_least=5), "mebibytes": used / 2**20}


def lesson(config: str) -> dict[str, Any]:
    """Trains a lesson's published configuration once."""
    experiment = load_config(config)
    with tempfile.TemporaryDirectory() as directory:
        report = run(experiment, pathlib.Path(directory) / "run")
    metric = "mae" if "mae" in report["test"] else "accuracy"
    metric = "sequence_accuracy" if "sequence_accuracy" in report["test"] else metric
    seconds = sum(report["seconds"].values())
    return {"score": report["test"][metric]["mean"], "metric": metric, "seconds": seconds}


def examples(config: str, path: str, count: int | None = None) -> dict[str, Any]:
    """Writes the examples of a lesson in the form that Keras' published programs take."""
    experiment = load_config(config).resolve()
    task, data = experiment.task, experiment.task.load()
    count = experiment.steps * experiment.batch_size if count is None else count
    batch = jax.jit(task.batch, static_argnums=1)
    arrays = {}
    for split, size, prefix in (("train", count, ""), ("test", 1_000, "test_")):
        indices = np.array_split(np.arange(size), max(size // 100, 1))
        parts = [batch(data.arrays, split, part) for part in indices]
        sources = [part.inputs for part in parts]
        if isinstance(sources[0], tuple):
            sources = [source for source, _ in sources]
        x, y = (np.concatenate(of) for of in (sources, [part.targets for part in parts]))
        arrays[prefix + "x"] = _dense(x, task.outputs)
        arrays[prefix + "y"] = _dense(y, task.outputs)
        if task.outputs == 1:
            arrays[prefix + "y"] = arrays[prefix + "y"].reshape(*y.shape, 1)
    np.savez(path, **arrays)
    return {"count": count}


def _dense(array: np.ndarray, symbols: int) -> np.ndarray:
    """Symbols one-hot, and zeros and ones in a byte each."""
    if np.issubdtype(array.dtype, np.integer):
        return np.eye(symbols, dtype=np.uint8)[array]
    return array.astype(np.uint8) if np.isin(array, (0, 1)).all() else array


def text(
    file: str | None, hidden: int, batch: int, window: int, kernel: str = "auto"
) -> dict[str, Any]:
    """Characters a second of training a one-layer text model, as the training loop runs it."""
    experiment = Experiment(
        task=Text(path=file, level="character", window=window),
        model=Generative(features=(hidden,), kernel=kernel),
        optimizer=AdamW(learning_rate=1e-3, clip_norm=1.0),
        batch_size=batch,
        steps=1_000,
        log_every=20,
    ).resolve()
    data = experiment.task.load()
    everywhere = devices.everywhere(devices.mesh(experiment.batch_size))
    data = data._replace(arrays=devices.put(data.arrays, everywhere))
    state = [init_state(experiment, data)]
    began = clock.perf_counter()
    advance = compile_advance(experiment, data, state[0])
    compiling = clock.perf_counter() - began

    def call() -> None:
        state[0], log = advance(state[0], 0, experiment.log_every)
        log["loss"].block_until_ready()

    step = milliseconds(call, seconds=5, at_least=5, calls=experiment.log_every)
    return {
        "train": step,
        "characters_per_second": batch * window / step["median"] * 1e3,
        "compile_seconds": compiling,
    }


def sampling(batch: int, hidden: int, layers: int, symbols: int) -> dict[str, Any]:
    """Milliseconds of drawing one character a row, and what the products alone would take."""
    model = Generative(outputs=symbols, features=(hidden,) * layers)
    prompt = np.zeros(1, np.int32)
    params = jax.jit(model.init)(jax.random.key(0), prompt[None])["params"]
    # without an end: a call draws the next chunk, and the program is compiled by the first
    chunks = generate(model, params, prompt, batch, sys.maxsize, 0, Sampling())

    widths = [symbols, *[hidden] * (layers - 1)]
    kernels = [jnp.ones((width + hidden, 4 * hidden)) / 1e3 for width in widths]
    head = jnp.ones((hidden, symbols)) / 1e3

    @jax.jit
    def chain(kernels: list, head: Array, start: Array) -> Array:
        def one(x: Array, _: None) -> tuple[Array, None]:
            for kernel in kernels:
                x = (jnp.concatenate([x, x], -1)[:, : kernel.shape[0]] @ kernel)[:, :hidden]
            return jnp.tile(x @ head, (1, -(-hidden // symbols)))[:, :hidden], None

        return lax.scan(one, start, length=CHUNK)[0]

    start = jnp.ones((batch, hidden))
    alone = milliseconds(lambda: chain(kernels, head, start).block_until_ready(), calls=CHUNK)
    return {"symbol": milliseconds(lambda: next(chunks), calls=CHUNK), "products": alone}


WORK = {
    "layer": layer,
    "products": limits.products,
    "best": limits.best,
    "memory": memory,
    "lesson": lesson,
    "examples": examples,
    "text": text,
    "sampling": sampling,
}

SPREAD = ("layer", "products", "best", "lesson", "text")  # as launch.train does

if __name__ == "__main__":
    if sys.argv[1] in SPREAD:
        devices.split_cores()
    print(json.dumps(WORK[sys.argv[1]](**json.loads(sys.argv[2]))))
