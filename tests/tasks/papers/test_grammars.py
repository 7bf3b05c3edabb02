"""Reber strings against a regular expression, counts against Python's strings."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.tasks.papers import Counting, Reber

AGAIN = "(XT*VP)*"
INNER = f"B(TS*X{AGAIN}(S|XT*VV)|PT*V(V|P{AGAIN}(S|XT*VV)))E"
EMBEDDED = f"B(T{INNER}T|P{INNER}P)E"
READ = 400


def draw(task, split, count):
    """The first examples of a split."""
    return jax.jit(task.batch, static_argnums=1)((), split, jnp.arange(count))


def strings(batch, letters):
    """What each row reads, as text, and the sets of what may come after each symbol."""
    lengths = batch.mask.sum(-1)
    for symbols, targets, length in zip(
        np.asarray(batch.inputs).argmax(-1), np.asarray(batch.targets), lengths, strict=True
    ):
        sets = [{letters[i] for i in np.flatnonzero(row)} for row in targets[:length]]
        yield "".join(letters[i] for i in symbols[:length]), sets


def test_reber_strings_are_those_of_a_regular_expression():
    batch = draw(Reber(), "train", READ)
    found, after = set(), {}
    for text, sets in strings(batch, Reber.letters):
        assert len(text) < 50
        assert re.fullmatch(EMBEDDED, text + "E"), text
        found.add(text)
        for i, following in enumerate((*text[1:], "E")):
            assert following in sets[i]
            after.setdefault(text[: i + 1], set()).add(following)
            # what may come is settled by what was read: the set is the same for the same beginning
            assert after.setdefault((text[: i + 1],), sets[i]) == sets[i]
    assert len(found) > READ / 4
    common = [begun for begun in after if isinstance(begun, str) and len(begun) < 6]
    assert len(common) > 10
    for begun in common:  # and often enough, all that may come has come
        assert after[begun] == after[(begun,)], begun


def test_the_outer_symbol_is_the_second_again_and_scored_apart():
    task = Reber()
    batch = draw(task, "test", 50)
    texts = [text for text, _ in strings(batch, task.letters)]
    assert all(text[1] == text[-1] for text in texts)
    outputs = 2 * batch.targets - 1
    for row, text in enumerate(texts[:10]):  # the wrong one of the two
        outputs = outputs.at[row, len(text) - 2].multiply(-1)
    scores = metrics.divide(task.metrics(outputs, batch))
    assert scores["outer_accuracy"] == scores["sequence_accuracy"] == 40 / 50
    steps = sum(map(len, texts))
    np.testing.assert_allclose(scores["accuracy"], (steps - 10) / steps, rtol=1e-6)
    lines = task.show(outputs, batch)
    assert "wrong from step" in lines[0] and lines[10].endswith("; ok")


def test_a_stream_is_strings_one_after_the_other():
    task = Reber(continual=True, length=30, test_length=300)
    assert draw(task, "train", 2).inputs.shape == (2, 30, 7)
    batch = draw(task, "test", 20)
    assert batch.lengths is None and batch.resets is None
    for text, _ in strings(batch, task.letters):
        assert re.match(f"({EMBEDDED})*", text).end() > 240  # then one that is cut


@pytest.mark.parametrize("counted", [2, 3])
def test_counting(counted):
    task = Counting(counted=counted, largest=4, test_examples=30)
    batch = draw(task, "test", 30)
    for n, (text, sets) in enumerate(strings(batch, task.letters), 1):
        rest = "b" * n + "c" * n * (counted - 2)
        assert text == "S" + "a" * n + rest
        assert sets == [{"a"}] + [{"a", "b"}] * n + [{letter} for letter in rest[1:] + "T"]
    drawn = {len(text) // counted for text, _ in strings(draw(task, "train", 60), task.letters)}
    assert drawn == {1, 2, 3, 4}
    floors = task.floors(task.load())
    assert 0.3 < floors["by the last symbol"]["accuracy"] < 1
