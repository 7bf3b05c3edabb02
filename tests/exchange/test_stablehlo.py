"""Exported programs give our models' outputs, at sizes that were not known when they were made."""

import json
import types
import zipfile

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from lstmjax import exchange
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.models.base import Model
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.models.encoder_decoder import START, EncoderDecoder, RepeatVector
from lstmjax.models.generative import Generative
from lstmjax.models.residual import Residual
from lstmjax.models.segments import Segments
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional
from lstmjax.models.tagger import Tagger
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.recurrent.cells import LayerNorm
from lstmjax.recurrent.regularization import Regularization
from lstmjax.tasks.generated.addition import Addition
from lstmjax.tasks.generated.echo import Echo
from lstmjax.tasks.generated.moving_square import MovingSquare
from lstmjax.tasks.series import Series
from lstmjax.tasks.tagging import Tagging
from lstmjax.tasks.text import Text

LENGTHS = np.array([5, 0, 3], np.int32)
BATCH, TIME = len(LENGTHS), 6
TOLERANCE = dict(rtol=1e-6, atol=1e-6)  # the same program, compiled another time


def made(model, task, inputs):
    """A model with random parameters, as an exchange has it."""
    shapes = jax.eval_shape(model.init, jax.random.key(0), inputs)["params"]
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda leaf: np.float32(rng.normal(size=leaf.shape) / 2), shapes)
    experiment = Experiment(task=task, model=model, optimizer=Adam())
    return types.SimpleNamespace(experiment=experiment, params=params, report={})


def apply(source, *arguments, **settings):
    model = source.experiment.model
    program = jax.jit(lambda params: model.apply({"params": params}, *arguments, **settings))
    return program(source.params)


def programs(source, path):
    file = path / "model.stablehlo"
    exchange.export(source, file)
    with zipfile.ZipFile(file) as inside:
        found = {
            name: export.deserialize(bytearray(inside.read(name)))
            for name in inside.namelist()
            if name != "about.json"
        }
        assert json.loads(inside.read("about.json"))["jax"] == jax.__version__
    for program in found.values():
        assert program.platforms == ("cpu", "cuda", "tpu")
    return types.SimpleNamespace(**{name: program.call for name, program in found.items()})


def numbers(*shape, seed=2):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def symbols(below, *shape, seed=3):
    return np.random.default_rng(seed).integers(0, below, shape).astype(np.int32)


WORDS = dict(vocabulary=tuple("abcd"), alphabet=tuple("xyz"), tags=("A", "B"), longest_word=5)
TWO = dict(targets=("a", "b"), means=(0.0, 0.0), deviations=(1.0, 1.0), lookback=TIME)
MODELS = {
    "vanilla": (Vanilla(features=4), Echo(), numbers(BATCH, TIME, 10)),
    "stacked": (Stacked(features=(4, 3), every_step=True), Echo(), numbers(BATCH, TIME, 10)),
    "both ways": (Bidirectional(features=4), Echo(), numbers(BATCH, TIME, 10)),
    "layers both ways": (StackedBidirectional(features=(4, 3)), Echo(), numbers(BATCH, TIME, 10)),
    "pictures": (CnnLstm(features=4), MovingSquare(size=7), numbers(BATCH, TIME, 7, 7, 1)),
    "text": (Generative(features=(4, 3), outputs=5), Text(), symbols(5, BATCH, TIME)),
    "tagger": (
        Tagger(words=4, characters=3, features=(4,), spelling_features=2),
        Tagging(**WORDS),
        (symbols(4, BATCH, TIME), symbols(3, BATCH, TIME, 5), symbols(6, BATCH, TIME)),
    ),
    "series apart": (
        Vanilla(features=4),
        Series(**TWO, independent=True),
        numbers(BATCH, 2, TIME, 1),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_whole_and_its_steps(name, tmp_path):
    model, task, read = MODELS[name]
    source = made(model, task, read)
    found = programs(source, tmp_path)
    lengths = LENGTHS if name != "series apart" else np.stack([LENGTHS, LENGTHS], 1)
    ours, theirs = apply(source, read, lengths=lengths), found.whole(read, lengths)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **TOLERANCE), ours, theirs)
    if name in ("both ways", "layers both ways", "tagger"):
        assert not hasattr(found, "step")
        return
    axis = 2 if name == "series apart" else 1
    carry, every = jax.tree.map(jnp.zeros_like, theirs[1]), []
    for t in range(TIME):
        outputs, carry = found.step(np.take(read, t, axis), carry)
        every.append(outputs)
    whole, last = apply(source, read)
    every = np.stack(every, axis) if getattr(model, "every_step", True) else outputs
    np.testing.assert_allclose(every, whole, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(*map(np.array, (carry[-1], last[-1])), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("attention", ["none", "dot"])
def test_an_encoder_decoder_writes_whole_or_step_by_step(attention, tmp_path):
    model = EncoderDecoder(features=(4,), attention=attention, bidirectional=True, outputs=12)
    read, steps = symbols(12, BATCH, TIME), np.zeros((BATCH, 4), np.int32)
    source = made(model, Addition(), (read, steps))
    found = programs(source, tmp_path)
    expected, _ = apply(source, (read, steps), lengths=LENGTHS)
    np.testing.assert_allclose(found.whole(read, LENGTHS, steps)[0], expected, **TOLERANCE)
    state, said = found.start(read, LENGTHS), np.full(BATCH, START)
    for step in range(4):
        outputs, state = found.step(said, state)
        np.testing.assert_allclose(outputs, expected[:, step], rtol=1e-5, atol=1e-5)
        said = outputs.argmax(-1)


def test_repeat_vector(tmp_path):
    model = RepeatVector(features=4, decoder_features=3, outputs=12)
    read, steps = symbols(12, BATCH, TIME), np.zeros((BATCH, 4), np.int32)
    source = made(model, Addition(), (read, steps))
    found = programs(source, tmp_path)
    expected, _ = apply(source, (read, steps), lengths=LENGTHS)
    np.testing.assert_allclose(found.whole(read, LENGTHS, steps)[0], expected, **TOLERANCE)


def test_a_model_for_one_size_is_refused_by_name(tmp_path):
    class Picky(Vanilla):
        def __call__(self, inputs, **settings):
            return super().__call__(inputs if inputs.shape[1] > 3 else 2 * inputs, **settings)

    source = made(Picky(features=4), Echo(), numbers(BATCH, TIME, 10))
    with pytest.raises(UserError, match="Picky works for one size") as told:
        exchange.export(source, tmp_path / "model.stablehlo")
    assert "\n" not in str(told.value)


def test_an_own_architecture_is_exported(tmp_path):
    class Own(Model):
        @nn.compact
        def __call__(self, inputs, *, carry=None, lengths=None, resets=None, train=False):
            _, carry = self.lstm(4)(2 * inputs, carry=carry, lengths=lengths)
            return {"scores": self.dense(self.outputs)(carry[1])}, carry

    read = numbers(BATCH, TIME, 10)
    source = made(Own(outputs=3), Echo(), read)
    found = programs(source, tmp_path)
    expected, _ = apply(source, read, lengths=LENGTHS)
    theirs = found.whole(read, LENGTHS)[0]["scores"]
    np.testing.assert_allclose(theirs, expected["scores"], **TOLERANCE)
    _, carry = found.whole(read[:, :-1], np.full(BATCH, TIME - 1))
    outputs, _ = found.step(read[:, -1], carry)
    expected, _ = apply(source, read)
    np.testing.assert_allclose(outputs["scores"], expected["scores"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        Residual(features=4),
        Vanilla(features=4, cell=LayerNorm(), trainable_carry=True),
        Vanilla(features=4, regularization=Regularization(zoneout_cell=0.1)),
    ],
    ids=["residual", "layer norm, trainable carry", "zoneout"],
)
def test_what_onnx_refuses_is_exported(model, tmp_path):
    read = numbers(BATCH, TIME, 10)
    source = made(model, Echo(), read)
    theirs, _ = programs(source, tmp_path).whole(read, LENGTHS)
    expected, _ = apply(source, read, lengths=LENGTHS)
    np.testing.assert_allclose(theirs, expected, **TOLERANCE)


def test_a_model_of_one_length_is_refused_in_its_words(tmp_path):
    source = made(Segments(features=4, segment=3, outputs=6), Echo(), numbers(BATCH, TIME, 10))
    with pytest.raises(UserError, match="Segments reads windows of one length"):
        exchange.export(source, tmp_path / "model.stablehlo")
