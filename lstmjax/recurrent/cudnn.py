"""NVIDIA's own LSTM, cuDNN, on one GPU: the same function of the same parameters.

It computes in float32; its products are as exact as `jax_default_matmul_precision` says, as are
those of the other kernels. It has no second derivatives. Its layout is proven on CPUs against the
reference that comes with `jax.experimental.rnn`; no GPU has been at hand yet.
"""

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.custom_batching import sequential_vmap
from jax.experimental import rnn

from lstmjax.recurrent.initialization import GATES

# Where kernel `auto` takes this one: the GPU's kind as JAX names it, and from how many features on
# it was measured to train faster than `fused`. Nothing has been measured: it takes it nowhere.
FASTER: dict[str, int] = {}
PRECISIONS = (None, "high", "tensorfloat32", "highest", "float32")  # of its products


def lacking() -> str:
    """What this machine lacks to run it, in words; empty if nothing."""
    device = jax.devices()[0]
    if device.platform != "gpu" or "cuda" not in device.client.platform_version.lower():
        return "a GPU of NVIDIA"
    if not hasattr(rnn.gpu_rnn, "compute_rnn_workspace_reserve_space_sizes"):
        return "JAX's CUDA plugin with cuDNN (lstmjax[cuda])"
    if jax.device_count() > 1:  # the call cannot be divided: each GPU would compute all rows
        return "a single GPU (CUDA_VISIBLE_DEVICES=0)"
    return ""


def is_faster(features: int) -> bool:
    """Whether it was measured to be faster on this machine."""
    least = FASTER.get(jax.devices()[0].device_kind) if FASTER else None
    return least is not None and features >= least


def unfit(
    inputs: Array, dtypes: Iterable[jnp.dtype], resets: Array | None, recompute_every: int | None
) -> str:
    """What of a call it cannot compute, in words; empty if nothing."""
    precision = jax.config.jax_default_matmul_precision
    reasons = {
        f"products of precision {precision}": precision not in PRECISIONS,
        "dtypes other than float32": any(dtype != jnp.float32 for dtype in dtypes),
        "resets": resets is not None,
        "recompute_every": recompute_every is not None,
        "a program whose sizes are open": not all(isinstance(n, int) for n in inputs.shape),
        "a batch without rows or steps": any(n == 0 for n in inputs.shape),
    }
    return " and ".join(reason for reason, holds in reasons.items() if holds)


def cudnn_lstm(
    params: dict,
    inputs: Array,
    carry: tuple[Array, Array],
    *,
    valid: Array | None = None,
    resets: None = None,
    reverse: bool = False,
    dtype: jnp.dtype | None = None,
) -> tuple[Array, tuple[Array, Array]]:
    """Runs an LSTM over a batch of sequences.

    Reverse-mode derivatives only. Several seeds, by `jax.vmap`, run one after the other.

    Args:
      params: OptimizedLSTMCell's tree: kernels `ii if ig io` (width, features), and
        `hi hf hg ho` (features, features) with biases (features,); all float32.
      inputs: (batch, time, width).
      carry: (c, h), each (batch, features).
      valid: None or bool (batch, time), true at each row's first steps and false at the rest; an
        invalid step keeps the carry and outputs zero.
      resets: None: see `unfit`.
      reverse: each row's valid part from its last step to its first; outputs stay in the order of
        the inputs.
      dtype: None or float32.

    Returns:
      outputs (batch, time, features) and the carry after the last valid step.
    """
    rows, time, _ = inputs.shape
    lengths = jnp.full(rows, time, jnp.int32)
    if valid is not None:
        lengths = valid.sum(-1, dtype=jnp.int32)
    read = _turned(inputs, lengths) if reverse else inputs
    # cuDNN refuses a row without steps: it gets one, of which nothing is kept
    state = (carry[1][None], carry[0][None])
    outputs, h, c = _lstm(read, *state, pack(params), jnp.maximum(lengths, 1))
    last = c[0], h[0]
    if valid is not None:
        outputs = jnp.where(jnp.arange(time)[:, None] < lengths[:, None, None], outputs, 0)
        empty = lengths[:, None] == 0
        last = tuple(jnp.where(empty, old, new) for old, new in zip(carry, last, strict=True))
    return _turned(outputs, lengths) if reverse else outputs, last


def pack(params: dict) -> Array:
    """All weights in a row, as cuDNN wants them.

    Input kernels, recurrent kernels, biases, and zeros for cuDNN's second biases; each with gates
    i, f, g, o one after the other, kernels transposed.
    """

    def join(path: str, leaf: str) -> Array:
        return jnp.concatenate([params[path + gate][leaf].T.reshape(-1) for gate in GATES])

    biases = join("h", "bias")
    return jnp.concatenate(
        [join("i", "kernel"), join("h", "kernel"), jnp.zeros_like(biases), biases]
    )


def _turned(steps: Array, lengths: Array) -> Array:
    """Each row's first `lengths` steps in reverse order; the rest stays."""
    times = jnp.arange(steps.shape[1])
    places = jnp.where(times < lengths[:, None], lengths[:, None] - 1 - times, times)
    return jnp.take_along_axis(steps, places[..., None], 1)


@jax.custom_vjp
def _lstm(inputs: Array, h: Array, c: Array, weights: Array, lengths: Array) -> Any:
    """Outputs, h and c of one layer; h and c have a leading axis of one layer."""
    return _forward(inputs, h, c, weights, lengths)[0]


def _settings(inputs: Array, h: Array) -> dict[str, Any]:
    sizes = {"input_size": inputs.shape[-1], "hidden_size": h.shape[-1], "num_layers": 1}
    return sizes | {"dropout": 0.0, "bidirectional": False, "precision": None}


@sequential_vmap
def _forward(inputs: Array, h: Array, c: Array, weights: Array, lengths: Array) -> Any:
    return rnn.lstm_fwd(inputs, h, c, weights, lengths, **_settings(inputs, h))


@sequential_vmap
def _backward(kept: Any, cotangents: Any) -> Any:
    return rnn.lstm_bwd(*_settings(*kept[:2]).values(), kept, cotangents)[:4]


def _pull(kept: Any, cotangents: Any) -> Any:
    return *_backward(kept, cotangents), None


_lstm.defvjp(lambda *arguments: _forward(*arguments), _pull)
