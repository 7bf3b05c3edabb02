"""Regularization against NumPy, with the masks that the functions drew, and by its properties."""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.stacked import Stacked
from lstmjax.recurrent import LSTM, by_steps, choose_kernel
from lstmjax.recurrent.cells import Standard
from lstmjax.recurrent.regularization import Regularization, drop_symbols, drop_weights, zoneout
from lstmjax.recurrent.stepwise import run_cell
from tests import tiny
from tests.recurrent import oracle
from tests.tiny import run

FLOAT32 = dict(atol=1e-5, rtol=1e-4)
KEY = jax.random.key(3)


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def layer_and_weights(features=6, width=3, **settings):
    layer = LSTM(features, regularization=Regularization(**settings))
    return layer, layer.init(jax.random.key(0), jnp.zeros((1, 1, width)))


def test_weight_drop_masks_the_recurrent_kernels_alone():
    _, variables = layer_and_weights(features=40)
    weights = variables["params"]["cell"]
    dropped = drop_weights(KEY, weights, 0.25)
    shares = []
    for name, part in dropped.items():
        if name.startswith("i"):
            chex.assert_trees_all_equal(part, weights[name])
            continue
        chex.assert_trees_all_equal(part["bias"], weights[name]["bias"])
        ratio = np.asarray(part["kernel"] / weights[name]["kernel"])
        gone = np.isclose(ratio, 0)
        np.testing.assert_allclose(ratio[~gone], 1 / 0.75, rtol=1e-5)
        shares.append(gone)
    assert abs(np.mean(shares) - 0.25) < 0.03  # 6,400 draws: deviation .0054
    assert (shares[0] != shares[1]).any()  # each kernel has a mask of its own


def test_weight_drop_runs_on_the_fused_kernel_with_the_masked_weights():
    layer, variables = layer_and_weights(weight_drop=0.5)
    weights, inputs = variables["params"]["cell"], random(0, 2, 5, 3)
    outputs, _ = layer.apply(variables, inputs, train=True, rngs={"dropout": KEY})
    # the layer's key is linen's to derive: one that a module of the same name would be given
    key = layer.apply(variables, rngs={"dropout": KEY}, method=lambda m: m.make_rng("dropout"))
    masked = jax.tree.map(np.asarray, drop_weights(key, weights, 0.5))
    for row in range(2):
        expected = oracle.lstm(masked, inputs[row], np.zeros(6), np.zeros(6))[0]
        chex.assert_trees_all_close(outputs[row], expected.astype(np.float32), **FLOAT32)
    assert by_steps(layer.cell, layer.regularization) == ""


def one_row(weights, inputs, first, hidden=1.0, update=None, cell_rate=0.0, hidden_rate=0.0):
    """One row of the standard cell with masks, or averaged zoneout: outputs (time, features)."""
    c, h, outputs = first, first, []
    for t, x in enumerate(inputs):
        i, f, g, o = (
            x @ weights["i" + gate]["kernel"]
            + (h * hidden) @ weights["h" + gate]["kernel"]
            + weights["h" + gate]["bias"]
            for gate in "ifgo"
        )
        kept = 1.0 if update is None else update[t]
        new = oracle.sigmoid(f) * c + oracle.sigmoid(i) * np.tanh(g) * kept
        shown = oracle.sigmoid(o) * np.tanh(new)
        c = cell_rate * c + (1 - cell_rate) * new
        h = hidden_rate * h + (1 - hidden_rate) * shown
        outputs.append(h)
    return np.array(outputs, np.float32)


def test_without_training_zoneout_is_its_average_and_the_rest_does_nothing():
    settings = dict(recurrent_dropout=0.5, zoneout_cell=0.3, zoneout_hidden=0.1)
    layer, variables = layer_and_weights(**settings)
    weights, inputs = jax.tree.map(np.asarray, variables["params"]["cell"]), random(0, 2, 5, 3)
    outputs, _ = layer.apply(variables, inputs)
    for row in range(2):
        expected = one_row(weights, inputs[row], np.zeros(6), cell_rate=0.3, hidden_rate=0.1)
        chex.assert_trees_all_close(outputs[row], expected, **FLOAT32)


class Shown(Standard):
    """The standard cell, which keeps the masks that it is given and the hidden state it reads."""

    def step(self, packed, carry, read, kept):
        self.seen.append((carry[1], kept))
        return super().step(packed, carry, read, kept)


@pytest.mark.parametrize("form", ["hidden", "update"])
def test_recurrent_dropout_is_one_mask_a_sequence_or_one_a_step(form):
    """Step by step without a compiled loop, so that the masks can be looked at."""
    _, variables = layer_and_weights(features=50)
    cell = Shown()
    object.__setattr__(cell, "seen", [])
    weights, inputs = variables["params"]["cell"], jnp.asarray(random(0, 3, 4, 3))
    settings = Regularization(recurrent_dropout=0.4, recurrent_form=form)
    carry = (jnp.ones((3, 50)),) * 2
    with jax.disable_jit():
        outputs, _ = run_cell(cell, weights, inputs, carry, regularization=settings, key=KEY)
    before = np.concatenate([np.ones((1, 3, 50)), np.moveaxis(outputs, 1, 0)])[:-1]
    if form == "hidden":
        masks = np.stack([np.asarray(hidden) for hidden, _ in cell.seen]) / before
        np.testing.assert_allclose(masks, np.broadcast_to(masks[0], masks.shape), rtol=1e-4)
    else:
        masks = np.stack([np.asarray(mask) for _, mask in cell.seen])
        assert all((masks[t] != masks[0]).any() for t in (1, 2, 3))
    assert (masks[:, 0] != masks[:, 1]).any()  # rows have masks of their own
    gone = masks == 0
    np.testing.assert_allclose(masks[~gone], 1 / 0.6, rtol=1e-4)
    assert abs(gone.mean() - 0.4) < 0.15
    plain = jax.tree.map(np.asarray, weights)
    for row in range(3):
        drawn = {"hidden": masks[0, row]} if form == "hidden" else {"update": masks[:, row]}
        expected = one_row(plain, np.asarray(inputs)[row], np.ones(50), **drawn)
        chex.assert_trees_all_close(outputs[row], expected, **FLOAT32)


def test_zoneout_keeps_a_share_and_averages_without_a_key():
    new, old = jnp.ones(10_000), jnp.zeros(10_000)
    drawn = np.asarray(zoneout(KEY, 0.2, new, old))
    assert set(np.unique(drawn)) == {0, 1} and abs(drawn.mean() - 0.8) < 0.02
    np.testing.assert_allclose(zoneout(None, 0.2, new, old), 0.8)
    assert zoneout(KEY, 0.0, new, old) is new


def test_zoneout_of_everything_nearly_stands_still():
    """A unit that is zoned out has exactly its value of the step before."""
    layer, variables = layer_and_weights(features=200, zoneout_hidden=0.5)
    inputs = random(0, 1, 6, 3)
    outputs, _ = layer.apply(variables, inputs, train=True, rngs={"dropout": KEY})
    same = np.asarray(outputs[0, 1:] == outputs[0, :-1])
    assert abs(same.mean() - 0.5) < 0.08  # 1,000 draws: deviation .016


def test_embedding_dropout_drops_a_symbol_wherever_it_is():
    symbols = jnp.asarray(np.random.default_rng(0).integers(0, 30, (8, 50)))
    vectors = jnp.ones((8, 50, 4))
    dropped = np.asarray(drop_symbols(KEY, symbols, vectors, 30, 0.3))
    by_symbol = [np.unique(dropped[np.asarray(symbols) == symbol]) for symbol in range(30)]
    assert all(len(values) == 1 for values in by_symbol)
    values = np.concatenate(by_symbol)
    assert set(np.round(values, 5)) == {0, np.round(np.float32(1 / 0.7), 5)}


def test_locked_dropout_has_one_mask_for_all_steps():
    model = Stacked(features=(4, 4), dropout=0.5, input_dropout=0.5, every_step=True)
    model = model.clone(regularization=Regularization(locked=True))
    inputs = jnp.ones((3, 7, 20))
    variables = model.init(jax.random.key(0), inputs)
    _, seen = model.apply(
        variables,
        inputs,
        train=True,
        rngs={"dropout": KEY},
        capture_intermediates=lambda module, _: "Dropout" in type(module).__name__,
    )
    read = np.asarray(seen["intermediates"]["Dropout_0"]["__call__"][0])
    assert (read == read[:, :1]).all() and set(np.unique(read)) == {0, 2}
    assert (read[0] != read[1]).any()


def test_off_is_off_and_training_without_it_draws_nothing():
    """The same bits, without any random numbers at hand."""
    inputs = random(0, 2, 5, 3)
    layer, variables = layer_and_weights()
    chex.assert_trees_all_equal(
        layer.apply(variables, inputs, train=True), layer.apply(variables, inputs)
    )
    locked = layer.clone(regularization=Regularization(locked=True, weight_drop=0.5))
    chex.assert_trees_all_equal(locked.apply(variables, inputs), layer.apply(variables, inputs))


def test_padding_changes_no_mask():
    """Longer padding gives a row the same outputs: what is drawn for a step is by its place."""
    layer, variables = layer_and_weights(recurrent_dropout=0.3, zoneout_cell=0.2)
    inputs, lengths = random(0, 2, 9, 3), np.array([4, 5])
    apply = dict(train=True, rngs={"dropout": KEY})
    long, last = layer.apply(variables, inputs, lengths=lengths, **apply)
    short, end = layer.apply(variables, inputs[:, :5], lengths=lengths, **apply)
    chex.assert_trees_all_close((long[:, :5], last), (short, end), **FLOAT32)
    assert not np.any(long[:, 5:])


def test_auto_takes_what_a_kernel_cannot_do_to_one_that_can():
    for settings, name in [
        (dict(weight_drop=0.5, locked=True), "fused"),
        (dict(zoneout_cell=0.1), "scan"),
        (dict(recurrent_dropout=0.1), "scan"),
    ]:
        reasons = by_steps(Standard(), Regularization(**settings))
        assert choose_kernel("auto", reasons) == name
    layer = LSTM(4, kernel="fused", regularization=Regularization(zoneout_cell=0.1))
    with pytest.raises(UserError, match="kernel fused cannot compute .*zoneout"):
        layer.init(jax.random.key(0), jnp.zeros((1, 2, 3)))


def test_seeds_side_by_side_draw_as_each_alone(tmp_path):
    experiment = tiny.text(tmp_path, model=tiny.regularized(), steps=6, evaluate_every=3)
    both = run(dataclasses.replace(experiment, seeds=2), tmp_path / "both")
    each = [
        run(dataclasses.replace(experiment, seed=seed), tmp_path / f"{seed}")["test"]["nats"][
            "mean"
        ]
        for seed in (0, 1)
    ]
    np.testing.assert_allclose(both["test"]["nats"]["each"], each, rtol=1e-4)
    assert both["kernel"].startswith("scan, for recurrent dropout or zoneout")
