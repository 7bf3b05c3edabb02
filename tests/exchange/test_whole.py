"""A whole model in one file, and its card."""

import json
import re

import jax
import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

import lstmjax
from lstmjax import exchange
from lstmjax.exchange import whole
from lstmjax.inference.evaluation import evaluate_workdir
from lstmjax.inference.prediction import predict
from tests import tiny


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A finished run of two seeds, and its file."""
    place = tmp_path_factory.mktemp("whole")
    run = lstmjax.train(tiny.labelled(place, seeds=2), place / "run", quiet=True)
    run.export(place / "model.safetensors")
    return run, place / "model.safetensors"


def test_one_file_answers_as_the_run_does(labelled, tmp_path):
    run, path = labelled
    alone = lstmjax.load(path)
    test = run.experiment.task.test
    np.testing.assert_array_equal(alone.predict(test), run.predict(test))
    inputs = np.random.default_rng(0).normal(size=(2, 2)).astype(np.float32)
    np.testing.assert_array_equal(alone.step(inputs)[0], run.step(inputs)[0])
    first = {name: each["each"][0] for name, each in run.report["test"].items()}
    scores = alone.evaluate()
    assert {name: each["mean"] for name, each in scores.items()} == pytest.approx(first)
    assert alone.report == run.report and alone.step_of_best == run.step_of_best
    with pytest.raises(lstmjax.UserError, match="model.safetensors holds no log"):
        alone.history  # noqa: B018
    # and on the command line, in place of a directory
    predict(path, test, tmp_path / "answers.csv")
    assert (tmp_path / "answers.csv").read_text().count("\n") >= 10
    assert evaluate_workdir(path, "test")["test"] == scores


def test_any_reader_sees_names_and_settings(labelled):
    run, path = labelled
    arrays = safetensors.numpy.load_file(path)
    np.testing.assert_array_equal(
        arrays["LSTM_0.cell.hf.kernel"], run.params["LSTM_0"]["cell"]["hf"]["kernel"]
    )
    with safe_open(path, "numpy") as file:
        experiment = json.loads(file.metadata()["experiment"])
    assert experiment["model"]["features"] == 8


def test_text_goes_on_from_a_file(tmp_path):
    run = lstmjax.train(tiny.text(tmp_path), tmp_path / "run", quiet=True)
    run.export(tmp_path / "poem.safetensors")
    alone = lstmjax.load(tmp_path / "poem.safetensors")
    assert alone.sample("the ", length=20) == run.sample("the ", length=20)
    alone.export(tmp_path / "again.safetensors")
    again = lstmjax.load(tmp_path / "again.safetensors")
    jax.tree.map(np.testing.assert_array_equal, again.params, alone.params)
    assert again.experiment == alone.experiment and again.report == alone.report
    card = (tmp_path / "poem.md").read_text()
    assert "pipeline_tag: text-generation" in card and 'name: "poem.txt"' in card


def test_imported_weights_are_scored_and_trained_on(tmp_path):
    """From PyTorch's names to a score on our own task, and on from there."""
    experiment = tiny.text(tmp_path).resolve()
    run = lstmjax.train(experiment, tmp_path / "run", quiet=True)
    run.export(tmp_path / "theirs.pt")
    params = lstmjax.from_torch(tmp_path / "theirs.pt", model=experiment.model)
    whole.save(experiment, params, tmp_path / "theirs.safetensors")
    imported = lstmjax.load(tmp_path / "theirs.safetensors")
    assert imported.evaluate()["nats"]["mean"] == pytest.approx(run.evaluate()["nats"]["mean"])
    with pytest.raises(lstmjax.UserError, match="holds no report"):
        imported.report  # noqa: B018
    more = lstmjax.train(experiment, start=tmp_path / "theirs.safetensors", quiet=True)
    assert more.history["loss"][0] < run.history["loss"][0]


def test_the_card_is_what_model_hubs_read(labelled):
    run, path = labelled
    card = path.with_suffix(".md").read_text()
    head = re.fullmatch(r"---\n(.*?)\n---\n(.*)", card, re.DOTALL)
    yaml = pytest.importorskip("yaml")
    front = yaml.safe_load(head[1])
    assert front["library_name"] == "lstmjax" and "lstm" in front["tags"]
    (result,) = front["model-index"][0]["results"]
    scores = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert scores["accuracy"] == pytest.approx(run.report["test"]["accuracy"]["each"][0], rel=1e-5)
    assert {"type", "name"} <= result["dataset"].keys() and result["task"]["type"]
    assert "| least squares |" in head[2] and 'lstmjax.load("model.safetensors")' in head[2]


def test_faults_of_a_file_are_told(labelled, torch_files, tmp_path):
    run, path = labelled
    for content, match in (
        (b"no tensors", "cannot be read as safetensors"),
        (path.read_bytes()[:-5], "cannot be read as safetensors"),
        ((torch_files[0] / "classifier.safetensors").read_bytes(), "without an experiment"),
    ):
        (tmp_path / "wrong.safetensors").write_bytes(content)
        with pytest.raises(lstmjax.UserError, match=match):
            lstmjax.load(tmp_path / "wrong.safetensors")
    with pytest.raises(lstmjax.UserError, match="no known format; end the name in"):
        exchange.export(run, tmp_path / "model.unheard")


def test_arrays_are_written_in_the_order_of_their_axes(labelled, tmp_path):
    run, _ = labelled
    turned = jax.tree.map(lambda x: np.asfortranarray(x), jax.device_get(run.params))
    whole.save(run.experiment, turned, tmp_path / "turned.safetensors")
    back = lstmjax.load(tmp_path / "turned.safetensors").params
    jax.tree.map(np.testing.assert_array_equal, back, dict(turned))
