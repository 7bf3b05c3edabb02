"""Training: state, step, many steps in one loop on the device."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.sharding import Mesh

from lstmjax import devices, metrics, programs
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.tasks.base import Batch, Data, Shape
from lstmjax.training import averaging
from lstmjax.training.order import examples_of


@flax.struct.dataclass
class State:
    """All that changes in a run, arrays only. With several seeds every array has a leading axis."""

    step: Array  # int32: updates done
    params: Any
    opt_state: Any
    key: Array  # never changes: randomness at a step is fold_in(key, step)
    carry: Any  # of the stream after the last step; None where the task is not a stream
    skipped: Array  # int32: batches whose loss or gradient was not finite
    iterate: averaging.Iterate | None = None  # where training stands if `params` are an average


class Stretch(NamedTuple):
    """What consecutive steps read."""

    indices: np.ndarray  # (steps, batch), with several seeds (steps, seeds, batch): which examples
    buckets: np.ndarray  # (steps,): to which of the data's shapes they are padded


def init_state(experiment: Experiment, data: Data) -> State:
    """The state before the first update."""
    data = data.placed(experiment.batch_size)
    key = ("init", experiment.kind, data.mesh, programs.signature(_example(experiment, data)))
    seeds = _seeds(experiment)

    def build() -> Callable[[np.ndarray], State]:
        init = make_init(experiment, data)
        program = devices.jit(init, runs_once=True, out_shardings=_shardings(experiment, data.mesh))
        return program.lower(seeds).compile()

    return programs.keep(key, build)(seeds)


def _example(experiment: Experiment, data: Data) -> Batch:
    """The shapes of a batch."""
    rows = np.zeros(experiment.batch_size, np.int32)

    def batch(arrays: Any) -> Batch:
        return experiment.task.batch(arrays, "train", rows, data.shapes[0])

    return jax.eval_shape(batch, data.arrays)


def _seeds(experiment: Experiment) -> np.ndarray:
    """The seed (), or of several side by side (seeds,)."""
    seed = np.int32(experiment.seed)
    return seed if experiment.seeds == 1 else seed + np.arange(experiment.seeds, dtype=np.int32)


def make_init(experiment: Experiment, data: Data) -> Callable[[Array], State]:
    """The state before the first update, a function of the seed: the model reads zeros."""
    example, epoch = _example(experiment, data), _epoch(experiment, data)

    def init(seed: Array) -> State:
        key, params_key = jax.random.split(jax.random.key(seed))
        batch = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), example)
        given = {} if batch.lengths is None else {"lengths": batch.lengths}
        params = _parameters(experiment.model.init(params_key, batch.inputs, **given))
        opt_state = experiment.optimizer.build(experiment.steps, epoch).init(params)
        carry = experiment.zero_carry(params, batch)
        iterate = averaging.first(experiment.optimizer, params)
        return State(jnp.int32(0), params, opt_state, key, carry, jnp.int32(0), iterate)

    return init if experiment.seeds == 1 else jax.vmap(init)


def _parameters(variables: Any) -> Any:
    """The parameters of a model that has nothing else to carry from step to step."""
    if "params" not in variables:
        raise UserError("model has no parameters: there is nothing to train")
    if others := sorted(set(variables) - {"params", "losses", "intermediates"}):
        raise UserError(
            f"model keeps {', '.join(others)} beside its parameters, which training does not carry "
            "on: use layers without a state, as LayerNorm in the place of BatchNorm"
        )
    return variables["params"]


def _shardings(experiment: Experiment, mesh: Mesh) -> State:
    """On which devices a state lies: the carry with the batch, everything else on each."""
    carry = devices.spread(mesh, axis=0 if experiment.seeds == 1 else 1)
    fields = {field.name: devices.everywhere(mesh) for field in dataclasses.fields(State)}
    return State(**fields | {"carry": carry if experiment.task.stream else None})


def _epoch(experiment: Experiment, data: Data) -> int | None:
    """Updates until every example was read once; None: they never run out."""
    size = data.sizes["train"]
    return None if size is None else max(size // experiment.batch_size, 1)


def make_step(experiment: Experiment, data: Data) -> Callable[..., tuple[State, dict]]:
    """One update: `(state, arrays, indices, bucket) -> (state, {"loss", "gradient_norm"})`.

    `indices` is (batch,), and `bucket` says to which of the data's shapes they are padded. A fifth
    argument takes the place of the experiment's learning rate.
    Where either is not finite and `experiment.skip_nonfinite` allows for it, only the step goes on.
    """
    task = experiment.task
    size = data.sizes["train"]

    def step(
        state: State, arrays: Any, indices: Array, bucket: Array, rate: Any = None
    ) -> tuple[State, dict[str, Array]]:
        optimizer = experiment.optimizer
        if rate is not None:
            optimizer = dataclasses.replace(optimizer, learning_rate=rate)
        optimizer = optimizer.build(experiment.steps, _epoch(experiment, data))
        start = state.params if state.iterate is None else state.iterate.params
        carry = state.carry
        dropout_key, reset_key = jax.random.split(jax.random.fold_in(state.key, state.step))
        if task.stream:
            fresh = jax.random.bernoulli(reset_key, experiment.carry_reset, indices.shape)
            fresh |= state.step % (size // experiment.batch_size) == 0
            carry = jax.tree.map(lambda leaf: jnp.where(fresh[:, None], 0, leaf), carry)

        def loss(params: Any, batch: Batch) -> tuple[Array, tuple[Array, Any]]:
            rngs = {"dropout": dropout_key}
            (outputs, after), sown = experiment.apply(
                params, batch, carry, train=True, rngs=rngs, mutable="losses"
            )
            total, count = metrics.mean(task.loss(outputs, batch), batch.mask)
            value = total / jnp.maximum(count, 1)
            # what a model adds to the loss by itself is minimized, and not in the log
            return value + sum(jax.tree.leaves(sown)), (value, after if task.stream else None)

        def slope(shape: Shape | None) -> tuple[Any, tuple[Array, Any]]:
            batch = task.batch(arrays, "train", indices, shape)
            return jax.grad(loss, has_aux=True)(start, batch)

        of_shapes = [functools.partial(slope, shape) for shape in data.shapes]
        gradient, (value, after) = jax.lax.switch(bucket, of_shapes)
        gradient = without(gradient, experiment.frozen)  # so that it counts in no norm
        updates, opt_state = optimizer.update(gradient, state.opt_state, start, value=value)
        updates = without(updates, experiment.frozen)  # as weight decay moves what has no gradient
        log = {"loss": value, "gradient_norm": optax.tree.norm(gradient).astype(jnp.float32)}
        finite = jnp.isfinite(log["loss"]) & jnp.isfinite(log["gradient_norm"])
        params, iterate = optax.apply_updates(start, updates), state.iterate
        if iterate is not None:
            iterate = iterate.replace(params=params)
            params, iterate = averaging.average(experiment.optimizer, state.params, iterate)
        before = state.replace(carry=carry)
        state = state.replace(params=params, opt_state=opt_state, carry=after, iterate=iterate)
        if experiment.skip_nonfinite:
            state = jax.tree.map(lambda new, old: jnp.where(finite, new, old), state, before)
        return state.replace(step=state.step + 1, skipped=state.skipped + ~finite), log

    return step


def without(tree: Any, frozen: tuple[str, ...]) -> Any:
    """A tree of parameters' shape with zeros in what is frozen: `LSTM_0` and all below it."""

    def held(path: Any, leaf: Array) -> Array:
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        still = any(f"{name}.".startswith(f"{part}.") for part in frozen)
        return jnp.zeros_like(leaf) if still else leaf

    return jax.tree_util.tree_map_with_path(held, tree) if frozen else tree


def make_advance(
    experiment: Experiment, data: Data
) -> Callable[..., tuple[State, dict[str, Array]]]:
    """Many updates in one loop: `(state, arrays, stretch, count, rate) -> (state, log)`.

    The stretch has log_every steps of which the first `count` are done, so that one program serves
    every stretch. The log's arrays are (log_every,), with several seeds (log_every, seeds); `done`
    says how many steps were done, and `failed` whether the last was one more than `skip_nonfinite`
    whose loss or gradient is not finite, after which the loop stops. `rate` is the learning rate,
    the experiment's if there is none.
    """
    step = make_step(experiment, data)
    if experiment.seeds > 1:
        step = jax.vmap(step, (0, None, 0, None, None))

    def advance(
        state: State, arrays: Any, stretch: Stretch, count: Array, rate: Any = None
    ) -> tuple[State, dict]:
        indices, buckets = stretch
        empty = jnp.zeros((indices.shape[0], *indices.shape[1:-1]), jnp.float32)

        def unfinished(loop: tuple) -> Array:
            i, failed, _, _ = loop
            return (i < count) & ~failed

        def body(loop: tuple) -> tuple:
            i, _, state, log = loop
            state, now = step(state, arrays, indices[i], buckets[i], rate)
            failed = jnp.any(state.skipped > experiment.skip_nonfinite)
            log = {name: log[name].at[i].set(value) for name, value in now.items()}
            return i + 1, failed, state, log

        log = {"loss": empty, "gradient_norm": empty}
        start = (jnp.int32(0), jnp.bool_(False), state, log)
        done, failed, state, log = jax.lax.while_loop(unfinished, body, start)
        return state, log | {"done": done, "failed": failed}

    return advance


def compile_advance(experiment: Experiment, data: Data, state: State) -> Callable[..., tuple]:
    """The program of `make_advance` for states like `state`, which it consumes.

    It sends examples that are on the host while the device works on the stretch before.

    Returns:
      `(state, first, count) -> (state, log)`: `count` updates, at most log_every, from step `first`
      on.
    """
    data = data.placed(experiment.batch_size)
    mesh = data.mesh
    rate = jnp.asarray(experiment.optimizer.learning_rate, jax.dtypes.canonicalize_dtype(float))
    rate = devices.put(rate, devices.everywhere(mesh))

    def place(first: int, count: int) -> tuple[Any, Stretch]:
        indices, buckets = stretch_of(experiment, data, first, count)
        arrays, (indices,) = data.picked(experiment.task.gather, "train", indices)
        spread = devices.spread(mesh, axis=indices.ndim - 1)
        buckets = devices.put(buckets, devices.everywhere(mesh))
        return arrays, Stretch(devices.put(indices, spread), buckets)

    def build() -> Callable[..., tuple]:
        # of one seed, so that several side by side have the bits of each alone
        examples = experiment.steps * experiment.batch_size / experiment.seeds
        short = devices.is_short(state.params, _example(experiment, data).inputs, examples)
        shardings = (_shardings(experiment, mesh), devices.everywhere(mesh))
        many = make_advance(experiment, data)
        program = devices.jit(many, short=short, donate_argnums=0, out_shardings=shardings)
        return program.lower(state, *place(0, 0), np.int32(0), rate).compile()

    size = data.sizes["train"] if experiment.task.stream else None
    arguments = programs.signature((state, data.arrays))
    program = programs.keep(("advance", experiment.kind, data.shapes, size, arguments), build)

    def advance(state: State, first: int, count: int) -> tuple[State, dict[str, Array]]:
        return program(state, *place(first, count), np.int32(count), rate)

    return advance


def stretch_of(experiment: Experiment, data: Data, first: int, count: int) -> Stretch:
    """What `advance` takes for `count` steps from `first`, padded to log_every steps."""
    seeds = range(experiment.seed, experiment.seed + experiment.seeds)
    of_seeds, each = zip(
        *(examples_of(experiment, data, s, first, count) for s in seeds), strict=True
    )
    indices = np.stack(of_seeds, 1) if experiment.seeds > 1 else of_seeds[0]
    buckets = each[0]  # the same for all seeds

    def pad(steps: np.ndarray) -> np.ndarray:
        return np.pad(steps, [(0, experiment.log_every - count)] + [(0, 0)] * (steps.ndim - 1))

    return Stretch(pad(indices), pad(buckets))
