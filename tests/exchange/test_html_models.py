import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.exchange import html
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.models.encoder_decoder import EncoderDecoder, RepeatVector
from lstmjax.models.generative import Generative
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional
from lstmjax.models.tagger import Tagger
from lstmjax.models.vanilla import Vanilla
from lstmjax.recurrent.cells import LayerNorm
from lstmjax.recurrent.regularization import Regularization
from tests.exchange import node

pytestmark = node.needed
RNG = np.random.default_rng(0)
TIME = 9
SERIES = RNG.normal(size=(TIME, 3)).astype(np.float32)
PICTURES = RNG.normal(size=(TIME, 9, 8, 2)).astype(np.float32)
LINES = RNG.normal(size=(TIME, 8, 2)).astype(np.float32)
SYMBOLS = RNG.integers(0, 6, TIME)
SHIFTED = np.full(5, -1)
WORDS = RNG.integers(0, 6, TIME)
SPELLED = RNG.integers(1, 5, TIME)
CHARACTERS = RNG.integers(0, 4, (TIME, 4))

FLOATS = "value.inputs.map((x) => Float32Array.from(x))"
FRAMES = "value.inputs.map(({ size, data }) => ({ size, data: Float32Array.from(data) }))"
PAIR = "value.inputs"
VECTORS = (
    "{ source: value.inputs.source.map((x) => Float32Array.from(x)), length: value.inputs.length }"
)


def frames(array):
    return [{"size": frame.shape, "data": frame.ravel().tolist()} for frame in array]


WRITTEN = {"source": SYMBOLS.tolist(), "length": len(SHIFTED)}
TAGGED = {
    "words": WORDS.tolist(),
    "characters": [row[:size].tolist() for row, size in zip(CHARACTERS, SPELLED, strict=True)],
}
# model, what JAX reads, what JavaScript reads, and how it reads that
CASES = [
    (Vanilla(features=7, outputs=4), SERIES, SERIES.tolist(), FLOATS),
    (Vanilla(features=7, outputs=4, every_step=True), SERIES, SERIES.tolist(), FLOATS),
    (Stacked(features=(7, 5), outputs=4), SERIES, SERIES.tolist(), FLOATS),
    (Stacked(features=(7, 5), outputs=4, every_step=True), SERIES, SERIES.tolist(), FLOATS),
    (CnnLstm(features=7, filters=(3, 2), outputs=4), PICTURES, frames(PICTURES), FRAMES),
    (CnnLstm(features=7, dimensions=1, window=3, outputs=4), LINES, frames(LINES), FRAMES),
    (Bidirectional(features=7, outputs=4), SERIES, SERIES.tolist(), FLOATS),
    (Bidirectional(features=7, outputs=4, every_step=False), SERIES, SERIES.tolist(), FLOATS),
    *(
        (Bidirectional(features=7, outputs=4, merge=merge), SERIES, SERIES.tolist(), FLOATS)
        for merge in ("sum", "mul", "ave")
    ),
    *(
        (Bidirectional(features=7, outputs=4, direction=way), SERIES, SERIES.tolist(), FLOATS)
        for way in ("forward", "backward")
    ),
    (StackedBidirectional(features=(7, 5), outputs=4), SERIES, SERIES.tolist(), FLOATS),
    (
        StackedBidirectional(features=(7, 5), outputs=4, every_step=False),
        SERIES,
        SERIES.tolist(),
        FLOATS,
    ),
    (
        Tagger(words=6, characters=4, features=(7, 5), outputs=4),
        (WORDS, CHARACTERS, SPELLED),
        TAGGED,
        PAIR,
    ),
    (RepeatVector(features=7, decoder_features=5, outputs=6), (SYMBOLS, SHIFTED), WRITTEN, PAIR),
    (
        RepeatVector(features=7, decoder_features=5, outputs=2),
        (SERIES, SHIFTED),
        {"source": SERIES.tolist(), "length": len(SHIFTED)},
        VECTORS,
    ),
    *(
        (EncoderDecoder(outputs=6, **fields), (SYMBOLS, SHIFTED), WRITTEN, PAIR)
        for fields in (
            dict(features=(8,)),
            dict(features=(8, 6), attention="dot", bidirectional=True),
            dict(features=(8,), attention="additive", embedding=3, source_symbols=7),
        )
    ),
    *(
        (Generative(outputs=6, **fields), SYMBOLS, SYMBOLS.tolist(), PAIR)
        for fields in (
            dict(features=(7,)),
            dict(features=(7, 5), embedding=3),
            dict(features=(7, 5), embedding=5, tied=True),
            dict(features=(7, 5), embedding=5, tied=True, embedding_bound=0.1),
        )
    ),
]


def names(case):
    model = case[0]
    changed = {
        field: getattr(model, field)
        for field in model.__dataclass_fields__
        if field not in ("parent", "name", "outputs")
        and getattr(model, field) != model.__dataclass_fields__[field].default
    }
    return "-".join([type(model).__name__, *map(str, changed.values())])


@pytest.mark.parametrize("case", CASES, ids=names)
def test_javascript_computes_what_jax_does(case):
    model, inputs, given, read = case
    batched = jax.tree.map(lambda x: jnp.asarray(x)[None], inputs)
    shapes = jax.eval_shape(model.init, jax.random.key(0), batched)["params"]
    # biases, too, so that one in the wrong place is seen
    params = jax.tree.map(lambda x: RNG.normal(0, 0.4, x.shape).astype(np.float32), shapes)
    wanted = np.asarray(jax.jit(model.apply)({"params": params}, batched)[0])[0]
    assert np.ptp(wanted) > 0.1
    experiment = types.SimpleNamespace(model=model)
    for precision, nearest in (("float16", 1e-3), ("float32", 1e-5)):
        packed = html.pack(experiment, params, precision)
        assert packed["params"]["type"] == precision
        value = {"model": packed, "inputs": given}
        outputs = node.call(f"loadModel(value.model).run({read}).outputs", value)
        np.testing.assert_allclose(outputs, wanted, atol=nearest, rtol=0)


@pytest.mark.parametrize(
    "fields",
    [
        dict(cell=LayerNorm()),
        dict(trainable_carry=True),
        dict(regularization=Regularization(zoneout_cell=0.1)),
    ],
    ids=str,
)
def test_what_the_page_does_not_compute_is_refused(fields):
    model = Vanilla(features=2, **fields)
    shapes = jax.eval_shape(model.init, jax.random.key(0), jnp.zeros((1, 2, 1)))["params"]
    params = jax.tree.map(lambda x: np.ones(x.shape), shapes)
    with pytest.raises(UserError, match=f"standard LSTM alone, not model.{next(iter(fields))}"):
        html.pack(types.SimpleNamespace(model=model), params)


def test_weights_too_large_for_half_precision_are_kept_whole():
    model = Vanilla(features=2, outputs=1)
    shapes = jax.eval_shape(model.init, jax.random.key(0), jnp.zeros((1, 2, 1)))["params"]
    params = jax.tree.map(lambda x: np.full(x.shape, 1e5, np.float32), shapes)
    packed = html.pack(types.SimpleNamespace(model=model), params)
    assert packed["params"]["type"] == "float32"
    bias = node.call("unpack(value).Dense_0.bias.data", packed["params"])
    assert bias == [1e5]


def test_half_precision_is_read_to_the_bit():
    """Every float16 there is, zeros, subnormal and infinite ones included."""
    halves = np.arange(2**16, dtype=np.uint16)
    wanted = halves.view(np.float16).astype(np.float32)
    read = node.call("[...widen(Uint16Array.from(value))].map(String)", halves.tolist())
    np.testing.assert_array_equal(np.array(read, np.float32), wanted)
