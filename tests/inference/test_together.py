"""Seeds together: the mean of what the single seeds write, reckoned by NumPy."""

import csv
import importlib
import inspect
import pathlib
import pkgutil

import jax
import numpy as np
import pytest

import lstmjax
from lstmjax import tasks
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.inference.evaluation import evaluate_workdir
from lstmjax.inference.prediction import answer, predict
from lstmjax.models.encoder_decoder import START
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.base import Batch, Task
from lstmjax.tasks.generated.rectangles import Rectangles
from lstmjax.tasks.music import PianoRoll
from lstmjax.tasks.series.heads import Head
from tests import small_files, tiny

SEEDS = 3


def finished(experiment: Experiment, directory: pathlib.Path) -> pathlib.Path:
    """A run of three seeds that differ a lot."""
    tiny.finish(experiment.override([f"seeds={SEEDS}"]), directory / "run", scale=4.0)
    return directory / "run"


def each_seed(run: pathlib.Path) -> tuple[Experiment, list]:
    experiment, params, _ = restore_best(run)
    return experiment, [jax.tree.map(lambda leaf, i=i: leaf[i], params) for i in range(SEEDS)]


def alone_and_together(run: pathlib.Path, source: pathlib.Path) -> tuple[list[str], str]:
    """What the seeds write about a file, each alone, and all together."""
    out = source.with_name("out.csv")
    experiment, seeds = each_seed(run)
    alone = []
    for params in seeds:
        kept, batches = experiment.task.read(source)
        experiment.task.write(out, kept, answer(experiment, params, batches))
        alone.append(out.read_text())
    predict(run, source, out, together=True)
    return alone, out.read_text()


def test_classes_have_the_mean_probability(tmp_path):
    run = finished(tiny.labelled(tmp_path), tmp_path)
    alone, together = alone_and_together(run, tmp_path / "test.ts")

    def probabilities(text):
        rows = [list(row.values()) for row in csv.DictReader(text.splitlines())]
        return np.array([row[2:] for row in rows], float), [row[1] for row in rows]

    each = np.stack([probabilities(text)[0] for text in alone])
    found, labels = probabilities(together)
    assert np.abs(each - each.mean(0)).max() > 0.1
    np.testing.assert_allclose(found, each.mean(0), atol=2e-6)  # six digits are written
    lines = (tmp_path / "test.ts").read_text().split("@data\n")[1].splitlines()
    truth = [line.rpartition(":")[2] for line in lines]
    right = np.mean([label == true for label, true in zip(labels, truth, strict=True)])
    own = lstmjax.load(run, together=True)
    assert own.evaluate()["accuracy"] == {"mean": right, "deviation": 0, "each": [right]}
    np.testing.assert_allclose(np.stack(own.predict(tmp_path / "test.ts")), found, atol=2e-6)


def test_a_text_has_the_mean_probability_of_each_symbol(tmp_path):
    """Bits of a line less those of the line without its end are those of the last symbol."""
    experiment = tiny.text(tmp_path, evaluation_batch_size=1)
    run = finished(experiment, tmp_path)
    test = small_files.POEM[-round(len(small_files.POEM) * experiment.task.test_fraction) :]
    prefixes = [test[:end] for end in range(2, 12)]
    (tmp_path / "lines.txt").write_text("\n".join([*prefixes, test]))
    alone, together = alone_and_together(run, tmp_path / "lines.txt")

    def bits(text):
        return np.array([float(line.split("\t")[0]) for line in text.splitlines()])

    def probabilities(text):
        total = bits(text)[:-1] * np.arange(1, 11)
        return 2.0 ** -np.diff(total, prepend=0)

    each = np.stack([probabilities(text) for text in alone])
    found = probabilities(together)
    assert np.abs(each - each.mean(0)).max() > 0.1
    np.testing.assert_allclose(found, each.mean(0), rtol=2e-3)  # four digits of ten symbols
    scores = evaluate_workdir(run, "test", together=True)  # in windows: every seed's carry runs on
    assert scores["test"]["bits"]["mean"] == pytest.approx(bits(together)[-1], abs=1e-4)


def test_pairs_are_written_by_the_mean_probability_of_the_next_symbol(tmp_path):
    run = finished(tiny.pairs(tmp_path), tmp_path)
    (tmp_path / "words.txt").write_text("abc\ndee\nbbb\n")
    out = tmp_path / "out.tsv"
    predict(run, tmp_path / "words.txt", out, beam=3, together=True)
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    experiment, seeds = each_seed(run)
    task = experiment.task
    forced = jax.jit(lambda params, batch: experiment.apply(params, batch, forced=True)[0])
    for source, target, score in rows:
        codes = [*(task.target_vocabulary.index(symbol) for symbol in target), task.stop]
        written = np.array(codes[: task.longest])
        read = np.array([[task.source_vocabulary.index(symbol) for symbol in source]])
        shifted = np.full((1, task.longest), START)
        shifted[0, 1 : len(written)] = written[:-1]
        batch = Batch((read, shifted), lengths=np.array([len(source)]))
        logits = np.float64([forced(params, batch)[0] for params in seeds])
        each = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        own = np.log(each.mean(0)[np.arange(len(written)), written]).sum()
        assert float(score) == pytest.approx(own, abs=1e-3)


def test_keys_sound_with_the_mean_probability(tmp_path):
    experiment = Experiment(
        task=PianoRoll(path=small_files.pieces_file(tmp_path), shapes=1),
        model=Vanilla(features=4, every_step=True),
        optimizer=Adam(),
        **tiny.SHORT,
    )
    run = finished(experiment, tmp_path)
    experiment, seeds = each_seed(run)
    data = experiment.task.load()
    batch = experiment.task.batch(data.arrays, "test", np.arange(3), data.shapes[0])
    logits = np.stack([experiment.apply(params, batch)[0] for params in seeds])
    sounds = (1 / (1 + np.exp(-np.float64(logits)))).mean(0)
    right = np.where(np.asarray(batch.targets) > 0.5, sounds, 1 - sounds)
    expected = -np.log(right).sum(-1)[np.asarray(batch.mask)].mean()
    scores = evaluate_workdir(run, "test", together=True)["test"]
    assert scores["nats"]["mean"] == pytest.approx(expected, rel=1e-5)
    assert scores["loss"]["mean"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["point", "quantile", "gaussian", "student"])
def test_forecasts_have_the_mean_of_every_quantile(kind):
    levels = (0.1, 0.5, 0.9)
    head = Head(kind, levels, 5.0, "absolute")
    shift, scale = np.array([[[1.0, -2.0]]]), np.array([[[3.0, 0.5]]])
    outputs = 2 * np.random.default_rng(0).normal(size=(SEEDS, 4, 2 * head.width))

    def quantiles(outputs):
        parameters = head.place(outputs.reshape(*outputs.shape[:-1], 2, -1), shift, scale)
        known = head.is_probabilistic
        return head.quantiles(parameters, levels) if known else head.median(parameters)

    expected = np.mean([quantiles(one[None]) for one in outputs], 0)
    found = quantiles(head.together(outputs)[None])
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_no_task_averages_scores_in_the_place_of_probabilities():
    for place in pkgutil.walk_packages(tasks.__path__, "lstmjax.tasks."):
        for kind in vars(importlib.import_module(place.name)).values():
            if isinstance(kind, type) and issubclass(kind, Task):
                if "cross_entropy" in inspect.getsource(kind.loss):
                    own = kind.together is not Task.together
                    assert own or kind.outputs_are in ("logits", "yes_or_no"), kind


def test_what_has_no_mean_is_refused():
    with pytest.raises(UserError, match="has no mean"):
        Rectangles().together(np.zeros((SEEDS, 2, 60)), None)
