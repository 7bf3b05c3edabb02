import collections
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.inference.generation import Sampling, draw_texts, write_samples
from lstmjax.inference.prediction import answer
from lstmjax.tasks.text.words import UNKNOWN, Words
from lstmjax.training.run import run
from lstmjax.training.steps import init_state
from tests import small_files, tiny

LINES = "The dog's tail, a well-known one, wags.\nThe cat <unk> sits!\n"


def words(tmp_path, text=LINES * 30, **fields):
    file = tmp_path / "text"
    file.write_text(text)
    return Words(path=str(file), **fields).resolve()


def test_words_marks_and_line_ends(tmp_path):
    task = words(tmp_path, unknown_below=1)
    assert task.split(LINES)[:9] == [
        "The",
        "dog's",
        "tail",
        ",",
        "a",
        "well-known",
        "one",
        ",",
        "wags",
    ]
    assert task.split(LINES)[-6:] == ["The", "cat", "<unk>", "sits", "!", "\n"]
    assert task.decode(task.encode(LINES)) == LINES
    plain = words(tmp_path, tokens="space", lowercase=True)
    assert plain.split(LINES)[:3] == ["the", "dog's", "tail,"]
    assert plain.decode(plain.encode(LINES)) == LINES.lower()
    brackets = "a ( dog ) , [ 7\n"  # tokens of their own, which blanks separate
    plain = words(tmp_path, brackets * 99, tokens="space")
    assert plain.decode(plain.encode(brackets)) == brackets


def test_the_vocabulary_is_the_training_parts(tmp_path):
    text = "only once\n" + "a a a b b\n" * 100 + "never before\n" * 6
    task = words(tmp_path, text, valid_fraction=0.002, test_fraction=0.03)
    assert task.vocabulary == (UNKNOWN, "a", "b", "\n")
    assert words(tmp_path, text, most_words=2).vocabulary == (UNKNOWN, "a", "b")
    test = task.load().arrays["test"]
    assert task.decode(test).count("<unk>") > 3
    counts = collections.Counter(task.load().arrays["train"].tolist())
    assert counts.most_common(1)[0][0] == 1


def test_held_out_files_as_given(tmp_path):
    for name in ("valid", "test"):
        (tmp_path / name).write_text(f"The cat {name}s!\n" * 80)
    files = dict(valid_path=str(tmp_path / "valid"), test_path=str(tmp_path / "test"))
    task = words(tmp_path, **files)
    arrays = task.load().arrays
    assert task.decode(arrays["train"]) == LINES * 30
    assert task.decode(arrays["test"]) == "The cat <unk>!\n" * 80
    (tmp_path / "test").write_text("The dog!\n" * 120)
    with pytest.raises(UserError, match="not the text this experiment was trained on"):
        task.load()
    with pytest.raises(UserError, match="task.test_path .*absent: no such file"):
        words(tmp_path, test_path=str(tmp_path / "absent"))


def test_floors_and_show(tmp_path):
    task = words(tmp_path, window=4)
    data = task.load()
    floors = task.floors(data)
    assert set(floors) == {"unigram", "5-gram with back-off"}
    # a text that repeats is known after its beginning
    assert floors["5-gram with back-off"]["perplexity"] < 1.5 < floors["unigram"]["perplexity"]
    batch = task.batch(data.arrays, "train", jnp.arange(1))
    wrong = jnp.eye(task.outputs)[jnp.asarray(batch.targets).at[0, 1].add(1) % task.outputs]
    text, marks = task.show(wrong, batch)
    word = task.vocabulary[batch.targets[0, 1]]
    assert marks.strip() == "^" * len(word) and text[marks.index("^") :].startswith(word)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("words")
    experiment = tiny.text(directory, task=Words(path=str(directory / "poem.txt"), window=8))
    run(experiment, directory / "run")
    return directory / "run"


def test_sampling_in_words(trained, capsys):
    write_samples(trained, "the zebra", 80, 1, 0, Sampling())
    one = capsys.readouterr().out
    assert re.match("the zebra[ ;.]", one)
    assert one == f"the zebra{draw_texts(trained, 'the zebra', 80, 1, 0, Sampling())[0]}\n"
    known = {*re.findall(r"\w+", small_files.POEM), "zebra", "<unk>"}
    assert {*re.sub(r"[.;]", " ", one).split()} <= known
    with pytest.raises(UserError, match="--prompt is empty"):
        write_samples(trained, "  ", 10, 1, 0, Sampling())


@pytest.mark.parametrize("kind", ["word", "character"])
def test_bits_of_each_line(kind, tmp_path):
    """Against the model read from the line's beginning, by itself."""
    lines = ["the cat sat", "the dog", "", "the mat; " * 9]
    experiment = tiny.text(tmp_path)
    if kind == "word":
        experiment = tiny.text(tmp_path, task=Words(path=experiment.task.path, window=8))
    else:  # a text that has ends of lines
        with open(experiment.task.path, "a") as file:
            file.write("\n")
    experiment = experiment.resolve()
    task, params = experiment.task, init_state(experiment, experiment.task.load()).params
    source, answers = tmp_path / "lines", tmp_path / "answers"
    source.write_text("\n".join(lines) + "\n")
    kept, batches = task.read(source)
    task.write(answers, kept, answer(experiment, params, batches))
    told = [line.split("\t") for line in answers.read_text().splitlines()]
    assert [line for _, line in told] == lines
    for bits, line in told:
        if kind == "word" and not line:
            assert bits == "nan"
            continue
        codes = task.encode(line if kind == "word" else f"\n{line}\n")
        logits, _ = experiment.model.apply({"params": params}, codes[None, :-1])
        nats = -jnp.take_along_axis(jax.nn.log_softmax(logits[0]), codes[1:, None], -1).mean()
        np.testing.assert_allclose(float(bits), nats / np.log(2), atol=2e-4)
