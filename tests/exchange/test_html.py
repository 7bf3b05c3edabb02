import dataclasses
import json
import re
import unicodedata

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.exchange import html
from lstmjax.exchange.demos import demo_of
from lstmjax.inference.trained import load
from lstmjax.models.encoder_decoder import EncoderDecoder
from lstmjax.models.stacked import Stacked
from lstmjax.tasks.pairs import Pairs
from lstmjax.tasks.text import Words
from tests import small_files, tiny
from tests.exchange import node


def exported(experiment, directory):
    """A run that was not trained, and what the page that it is exported to holds."""
    tiny.finish(experiment, directory / "run")
    run = load(directory / "run")
    run.export(directory / "page.html")
    page = (directory / "page.html").read_text()
    (content,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    content = json.loads(content)
    # the answers are compared: half precision would move some
    packed = html.pack(run.experiment, run.params, "float32")
    return run, content | {"model": packed}


def answers(content, texts, program, scripts):
    program = f"value.texts.map((text) => {program}(value.task, loadModel(value.model), text))"
    return node.call(program, content | {"texts": texts}, scripts)


@node.needed
@pytest.mark.parametrize("beam", [1, 3])
def test_pairs_are_answered_as_by_predict(beam, tmp_path):
    task = Pairs(path=small_files.pairs_file(tmp_path), beam=beam, n_best=beam, shapes=2)
    model = EncoderDecoder(features=(8,), bidirectional=True, embedding=4, attention="dot")
    run, content = exported(tiny.pairs(tmp_path, task=task, model=model), tmp_path)
    sources = ["ab", "cde", "eee", "xaz", "bbbbb"]
    (tmp_path / "in.txt").write_text("\n".join(sources))
    wanted = run.predict(tmp_path / "in.txt")
    said = answers(content, sources, "pairsAnswers", ["pairs"])
    for mine, theirs in zip(said, wanted, strict=True):
        assert [answer["text"] for answer in mine["answers"]] == [text for text, _ in theirs]
        totals = [answer["total"] for answer in mine["answers"]]
        np.testing.assert_allclose(totals, [score for _, score in theirs], atol=1e-4)


@node.needed
def test_letters_are_taken_apart_and_composed():
    for text in ("한é", "Ångström"):
        letters = node.call('splitSymbols(value, "letter")', text, ["pairs"])
        assert letters == list(unicodedata.normalize("NFD", text))
        assert node.call('joinSymbols(value, "letter")', letters, ["pairs"]) == text


@node.needed
def test_words_are_tagged_as_by_predict(tmp_path):
    run, content = exported(tiny.tagging(tmp_path), tmp_path)
    sentences = ["Do n't stop !", "Elephants sleep", "Cats unquestionably"]
    (tmp_path / "in.txt").write_text("\n".join(sentences))
    said = answers(content, sentences, "taggingAnswers", ["tagging"])
    tags = [tuple(word["tag"] for word in sentence) for sentence in said]
    assert tags == run.predict(tmp_path / "in.txt")
    assert [word["known"] for word in said[1]] == [False, True]


# `load` lacks the last of the values that are read
SERIES = [
    dict(targets=("heat",)),
    dict(targets=("load", "heat"), covariates=("late",), normalize="window", head="quantile"),
    dict(targets=("load", "heat"), independent=True, normalize="last", patch=2, head="gaussian"),
    dict(targets=("load",), difference=3, normalize="residual", head="student", log=True),
    dict(targets=("load", "heat"), forecast="recursive", difference=2),
]


@node.needed
@pytest.mark.parametrize("fields", SERIES, ids=lambda fields: "-".join(map(str, fields.values())))
def test_series_are_continued_as_by_predict(fields, tmp_path):
    file = small_files.series_csv(tmp_path, 160)
    task = dict(path=str(file), time="day", lookback=8, horizon=3) | fields
    run, content = exported(tiny.series(task, model=Stacked(features=(5, 3))), tmp_path)
    rows = content["task"]["rows"]
    assert len(rows) == run.experiment.task.history
    # the rows that the page starts with, as a file
    lines = file.read_text().splitlines()
    (tmp_path / "in.csv").write_text("\n".join(lines[:-3]) + "\n")
    (wanted,) = run.predict(tmp_path / "in.csv")
    said = node.call(
        "seriesForecast(value.task, loadModel(value.model), value.task.rows)",
        content,
        ["forecast"],
    )
    np.testing.assert_allclose(said["median"], wanted.median, rtol=2e-5, atol=1e-5)
    if wanted.quantiles is None:
        assert said["quantiles"] is None
    else:
        np.testing.assert_allclose(said["quantiles"], wanted.quantiles, rtol=2e-5, atol=1e-5)
    truth = np.array(content["task"]["truth"], float)  # None is NaN
    columns = [lines[0].split(",").index(name) for name in run.experiment.task.targets]
    came = [[float(line.split(",")[k] or "nan") for k in columns] for line in lines[-3:]]
    np.testing.assert_allclose(truth, came, rtol=1e-6)


@node.needed
@pytest.mark.parametrize("level", ["byte", "character", "word", "space"])
def test_texts_are_read_and_written_as_here(level, tmp_path):
    experiment = tiny.text(tmp_path)
    file = tmp_path / "poem.txt"
    file.write_text("Ein süßer Hund: he's (not) a “well-known” dog; 7 x_1. ( 7\n" * 40)
    if level in ("word", "space"):
        task = Words(path=str(file), window=8, tokens=level)
        experiment = dataclasses.replace(experiment, task=task)
    else:
        experiment = experiment.override([f"task.level={level}"])
    task = experiment.resolve().task
    text = "süßer dog: a Hund\n(not) he's 7 “well-known” x_1. ( 7"
    codes = task.encode(text).tolist()
    value = {"task": demo_of(experiment.resolve()).settings, "text": text, "codes": codes}
    assert node.call("textCodes(value.task, value.text)", value, ["text"]) == codes
    written = node.call("value.codes.map(textDecoder(value.task)).join('')", value, ["text"])
    assert written == task.decode(np.array(codes))


@node.needed
def test_draws_follow_the_distribution():
    logits = np.log([0.1, 0.6, 0.3]).tolist()
    program = "value.at.map((u) => draw(Float32Array.from(value.logits), value.t, () => u))"
    at = ((np.arange(1000) + 0.5) / 1000).tolist()
    drawn = node.call(program, {"logits": logits, "at": at, "t": 1}, ["text"])
    np.testing.assert_allclose(np.bincount(drawn) / 1000, [0.1, 0.6, 0.3], atol=2e-3)
    assert set(node.call(program, {"logits": logits, "at": at, "t": 0}, ["text"])) == {1}


def test_what_a_page_cannot_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="Labelled"):
        demo_of(tiny.labelled(tmp_path))
    file = str(small_files.series_csv(tmp_path, 160))
    task = dict(path=file, targets=("heat",), forecast="recursive", head="gaussian")
    with pytest.raises(UserError, match="draws"):
        demo_of(tiny.series(task))


def test_markup_in_a_vocabulary_stays_data(tmp_path):
    experiment = tiny.text(tmp_path)
    (tmp_path / "poem.txt").write_text("</script><b>&amp; " * 99)
    run, content = exported(experiment, tmp_path)
    assert "<" in content["task"]["vocabulary"]
    assert (tmp_path / "page.html").read_text().count("</script>") == 2
