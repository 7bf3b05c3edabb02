import dataclasses
import sys

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib import image

from lstmjax import figures, metrics
from lstmjax.experiment import Experiment, load_config
from lstmjax.figures.gates import trace
from lstmjax.figures.lengths import _accuracies as accuracies
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.models.stacked import Stacked
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.recurrent import LSTM
from lstmjax.tasks.base import Panel
from lstmjax.tasks.generated.addition import Addition
from lstmjax.tasks.generated.cumulative_sum import CumulativeSum
from lstmjax.tasks.generated.damped_sine import DampedSine
from lstmjax.tasks.generated.moving_square import MovingSquare
from lstmjax.tasks.generated.rectangles import Rectangles
from lstmjax.training.steps import init_state
from tests import tiny

EXAMPLES = 24  # in every test split here


def untrained(task, model, **changes):
    """An experiment, its data and fresh parameters."""
    task = dataclasses.replace(task, test_examples=EXAMPLES)
    experiment = Experiment(task=task, model=model, optimizer=Adam(), **changes).resolve()
    data = experiment.task.load()
    return experiment, data, init_state(experiment, data).params


def scores(experiment, data, params):
    batch = experiment.task.test_batch(data)

    @jax.jit
    def sums(params):
        return experiment.task.metrics(experiment.apply(params, batch)[0], batch)

    return metrics.divide(jax.device_get(sums(params)))


def check_png(path):
    pixels = image.imread(path)
    assert min(pixels.shape[:2]) > 400
    assert pixels[..., :3].std() > 0.02  # something is drawn
    assert (pixels[[0, 0, -1, -1], [0, -1, 0, -1], :3] == 1).all()  # on a white ground


def test_forecasts(tmp_path):
    run = untrained(DampedSine(), Stacked(features=(4, 3)))
    caption = figures.forecasts(*run, tmp_path / "a.png")
    check_png(tmp_path / "a.png")
    mae = np.format_float_positional(scores(*run)["mae"], precision=2, fractional=False)
    assert f"{mae} over {EXAMPLES} test waves" in caption


@pytest.mark.parametrize("trail", [True, False])
def test_video(trail, tmp_path):
    run = untrained(MovingSquare(frames=7, size=8, trail=trail), CnnLstm(features=4))
    caption = figures.video(*run, tmp_path / "a.png")
    check_png(tmp_path / "a.png")
    correct = round(scores(*run)["accuracy"] * EXAMPLES)
    assert caption.endswith(f"{correct} after the last.")


@pytest.mark.parametrize("kind, layout", [("dot", "delimited"), ("additive", "padded")])
def test_attention(kind, layout, tmp_path):
    run = untrained(Addition(layout=layout), EncoderDecoder(features=(5,), attention=kind))
    caption = figures.attention(*run, tmp_path / "a.png")
    check_png(tmp_path / "a.png")
    right = round(scores(*run)["sequence_accuracy"] * EXAMPLES)
    assert f"over {EXAMPLES} test sums" in caption
    assert f"{right} of these sums are right" in caption


def test_a_model_without_attention_has_none_to_draw(tmp_path):
    run = untrained(Addition(), EncoderDecoder(features=(5,)))
    with pytest.raises(ValueError, match="model.attention"):
        figures.attention(*run, tmp_path / "a.png")


def test_rectangles(tmp_path):
    experiment, data, params = untrained(
        Rectangles(components=2), Vanilla(features=4, every_step=True)
    )
    caption = figures.rectangles(experiment, data, params, tmp_path / "a.png")
    check_png(tmp_path / "a.png")

    def step(inputs, carry):
        return experiment.model.apply({"params": params}, inputs, carry=carry)

    drawn = jax.jit(lambda key: experiment.task.draw(step, key, 1_000))(jax.random.key(0))
    verdict = experiment.task.judge(drawn)
    assert f"of 1,000 drawn, {verdict['right_angles']:.1%} have right angles" in caption
    assert f"{verdict['width_distance']:.3f} and {verdict['height_distance']:.3f}" in caption


def test_a_point_head_draws_no_rectangles(tmp_path):
    run = untrained(Rectangles(head="point"), Vanilla(features=4, every_step=True))
    with pytest.raises(ValueError, match="mixture"):
        figures.rectangles(*run, tmp_path / "a.png")


def test_gates(tmp_path):
    base = tiny.echo()
    experiment, data, params = untrained(base.task, base.model)
    caption = figures.gates(experiment, data, params, tmp_path / "a.png")
    check_png(tmp_path / "a.png")
    batch = experiment.task.test_batch(data)
    lines = experiment.task.show(jax.jit(experiment.apply)(params, batch)[0], batch)
    asked, answer = caption.split("reads ")[1].split(", a row")[0].split(" and echoes ")
    said = answer.replace(" ok", "").replace(" instead of ", " wrong, ")
    said = said if "wrong" in said else f"{said} ok"
    assert f"{asked} -> {said}" in lines
    assert len(set(asked.split())) == experiment.task.length
    assert f"over {EXAMPLES} test sequences" in caption


@pytest.mark.parametrize("kernel", ["scan", "fused"])
def test_the_trace_is_what_the_layer_computes(kernel):
    inputs = np.random.default_rng(0).normal(size=(3, 7, 4)).astype(np.float32)
    layer = LSTM(6, kernel=kernel, initialization="keras")
    variables = layer.init(jax.random.key(0), inputs)
    outputs, carry = layer.apply(variables, inputs)
    traced = trace(variables["params"]["cell"], jnp.asarray(inputs))
    # float32 sums in another order
    chex.assert_trees_all_close(traced.output, outputs, atol=1e-6)
    chex.assert_trees_all_close((traced.memory[:, -1], traced.output[:, -1]), carry, atol=1e-6)
    before = jnp.pad(traced.memory, ((0, 0), (1, 0), (0, 0)))[:, :-1]
    memory = traced.forget_gate * before + traced.input_gate * traced.candidate
    chex.assert_trees_all_close(memory, traced.memory, atol=1e-6)
    chex.assert_trees_all_close(traced.output_gate * jnp.tanh(memory), traced.output, atol=1e-6)


def log(*losses, valid=None):
    lines = [{"step": 10 * i, "loss": loss} for i, loss in enumerate(losses, 1)]
    if valid is not None:
        lines.append({"step": lines[-1]["step"], "valid": {"loss": valid}})
    return lines


@pytest.mark.parametrize(
    "lines, facts",
    [
        (log(2.0), "Training loss over 10 updates; training loss ends at 2."),
        (log(2.0, 0.5, valid=0.25), "over 20 updates; validation loss ends at 0.25."),
        (log(2.0, 1e-4, valid=1e-4), "validation loss ends at 0.0001."),
        (log(2.0, -3.0, valid=-2.5), "validation loss ends at -2.5."),
        (
            log([3.0, 1.0], [1.0, 0.001], valid=[0.25, 0.75]),
            "the mean of 2 seeds and the range from the lowest to the highest; "
            "validation loss ends at 0.5 (0.25 to 0.75).",
        ),
    ],
    ids=["one line", "one seed", "decades", "negative", "seeds"],
)
def test_learning_curve(lines, facts, tmp_path):
    caption = figures.learning_curve(lines, tmp_path / "a.png")
    check_png(tmp_path / "a.png")
    assert caption.endswith(facts)


@pytest.mark.parametrize("horizon", [1, 4])
def test_bands(horizon, tmp_path):
    panel = Panel("load", 0, np.arange(20.0), np.full(horizon, 21.0), truth=np.full(horizon, 20.5))
    unknown = Panel("heat", 1, np.arange(20.0), np.linspace(3, 5, horizon))
    caption = figures.bands([panel, unknown], tmp_path / "a.png")
    check_png(tmp_path / "a.png")
    assert "load, mean absolute error 0.5; heat goes from 3 to" in caption and "band" not in caption
    plain = image.imread(tmp_path / "a.png")
    edges = {"low": panel.forecast - 3, "high": panel.forecast + 3, "band": "80 % band"}
    wide = [panel._replace(**edges), unknown._replace(**edges)]
    assert "with 80 % band" in figures.bands(wide, tmp_path / "b.png")
    banded = image.imread(tmp_path / "b.png")
    vermillion = np.array([0xD5, 0x5E, 0x00]) / 255
    pale = 1 - 0.2 * (1 - vermillion)  # the band on white, also where it is one row wide
    found = [(np.abs(png[..., :3] - pale).max(-1) < 0.02).sum() for png in (plain, banded)]
    assert found[0] < 50 < 500 < found[1]


def test_bands_of_dated_rows_name_the_dates(tmp_path):
    """Another year changes the labels below the axis; above it, antialiasing at most."""
    pngs = []
    for year in (2021, 2025):
        days = np.datetime64(f"{year}-02-26") + np.arange(5)
        panel = Panel("a", 0, np.arange(3.0), np.full(2, 2.0), times=(days[:3], days[3:]))
        figures.bands([panel], tmp_path / "a.png")
        pngs.append(image.imread(tmp_path / "a.png"))
    axis = pngs[0].shape[0] * 3 // 4
    differs = (np.abs(pngs[0] - pngs[1]) > 0.5).any(-1)
    assert not differs[:axis].any() and differs[axis:].any()


def test_directions(tmp_path):
    logs = {"forward": log([3.0, 1.0], [0.5, 0.7]), "both": log([2.0, 1.0], [0.01, 0.03])}
    caption = figures.directions(logs, tmp_path / "a.png")
    check_png(tmp_path / "a.png")
    assert "forward 0.6 (0.5 to 0.7), both 0.02 (0.01 to 0.03)" in caption


def test_positions(tmp_path):
    task = CumulativeSum(length=6, target="balance")
    runs = {
        direction: untrained(task, Bidirectional(features=3, direction=direction), seeds=seeds)
        for direction, seeds in (("forward", 1), ("both", 2))
    }
    caption = figures.positions(runs, tmp_path / "a.png")
    check_png(tmp_path / "a.png")
    assert f"on {EXAMPLES} test sequences" in caption
    experiment, data, params = runs["both"]
    each = [scores(experiment, data, jax.tree.map(lambda x: x[i], params)) for i in range(2)]  # noqa: B023
    mean = np.mean([score["accuracy"] for score in each])
    assert f"forward {scores(*runs['forward'])['accuracy']:.4f} (least" in caption
    assert f"both {mean:.4f} (least" in caption


def test_accuracy_by_length_is_that_of_strings_so_long(tmp_path, monkeypatch):
    """A model in the place of a trained one, right up to four symbols."""
    experiment = load_config("papers/languages").override(
        ["task.length=3", "task.test_length=6", "task.valid_examples=30", "task.test_examples=40"]
    )
    experiment = experiment.override(["model.features=2", "seeds=2"]).resolve()
    params = init_state(experiment, experiment.task.load()).params

    def apply(self, params, batch):
        right = (batch.lengths <= 5)[:, None]  # the question mark is one
        return jnp.eye(2)[jnp.where(right, batch.targets, 1 - batch.targets)], None

    monkeypatch.setattr(type(experiment), "apply", apply)
    monkeypatch.setattr(sys.modules[accuracies.__module__], "WIDE", 1)
    places, curves = accuracies(experiment, params)
    assert places.tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(curves, np.repeat([[1], [1], [1], [1], [0], [0]], 2, 1))
    caption = figures.lengths({"parity": (experiment, params)}, tmp_path / "lengths.png")
    assert "parity 0.333 (worst seed 0.333)" in caption
