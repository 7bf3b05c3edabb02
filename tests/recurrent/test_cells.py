"""Every cell against its equations in NumPy and float64: lengths, resets, reverse, carry."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.tagger import Tagger
from lstmjax.models.vanilla import Vanilla
from lstmjax.recurrent import LSTM
from lstmjax.recurrent.cells import Greff, LayerNorm, Original, Standard
from lstmjax.recurrent.cells.greff import Variant
from lstmjax.recurrent.scan import scan_lstm
from lstmjax.recurrent.stepwise import run_cell
from tests.recurrent.oracle import sigmoid

VARIANTS = Variant.__args__
CELLS = [LayerNorm(), *(Greff(variant=name) for name in VARIANTS), Original(block=2), Original()]
cells = pytest.mark.parametrize("cell", [Standard(), *CELLS], ids=repr)
DOUBLE = dict(dtype="float64", param_dtype="float64")
FEATURES, WIDTH = 4, 3


def standard(w, x, c, h):
    a = {
        g: x @ w["i" + g]["kernel"] + h @ w["h" + g]["kernel"] + w["h" + g]["bias"] for g in "ifgo"
    }
    c = sigmoid(a["f"]) * c + sigmoid(a["i"]) * np.tanh(a["g"])
    return c, sigmoid(a["o"]) * np.tanh(c)


def layer_norm(w, x, c, h):
    """Ba et al. (2016), equations 20 to 22: the four gates are normalized together."""

    def norm(v):
        return (v - v.mean()) / np.sqrt(v.var() + 1e-5)

    inputs = np.concatenate([x @ w["i" + g]["kernel"] for g in "ifgo"])
    hidden = np.concatenate([h @ w["h" + g]["kernel"] for g in "ifgo"])
    bias = np.concatenate([w["h" + g]["bias"] for g in "ifgo"])
    together = w["norm_recurrent"]["scale"] * norm(hidden) + w["norm_inputs"]["scale"] * norm(
        inputs
    )
    i, f, g, o = np.split(together + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return c, sigmoid(o) * np.tanh(norm(c) * w["norm_cell"]["scale"] + w["norm_cell"]["bias"])


def greff(variant):
    """Greff et al. (2015), section 2 and appendix A, in the paper's names."""

    def step(w, x, c, y, *before):
        def a(g):
            total = x @ w["i" + g]["kernel"] + y @ w["h" + g]["kernel"] + w["h" + g]["bias"]
            if before and g != "g":
                n, place = len(y), "ifo".index(g)
                for source, gate in enumerate(before):
                    block = w["gates"]["kernel"][source * n : (source + 1) * n]
                    total = total + gate @ block[:, place * n : (place + 1) * n]
            return total

        z = a("g") if variant == "no_input_activation" else np.tanh(a("g"))
        one = np.ones_like(c)
        i = one if variant == "no_input_gate" else sigmoid(a("i") + w["peephole"]["i"] * c)
        if variant == "coupled_gates":
            f = 1 - i
        else:
            f = one if variant == "no_forget_gate" else sigmoid(a("f") + w["peephole"]["f"] * c)
        c = z * i + c * f
        o = one if variant == "no_output_gate" else sigmoid(a("o") + w["peephole"]["o"] * c)
        y = (c if variant == "no_output_activation" else np.tanh(c)) * o
        return (c, y, i, f, o) if before else (c, y)

    return step


def original(block):
    """Hochreiter & Schmidhuber (1997), block by block and cell by cell."""

    def step(w, x, s, y, i, o):
        seen = np.concatenate([y, i[::block], o[::block]])
        new_s, new_y, new_i, new_o = (np.zeros_like(s) for _ in range(4))
        for j in range(len(s) // block):

            def gate(name, j=j):
                net = x @ w["i" + name]["kernel"][:, j] + seen @ w["h" + name]["kernel"][:, j]
                return sigmoid(net + w["h" + name]["bias"][j])

            for cell in range(j * block, (j + 1) * block):
                net = x @ w["ig"]["kernel"][:, cell] + seen @ w["hg"]["kernel"][:, cell]
                squashed = 4 / (1 + np.exp(-net - w["hg"]["bias"][cell])) - 2
                new_s[cell] = s[cell] + gate("i") * squashed
                new_y[cell] = gate("o") * (2 / (1 + np.exp(-new_s[cell])) - 1)
                new_i[cell], new_o[cell] = gate("i"), gate("o")
        return new_s, new_y, new_i, new_o

    return step


def oracle_of(cell):
    if isinstance(cell, Greff):
        return greff(cell.variant)
    if isinstance(cell, Original):
        return original(cell.block)
    return layer_norm if isinstance(cell, LayerNorm) else standard


def alone(step, weights, inputs, carry, resets):
    """One row in the order of its inputs: outputs (time, features), last carry."""
    outputs = []
    for x, reset in zip(inputs, resets, strict=True):
        carry = tuple(np.zeros_like(part) for part in carry) if reset else carry
        carry = step(weights, x, *carry)
        outputs.append(carry[1])
    return np.array(outputs).reshape(len(inputs), FEATURES), carry


def random_weights(cell, seed=0):
    """What the cell draws, moved away from zeros and ones."""
    drawn = cell.weights(jax.random.key(seed), "flax", WIDTH, FEATURES, 10, jnp.result_type(float))
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: np.asarray(leaf + rng.normal(size=leaf.shape) / 2), drawn)


@cells
@pytest.mark.parametrize("reverse", [False, True])
def test_equals_numpy_in_float64(cell, reverse):
    """Every row, at its valid steps and in its carry, is what the row alone gives in NumPy."""
    rows, time, step = 4, 6, oracle_of(cell)
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        weights = random_weights(cell)
        # by the cell's own equations, for the standard cell too
        layer = LSTM(FEATURES, reverse=reverse, cell=cell, **DOUBLE)
        apply = jax.jit(layer.apply)
        for lengths in (np.array([6, 3, 0, 1]), rng.integers(0, time + 1, rows)):
            inputs = rng.normal(size=(rows, time, WIDTH))
            inputs[np.arange(time) >= lengths[:, None]] = np.nan
            resets = rng.random((rows, time)) < 0.3
            carry = tuple(rng.normal(size=(rows, FEATURES)) for _ in range(cell.parts))
            outputs, last = apply(
                {"params": {"cell": weights}}, inputs, carry=carry, lengths=lengths, resets=resets
            )
            assert np.isfinite(outputs).all()
            for row, length in enumerate(lengths):
                read, starts = inputs[row, :length], resets[row, :length]
                if reverse:  # a sequence's last step, read first, is the one before a next start
                    read, starts = read[::-1], np.append(starts[1:], False)[:length][::-1]
                first = tuple(part[row] for part in carry)
                expected, end = alone(step, weights, read, first, starts)
                expected = expected[::-1] if reverse else expected
                chex.assert_trees_all_close(np.asarray(outputs[row, :length]), expected, atol=1e-12)
                chex.assert_trees_all_close(tuple(part[row] for part in last), end, atol=1e-12)
                assert not np.any(outputs[row, length:])


def test_the_standard_equations_are_those_of_the_reference_kernel():
    with jax.enable_x64(True):
        weights, rng = random_weights(Standard()), np.random.default_rng(0)
        inputs = rng.normal(size=(3, 5, WIDTH))
        carry = tuple(rng.normal(size=(3, FEATURES)) for _ in range(2))
        masks = dict(valid=rng.random((3, 5)) < 0.7, resets=rng.random((3, 5)) < 0.4)
        masks = jax.tree.map(jnp.asarray, masks)
        actual = run_cell(Standard(), weights, inputs, carry, **masks)
        expected = scan_lstm(weights, inputs, carry, **masks)
        chex.assert_trees_all_close(actual, expected, atol=1e-13)


@cells
def test_gradients_are_those_of_finite_differences(cell):
    """All but those that the cell of 1997 cuts."""
    if isinstance(cell, Original):
        cell = Original(block=cell.block, truncated=False)
    with jax.enable_x64(True):
        weights, rng = random_weights(cell), np.random.default_rng(2)
        inputs = jnp.asarray(rng.normal(size=(2, 4, WIDTH)))
        carry = (jnp.zeros((2, FEATURES)),) * cell.parts

        def loss(weights):
            return jnp.sum(run_cell(cell, weights, inputs, carry)[0] ** 2)

        way = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), weights)
        slope = sum(jax.tree.leaves(jax.tree.map(jnp.vdot, jax.grad(loss)(weights), way)))
        ends = (
            loss(jax.tree.map(lambda w, d, s=side: w + s * 1e-5 * d, weights, way))
            for side in (1, -1)
        )
        np.testing.assert_allclose(slope, (next(ends) - next(ends)) / 2e-5, rtol=1e-6)


def test_truncated_errors_pass_through_the_cell_alone():
    """dc_T / dc_0 is exactly one, and no error reaches the gates by way of outputs."""
    cell = Original(block=2)
    weights, inputs = (
        random_weights(cell),
        jnp.asarray(np.random.default_rng(3).normal(size=(1, 5, 3))),
    )
    start = jnp.zeros((1, FEATURES))

    def last_cell(c, y):
        _, after = run_cell(cell, weights, inputs, (c, y, start, start))
        return after[0].sum()

    by_c, by_y = jax.grad(last_cell, (0, 1))(start, start)
    np.testing.assert_allclose(by_c, 1, atol=1e-6)
    assert not np.any(by_y)


def test_sizes_are_those_of_the_papers():
    """Greff et al. (2015), section 3: peepholes are three vectors, a gate a fourth of the rest."""

    def size(cell):
        return sum(leaf.size for leaf in jax.tree.leaves(random_weights(cell)))

    gate, vector = FEATURES * (WIDTH + FEATURES + 1), FEATURES
    assert size(Standard()) == 4 * gate
    assert size(Greff()) == 4 * gate + 3 * vector
    assert size(Greff(variant="coupled_gates")) == 3 * gate + 2 * vector
    assert size(Greff(variant="full_gate_recurrence")) == 4 * gate + 3 * vector + 9 * FEATURES**2
    assert size(LayerNorm()) == 4 * gate + 10 * FEATURES
    blocks = FEATURES // 2  # two gates a block, and cells; each sees inputs, cells, gates and a one
    assert size(Original(block=2)) == (2 * blocks + FEATURES) * (WIDTH + FEATURES + 2 * blocks + 1)


@pytest.mark.parametrize("resets", [False, True])
def test_a_trainable_carry_starts_every_sequence(resets):
    """It is as if that carry had been given, and after a reset it stands there again."""
    rng = np.random.default_rng(0)
    layer = LSTM(FEATURES, trainable_carry=True)
    inputs = rng.normal(size=(2, 5, WIDTH)).astype(np.float32)
    variables = layer.init(jax.random.key(0), inputs)
    start = [rng.normal(size=FEATURES).astype(np.float32) for _ in range(2)]
    params = variables["params"] | dict(zip(("initial_c", "initial_h"), start, strict=True))
    plain = LSTM(FEATURES)

    def expected(inputs):
        carry = tuple(np.broadcast_to(part, (2, FEATURES)) for part in start)
        return plain.apply({"params": {"cell": params["cell"]}}, inputs, carry=carry)

    if not resets:
        chex.assert_trees_all_close(
            layer.apply({"params": params}, inputs), expected(inputs), atol=1e-6
        )
        return
    mark = np.arange(5) == np.full((2, 1), 3)
    outputs, _ = layer.apply({"params": params}, inputs, resets=mark)
    chex.assert_trees_all_close(outputs[:, :3], expected(inputs[:, :3])[0], atol=1e-6)
    chex.assert_trees_all_close(outputs[:, 3:], expected(inputs[:, 3:])[0], atol=1e-6)


def test_models_read_more_parts_than_two():
    cell = Greff(variant="full_gate_recurrence")
    inputs = jnp.ones((2, 4, 3))
    for model in (Vanilla(features=4, cell=cell), Bidirectional(features=4, cell=cell)):
        outputs, carry = model.init_with_output(jax.random.key(0), inputs)[0]
        assert len(jax.tree.leaves(carry)) % 5 == 0 and np.isfinite(outputs).all()
    words = jnp.ones((2, 4), int), jnp.ones((2, 4, 3), int), jnp.full((2, 4), 3)
    tagger = Tagger(words=9, characters=9, features=(4,), spelling_features=3, cell=cell)
    assert tagger.init_with_output(jax.random.key(0), words)[0][0].shape == (2, 4, 1)


def test_contradictory_settings_are_told():
    def build(cell, kernel="auto"):
        return LSTM(5, cell=cell, kernel=kernel).init(jax.random.key(0), jnp.zeros((1, 2, 3)))

    with pytest.raises(UserError, match="block 2 does not divide the 5"):
        build(Original(block=2))
    with pytest.raises(UserError, match="input_biases has 6 values for 5 blocks"):
        build(Original(input_biases=(1.0,) * 6))
    with pytest.raises(UserError, match="kernel fused cannot compute the cell LayerNorm"):
        build(LayerNorm(), kernel="fused")
