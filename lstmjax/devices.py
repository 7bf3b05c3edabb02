"""Many devices and processes: batches are spread over all of them, everything else is copied.

A step is a pure function of (state, data, indices), so to spread `indices` is to spread the run:
the compiler divides the batch and adds the gradients up. One device is a mesh of one.

The cores of a CPU are devices, too. XLA computes a step's products and gates, small as they are,
on one core or little faster on more; two cores that take half of a batch each take two thirds of
the time (docs/performance.md).
"""

import functools
import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from lstmjax.errors import UserError

ROWS_OF_A_CORE = 16  # of a batch, at least: with fewer a core gains nothing
SHORT = 5e10  # weights times examples times steps: training the published addition takes 3e10


def start_processes(
    coordinator_address: str | None, num_processes: int | None, process_id: int | None
) -> None:
    """Joins the other processes of a run. Call it before anything touches a device.

    Args:
      coordinator_address: host:port of process 0. With all three None, JAX looks for what Slurm,
        Open MPI, Kubernetes or a cloud TPU says; where there is nothing, a process stays alone.
      num_processes: how many there are.
      process_id: which one this is, from 0.

    Raises:
      UserError: only some of the three are given, or the others cannot be reached.
    """
    given = [value is not None for value in (coordinator_address, num_processes, process_id)]
    if any(given) and not all(given):
        raise UserError("--coordinator_address, --num_processes and --process_id go together")
    if all(given) and not process_id < num_processes:
        raise UserError(f"--process_id {process_id} must be below --num_processes {num_processes}")
    try:
        with warnings.catch_warnings():  # of clusters that it would know with another package
            warnings.simplefilter("ignore")
            jax.distributed.initialize(coordinator_address, num_processes, process_id)
    except (RuntimeError, ValueError) as error:
        if not any(given) and "coordinator_address should be defined" in str(error):
            return  # no cluster that JAX knows: this process is alone
        raise UserError(
            f"the processes could not be joined ({str(error)[:200]}): "
            "is process 0 running, and its port reachable?"
        ) from error


def split_cores() -> None:
    """Makes a device of each core of the CPU. Call it before anything touches a device.

    Nothing changes where XLA_FLAGS or JAX_NUM_CPU_DEVICES says how many there are, or after
    `start_processes` has joined some.
    """
    told = "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    told = told or jax.config.jax_num_cpu_devices > 0
    if told or jax.distributed.is_initialized():
        return
    jax.config.update("jax_num_cpu_devices", visible_cores())


def visible_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def available() -> list[jax.Device]:
    """The devices of all processes."""
    return jax.devices()


def mesh(batch_size: int) -> Mesh:
    """The devices that a batch is spread over, along the axis `batch`.

    They are all there are; of the cores of a CPU the most that divide the batch into parts of
    `ROWS_OF_A_CORE` or more.
    """
    devices = available()
    if _are_cores(devices):
        most = max(1, min(len(devices), batch_size // ROWS_OF_A_CORE))
        count = max(n for n in range(1, most + 1) if batch_size % n == 0)
        devices = devices[:count]
    return Mesh(np.array(devices), ("batch",))


def _are_cores(devices: list[jax.Device]) -> bool:
    alone = jax.process_count() == 1
    return alone and devices[0].platform == "cpu" and jax.config.jax_num_cpu_devices > 0


def jit(
    function: Callable, *, runs_once: bool = False, short: bool = False, **settings: Any
) -> Callable:
    """`jax.jit`, which on CPUs compiles no better than pays: not for use within another program.

    LLVM's level 1 compiles in three quarters of the time of level 3, JAX's choice, to programs that
    run as fast here (docs/performance.md). XLA's fusion emitters make a step a quarter faster and
    take half of the time to compile; level 0 compiles fastest, to slow programs.

    Args:
      function: traceable.
      runs_once: whether it does too little to be worth level 1.
      short: whether it does too little to be worth fusion emitters, see `is_short`.
      **settings: further ones of `jax.jit`.
    """
    chosen = os.environ.get("XLA_FLAGS", "")  # whoever asks for something gets it
    wanted = {"xla_backend_optimization_level": 0 if runs_once else 1}
    if short:
        wanted["xla_cpu_use_fusion_emitters"] = False
    on_cpu = jax.default_backend() == "cpu"
    options = {k: v for k, v in wanted.items() if on_cpu and k not in chosen and _is_known(k, v)}
    return jax.jit(function, compiler_options=options, **settings)


@functools.cache
def _is_known(name: str, value: Any) -> bool:
    """Whether this version of XLA has an option of its compiler."""
    try:
        jax.jit(lambda: 0, compiler_options={name: value}).lower().compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True


def is_short(params: Any, inputs: Any, examples: float) -> bool:
    """Whether a model reads so few examples that compiling well takes longer than it saves.

    A rough measure: weights times examples times time steps. It depends on nothing but the
    experiment, so that a run that is resumed compiles the same program.

    Args:
      params: the model's.
      inputs: what it reads, arrays or their shapes, (batch, time, ...).
      examples: how many it reads in all.
    """
    weights = sum(leaf.size for leaf in jax.tree.leaves(params))
    time = max((leaf.shape[1] for leaf in jax.tree.leaves(inputs) if leaf.ndim > 1), default=1)
    return weights * time * examples < SHORT


def is_main() -> bool:
    """Whether this process is the one that writes and speaks: the first."""
    return jax.process_index() == 0


def gather(values: Sequence[float]) -> np.ndarray:
    """The numbers that each process has, (processes, len(values)); every process must call it.

    They arrive as they are, in float64, whole numbers up to 2^53 among them.
    """
    if jax.process_count() == 1:
        return np.asarray([values])
    halves = np.asarray(values, np.float64).view(np.uint32)  # devices have no 64 bits
    return np.ascontiguousarray(multihost_utils.process_allgather(halves)).view(np.float64)


def wait_for_all() -> None:
    """Returns when every process has come here."""
    gather([0])


def everywhere(mesh: Mesh) -> NamedSharding:
    """A copy on every device."""
    return NamedSharding(mesh, PartitionSpec())


def spread(mesh: Mesh, axis: int = 0) -> NamedSharding:
    """One part of an array's `axis` on each device."""
    if mesh.size == 1:
        return everywhere(mesh)
    return NamedSharding(mesh, PartitionSpec(*[None] * axis, "batch"))


def spread_if_even(array: jax.Array, mesh: Mesh) -> jax.Array:
    """Within a program: spreads the first axis where the devices divide it."""
    even = array.shape[0] % mesh.size == 0
    return jax.lax.with_sharding_constraint(array, spread(mesh)) if even else array


def put(tree: Any, sharding: NamedSharding) -> Any:
    """Puts arrays that every process has whole onto the devices."""

    def put_one(leaf: Any) -> jax.Array:
        leaf = np.asarray(leaf)
        return jax.make_array_from_callback(leaf.shape, sharding, lambda index: leaf[index])

    return jax.tree.map(put_one, tree)


def check_batch_size(size: int) -> None:
    """Raises UserError where a batch does not divide over the devices."""
    count = mesh(size).size
    if size % count:
        below, above = size - size % count, size + -size % count
        fitting = f"{below} or {above}" if below else f"{above}"
        raise UserError(
            f"batch_size {size} does not divide over {count} devices: take {fitting}, "
            f"or another multiple of {count}"
        )
