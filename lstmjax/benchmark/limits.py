"""What no layer can beat: a machine's best product, and a layer's products as XLA has them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from lstmjax import devices
from lstmjax.benchmark.timing import milliseconds

SQUARE = 1024  # rows and columns of the product that shows what the machine can do


def best() -> dict[str, Any]:
    """GFLOP/s of a square product in float32: by NumPy, by XLA, and by XLA on every device."""
    square = np.random.default_rng(0).normal(size=(SQUARE, SQUARE)).astype(np.float32)
    spread = jax.device_put(square, devices.spread(devices.mesh(SQUARE)))
    alone = jax.device_put(square, jax.devices()[0])
    multiply = jax.jit(jnp.matmul)
    ways = {
        "numpy": lambda: square @ square,
        "xla": lambda: multiply(alone, alone).block_until_ready(),
        "xla on every device": lambda: multiply(spread, square).block_until_ready(),
    }
    spent = {name: milliseconds(call, seconds=1)["median"] for name, call in ways.items()}
    return {name: 2 * SQUARE**3 / ms / 1e6 for name, ms in spent.items()}


def operations(
    batch: int, time: int, inputs: int, hidden: int, layers: int, bidirectional: bool
) -> dict[str, float]:
    """GFLOP in the products of a forward pass and of a training step, the head's left out."""
    widths = [inputs, *[hidden] * (layers - 1)]
    ahead = sum(2 * batch * time * (width + hidden) * 4 * hidden for width in widths) / 1e9
    ahead *= 1 + bidirectional
    return {"forward": ahead, "train": 3 * ahead}


def products(
    batch: int, time: int, inputs: int, hidden: int, layers: int, bidirectional: bool
) -> dict[str, Any]:
    """The matrix products of the same training step and forward pass alone, in ms.

    Each layer's input projection over all steps, a chain of `time` products with the recurrent
    kernel; backward a chain with its transpose, and the products of both kernels' gradients and of
    the inputs'. The head's are left out. A batch is spread over the cores as in training.
    """
    mesh = devices.mesh(batch)
    everywhere, spread = devices.everywhere(mesh), devices.spread(mesh)
    keys = iter(jax.random.split(jax.random.key(0), 64))
    shapes = [(inputs if i == 0 else hidden, hidden) for i in range(layers)]
    shapes *= 1 + bidirectional

    def drawn(*shape: int) -> Array:
        return jax.random.normal(next(keys), shape)

    stack = [
        (drawn(time * batch, width), drawn(width, 4 * hidden) / 9, drawn(hidden, 4 * hidden) / 99)
        for width, hidden in shapes
    ]
    arguments = stack, drawn(batch, hidden), drawn(time * batch, 4 * hidden)
    placed = [(spread, everywhere, everywhere) for _ in shapes], spread, spread
    arguments = jax.device_put(arguments, placed)

    def chain(start: Array, kernel: Array, cut: bool) -> Array:
        def one(hidden: Array, _: None) -> tuple[Array, None]:
            product = hidden @ kernel
            return (product[:, : start.shape[1]] if cut else jnp.tile(product, (1, 4))), None

        return lax.scan(one, start, length=time)[0]

    def forward(stack: list, first: Array, blocks: Array) -> list:
        return [(x @ kernel, chain(first, recurrent, True)) for x, kernel, recurrent in stack]

    def backward(stack: list, first: Array, blocks: Array) -> list:
        return [
            (
                chain(blocks[:batch], recurrent.T, False),
                x.T @ blocks,
                blocks[:, :hidden].T @ blocks,
                blocks @ kernel.T,
            )
            for x, kernel, recurrent in stack
        ]

    ahead, both = jax.jit(forward), jax.jit(lambda *of: (forward(*of), backward(*of)))
    return {
        "forward": milliseconds(lambda: jax.block_until_ready(ahead(*arguments))),
        "train": milliseconds(lambda: jax.block_until_ready(both(*arguments))),
    }
