"""Initial weights of the LSTM layer, by name."""

from typing import Literal

import jax
import jax.numpy as jnp
from flax.linen import initializers
from jax import Array

from lstmjax.recurrent.tracing import traced_once

Initialization = Literal["flax", "keras", "chrono", "uniform"]
GATES = "ifgo"  # input, forget, candidate, output: the order of Flax, Keras and PyTorch alike


@traced_once("scheme", "inputs", "features", "memory_steps", "dtype", "hidden")
def initial_weights(
    key: Array,
    scheme: Initialization,
    inputs: int,
    features: int,
    memory_steps: int,
    dtype: jnp.dtype,
    hidden: int | None = None,
) -> dict[str, dict[str, Array]]:
    """OptimizedLSTMCell's parameter tree, drawn by one of four schemes.

    `flax`: each gate's input kernel lecun normal, its recurrent kernel orthogonal, biases zero.
    `keras`: the four gates' input kernels together Glorot uniform (Glorot & Bengio 2010), their
    recurrent kernels together one semi-orthogonal matrix, the forget bias one (Jozefowicz et al.
    2015), so that a fresh cell remembers.
    `chrono`: as `flax`, with forget biases log U(1, memory_steps - 1) and the input biases their
    negatives, so that the gates' time scales spread up to `memory_steps` (Tallec & Ollivier 2018,
    equation 16).
    `uniform`: kernels and biases uniform within 1 / sqrt(features), as in PyTorch, whose cell has
    a second bias; here it is zero.

    Returns:
      {"ii": {"kernel"}, ..., "hi": {"kernel", "bias"}, ...}: input kernels (inputs, features),
      recurrent kernels (hidden, features), biases (features,). Unless told, hidden is features.
    """
    hidden = features if hidden is None else hidden
    input_key, recurrent_key, bias_key = jax.random.split(key, 3)
    if scheme == "keras":
        together = initializers.glorot_uniform()(input_key, (inputs, 4 * features), dtype)
        input_kernels = jnp.split(together, 4, -1)
        together = orthogonal(recurrent_key, (hidden, 4 * features), dtype)
        recurrent_kernels = jnp.split(together, 4, -1)
    elif scheme == "uniform":
        bound = features**-0.5

        def draw(key: Array, rows: int) -> Array:
            return jax.random.uniform(key, (4, rows, features), dtype, -bound, bound)

        input_kernels, recurrent_kernels = draw(input_key, inputs), draw(recurrent_key, hidden)
    else:
        lecun = initializers.lecun_normal()
        input_kernels = jax.vmap(lambda gate_key: lecun(gate_key, (inputs, features), dtype))(
            jax.random.split(input_key, 4)
        )
        recurrent_kernels = jax.vmap(
            lambda gate_key: orthogonal(gate_key, (hidden, features), dtype)
        )(jax.random.split(recurrent_key, 4))
    biases = dict.fromkeys(GATES, jnp.zeros(features, dtype))
    if scheme == "uniform":
        biases = dict(zip(GATES, draw(bias_key, 1)[:, 0], strict=True))
    elif scheme == "keras":
        biases["f"] = jnp.ones(features, dtype)
    elif scheme == "chrono":
        longest = max(memory_steps - 1, 2)
        biases["f"] = jnp.log(jax.random.uniform(bias_key, (features,), dtype, 1, longest))
        biases["i"] = -biases["f"]
    weights = {
        f"i{gate}": {"kernel": kernel} for gate, kernel in zip(GATES, input_kernels, strict=True)
    }
    for gate, kernel in zip(GATES, recurrent_kernels, strict=True):
        weights[f"h{gate}"] = {"kernel": kernel, "bias": biases[gate]}
    return weights


def orthogonal(key: Array, shape: tuple[int, int], dtype: jnp.dtype) -> Array:
    """Orthonormal rows, uniformly distributed: a Gaussian matrix after Gram-Schmidt.

    The function of `initializers.orthogonal`, without LAPACK: two of its QR calls side by side in
    one program wait for each other for ever on a machine of two cores (jax 0.10.2).
    """
    rows, columns = shape
    if rows > columns:
        raise ValueError(f"orthogonal: {rows} rows of {columns} cannot all be orthogonal")
    drawn = jax.random.normal(key, shape, jnp.promote_types(dtype, jnp.float32))

    def add_row(i: Array, basis: Array) -> Array:
        row = drawn[i]
        for _ in range(2):  # once more, for what rounding left (Giraud et al. 2005)
            row -= (basis @ row) @ basis
        return basis.at[i].set(row / jnp.linalg.norm(row))

    return jax.lax.fori_loop(0, rows, add_row, jnp.zeros_like(drawn)).astype(dtype)
