"""RTNeural's JSON, read again as its C++ parser reads it."""

import json
import types

import numpy as np
import pytest

import lstmjax
from lstmjax import exchange
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional
from lstmjax.models.vanilla import Vanilla
from lstmjax.recurrent.regularization import Regularization
from lstmjax.tasks.generated.echo import Echo
from tests.exchange.random_models import random


def source_of(model):
    model, params = random(model, np.zeros((1, 1, 1)))
    experiment = types.SimpleNamespace(model=model, task=Echo())
    return types.SimpleNamespace(experiment=experiment, params=params)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def run(description, inputs):
    """RTNeural's layers, sample by sample: gates i f c o in each weight's columns."""
    assert description["in_shape"] == [None, None, inputs.shape[-1]]
    for layer in description["layers"]:
        weights = [np.array(array) for array in layer["weights"]]
        width = layer["shape"][-1]
        if layer["type"] == "dense":
            assert layer["activation"] == "" and weights[0].shape[1] == width
            inputs = inputs @ weights[0] + weights[1]
            continue
        kernel, recurrent, bias = weights
        h = c = np.zeros(width)
        outputs = []
        for x in inputs:
            z = x @ kernel + h @ recurrent + bias
            i, f, g, o = z[:width], z[width : 2 * width], z[2 * width : 3 * width], z[3 * width :]
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            outputs.append(h)
        inputs = np.array(outputs)
    return inputs


@pytest.mark.parametrize(
    "model",
    [
        Vanilla(outputs=1, features=8, every_step=True),
        Stacked(outputs=2, features=(4, 3), every_step=True),
    ],
    ids=lambda model: type(model).__name__,
)
def test_an_amplifier_sounds_the_same(model, tmp_path):
    source = source_of(model)
    exchange.export(source, tmp_path / "amplifier.json")
    signal = np.random.default_rng(0).normal(size=(30, 1))
    found = run(json.loads((tmp_path / "amplifier.json").read_text()), signal)
    ours, _ = model.apply({"params": source.params}, signal[None])
    np.testing.assert_allclose(ours[0], found, rtol=0, atol=1e-6)


def test_a_regressor_reads_and_says_what_was_measured(tmp_path):
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(12, 7, 2)) * [30, 0.1] + [100, -5]
    measured = 20 * rng.normal(size=(12, 7, 1)) - 300
    regressor = lstmjax.Regressor(features=4, steps=2).fit(signal, measured)
    regressor.run_.export(tmp_path / "amplifier.json")
    said = run(json.loads((tmp_path / "amplifier.json").read_text()), signal[0])
    np.testing.assert_allclose(said, regressor.predict(signal[:1])[0], rtol=1e-4)


class Doubled(Vanilla):
    def __call__(self, inputs, **settings):
        return super().__call__(2 * inputs, **settings)


def test_other_models_are_refused(tmp_path):
    zoneout = Regularization(zoneout_hidden=0.1)  # it changes predictions, too
    for model, told in (
        (StackedBidirectional(features=(2,)), "not StackedBidirectional"),
        (Doubled(features=2), "not Doubled"),
        (Vanilla(regularization=zoneout), "zoneout"),
    ):
        with pytest.raises(lstmjax.UserError, match=told):
            exchange.export(source_of(model), tmp_path / "x.json")
        assert not (tmp_path / "x.json").exists()
