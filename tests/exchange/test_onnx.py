"""ONNX files give our models' outputs and final states in onnxruntime."""

import dataclasses
import types

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import pytest

from lstmjax import exchange
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.models.encoder_decoder import START, EncoderDecoder, RepeatVector
from lstmjax.models.generative import Generative
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional
from lstmjax.models.tagger import Tagger
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.recurrent.cells import LayerNorm
from lstmjax.recurrent.regularization import Regularization
from lstmjax.tasks.generated.addition import Addition
from lstmjax.tasks.generated.echo import Echo

TOLERANCE = dict(rtol=1e-5, atol=1e-5)  # float32, sums in another order
LENGTHS = np.array([5, 0, 3, 1])
BATCH, TIME = len(LENGTHS), 6


def made(model, inputs, task=None):
    """A model with random parameters, biases too, as an exchange has it."""
    shapes = jax.eval_shape(model.init, jax.random.key(0), inputs)["params"]
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda leaf: np.float32(rng.normal(size=leaf.shape) / 2), shapes)
    experiment = Experiment(task=task or Echo(), model=model, optimizer=Adam())
    return types.SimpleNamespace(experiment=experiment, params=params, report={})


def apply(source, inputs, **settings):
    """What our model makes of the inputs at unequal lengths."""
    given = {"lengths": LENGTHS} | settings
    model = source.experiment.model
    program = jax.jit(lambda params: model.apply({"params": params}, inputs, **given))
    return jax.device_get(program(source.params))


def sessions(source, path, parts=("",)):
    exchange.export(source, path / "model.onnx")
    files = [path / f"model{part and '.'}{part}.onnx" for part in parts]
    for file in files:
        model = onnx.load(file)
        onnx.checker.check_model(model, full_check=True)
        assert 14 <= model.opset_import[0].version <= 17 and model.ir_version in (7, 8)
        assert any(node.op_type == "LSTM" for node in model.graph.node)
    found = [
        onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]) for file in files
    ]
    return found if len(found) > 1 else found[0]


def run(session, feed):
    """{name: output}; unknown names among the inputs are an error of onnxruntime."""
    wanted = {given.name: given for given in session.get_inputs()}
    feed = {
        name: np.asarray(of, np.int64 if wanted[name].type == "tensor(int64)" else np.float32)
        for name, of in feed.items()
    }
    names = [of.name for of in session.get_outputs()]
    return dict(zip(names, session.run(None, feed), strict=True))


def carry_of(widths, seed=1):
    rng = np.random.default_rng(seed)
    return [tuple(rng.normal(size=(2, BATCH, width)).astype(np.float32)) for width in widths]


def fed(carry):
    return {
        f"initial_{part}_{i}": value
        for i, pair in enumerate(carry)
        for part, value in zip("ch", pair, strict=True)
    }


def assert_final(outputs, carry):
    for i, pair in enumerate(carry):
        for part, value in zip("ch", pair, strict=True):
            np.testing.assert_allclose(outputs[f"final_{part}_{i}"], value, **TOLERANCE)


def numbers(*shape, seed=2):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def symbols(below, *shape, seed=3):
    return np.random.default_rng(seed).integers(0, below, shape)


FORWARD = {
    "vanilla": (Vanilla(features=5, outputs=3), (4,), (5,)),
    "vanilla, every step": (Vanilla(features=5, outputs=3, every_step=True), (4,), (5,)),
    "stacked": (Stacked(features=(5, 3), outputs=2), (4,), (5, 3)),
    "stacked, every step": (Stacked(features=(5, 3), outputs=2, every_step=True), (4,), (5, 3)),
    "forward alone": (Bidirectional(features=5, direction="forward"), (4,), (5,)),
    "pictures": (CnnLstm(features=5, outputs=2, filters=(3, 2)), (11, 9, 2), (5,)),
    "pieces, every step": (
        CnnLstm(features=5, filters=(3,), dimensions=1, pool=3, every_step=True),
        (11, 2),
        (5,),
    ),
}


@pytest.mark.parametrize("name", FORWARD)
def test_forward_models_with_their_carry(name, tmp_path):
    model, step, widths = FORWARD[name]
    inputs, carry = numbers(BATCH, TIME, *step), carry_of(widths)
    source = made(model, inputs)
    session = sessions(source, tmp_path)
    ours = carry if isinstance(model, Stacked) else carry[0]
    ours = (ours,) if isinstance(model, Bidirectional) else ours
    outputs, after = apply(source, inputs, carry=ours)
    theirs = run(session, {"inputs": inputs, "lengths": LENGTHS} | fed(carry))
    assert list(theirs)[0] == "outputs"
    np.testing.assert_allclose(theirs["outputs"], outputs, **TOLERANCE)
    after = after if isinstance(model, (Stacked, Bidirectional)) else (after,)
    assert_final(theirs, after)
    for part, before in zip("ch", carry[0], strict=True):  # a row of length 0
        np.testing.assert_array_equal(theirs[f"final_{part}_0"][1], before[1])


BACKWARD = {
    "backward": Bidirectional(features=5, outputs=3, direction="backward"),
    "backward, last": Bidirectional(features=5, outputs=3, direction="backward", every_step=False),
    **{m: Bidirectional(features=5, outputs=3, merge=m) for m in ("concat", "sum", "mul", "ave")},
    "last": Bidirectional(features=5, outputs=3, every_step=False),
    "two layers": StackedBidirectional(features=(5, 3), outputs=2),
    "two layers, last": StackedBidirectional(features=(5, 3), outputs=2, every_step=False),
}


@pytest.mark.parametrize("name", BACKWARD)
def test_models_that_read_backward(name, tmp_path):
    model, inputs = BACKWARD[name], numbers(BATCH, TIME, 4)
    source = made(model, inputs)
    outputs, _ = apply(source, inputs)
    theirs = run(sessions(source, tmp_path), {"inputs": inputs, "lengths": LENGTHS})
    np.testing.assert_allclose(theirs["outputs"], outputs, **TOLERANCE)


def test_directions_that_stay_apart(tmp_path):
    model, inputs = Bidirectional(features=5, merge="none"), numbers(BATCH, TIME, 4)
    source = made(model, inputs)
    outputs, _ = apply(source, inputs)
    theirs = run(sessions(source, tmp_path), {"inputs": inputs, "lengths": LENGTHS})
    for direction, expected in zip(("forward", "backward"), outputs, strict=True):
        np.testing.assert_allclose(theirs[f"outputs_{direction}"], expected, **TOLERANCE)


@pytest.mark.parametrize(
    "model",
    [
        Generative(features=(5, 3), outputs=7),
        Generative(features=(5, 3), outputs=7, embedding=3),
        Generative(features=(5, 3), outputs=7, embedding=3, tied=True),
        Generative(features=(5, 3), outputs=7, embedding=3, tied=True, embedding_bound=0.1),
    ],
    ids=["one-hot", "embedding", "tied", "tied, not scaled"],
)
def test_a_text_is_read_at_once_or_as_a_stream(model, tmp_path):
    read, carry = symbols(7, BATCH, TIME), carry_of(model.features)
    source = made(model, read)
    session = sessions(source, tmp_path)
    outputs, after = apply(source, read, carry=carry)
    theirs = run(session, {"inputs": read, "lengths": LENGTHS} | fed(carry))
    np.testing.assert_allclose(theirs["outputs"], outputs, **TOLERANCE)
    assert_final(theirs, after)
    whole, _ = apply(source, read, lengths=None)
    state = fed([tuple(0 * part for part in pair) for pair in carry])
    for begin, end in ((0, 2), (2, 3), (3, TIME)):
        feed = {"inputs": read[:, begin:end], "lengths": np.full(BATCH, end - begin)}
        part = run(session, feed | state)
        np.testing.assert_allclose(part["outputs"], whole[:, begin:end], **TOLERANCE)
        state = {n.replace("final", "initial"): of for n, of in part.items() if "final" in n}


def test_the_tagger(tmp_path):
    model = Tagger(
        words=9, characters=6, features=(4, 3), word_features=3, character_features=2,
        spelling_features=3, outputs=4,
    )  # fmt: skip
    inputs = symbols(9, BATCH, TIME), symbols(6, BATCH, TIME, 5), symbols(6, BATCH, TIME, seed=4)
    source = made(model, inputs)
    outputs, _ = apply(source, inputs)
    feed = dict(zip(("words", "characters", "spelled"), inputs, strict=True))
    theirs = run(sessions(source, tmp_path), feed | {"lengths": LENGTHS})
    np.testing.assert_allclose(theirs["outputs"], outputs, **TOLERANCE)


def test_repeat_vector(tmp_path):
    model = RepeatVector(features=5, decoder_features=4, outputs=12)
    inputs = symbols(12, BATCH, TIME), np.zeros((BATCH, 3), int)
    source = made(model, inputs, Addition())
    outputs, _ = apply(source, inputs)
    feed = {"source": inputs[0], "lengths": LENGTHS, "steps": [3]}
    theirs = run(sessions(source, tmp_path), feed)
    np.testing.assert_allclose(theirs["outputs"], outputs, **TOLERANCE)


@pytest.mark.parametrize(
    "attention, bidirectional, embedding",
    [("none", False, 0), ("dot", True, 3), ("additive", True, 0), ("additive", False, 3)],
)
def test_encoder_decoders_step_by_step(attention, bidirectional, embedding, tmp_path):
    model = EncoderDecoder(
        features=(4, 6), attention=attention, bidirectional=bidirectional, embedding=embedding,
        outputs=12,
    )  # fmt: skip
    read, wrote = symbols(12, BATCH, TIME), symbols(12, BATCH, 4)
    wrote[:, 0] = START
    source = made(model, (read, wrote), Addition())
    encoder, decoder = sessions(source, tmp_path, ("encoder", "decoder"))

    def loop(count, next_symbols):
        state = run(encoder, {"source": read, "lengths": LENGTHS})
        fixed = {"memory": state["memory"], "lengths": LENGTHS} if attention != "none" else {}
        said, logits = np.full((BATCH, 1), START), []
        for step in range(count):
            feed = {n.replace("final", "initial"): of for n, of in state.items() if "final" in n}
            state = run(decoder, {"symbols": next_symbols(step, said)} | feed | fixed)
            logits.append(state["outputs"])
            said = state["outputs"].argmax(-1)
        return np.concatenate(logits, 1), state

    both = read, wrote
    (forced, after), kept = apply(source, both, forced=True, mutable="intermediates")
    theirs, last = loop(4, lambda step, said: wrote[:, step : step + 1])
    np.testing.assert_allclose(theirs, forced, **TOLERANCE)
    assert_final(last, after)
    if attention != "none":
        (weights,) = kept["intermediates"]["attention"]
        np.testing.assert_allclose(last["attention"], weights[:, 3:], **TOLERANCE)
    free, _ = apply(source, both)
    np.testing.assert_allclose(loop(4, lambda step, said: said)[0], free, **TOLERANCE)


def test_an_encoder_of_vectors(tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Vectors(Addition):
        def batch(self, *arguments):
            batch = super().batch(*arguments)
            return batch._replace(inputs=(batch.inputs[0][..., None] * jnp.ones(12), None))

    model = RepeatVector(features=5, decoder_features=4, outputs=12)
    inputs = numbers(BATCH, TIME, 12), np.zeros((BATCH, 3), int)
    source = made(model, inputs, Vectors())
    outputs, _ = apply(source, inputs)
    theirs = run(
        sessions(source, tmp_path), {"source": inputs[0], "lengths": LENGTHS, "steps": [3]}
    )
    np.testing.assert_allclose(theirs["outputs"], outputs, **TOLERANCE)


def test_padding_changes_nothing(tmp_path):
    """Not even NaN: the operator is given it, and reads valid steps alone."""
    for model in (Stacked(features=(5, 3), every_step=True), StackedBidirectional(features=(5, 3))):
        inputs = numbers(BATCH, TIME, 4)
        session = sessions(made(model, inputs), tmp_path)
        state = fed(carry_of((5, 3))) if model.causal else {}
        clean = run(session, {"inputs": inputs, "lengths": LENGTHS} | state)
        inputs[np.arange(TIME) >= LENGTHS[:, None]] = np.nan
        padded = run(session, {"inputs": inputs, "lengths": LENGTHS} | state)
        for name, expected in clean.items():
            np.testing.assert_array_equal(padded[name], expected)


def test_own_architectures_are_refused_by_name(tmp_path):
    class Mine(Vanilla):
        pass

    with pytest.raises(UserError, match="graph is known here for architecture Mine") as told:
        exchange.export(made(Mine(), numbers(BATCH, TIME, 4)), tmp_path / "model.onnx")
    assert "\n" not in str(told.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "setting, told",
    [
        (dict(cell=LayerNorm()), "model.cell=LayerNorm"),
        (dict(trainable_carry=True), "model.trainable_carry=True"),
        (dict(regularization=Regularization(zoneout_cell=0.1)), "model.regularization="),
    ],
)
def test_what_the_operator_does_not_compute_is_refused(setting, told, tmp_path):
    source = made(Vanilla(**setting), numbers(BATCH, TIME, 4))
    with pytest.raises(UserError, match=f"the operator LSTM does not compute {told}") as error:
        exchange.export(source, tmp_path / "model.onnx")
    assert "\n" not in str(error.value) and not list(tmp_path.iterdir())


def test_regularization_of_the_training_alone_is_no_hindrance(tmp_path):
    kind = Regularization(locked=True, weight_drop=0.5, recurrent_dropout=0.2)
    model, inputs = Vanilla(features=5, regularization=kind), numbers(BATCH, TIME, 4)
    source = made(model, inputs)
    outputs, _ = apply(source, inputs)
    feed = {"inputs": inputs, "lengths": LENGTHS} | fed(carry_of((5,), seed=1))
    feed = {name: 0 * of if "initial" in name else of for name, of in feed.items()}
    theirs = run(sessions(source, tmp_path), feed)
    np.testing.assert_allclose(theirs["outputs"], outputs, **TOLERANCE)


def test_a_projection_is_refused(tmp_path):
    source = made(Vanilla(), numbers(BATCH, TIME, 4))
    source.params["LSTM_0"]["projection"] = np.ones((128, 5))
    with pytest.raises(UserError, match="no projection"):
        exchange.export(source, tmp_path / "model.onnx")
