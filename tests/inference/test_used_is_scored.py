"""What a user gets is what the report scores: files read back and scored by plain NumPy.

One small run a family. Its test examples are given to `predict` as a file: all together, and some
of different lengths alone. The answers must agree, and the score of the written file must be the
report's.
"""

import csv
import dataclasses
import pathlib

import numpy as np
import pytest

import lstmjax
from lstmjax.inference.prediction import predict
from tests import small_files, tiny
from tests.tasks.tagging.test_spans import spans
from tests.tiny import run

SMALL = dict(steps=4, log_every=4, evaluate_every=4)


def answered(directory: pathlib.Path, content: str, suffix: str) -> str:
    """What `predict` writes for a file with this content."""
    source, destination = directory / f"asked{suffix}", directory / f"answers{suffix}"
    source.write_text(content)
    predict(directory / "run", source, destination)
    return destination.read_text()


def test_labelled_sequences_of_unequal_length(tmp_path):
    report = run(tiny.labelled(tmp_path, **SMALL), tmp_path / "run")["test"]
    text = (tmp_path / "test.ts").read_text()
    head, lines = text.split("@data\n")[0] + "@data\n", text.split("@data\n")[1].splitlines()
    truth = [line.rpartition(":")[2] for line in lines]
    assert len({line.count(",") for line in lines}) > 1  # lengths differ

    def probabilities(lines):
        rows = list(
            csv.DictReader(
                answered(tmp_path, "\n".join([head + lines[0], *lines[1:]]), ".ts").splitlines()
            )
        )
        return rows, [
            [float(row[f"probability {name}"]) for name in ("down", "up")] for row in rows
        ]

    rows, together = probabilities(lines)
    for i in np.argsort([line.count(",") for line in lines])[[0, 5, -1]]:
        alone = probabilities([lines[i]])[1]
        np.testing.assert_allclose(alone, together[i : i + 1], atol=1.1e-6)  # six digits
    assert (
        np.mean([row["label"] == name for row, name in zip(rows, truth, strict=True)])
        == (report["accuracy"]["mean"])
    )
    true = [pair[("down", "up").index(name)] for pair, name in zip(together, truth, strict=True)]
    np.testing.assert_allclose(-np.mean(np.log(true)), report["nats"]["mean"], rtol=1e-4)


def test_spans_by_the_rule_of_conlleval(tmp_path):
    experiment = tiny.entities(tmp_path, **SMALL | dict(steps=60, evaluate_every=60))
    report = run(experiment, tmp_path / "run")["test"]
    text = (tmp_path / "test.txt").read_text()
    sentences = text.strip().split("\n\n")

    def tags(content):
        lines = answered(tmp_path, content, ".txt").split("\n")
        return [line.split()[-1] if line else "" for line in lines]

    together = tags(text)
    for i in np.argsort([len(sentence) for sentence in sentences])[[0, -1]]:
        alone = tags(sentences[i] + "\n\n")
        assert alone[:-2] == sentences_of(together)[i]
    truth = [line.split()[-1] if line else "" for line in text.split("\n")]
    words = [(a, b) for a, b in zip(together, truth, strict=True) if b]
    assert np.mean([a == b for a, b in words]) == pytest.approx(report["accuracy"]["mean"])
    guessed, true = (
        {(i, *span) for i, part in enumerate(sentences_of(tags)) for span in spans(part)}
        for tags in (together, truth)
    )
    f1 = 2 * len(guessed & true) / (len(guessed) + len(true))
    assert 0 < f1 < 1 and f1 == pytest.approx(report["f1"]["mean"], rel=1e-6)


def test_labels_that_training_lacks_are_errors(tmp_path, capsys):
    experiment = tiny.labelled(tmp_path, **SMALL)
    (tmp_path / "test.ts").write_text(small_files.ts_text(10, seed=10, classes="up left"))
    report = run(experiment, tmp_path / "run")["test"]
    told = "training lacks 1 label(s) of the held-out files, always errors: 'left'"
    assert capsys.readouterr().err.count(told) == 1
    text = answered(tmp_path, (tmp_path / "test.ts").read_text(), ".ts")
    rows = list(csv.DictReader(text.splitlines()))
    truth = ["up", "left"] * 5
    right = [row["label"] == label for row, label in zip(rows, truth, strict=True)]
    assert np.mean(right) == report["accuracy"]["mean"] and not any(right[1::2])
    nats = [-np.log(float(row["probability up"])) for row in rows[::2]]
    np.testing.assert_allclose(np.mean(nats), report["nats"]["mean"], rtol=1e-4)


def sentences_of(tags):
    """The tags of each sentence; an empty one ends it."""
    return [part.split() for part in " ".join(tag or "|" for tag in tags).split("|")]


def test_pairs_with_several_right_answers(tmp_path):
    experiment = tiny.pairs(tmp_path, **SMALL | dict(steps=60, evaluate_every=60))
    held_out = dataclasses.replace(
        experiment.task, test_path=small_files.pairs_file(tmp_path / "held_out"), beam=2
    )
    experiment = dataclasses.replace(experiment, task=held_out)
    report = run(experiment, tmp_path / "run")["test"]
    right = {}
    for line in pathlib.Path(held_out.test_path).read_text().splitlines():
        source, target = line.split("\t")
        right.setdefault(source, []).append(target)

    def answers(sources):
        lines = answered(tmp_path, "\n".join(sources) + "\n", ".tsv").splitlines()
        return [line.split("\t") for line in lines]

    together = answers(list(right))
    for source, row in list(zip(right, together, strict=True))[3::60]:
        (alone,) = answers([source])
        assert alone[:2] == row[:2]
        assert float(alone[2]) == pytest.approx(float(row[2]), abs=2e-4)
    wrong = np.mean([target not in right[source] for source, target, _ in together])
    assert 0 < wrong < 1
    assert wrong == pytest.approx(report["sequence_error_rate"]["mean"], rel=1e-6)


def test_forecasts_of_the_last_origin(tmp_path):
    """The test part has one origin; the file that ends there is forecast from."""
    rows, horizon, level = 120, 2, 2e7
    file = small_files.series_csv(tmp_path, rows, level)
    task = dict(
        path=str(file), targets=("heat",), covariates=("load",), lookback=6, horizon=horizon
    )
    experiment = tiny.series(**SMALL, task=task | dict(split_rows=(90, rows - horizon)))
    report = run(experiment, tmp_path / "run")["test"]
    lines = file.read_text().splitlines()
    written = answered(tmp_path, "\n".join(lines[: 1 + rows - horizon]) + "\n", ".csv")
    forecast = [float(row["forecast"]) for row in csv.DictReader(written.splitlines())]
    error = np.array(forecast) - level - small_files.series_values(rows)[-horizon:, 1]
    np.testing.assert_allclose(np.abs(error).mean(), report["mae"]["mean"], rtol=1e-4)
    np.testing.assert_allclose((error**2).mean() ** 0.5, report["rmse"]["mean"], rtol=1e-4)


def test_numbers_that_are_large_beside_what_tells_them_apart(tmp_path):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, 5, 1))
    targets = 2e7 + inputs.sum((1, 2))
    lstmjax.Regressor(4, steps=4, workdir=tmp_path / "run").fit(
        inputs[:30], targets[:30], validation_data=(inputs[30:], targets[30:])
    )
    report = lstmjax.load(tmp_path / "run").report["valid"]
    np.savez(tmp_path / "asked.npz", inputs=inputs[30:], lengths=np.full(10, 5))
    predict(tmp_path / "run", tmp_path / "asked.npz", tmp_path / "answers.csv")
    rows = csv.DictReader((tmp_path / "answers.csv").read_text().splitlines())
    away = [float(row["answer"]) for row in rows] - targets[30:]
    np.testing.assert_allclose(np.abs(away).mean(), report["mae"]["mean"], rtol=1e-4)


@pytest.mark.parametrize("level", ["byte", "character"])
def test_bits_of_a_text_of_one_line(level, tmp_path):
    (tmp_path / "test.txt").write_text("\n" + "the cat in the fog sat; " * 50 + "\n")
    experiment = tiny.text(tmp_path, evaluation_batch_size=1, **SMALL)
    (tmp_path / "poem.txt").write_text(small_files.POEM.replace("; ", ";\n"))
    task = dataclasses.replace(
        experiment.task, test_path=str(tmp_path / "test.txt"), level=level, valid_fraction=0.1
    )
    report = run(dataclasses.replace(experiment, task=task), tmp_path / "run")["test"]
    line = (tmp_path / "test.txt").read_text()[1:]
    (alone,) = answered(tmp_path, line, ".txt").splitlines()
    both = answered(tmp_path, "the dog\n" + line, ".txt").splitlines()
    assert both[1] == alone
    assert float(alone.split("\t")[0]) == pytest.approx(report["bits"]["mean"], abs=1e-4)
