import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.recurrent import KERNELS, LSTM, cudnn
from tests.recurrent import oracle

# on a CPU kernel cudnn is kernel fused
HERE = sorted(name for name in KERNELS if name != "cudnn" or not cudnn.lacking())
kernels = pytest.mark.parametrize("kernel", HERE)
# Outputs lie in (-1, 1) and pass through at most 12 steps of about 10 roundings of 6e-8 each.
FLOAT32 = dict(atol=1e-5, rtol=1e-4)


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def spoil(inputs, lengths, seed):
    """Puts what no number should be into the padding."""
    padding = np.arange(inputs.shape[1]) >= lengths[:, None]
    inputs[padding] = np.random.default_rng(seed).choice([np.nan, np.inf, -np.inf, 1e30])


def layer_and_weights(kernel="auto", features=5, width=3, seed=0, **fields):
    layer = LSTM(features, kernel=kernel, **fields)
    variables = layer.init(jax.random.key(seed), jnp.zeros((1, 1, width)))
    return layer, variables


@kernels
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("rows, time, width, features", [(1, 1, 1, 1), (3, 12, 4, 6), (4, 5, 2, 1)])
def test_equals_numpy_in_float64(kernel, rows, time, width, features, reverse):
    """Every row, at its valid steps and in its carry, is what the row alone gives in NumPy."""
    with jax.enable_x64(True):
        double = dict(dtype="float64", param_dtype="float64")
        layer, variables = layer_and_weights(kernel, features, width, reverse=reverse, **double)
        weights = jax.tree.map(np.asarray, variables["params"]["cell"])
        apply = jax.jit(layer.apply)
        for seed in range(6):
            lengths = np.random.default_rng(seed).integers(0, time + 1, rows)
            inputs = random(seed, rows, time, width).astype(np.float64)
            spoil(inputs, lengths, seed)
            carry = tuple(random(seed + i, rows, features).astype(np.float64) for i in (1, 2))
            outputs, (c, h) = jax.device_get(apply(variables, inputs, carry=carry, lengths=lengths))
            for row, length in enumerate(lengths):
                order = slice(None, None, -1 if reverse else 1)
                read = inputs[row, :length][order]
                alone = oracle.lstm(weights, read, carry[0][row], carry[1][row])
                expected = (alone[0][order], alone[1], alone[2])
                actual = (outputs[row, :length], c[row], h[row])
                chex.assert_trees_all_close(actual, expected, atol=1e-12)
                assert not np.any(outputs[row, length:])


@kernels
def test_length_zero_returns_the_initial_carry(kernel):
    layer, variables = layer_and_weights(kernel)
    carry = (random(0, 2, 5), random(1, 2, 5))
    outputs, after = layer.apply(
        variables, random(2, 2, 4, 3), carry=carry, lengths=np.array([0, 4])
    )
    chex.assert_trees_all_equal(jax.tree.map(lambda x: x[0], after), (carry[0][0], carry[1][0]))
    assert not np.any(outputs[0])


@kernels
@pytest.mark.parametrize("reverse", [False, True])
def test_resets_separate_sequences_in_a_row(kernel, reverse):
    layer, variables = layer_and_weights(kernel, reverse=reverse)
    inputs = random(0, 1, 9, 3)
    starts = [0, 2, 6, 9]
    resets = np.zeros((1, 9), bool)
    resets[0, starts[:-1]] = True
    together, _ = layer.apply(variables, inputs, resets=resets)
    for start, end in zip(starts, starts[1:], strict=False):
        alone, _ = layer.apply(variables, inputs[:, start:end])
        chex.assert_trees_all_close(together[:, start:end], alone, **FLOAT32)


@kernels
@pytest.mark.parametrize("reverse", [False, True])
def test_resets_in_the_padding_count_for_nothing(kernel, reverse):
    """A padded row gives what the row alone gives, from a carry on, wherever else resets are."""
    layer, variables = layer_and_weights(kernel, reverse=reverse)
    inputs, carry = random(0, 1, 4, 3), (random(1, 1, 5), random(2, 1, 5))
    alone, last = layer.apply(variables, inputs[:, :2], carry=carry)
    for place in (2, 3):
        resets = np.arange(4)[None] == place
        padded = dict(lengths=np.array([2]), resets=resets)
        outputs, after = layer.apply(variables, inputs, carry=carry, **padded)
        chex.assert_trees_all_close((outputs[:, :2], after), (alone, last), **FLOAT32)


@kernels
def test_is_causal(kernel):
    """The gradient of output t to a later input is exactly zero, and to an earlier one is not."""
    layer, variables = layer_and_weights(kernel)
    inputs = random(0, 2, 6, 3)
    gradient = jax.grad(lambda x: layer.apply(variables, x)[0][:, 2].sum())(inputs)
    assert not np.any(gradient[:, 3:])
    assert np.all(np.abs(gradient[:, :3]).sum(-1) > 0)


@kernels
def test_one_step_at_a_time_equals_the_whole(kernel):
    layer, variables = layer_and_weights(kernel)
    inputs, carry, outputs = random(0, 2, 7, 3), None, []
    whole, last = layer.apply(variables, inputs)
    for t in range(7):
        output, carry = layer.apply(variables, inputs[:, t : t + 1], carry=carry)
        outputs.append(output)
    chex.assert_trees_all_close((jnp.concatenate(outputs, 1), carry), (whole, last), **FLOAT32)


@kernels
def test_any_number_of_batch_axes(kernel):
    layer, variables = layer_and_weights(kernel)
    inputs, lengths = random(0, 2, 3, 4, 3), np.array([[0, 1, 4], [2, 3, 4]])
    outputs, carry = layer.apply(variables, inputs, lengths=lengths)
    flat = layer.apply(variables, inputs.reshape(6, 4, 3), lengths=lengths.reshape(6))
    chex.assert_trees_all_equal(
        jax.tree.map(lambda x: x.reshape(6, *x.shape[2:]), (outputs, carry)), flat
    )
    single, _ = layer.apply(variables, inputs[1, 2])
    chex.assert_trees_all_close(single, outputs[1, 2], **FLOAT32)


@kernels
def test_bfloat16_products_with_a_float32_carry(kernel):
    layer, variables = layer_and_weights(kernel, dtype="bfloat16")
    inputs = random(0, 2, 6, 3)
    outputs, carry = layer.apply(variables, inputs)
    exact, _ = LSTM(5, kernel=kernel).apply(variables, inputs)
    assert outputs.dtype == jnp.bfloat16 and carry[0].dtype == jnp.float32
    # bfloat16 keeps 8 bits, a rounding error of 0.4 %, over 6 steps of values below 1
    chex.assert_trees_all_close(outputs.astype(jnp.float32), exact, atol=0.03)


@pytest.mark.parametrize("reverse", [False, True])
def test_kernels_agree_in_gradients_whatever_the_padding_holds(reverse):
    """Gradients of weights, inputs and carry are those of the rows alone, summed up."""
    layers = [LSTM(5, kernel=kernel, reverse=reverse) for kernel in HERE]
    variables = layer_and_weights()[1]
    inputs, lengths = random(0, 3, 8, 3), np.array([8, 3, 0])
    carry = (random(1, 3, 5), random(2, 3, 5))
    resets = np.arange(8) == np.array([[4], [1], [9]])

    def gradients(layer, inputs, **more):
        def loss(variables, inputs, carry):
            outputs, (c, h) = layer.apply(variables, inputs, carry=carry, **more)
            return jnp.sin(outputs * 3).sum() + (c * h).sum()

        return jax.jit(jax.grad(loss, (0, 1, 2)))

    def alone(layer, row):
        part, carried = inputs[row : row + 1, : lengths[row]], [x[row : row + 1] for x in carry]
        more = dict(resets=resets[row : row + 1, : lengths[row]])
        return gradients(layer, part, **more)(variables, part, carried)

    parts = [alone(layers[-1], row) for row in range(2)]
    expected = jax.tree.map(lambda *x: sum(x), *(part[0] for part in parts))
    for layer in layers:
        gradient = gradients(layer, inputs, lengths=lengths, resets=resets)
        clean = gradient(variables, inputs, carry)
        chex.assert_trees_all_close(clean[0], expected, **FLOAT32)
        for row, part in enumerate(parts):
            chex.assert_trees_all_close(clean[1][row, : lengths[row]], part[1][0], **FLOAT32)
            assert not np.any(clean[1][row, lengths[row] :])
            chex.assert_trees_all_close(
                [x[row] for x in clean[2]], [x[0] for x in part[2]], **FLOAT32
            )
        for value in (np.nan, np.inf, -1e30):
            padding = np.arange(8) >= lengths[:, None]
            spoiled = np.where(padding[..., None], np.float32(value), inputs)
            chex.assert_trees_all_equal(gradient(variables, spoiled, carry), clean)


def test_forward_derivatives_are_those_of_the_reference():
    inputs, direction = random(0, 2, 6, 3), random(1, 2, 6, 3)
    variables = layer_and_weights()[1]
    derivatives = [
        jax.jvp(
            lambda x, k=kernel: LSTM(5, kernel=k).apply(variables, x)[0], (inputs,), (direction,)
        )
        for kernel in ("auto", "scan")
    ]
    chex.assert_trees_all_close(*derivatives, **FLOAT32)
    with pytest.raises(UserError, match="reverse-mode .* set kernel to auto or scan"):
        jax.jvp(lambda x: LSTM(5, kernel="fused").apply(variables, x)[0], (inputs,), (direction,))


def test_a_row_alone_may_have_its_length_as_a_number():
    layer, variables = layer_and_weights()
    inputs = random(0, 6, 3)
    chex.assert_trees_all_close(
        layer.apply(variables, inputs, lengths=4)[1],
        layer.apply(variables, inputs[:4])[1],
        **FLOAT32,
    )
    rows = random(1, 2, 6, 3)
    chex.assert_trees_all_equal(
        layer.apply(variables, rows, lengths=[4, 2]),
        layer.apply(variables, rows, lengths=np.array([4, 2])),
    )


def test_initializations():
    shapes = dict(features=64, width=16)
    cells = {
        name: layer_and_weights(initialization=name, memory_steps=50, **shapes)[1]["params"]["cell"]
        for name in ("flax", "keras", "chrono")
    }
    for name, cell in cells.items():
        bias = {gate: np.asarray(cell["h" + gate]["bias"]) for gate in "ifgo"}
        assert not np.any(bias["g"]) and not np.any(bias["o"])
        if name == "flax":
            assert not np.any(bias["f"])
        elif name == "keras":
            assert np.all(bias["f"] == 1) and not np.any(bias["i"])
        else:  # U(1, 49) before the logarithm: mean 25, deviation 13.9; five errors of 64 draws
            np.testing.assert_allclose(np.exp(bias["f"]).mean(), 25, atol=5 * 13.9 / 8)
            np.testing.assert_array_equal(bias["i"], -bias["f"])
    spread = layer_and_weights(initialization="uniform", **shapes)[1]["params"]["cell"]
    for leaf in jax.tree.leaves(spread):  # within 1 / sqrt(64), of deviation bound / sqrt(3)
        assert np.abs(leaf).max() <= 1 / 8 and 0.055 < np.std(leaf) < 0.09
    square = np.asarray(cells["flax"]["hf"]["kernel"])
    np.testing.assert_allclose(square @ square.T, np.eye(64), atol=1e-5)
    wide = np.concatenate([cells["keras"]["h" + gate]["kernel"] for gate in "ifgo"], 1)
    np.testing.assert_allclose(wide @ wide.T, np.eye(64), atol=1e-5)
    limit = np.sqrt(6 / (16 + 4 * 64))
    glorot = np.concatenate([cells["keras"]["i" + gate]["kernel"] for gate in "ifgo"], 1)
    assert 0.95 * limit < np.abs(glorot).max() <= limit


def test_reference_keeps_no_carry_but_the_last():
    """Finding each row's last carry takes memory that does not grow with the number of steps."""
    layer, variables = layer_and_weights("scan", features=32)

    def memory(time):
        inputs, lengths = jnp.zeros((8, time, 3)), jnp.full(8, time)
        last = jax.jit(lambda inputs: layer.apply(variables, inputs, lengths=lengths)[1])
        return last.lower(inputs).compile().memory_analysis().temp_size_in_bytes

    carries = 8 * 32 * 4 * (1024 - 128)  # bytes that every carry of the longer run would add
    inputs = 2 * 8 * 3 * 4 * (1024 - 128)  # bytes of the inputs, turned time-major
    assert memory(1024) - memory(128) < inputs + carries / 8


def test_shapes_that_do_not_fit_are_named():
    layer, variables = layer_and_weights()
    with pytest.raises(ValueError, match=r"lengths has shape \(3,\), .*\(2,\)"):
        layer.apply(variables, random(0, 2, 4, 3), lengths=np.array([1, 2, 3]))
