"""Weights from and to PyTorch, against files that the real one wrote."""

import pickletools
import types
import zipfile

import flax.linen as nn
import jax
import numpy as np
import pytest
import safetensors.numpy

import lstmjax
from lstmjax import exchange
from lstmjax.exchange import pt_file
from lstmjax.exchange.pytorch import from_torch, to_torch
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.captioner import Captioner
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.models.encoder_decoder import EncoderDecoder, RepeatVector
from lstmjax.models.generative import Generative
from lstmjax.models.residual import Residual
from lstmjax.models.segments import Segments
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional
from lstmjax.models.tagger import Tagger
from lstmjax.models.vanilla import Vanilla
from lstmjax.recurrent.regularization import Regularization
from tests.exchange.random_models import SYMBOLS, VECTORS, random
from tests.recurrent import oracle

LENGTHS = np.array([7, 4, 1])  # those of made_by_torch.py
CLOSE = dict(rtol=0, atol=1e-6)  # float32, numbers below 1


def run_layers(params, features, inputs, lengths=None, **settings):
    """Layer on layer: outputs, and (h, c) as PyTorch stacks them."""
    both, hs, cs = "forward_0" in params, [], []
    for level in range(len(params) // (1 + both)):
        names = [f"forward_{level}", f"backward_{level}"] if both else [f"LSTM_{level}"]
        outputs = []
        for name in names:
            layer = lstmjax.LSTM(features, reverse=name.startswith("backward"), **settings)
            read, (c, h) = layer.apply({"params": params[name]}, inputs, lengths=lengths)
            outputs.append(read)
            hs.append(h)
            cs.append(c)
        inputs = np.concatenate(outputs, -1)
    return inputs, np.stack(hs), np.stack(cs)


@pytest.mark.parametrize("name, features", [("one", 5), ("two_both", 3), ("three", 4)])
def test_layers_give_what_pytorch_gives(torch_files, name, features):
    folder, known = torch_files
    params = from_torch(folder / f"{name}.pt")
    found = run_layers(params, features, known[f"{name}.inputs"], LENGTHS)
    for key, array in zip(("outputs", "h", "c"), found, strict=True):
        np.testing.assert_allclose(array, known[f"{name}.{key}"], **CLOSE)


def test_a_projection_gives_what_pytorch_gives(torch_files):
    """Two layers, both directions, h narrower than c; and the same arrays on the way out."""
    folder, known = torch_files
    params = from_torch(folder / "projected.pt")
    found = run_layers(params, 5, known["projected.inputs"], LENGTHS, projection=2)
    for key, array in zip(("outputs", "h", "c"), found, strict=True):
        np.testing.assert_allclose(array, known[f"projected.{key}"], **CLOSE)

    class Projected(StackedBidirectional):
        def lstm(self, features, **settings):
            return super().lstm(features, projection=2, **settings)

    model = Projected(outputs=1, features=(5, 5))
    dense = {"Dense_0": {"kernel": np.ones((4, 1), np.float32), "bias": np.ones(1, np.float32)}}
    back = to_torch(model, params | dense)
    real = pt_file.read(folder / "projected.pt")
    for name in (name for name in real if name.startswith("weight")):
        np.testing.assert_array_equal(back[f"lstm.{name}"], real[name])
    again = from_torch(back, model=model)
    jax.tree.map(np.testing.assert_array_equal, again, params | dense)


def test_a_cell_without_bias_and_half_precision(torch_files):
    folder, known = torch_files
    params = from_torch(folder / "cell.pt")
    outputs, h, c = run_layers(params, 4, known["cell.inputs"])
    np.testing.assert_allclose(outputs, known["cell.outputs"], **CLOSE)
    np.testing.assert_allclose(c[0], known["cell.c"], **CLOSE)
    half = from_torch(folder / "half.pt")
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=2**-8), half, params)


def test_a_text_model_inside_a_checkpoint(torch_files):
    folder, known = torch_files
    model = Generative(outputs=7, embedding=4, features=(6, 6))
    params = lstmjax.from_torch(folder / "text.pt", prefix="model", model=model)
    logits, carry = model.apply({"params": params}, known["text.inputs"])
    np.testing.assert_allclose(logits, known["text.outputs"], **CLOSE)
    for part, key in ((1, "h"), (0, "c")):
        stacked = np.stack([layer[part] for layer in carry])
        np.testing.assert_allclose(stacked, known[f"text.{key}"], **CLOSE)
    layers = from_torch(folder / "text.pt", prefix="model.rnn")
    assert list(layers) == ["LSTM_0", "LSTM_1"]


def test_safetensors_and_a_dictionary(torch_files):
    folder, known = torch_files
    model = StackedBidirectional(outputs=2, features=(4, 4))
    path = folder / "classifier.safetensors"
    params = from_torch(path, model=model)
    logits, _ = model.apply({"params": params}, known["classifier.inputs"])
    np.testing.assert_allclose(logits, known["classifier.outputs"], **CLOSE)
    same = from_torch(safetensors.numpy.load_file(path), model=model)
    jax.tree.map(np.testing.assert_array_equal, same, params)


def refused(match, *arguments, **settings):
    with pytest.raises(lstmjax.UserError, match=match):
        from_torch(*arguments, **settings)


class Scaled(Vanilla):
    @nn.compact
    def __call__(self, inputs, **settings):
        scale = self.param("scale", nn.initializers.ones, (1,))
        return super().__call__(scale * inputs, **settings)


def test_what_is_no_lstm_of_ours_is_refused_by_name(torch_files, tmp_path):
    folder, _ = torch_files
    refused("lstm layer 0 is an nn.GRU", folder / "gru.pt")
    refused("module.pt holds a torch.nn.modules.rnn.LSTM, which is no tensor", folder / "module.pt")
    refused("old.pt is no zip, so PyTorch 1.6 or later did not", folder / "old.pt")
    refused("nowhere.pt: no such file", tmp_path / "nowhere.pt")
    refused("nowhere.safetensors: no such file", tmp_path / "nowhere.safetensors")
    refused("has no LSTM below encoder; it has weight_ih_l0", folder / "one.pt", prefix="encoder")
    text = folder / "text.pt"
    wrong = Generative(outputs=7, embedding=4, features=(6, 9))
    refused("rnn layer 1 has 6 inputs, 6 units; Generative.layers_1 has", text, "model", wrong)
    few = Generative(outputs=7, embedding=4, features=(6,))
    refused(
        r"has 2 LSTMs \(rnn layer 0, rnn layer 1\), model Generative has 1 LSTM", text, "model", few
    )
    one = folder / "one.pt"
    refused(
        r"has no dense layers, model Vanilla has 1 dense layer \(Dense_0\)",
        one,
        model=Vanilla(features=5),
    )
    refused(
        "lstm layer 0 backward reads backward, Stacked.LSTM_1 reads forward",
        folder / "two_both.pt",
        model=Stacked(features=(3, 3, 3, 3)),
    )
    for model in (Captioner(), CnnLstm(), Segments()):
        refused(f"{type(model).__name__} is not exchanged", one, model=model)
    refused("array scale is of no LSTM", one, model=Scaled())
    zoneout = Regularization(zoneout_hidden=0.1)  # in predictions, too, other equations
    refused("zoneout has no counterpart", one, model=Vanilla(regularization=zoneout))
    refused(
        "set tied=False",
        text,
        "model",
        Generative(outputs=7, embedding=6, features=(6,), tied=True),
    )
    arrays = dict(pt_file.read(one))
    refused("layer 0 lacks weight_hh", {k: v for k, v in arrays.items() if "hh" not in k})
    refused(
        "several LSTMs: choose one with prefix=a or b",
        {f"{p}.{k}": v for p in "ab" for k, v in arrays.items()},
    )
    refused(
        r"norm.weight \(5,\) is of no LSTM", arrays | {"norm.weight": np.ones(5)}, model=Vanilla()
    )


def test_a_pickle_that_names_other_things_runs_nothing(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    import pickle

    path = tmp_path / "evil.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"x": Evil()}))
    refused("which is no tensor", path)
    assert not (tmp_path / "ran").exists()


def test_damaged_files_are_told(torch_files, tmp_path):
    folder, _ = torch_files
    with zipfile.ZipFile(folder / "one.pt") as archive:
        names = {name: archive.read(name) for name in archive.namelist()}
    root = next(iter(names)).partition("/")[0]
    for key, content in ((f"{root}/data/0", b"short"), (f"{root}/data.pkl", b"\x80\x02}.")):
        with zipfile.ZipFile(tmp_path / "damaged.pt", "w") as archive:
            for name, data in (names | {key: content}).items():
                archive.writestr(name, data)
        refused("damaged.pt (is damaged|holds no tensors)", tmp_path / "damaged.pt")


MODELS = {  # with what they read, and how PyTorch's modules are called
    "vanilla": (Vanilla(outputs=2, features=5), VECTORS, {"lstm", "dense"}),
    "stacked": (Stacked(outputs=2, features=(5, 5)), VECTORS, {"lstm", "dense"}),
    "unequal": (Stacked(outputs=2, features=(5, 4)), VECTORS, {"lstm_0", "lstm_1", "dense"}),
    "residual": (
        Residual(outputs=2, features=5),
        VECTORS,
        {"dense", "dense_1", "lstm_0", "lstm_1"},
    ),
    "both": (Bidirectional(outputs=2, features=5), VECTORS, {"lstm", "dense"}),
    "stacked both": (
        StackedBidirectional(outputs=2, features=(4, 4, 4)),
        VECTORS,
        {"lstm", "dense"},
    ),
    "one-hot": (Generative(outputs=6, features=(5,)), SYMBOLS, {"lstm", "head"}),
    "text": (
        Generative(outputs=6, embedding=3, features=(5, 5)),
        SYMBOLS,
        {"embed", "lstm", "head"},
    ),
    "repeat": (RepeatVector(outputs=2), (VECTORS, SYMBOLS), {"encoder", "decoder", "dense"}),
    "pairs": (
        EncoderDecoder(outputs=5, features=(4, 4), bidirectional=True, embedding=3),
        (SYMBOLS, SYMBOLS),
        {"embed_source", "embed_target", "encoder", "decoder", "head"},
    ),
    "tagger": (
        Tagger(outputs=3, words=5, characters=4, features=(4, 4)),
        (SYMBOLS, SYMBOLS[..., None], SYMBOLS),
        {"characters_embedding", "words_embedding", "spelling", "lstm", "dense"},
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_there_and_back(name, tmp_path):
    model, inputs, modules = MODELS[name]
    _, params = random(model, inputs)
    arrays = to_torch(model, params)
    assert {key.partition(".")[0] for key in arrays} == modules
    source = types.SimpleNamespace(experiment=types.SimpleNamespace(model=model), params=params)
    for suffix in (".pt", ".torch.safetensors"):
        exchange.export(source, tmp_path / f"model{suffix}")
        back = from_torch(tmp_path / f"model{suffix}", model=model)
        jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-6), back, params)


def test_what_is_written_has_pytorchs_names_shapes_and_pickle(torch_files, tmp_path):
    """The same arrays, rows and strides as the real file's, named by the same opcodes."""
    folder, _ = torch_files
    layers = from_torch(folder / "two_both.pt")
    model = StackedBidirectional(outputs=1, features=(3, 3))
    dense = {"kernel": np.ones((6, 1), np.float32), "bias": np.ones(1, np.float32)}
    params = layers | {"Dense_0": dense}
    written, real = to_torch(model, params), pt_file.read(folder / "two_both.pt")
    for name, array in real.items():
        ours = written[f"lstm.{name}"]
        assert ours.shape == array.shape
        if name.startswith("weight"):
            np.testing.assert_array_equal(ours, array)
    for end in ("l0", "l1_reverse"):
        total = sum(real[f"bias_{kind}_{end}"] for kind in ("ih", "hh"))
        np.testing.assert_array_equal(written[f"lstm.bias_hh_{end}"], total)
        assert not written[f"lstm.bias_ih_{end}"].any()
    pt_file.write(tmp_path / "ours.pt", written)

    def globals_of(path):
        with zipfile.ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.endswith("data.pkl"))
            return {a for op, a, _ in pickletools.genops(archive.read(name)) if op.name == "GLOBAL"}

    assert globals_of(tmp_path / "ours.pt") == globals_of(folder / "two_both.pt")


def test_symbols_read_one_hot_mean_the_same_in_pytorch():
    """Ours are scaled by sqrt(symbols); PyTorch's are plain, and so must its weights be."""
    model, params = random(*MODELS["one-hot"][:2])
    arrays = to_torch(model, params)
    symbols = np.array([[1, 4, 0]])
    weights = from_torch(arrays)["LSTM_0"]["cell"]
    plain, _, h = oracle.lstm(weights, np.eye(6)[symbols[0]], np.zeros(5), np.zeros(5))
    logits = plain @ arrays["head.weight"].T + arrays["head.bias"]
    np.testing.assert_allclose(
        model.apply({"params": params}, symbols)[0][0], logits, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("bound", [None, 0.1])
def test_a_tied_output_gets_weights_of_its_own(bound):
    tied = dict(tied=True, embedding_bound=bound)
    model, params = random(Generative(outputs=6, embedding=4, features=(4,), **tied), SYMBOLS)
    arrays = to_torch(model, params)
    untied = Generative(outputs=6, embedding=4, features=(4,))
    back = from_torch(arrays, model=untied)
    symbols = np.array([[1, 4, 0]])
    np.testing.assert_allclose(
        untied.apply({"params": back}, symbols)[0],
        model.apply({"params": params}, symbols)[0],
        **CLOSE,
    )


def test_a_lone_backward_layer_is_not_pytorchs():
    model, params = random(Bidirectional(features=2, direction="backward"), VECTORS)
    with pytest.raises(
        lstmjax.UserError, match="backward: PyTorch has no LSTM that reads backward"
    ):
        to_torch(model, params)
