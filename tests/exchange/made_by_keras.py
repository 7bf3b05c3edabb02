"""Writes made_by_keras.zip with the real Keras: models, and what they make of some inputs.

KERAS_BACKEND=torch python tests/exchange/made_by_keras.py, in an environment with keras (3.15).
"""

import pathlib
import tempfile
import zipfile

import keras
import numpy as np
from keras import layers

ARCHIVE = pathlib.Path(__file__).with_suffix(".zip")
LENGTHS = np.array([6, 4, 1])


def masked(rng, width):
    """Inputs (3, 6, width), zero from each row's end on, and which steps count."""
    valid = np.arange(LENGTHS.max()) < LENGTHS[:, None]
    return rng.normal(size=(3, LENGTHS.max(), width)).astype("f") * valid[..., None], valid


def stacked():
    """Two layers of unequal width, read at the last step; every weight drawn at random."""
    hidden = symbols = keras.Input((None,), dtype="int32")
    hidden = layers.Embedding(7, 3, name="vectors")(hidden)
    hidden, *_ = layers.LSTM(4, return_sequences=True, return_state=True, name="low")(hidden)
    hidden, h, c = layers.LSTM(5, return_sequences=True, return_state=True, dropout=0.1)(hidden)
    return keras.Model(symbols, [layers.Dense(7, name="scores")(hidden), h, c])


def both():
    """Two layers in both directions, over rows of unequal length."""
    inputs, mask = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    hidden = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(inputs, mask=mask)
    last = layers.LSTM(2, return_sequences=True, return_state=True)
    hidden, *states = layers.Bidirectional(last)(hidden, mask=mask)
    return keras.Model([inputs, mask], [layers.TimeDistributed(layers.Dense(2))(hidden), *states])


def single(layer, dense="softmax"):
    return keras.Sequential([keras.Input((None, 2)), layer, layers.Dense(3, activation=dense)])


def write(here):
    """Every file into a folder."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    known = {}

    def redraw(model):
        model.set_weights([rng.normal(size=w.shape) / 2 for w in model.get_weights()])
        return model

    def note(name, inputs, model, *further):
        known[f"{name}.inputs"] = inputs
        outputs = model([inputs, *further] if further else inputs)
        for i, output in enumerate(outputs if isinstance(outputs, (list, tuple)) else [outputs]):
            known[f"{name}.{i}"] = keras.ops.convert_to_numpy(output)

    text, symbols = redraw(stacked()), rng.integers(0, 7, (2, 6))
    note("text", symbols, text)
    inputs, valid = masked(rng, 3)
    tagger = redraw(both())
    note("both", inputs, tagger, valid)
    vanilla = redraw(single(layers.LSTM(4, use_bias=False), dense="linear"))
    note("vanilla", rng.normal(size=(2, 5, 2)).astype("f"), vanilla)
    for name, model in (("text", text), ("both", tagger), ("vanilla", vanilla)):
        model.save(here / f"{name}.keras")
        model.save_weights(here / f"{name}.weights.h5")
        model.save(here / f"{name}.h5")
    refused = {
        "gru": single(layers.GRU(2)),
        "relu": single(layers.LSTM(2, activation="relu")),
        "hard": single(layers.LSTM(2, recurrent_activation="hard_sigmoid")),
        "turned": single(layers.LSTM(2, go_backwards=True)),
        "dense_relu": single(layers.LSTM(2), dense="relu"),
        "added": single(layers.Bidirectional(layers.LSTM(2), merge_mode="sum")),
        "norm": keras.Sequential([single(layers.LSTM(2)), layers.LayerNormalization()]),
    }
    for name, model in refused.items():
        model.save(here / f"{name}.keras")
    refused["gru"].save_weights(here / "gru.weights.h5")
    np.savez_compressed(here / "known.npz", **known)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write(pathlib.Path(folder))
        with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for file in sorted(pathlib.Path(folder).iterdir()):
                archive.write(file, file.name)
