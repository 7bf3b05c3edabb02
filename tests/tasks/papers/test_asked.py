"""Each answer recomputed from the text of its example, by plain Python."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.tasks.papers import CopyMemory, Language, LongLag, TemporalOrder, TwoSequences
from lstmjax.tasks.papers.languages import Name

READ = 200


def draw(task, split, count):
    """The first examples of a split."""
    return jax.jit(task.batch, static_argnums=1)((), split, jnp.arange(count))


def examples(task, split="train", count=READ):
    """What is read and what is asked for, as texts."""
    batch = draw(task, split, count)
    lengths = [batch.inputs.shape[1]] * count if batch.lengths is None else batch.lengths
    letters = task.letters
    for symbols, targets, asked, length in zip(
        np.asarray(batch.inputs).argmax(-1),
        np.asarray(batch.targets),
        np.asarray(batch.mask),
        np.asarray(lengths),
        strict=True,
    ):
        text = "".join(letters[i] for i in symbols[:length])
        yield text, "".join(task.answers[i] for i in targets[asked])


ANSWERS = {
    "parity": lambda text: str(sum(map(int, text)) % 2),
    "even_pairs": lambda text: str((text.count("01") + text.count("10")) % 2),
    "cycle_navigation": lambda text: str(sum(int(step) - 1 for step in text) % 5),
    "bucket_sort": lambda text: "".join(sorted(text)),
    "reverse_string": lambda text: text[::-1],
}


@pytest.mark.parametrize("language", Name.__args__)
def test_languages(language):
    task = Language(language=language, length=6, test_length=20)
    for split, lengths in (("train", range(1, 7)), ("test", range(7, 21))):
        found = set()
        for text, answer in examples(task, split):
            read = text.rstrip("?")
            assert answer == ANSWERS[language](read)
            assert len(text) - len(read) == len(answer)
            found.add(len(read))
        assert found == set(lengths)


@pytest.mark.parametrize("events", [2, 3])
def test_temporal_order(events):
    classes = set()
    for text, answer in examples(TemporalOrder(length=40, events=events)):
        assert 40 <= len(text) <= 44 and text[0] == "E" and text[-1] == "B"
        marked = "".join(letter for letter in text[1:-1] if letter in "XY")
        assert len(marked) == events and set(text[1:-1]) <= set("XYabcd")
        assert int(answer) == int(marked.replace("X", "0").replace("Y", "1"), 2)
        classes.add(answer)
    assert len(classes) == 2**events


def test_long_lag():
    task = LongLag(length=5, symbols=3)
    texts = list(examples(task))
    assert all(text[0] == "b" and text[-1] == "e" and text[1] == answer for text, answer in texts)
    more = np.array([len(text) - 3 - 5 for text, _ in texts])
    assert more.min() == 0 and abs(more.mean() - 9) < 2.5  # a geometric distribution's mean


def test_copying():
    task = CopyMemory(length=7)
    for text, answer in examples(task, count=20):
        symbols = text[:10]
        assert text == symbols + "." * 6 + "9" * 11 and set(symbols) <= set("12345678")
        assert answer == "." * 17 + symbols
    floors = task.floors(task.load())["without memory"]
    assert floors["nats"] == pytest.approx(10 * np.log(8) / 27)
    batch = draw(task, "test", 4)
    outputs = jnp.eye(9)[batch.targets].at[0, -1].multiply(-1)
    scores = metrics.divide(task.metrics(outputs, batch))
    assert scores["accuracy"] == 39 / 40 and scores["sequence_accuracy"] == 3 / 4


@pytest.mark.parametrize("noise", ["none", "values", "targets"])
def test_two_sequences(noise):
    task = TwoSequences(length=20, told=2, noise=noise)
    batch = draw(task, "train", 2000)
    told, rest = np.split(np.asarray(batch.inputs[..., 0]), [2], 1)
    first = told.mean(1) > 0
    np.testing.assert_allclose(rest.var(), 0.2, rtol=0.05)
    np.testing.assert_allclose(told[first].mean(), 1, atol=0.03)
    np.testing.assert_allclose(told[first].std(), 0.2**0.5 * (noise == "values"), atol=0.03)
    targets = np.asarray(batch.targets)
    assert noise == "values" or (np.sign(told) == np.where(first, 1, -1)[:, None]).all()
    if noise == "targets":
        np.testing.assert_allclose(targets[first].mean(), 0.8, atol=0.03)
        np.testing.assert_allclose(targets[first].var(), 0.1, rtol=0.15)
    else:
        assert np.mean(targets == first) > (0.97 if noise == "values" else 0.9999)
    test = draw(task, "test", 100)
    logits = jnp.log(test.targets + 1e-6) - jnp.log(1 - test.targets + 1e-6)
    scores = metrics.divide(task.metrics(logits[:, None], test))
    assert scores["accuracy"] == 1 and scores["mae"] < 1e-5
