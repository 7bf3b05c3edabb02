import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.inference.prediction import predict
from lstmjax.inference.trained import load
from lstmjax.models.vanilla import Vanilla
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.tagging import Tagging
from lstmjax.tasks.tagging.packing import unpack
from lstmjax.training.run import run
from tests import small_files, tiny


def everything(task, split):
    data = task.load()
    return task.batch(data.arrays, split, np.arange(data.sizes[split]), data.shapes[-1])


def columns(directory, **texts):
    """Files of two columns from texts like `EU/ORG rejects/O`, a sentence a line."""
    names = {}
    for split, text in texts.items():
        names[split] = str(directory / split)
        lines = (line.replace(" ", "\n").replace("/", " ") for line in text.split("\n"))
        (directory / split).write_text("\n\n".join(lines))
    return dict(format="columns", word="1", tag="-1") | names


def test_padding_is_masked(tmp_path):
    task = tiny.tagging(tmp_path).task.resolve()
    batch = everything(task, "test")
    np.testing.assert_array_equal(batch.lengths, [10, 8])
    np.testing.assert_array_equal(batch.mask.sum(1), batch.lengths)
    wrong = jnp.eye(5)[(batch.targets + ~batch.mask) % 5]  # wrong at the padding alone
    assert metrics.divide(task.metrics(wrong, batch))["accuracy"] == 1


def test_f1_where_tags_are_spans_alone(tmp_path):
    train, test = "EU/I-ORG x/O", "x/O EU/I-ORG\nEU/I-ORG x/O"
    task = Tagging(**columns(tmp_path, train=train, valid="EU/O", test=test)).resolve()
    batch = everything(task, "test")
    guessed = jnp.eye(2)[jnp.array([[1, 0, 0, 0]])]  # I-ORG first: one span right, one too long
    scores = metrics.divide(task.metrics(guessed, batch))
    assert scores["f1"] == 0.5 and scores["accuracy"] == 0.75
    floors = task.floors(task.load())
    assert floors["most frequent tag of the word"] == {"accuracy": 1, "f1": 1}
    assert "f1" not in dataclasses.replace(task, tags=("X", "Y")).metrics(guessed, batch)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tagging")
    return directory, run(tiny.tagging(directory), directory / "run")


def alone(experiment, params, batch):
    """The logits of each sentence read by itself, without lengths and resets."""
    apply = jax.jit(lambda inputs: experiment.model.apply({"params": params}, inputs)[0])
    parts = (unpack(array, batch.lengths, batch.resets) for array in batch.inputs)
    return [apply([part[None] for part in sentence])[0] for sentence in zip(*parts, strict=True)]


def test_packed_sentences_are_scored_and_answered_like_lone_ones(trained):
    directory, _ = trained
    experiment, params, _ = restore_best(directory / "run")
    task = experiment.task
    batch = everything(task, "test")
    assert batch.resets.sum() == 6 - 2  # 6 sentences in 2 rows
    logits, _ = jax.jit(experiment.apply)(params, batch)
    expected = alone(experiment, params, batch)
    found = unpack(logits, batch.lengths, batch.resets)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    flat, truth = np.concatenate(expected), unpack(batch.targets, batch.lengths, batch.resets)
    scores = metrics.divide(task.metrics(logits, batch))
    assert scores["accuracy"] == pytest.approx(np.mean(flat.argmax(-1) == np.concatenate(truth)))
    # a user's file: its sentences in their order
    document, (batch,) = task.read(directory / "test.conllu")
    answers = task.answer(jax.jit(experiment.apply)(params, batch)[0], batch)
    expected = [logits.argmax(-1) for logits in alone(experiment, params, batch)]
    assert answers == [tuple(task.tags[code] for code in codes) for codes in expected]
    assert [len(one) for one in answers] == [len(s.words) for s in document.sentences]


def test_a_report_has_floors_and_padding(trained):
    _, report = trained
    assert report["floors"]["most frequent tag of the word"]["accuracy"] == 1
    assert report["floors"]["most frequent tag"]["accuracy"] == pytest.approx(2 / 6)
    assert report["padding"] == pytest.approx(2 / 50)  # four rows of 10 words, and one of 8


def test_predictions_fill_the_column(trained, tmp_path):
    directory, report = trained
    source, answer = tmp_path / "new.conllu", tmp_path / "out.conllu"
    text = (directory / "test.conllu").read_text()
    for tag in ("AUX", "PART", "VERB", "PUNCT", "NOUN"):
        text = text.replace(f"\t{tag}\t", "\t_\t")
    source.write_text(text)
    assert predict(directory / "run", source, answer).answers == 6
    told = (directory / "test.conllu").read_text().splitlines()
    found = answer.read_text().splitlines()
    assert len(found) == len(told)
    right = []
    for line, other in zip(told, found, strict=True):
        if line[:1].isdigit() and line.split("\t")[0].isdecimal():
            cells, others = line.split("\t"), other.split("\t")
            right.append(cells[3] == others[3])
            assert cells[:3] + cells[4:] == others[:3] + others[4:] and others[3] != "_"
        elif not line.startswith("3.1"):
            assert line == other
    assert np.mean(right) == pytest.approx(report["test"]["accuracy"]["mean"])


def test_predictions_of_a_text(trained, tmp_path):
    directory, _ = trained
    lines = ["Unseen wörds !", "a b c d e f g h", "stop"]  # the last fits in a row with the first
    (tmp_path / "new.txt").write_text("\n".join(lines))
    assert predict(directory / "run", tmp_path / "new.txt", tmp_path / "out.conllu").answers == 3
    cells = [line.split("\t") for line in (tmp_path / "out.conllu").read_text().splitlines()]
    assert [row[1] for row in cells if len(row) > 1] == " ".join(lines).split()
    assert all(row[3] != "_" for row in cells if len(row) > 1)
    tagged = load(directory / "run").predict([line.split() for line in lines])
    assert [tag for tags in tagged for tag in tags] == [row[3] for row in cells if len(row) > 1]
    for wrong in (["a text"], [["a", ""]], []):
        with pytest.raises(UserError, match="X: give a list of sentences, each a list of words"):
            load(directory / "run").predict(wrong)


def test_show(tmp_path):
    task = tiny.tagging(tmp_path).task.resolve()
    batch = everything(task, "test")
    outputs = jnp.eye(5)[batch.targets.at[0, 4].set(task.tags.index("VERB"))]
    lines = task.show(outputs, batch)
    assert len(lines) == 6  # one a sentence
    assert lines[0] == "Do AUX  n't PART  stop VERB  ! PUNCT"
    assert lines[1] == "Cats VERB (NOUN)  slep VERB"  # of longer words the first and last letters


@pytest.mark.parametrize(
    "changes, text, message",
    [
        ({"train": ""}, None, "task.train is empty: give a file"),
        ({"test": "nowhere"}, None, "task.test nowhere: no such file"),
        ({"tag": "POS"}, None, "task.tag: task.train has no column 'POS'; did you mean '.POS'"),
        ({}, "1\tEU\n", "task.test .*: line 1 has 2 columns, CoNLL-U has 10"),
    ],
)
def test_faults_are_told(tmp_path, changes, text, message):
    names = small_files.tagging_files(tmp_path)
    if text is not None:
        (tmp_path / "test.conllu").write_text(text)
    with pytest.raises(UserError, match=message):
        Tagging(**names | changes).resolve()


def test_a_lone_sentence_is_too_few(tmp_path):
    names = small_files.tagging_files(tmp_path) | {"valid": None}
    path = tmp_path / "train.conllu"
    path.write_text(path.read_text().split("\n\n")[0] + "\n\n")
    with pytest.raises(UserError, match="train.conllu: 1 sentence, and validation takes all"):
        Tagging(**names).resolve()


def test_a_changed_file_is_noticed_and_a_share_held_out(tmp_path):
    names = small_files.tagging_files(tmp_path) | {"valid": None}
    task = Tagging(**names, valid_fraction=0.25).resolve()
    data = task.load()
    words = {split: len(rows.codes) for split, rows in data.arrays.forms.items()}
    assert data.sizes == {"train": 1, "valid": 1, "test": 1} and words["test"] == 18
    assert "12 sentences" in task.describe(data) and words["train"] + words["valid"] == 48
    (tmp_path / "test.conllu").write_text(small_files.CONLLU)
    with pytest.raises(UserError, match="SHA-256 differs"):
        task.load()


def test_other_architectures_are_refused(tmp_path):
    with pytest.raises(UserError, match="Vanilla has no characters, words"):
        tiny.tagging(tmp_path, model=Vanilla()).resolve()
