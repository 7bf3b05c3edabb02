"""Weights from and to Keras, against files that the real one wrote."""

import json
import types
import zipfile

import h5py
import jax
import numpy as np
import pytest

import lstmjax
from lstmjax import exchange
from lstmjax.exchange.keras import from_keras
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.generative import Generative
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional
from lstmjax.models.vanilla import Vanilla
from tests.exchange.random_models import SYMBOLS, VECTORS, random

LENGTHS = np.array([6, 4, 1])  # those of made_by_keras.py
CLOSE = dict(rtol=0, atol=1e-6)
FORMATS = ("keras", "weights.h5", "h5")
TEXT = Generative(outputs=7, embedding=3, features=(4, 5))
BOTH = StackedBidirectional(outputs=2, features=(4, 2))


def test_every_format_gives_what_keras_gives(keras_files):
    """Outputs and final states: an embedding and two layers, both directions over padded rows."""
    folder, known = keras_files
    found = [lstmjax.from_keras(folder / f"text.{end}", TEXT) for end in FORMATS]
    logits, carry = TEXT.apply({"params": found[0]}, known["text.inputs"])
    np.testing.assert_allclose(logits, known["text.0"], **CLOSE)
    np.testing.assert_allclose(carry[1][1], known["text.1"], **CLOSE)
    np.testing.assert_allclose(carry[1][0], known["text.2"], **CLOSE)
    for other in found[1:]:
        jax.tree.map(np.testing.assert_array_equal, other, found[0])

    found = [from_keras(folder / f"both.{end}", BOTH) for end in FORMATS]
    outputs, carry = BOTH.apply({"params": found[0]}, known["both.inputs"], lengths=LENGTHS)
    valid = np.arange(LENGTHS.max()) < LENGTHS[:, None]
    np.testing.assert_allclose(outputs[valid], known["both.0"][valid], **CLOSE)
    (forward_c, forward_h), (backward_c, backward_h) = carry[-1]
    states = (forward_h, forward_c, backward_h, backward_c)
    for i, state in enumerate(states, 1):
        np.testing.assert_allclose(state, known[f"both.{i}"], **CLOSE)
    for other in found[1:]:
        jax.tree.map(np.testing.assert_array_equal, other, found[0])


def test_without_a_model_the_layers_come(keras_files):
    folder, known = keras_files
    for end in FORMATS:
        params = from_keras(folder / f"vanilla.{end}")
        assert list(params) == ["LSTM_0"]
    model = Vanilla(outputs=3, features=4)  # the file's layer has no bias
    logits, _ = model.apply(
        {"params": from_keras(folder / "vanilla.keras", model)}, known["vanilla.inputs"]
    )
    np.testing.assert_allclose(logits, known["vanilla.0"], **CLOSE)
    both = from_keras(folder / "both.weights.h5")
    assert list(both) == ["forward_0", "backward_0", "forward_1", "backward_1"]


def refused(match, *arguments):
    with pytest.raises(lstmjax.UserError, match=match):
        from_keras(*arguments)


def test_what_computes_something_else_is_refused_by_name(keras_files, tmp_path):
    folder, _ = keras_files
    model = Vanilla(outputs=3, features=2)
    refused("gru.keras: gru is a GRU; lstmjax has LSTMs only", folder / "gru.keras")
    refused("gru.weights.h5: gru is a GRU", folder / "gru.weights.h5")
    refused("lstm_[0-9]* has activation relu; lstmjax's layer has tanh", folder / "relu.keras")
    refused("has recurrent_activation hard_sigmoid", folder / "hard.keras")
    refused("has go_backwards", folder / "turned.keras")
    refused("dense.* has activation relu; the model's dense", folder / "dense_relu.keras", model)
    assert from_keras(folder / "dense_relu.keras")["LSTM_0"]
    added = Bidirectional(outputs=3, features=2)
    refused("has merge_mode sum, the model has merge concat", folder / "added.keras", added)
    from_keras(folder / "added.keras", added.clone(merge="sum"))
    refused(r"\(layer_normalization\) is no LSTM", folder / "norm.keras", model)
    refused(
        "has 2 inputs, 4 units; Vanilla.LSTM_0 has 2 inputs, 3 units",
        folder / "vanilla.keras",
        Vanilla(outputs=3, features=3),
    )
    refused("no such file", tmp_path / "nowhere.keras")
    for damage in (b"not a file", (folder / "text.keras").read_bytes()[:3000]):
        (tmp_path / "damaged.keras").write_bytes(damage)
        refused("damaged.keras is no file of Keras' that can be read", tmp_path / "damaged.keras")


def test_weights_alone_do_not_say_how_directions_are_merged(keras_files, tmp_path):
    folder, _ = keras_files
    with zipfile.ZipFile(folder / "added.keras") as archive:
        weights = archive.extract("model.weights.h5", tmp_path)
    added = Bidirectional(outputs=3, features=2, merge="sum")
    whole = from_keras(folder / "added.keras", added)
    jax.tree.map(np.testing.assert_array_equal, from_keras(weights, added), whole)


def test_a_softmax_at_the_end_is_left_to_the_user(keras_files, tmp_path):
    folder, _ = keras_files
    with zipfile.ZipFile(folder / "vanilla.keras") as real:
        files = {name: real.read(name) for name in real.namelist()}
    config = json.loads(files["config.json"])
    assert config["config"]["layers"][-1]["config"]["activation"] == "linear"
    config["config"]["layers"][-1]["config"]["activation"] = "softmax"
    with zipfile.ZipFile(tmp_path / "softmax.keras", "w") as changed:
        for name, content in (files | {"config.json": json.dumps(config)}).items():
            changed.writestr(name, content)
    from_keras(tmp_path / "softmax.keras", Vanilla(outputs=3, features=4))


@pytest.mark.parametrize("name, model", [("text", TEXT), ("both", BOTH)])
def test_what_is_written_lies_where_keras_put_it(keras_files, name, model, tmp_path):
    """The same groups and arrays as in the file that the real Keras wrote of this model."""
    folder, _ = keras_files
    params = from_keras(folder / f"{name}.keras", model)
    source = types.SimpleNamespace(experiment=types.SimpleNamespace(model=model), params=params)
    exchange.export(source, tmp_path / "model.weights.h5")

    def arrays(path):
        found = {}
        with h5py.File(path) as file:
            file.visititems(
                lambda key, x: found.update({key: x[()]} if hasattr(x, "shape") else {})
            )
        # the real model has its dense layer inside a TimeDistributed
        found = {key.replace("time_distributed/layer", "dense"): x for key, x in found.items()}
        return {key: x for key, x in found.items() if "seed" not in key}

    ours, real = arrays(tmp_path / "model.weights.h5"), arrays(folder / f"{name}.weights.h5")
    assert ours.keys() == real.keys()
    for key, array in real.items():
        np.testing.assert_array_equal(ours[key], array)


@pytest.mark.parametrize(
    "model",
    [
        Stacked(outputs=2, features=(4, 4)),
        Bidirectional(outputs=2, features=4),
        Generative(outputs=5, features=(4,)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_there_and_back(model, tmp_path):
    _, params = random(model, SYMBOLS if isinstance(model, Generative) else VECTORS)
    source = types.SimpleNamespace(experiment=types.SimpleNamespace(model=model), params=params)
    exchange.export(source, tmp_path / "model.weights.h5")
    back = from_keras(tmp_path / "model.weights.h5", model)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-6), back, params)


def test_a_backward_layer_alone_is_not_written(tmp_path):
    model, params = random(Bidirectional(features=2, direction="backward"), VECTORS)
    source = types.SimpleNamespace(experiment=types.SimpleNamespace(model=model), params=params)
    with pytest.raises(lstmjax.UserError, match="reads backward alone"):
        exchange.export(source, tmp_path / "model.weights.h5")
