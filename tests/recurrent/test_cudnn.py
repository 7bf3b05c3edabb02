"""cuDNN's kernel without a GPU.

The two calls into cuDNN are replaced by the reference that comes with them, `rnn.lstm_ref`, which
reads the same packed weights. With a GPU the other tests run the kernel itself.
"""

import functools
import types

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from jax.experimental import rnn
from jax.interpreters import mlir

from lstmjax.errors import UserError
from lstmjax.recurrent import LSTM, cudnn, kernels
from lstmjax.recurrent.cudnn import cudnn_lstm
from lstmjax.recurrent.scan import scan_lstm
from tests.recurrent.test_fused import problem, results


def reference(x, h, c, weights, lengths, sizes):
    """What cuDNN computes, from its own layout of weights."""
    inputs, hidden, layers, dropout, both, _ = sizes
    parts = rnn.unpack_lstm_weights(weights, inputs, hidden, layers, both)
    return rnn.lstm_ref(x, h, c, *parts, lengths, inputs, hidden, layers, dropout, both)


def forward(x, h, c, weights, lengths, **settings):
    rnn._lstm_cudnn_allow_tf32(settings["precision"])  # which refuses some
    assert x.dtype == weights.dtype == jnp.float32 and lengths.dtype == jnp.int32
    after = reference(x, h, c, weights, lengths, settings.values())
    return after, (x, h, c, weights, lengths, after[0], jnp.zeros(3))


def backward(*arguments):
    *sizes, kept, cotangents = arguments
    *operands, lengths, _, _ = kept
    _, pull = jax.vjp(lambda *x: reference(*x, lengths, sizes), *operands)
    return *pull(cotangents), jnp.zeros_like(lengths)


@pytest.fixture
def with_reference(monkeypatch):
    monkeypatch.setattr(rnn, "lstm_fwd", forward)
    monkeypatch.setattr(rnn, "lstm_bwd", backward)
    monkeypatch.setattr(cudnn, "lacking", lambda: "")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, [7, 0, 3]])
def test_equals_the_scan_in_values_and_gradients(with_reference, lengths, reverse):
    case = problem(3)
    valid = None if lengths is None else jnp.arange(7) < jnp.array(lengths)[:, None]
    expected = results(scan_lstm, *case, valid=valid, reverse=reverse)
    actual = results(cudnn_lstm, *case, valid=valid, reverse=reverse)
    # sums over 21 steps of terms of order 1 to 10, a rounding of 6e-8 each
    chex.assert_trees_all_close(actual, expected, rtol=2e-5, atol=2e-5)


def test_many_seeds_are_each_one_alone(with_reference):
    *case, weights = problem(0, seeds=(3,))
    run = functools.partial(results, cudnn_lstm)
    actual = jax.vmap(run)(*case, weights)
    for seed in range(3):
        alone = run(*jax.tree.map(lambda x: x[seed], (*case, weights)))  # noqa: B023
        chex.assert_trees_all_equal(jax.tree.map(lambda x: x[seed], actual), alone)  # noqa: B023


@pytest.mark.skipif(not cudnn.lacking(), reason="the real one is tested")
def test_becomes_the_calls_into_cudnn(monkeypatch):
    """A program for a GPU has one call forward and one back, with the shapes that cuDNN wants."""
    library = types.SimpleNamespace(build_rnn_descriptor=lambda *sizes: str(sizes))
    made = rnn.gpu_rnn
    sizes = "compute_rnn_workspace_reserve_space_sizes"
    monkeypatch.setattr(made, sizes, lambda *_: (16, 32), raising=False)
    for primitive, lowering in (
        (rnn.rnn_fwd_p, made._rnn_fwd_lowering),
        (rnn.rnn_bwd_p, made._rnn_bwd_lowering),
    ):
        mlir.register_lowering(primitive, functools.partial(lowering, library, "cu"), "cuda")
    names = "cudnn_rnn_ffi", "cudnn_rnn_bwd_ffi"
    checks = [export.DisabledSafetyCheck.custom_call(name) for name in names]
    program = jax.jit(functools.partial(results, cudnn_lstm))
    exported = export.export(program, platforms=["cuda"], disabled_checks=checks)(*problem(0))
    text = exported.mlir_module()
    ahead, back = (
        next(line for line in text.splitlines() if f"@{name}(" in line) for name in names
    )
    weights = 4 * 5 * (4 + 5 + 2)
    given = f"(tensor<3x7x4xf32>, tensor<1x3x5xf32>, tensor<1x3x5xf32>, tensor<{weights}xf32>"
    assert given + ", tensor<3xi32>)" in ahead
    assert text.count("@cudnn_rnn_ffi(") == text.count("@cudnn_rnn_bwd_ffi(") == 1
    assert f"tensor<{weights}xf32>, tensor<16xf32>)" in back.split("->")[1]


def test_fused_takes_its_place_and_says_so_once(monkeypatch, capsys):
    kernels._tell.cache_clear()
    monkeypatch.setattr(cudnn, "lacking", lambda: "a GPU of NVIDIA")
    layer, inputs = LSTM(5, kernel="cudnn"), jnp.ones((2, 3, 4))
    variables = layer.init(jax.random.key(0), inputs)
    outputs = layer.apply(variables, inputs)
    chex.assert_trees_all_equal(outputs, LSTM(5, kernel="fused").apply(variables, inputs))
    told = capsys.readouterr().err
    assert told == "kernel cudnn needs a GPU of NVIDIA: kernel fused runs instead\n"
    monkeypatch.setattr(cudnn, "lacking", lambda: "")
    layer.apply(variables, inputs, resets=np.ones((2, 3), bool))
    assert "cannot compute resets: kernel fused" in capsys.readouterr().err
    LSTM(5, kernel="cudnn", dtype="bfloat16").apply(variables, inputs)
    assert "cannot compute dtypes other than float32" in capsys.readouterr().err
    with jax.default_matmul_precision("bfloat16"):
        assert "precision bfloat16" in cudnn.unfit(inputs, (), None, None)
    with pytest.raises(UserError, match="kernel cudnn cannot compute zoneout"):
        kernels.choose_kernel("cudnn", "zoneout")


def test_auto_takes_it_only_where_it_was_measured_faster(monkeypatch):
    monkeypatch.setattr(cudnn, "lacking", lambda: "")
    assert kernels.settle("auto", "fused", 4096) == "fused"
    monkeypatch.setattr(cudnn, "FASTER", {jax.devices()[0].device_kind: 256})
    assert kernels.settle("auto", "fused", 256) == "cudnn"
    assert kernels.settle("auto", "fused", 255) == "fused"
    assert kernels.settle("auto", "fused", 256, "resets") == "fused"
    assert kernels.settle("auto", "scan", 256) == "scan"
    assert kernels.settle("fused", "fused", 256) == "fused"
