"""Drawn scenes, read again from their pixels and from their sentences by code of its own."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.metrics import divide
from lstmjax.tasks.base import Written
from lstmjax.tasks.pictures import Scenes

RGB = {  # as a person would name them
    "red": (1, 0, 0),
    "green": (0, 0.8, 0.2),
    "blue": (0.1, 0.3, 1),
    "yellow": (1, 0.9, 0),
    "pink": (1, 0.5, 0.8),
    "white": (1, 1, 1),
}
LARGE = 96  # pixels: every edge is clear
OBJECT = r"a (small|large) (\w+) (\w+)"
PLACE = r"at the top|at the bottom|on the left|on the right|in the middle"


@pytest.fixture(scope="module")
def scenes():
    task = Scenes(size=LARGE)
    return task, jax.jit(lambda: task.batch((), "test", jnp.arange(40)))()


def seen_in(picture):
    """(axis, place, objects in their order) of a picture, by its bright pixels."""
    bright = picture.max(-1) > 0.45
    cell, found = LARGE // 3, []
    for row in range(3):
        for column in range(3):
            # a cell and no neighbour's pixel: objects stay within theirs
            window = np.s_[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell]
            if bright[window].sum() > 20:
                found.append((row, column, *looks(picture[window], bright[window])))
    rows, columns = {one[0] for one in found}, {one[1] for one in found}
    axis = "row" if len(rows) == 1 else "column"
    assert (len(rows) == 1) != (len(columns) == 1)
    names = {"row": ("top", "middle", "bottom"), "column": ("left", "middle", "right")}
    place = names[axis][min(rows if axis == "row" else columns)]
    return axis, place, tuple(one[2:] for one in found)  # from the left, or from the top


def looks(picture, bright):
    """Size, colour and shape of the one object in a window."""
    ys, xs = np.nonzero(bright)
    box = bright[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    colour = picture[bright].mean(0)
    colour = min(RGB, key=lambda name: np.abs(colour / colour.max() - RGB[name]).sum())
    if box.mean() > 0.97:
        shape = "square"
    elif box[-2:].mean() > 0.9:  # its lowest rows are full
        shape = "triangle"
    else:
        shape = "circle" if box.mean() > 0.7 else "cross"
    return "large" if len(box) > 0.65 * LARGE / 3 else "small", colour, shape


def said(sentence):
    """(axis, place, orders of the objects that it may mean); None: it does not tell the axis."""
    place = re.search(PLACE, sentence).group()
    objects = [match.groups() for match in re.finditer(OBJECT, sentence)]
    if " to " in sentence:
        start = re.search(r"from (\w+) to (\w+)", sentence).groups()
        axis = "row" if "left" in start else "column"
        ordered = objects if start[0] in ("left", "top") else objects[::-1]
        return axis, place.split()[-1], [tuple(ordered)]
    if "between" in sentence:
        inner, *outer = objects
        orders = [(outer[0], inner, outer[1]), (outer[1], inner, outer[0])]
        return None, place.split()[-1], orders
    relation = re.search(r"left of|right of|above|below", sentence.replace(place, "")).group()
    axis = "row" if relation in ("left of", "right of") else "column"
    first = relation in ("left of", "above")
    return axis, place.split()[-1], [tuple(objects if first else objects[::-1])]


def test_every_sentence_says_what_the_pixels_show(scenes):
    task, batch = scenes
    kinds = set()
    for picture, targets in zip(np.asarray(batch.inputs[0]), batch.targets, strict=True):
        axis, place, objects = seen_in(picture)
        texts = [task.spell(row) for row in np.asarray(targets)]
        assert len(set(texts)) == 6 or len(set(objects)) < len(objects)
        for text in texts:
            told, where, orders = said(text)
            assert told in (None, axis) and where == place and objects in orders, text
        kinds |= {(axis, len(objects)), place}
    assert len(kinds) == 4 + 5  # rows and columns of two and of three, at every place


@functools.cache
def drawn(split):
    """600 small scenes of a split, their sentences, and what is in each: (colour, shape)."""
    task = Scenes(size=24)
    batch = jax.jit(lambda: task.batch((), split, jnp.arange(600)))()
    texts = [[task.spell(row) for row in rows] for rows in np.asarray(batch.targets)]
    pairs = [{match[1:] for match in re.findall(OBJECT, said[0])} for said in texts]
    return task, batch, texts, pairs


def test_held_out_objects_are_in_no_other_split():
    found = {split: drawn(split)[-1] for split in ("train", "valid", "test")}
    known = set.union(*found["train"])
    assert len(known) == 18
    unknown = {split: set.union(*found[split]) - known for split in ("valid", "test")}
    assert len(unknown["valid"]) == 2 and len(unknown["test"]) == 4
    assert not unknown["valid"] & unknown["test"]
    assert {shape for _, shape in unknown["test"]} == {"square", "circle", "triangle", "cross"}
    for split in ("valid", "test"):
        share = np.mean([bool(pairs - known) for pairs in found[split]])
        assert 0.43 < share < 0.57  # 600 draws of one half: three deviations are .061


def test_any_sentence_of_the_scene_is_right_and_no_other():
    task, batch, texts, pairs = drawn("test")
    written = np.array(batch.targets[:, 3])  # as right as the first
    known = set.union(*drawn("train")[-1])
    strange = np.array([bool(of - known) for of in pairs])
    small, large = (task.vocabulary.index(word) for word in ("small", "large"))
    spoiled = np.arange(600) % 3 == 0
    for row in np.flatnonzero(spoiled):
        first = np.argmax((written[row] == small) | (written[row] == large))
        written[row, first] = small + large - written[row, first]
    right = np.array([task.spell(row) in rows for row, rows in zip(written, texts, strict=True)])
    assert right.sum() == 400 and strange.any() and not strange.all()
    logits = jnp.zeros((*written.shape, task.outputs))
    scores = divide(task.metrics(Written(written[:, None], None, logits), batch))
    assert scores["sequence_accuracy"] == pytest.approx(right.mean())
    assert scores["seen"] == pytest.approx(right[~strange].mean())
    assert scores["unseen"] == pytest.approx(right[strange].mean())
    words = sum(len(rows[3].split()) for rows in texts)
    # one word is wrong, and no other sentence of the scene is as near
    assert scores["token_error_rate"] == pytest.approx(200 / words, rel=0.1)
    np.testing.assert_allclose(scores["nats"], np.log(task.outputs), rtol=1e-5)
    wrong = [
        line for line in task.show(Written(written[:, None], None, None), batch) if "wrong" in line
    ]
    assert len(wrong) == 200
