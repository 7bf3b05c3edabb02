"""Videos of two digits, explained again by trying every digit, way and start there is."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.metrics import divide
from lstmjax.tasks.pictures import MovingDigits, digits
from tests import small_files

WAYS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
SMALL = dict(frames=4, size=9, speed=1)


def drawn(task, split, size):
    task = task.resolve()
    arrays = jax.tree.map(jnp.asarray, task.load().arrays)
    return jax.jit(lambda: task.batch(arrays, split, jnp.arange(size)))()


def explanations(video, glyphs, speed):
    """Every pair {(digit, way), (digit, way)} whose moving pictures are the video together."""
    frames, size, _ = video.shape
    parts = []
    for digit, glyph in enumerate(glyphs):
        canvas = np.zeros((size, size), bool)
        canvas[: glyph.shape[0], : glyph.shape[1]] = glyph > 0
        for way, (down, across) in WAYS.items():
            for row, column in itertools.product(range(size), repeat=2):
                steps = [
                    (row + speed * t * down, column + speed * t * across) for t in range(frames)
                ]
                moved = np.stack([np.roll(canvas, step, (0, 1)) for step in steps])
                if not (moved & ~video).any():
                    parts.append((digit, way, moved))
    return {
        frozenset({one[:2], other[:2]})
        for one, other in itertools.combinations(parts, 2)
        if one[0] != other[0] and ((one[2] | other[2]) == video).all()
    }


def test_every_answer_explains_its_video():
    task = MovingDigits(**SMALL)
    batch, alone = drawn(task, "test", 6), 0
    for video, answer in zip(np.asarray(batch.inputs), np.asarray(batch.targets), strict=True):
        said = frozenset((int(d), list(WAYS)[answer[d]]) for d in np.flatnonzero(answer < 4))
        assert len(said) == 2
        found = explanations(video[..., 0] == 1, digits.of_font(1).pictures, task.speed)
        assert said in found
        alone += len(found) == 1
    assert alone >= 4  # now and then one digit hides what tells another from a third


def test_two_digits_of_a_test_went_no_such_ways_together_in_training():
    contents, pairs = {}, set()
    for split in ("train", "valid", "test"):
        targets = np.asarray(drawn(MovingDigits(**SMALL), split, 900).targets)
        assert set(targets[targets < 4]) == {0, 1, 2, 3}
        there = [np.flatnonzero(row < 4) for row in targets]
        contents[split] = {(*d, *row[d]) for d, row in zip(there, targets, strict=True)}
        pairs |= {content[:2] for content in contents["train"]}
    assert not contents["train"] & contents["test"]
    assert not contents["train"] & contents["valid"]
    assert pairs == set(itertools.combinations(range(10), 2))  # each went some other ways


def test_two_digits_are_said_and_all_must_be_right():
    task = MovingDigits(**SMALL)
    batch = drawn(task, "test", 5)
    truth = np.asarray(batch.targets)
    scores = np.full((5, 10, 5), -2.0)
    scores[..., 4] = 3.0  # all say absent; the two that say so least are taken
    for row, digit in np.argwhere(truth < 4):
        scores[row, digit, truth[row, digit]] = 1.0
    there = np.flatnonzero(truth[0] < 4)
    scores[0, there[0]] = np.roll(scores[0, there[0], :4], 1).tolist() + [3.0]  # another way
    absent = np.flatnonzero(truth[1] == 4)[0]
    scores[1, absent, 2] = 5.0  # another digit
    outputs = jnp.asarray(scores.reshape(5, 50))
    found = divide(task.metrics(outputs, batch))
    assert found["sequence_accuracy"] == pytest.approx(3 / 5)
    assert found["digits"] == pytest.approx(4 / 5)
    assert found["ways"] == pytest.approx(9 / 10)
    lines = task.show(outputs, batch)
    assert [line.endswith("ok") for line in lines] == [False, False, True, True, True]
    digit = np.flatnonzero(truth[2] < 4)[0]
    assert lines[2].startswith(f"{digit} goes {list(WAYS)[truth[2, digit]]}, ")
    exact = (
        np.log(np.exp(scores).sum(-1)) - np.take_along_axis(scores, truth[..., None], -1)[..., 0]
    )
    np.testing.assert_allclose(found["nats"], exact.sum(1).mean(), rtol=1e-5)


def test_digits_of_files_are_split(tmp_path):
    labels = np.arange(300) % 10
    pictures = np.zeros((300, 3, 4), np.uint8)
    pictures[:, 0, 0], pictures[:, 0, 1] = np.arange(300) % 256, 1 + np.arange(300) // 256
    paths = [tmp_path / name for name in ("pictures", "labels")]
    for path, array in zip(paths, (pictures, labels), strict=True):
        path.write_bytes(small_files.idx_bytes(array.astype(np.uint8)))
    found, rows = digits.of_files(*map(str, paths), seed=0), {}
    for split, glyphs in found.items():
        rows[split] = glyphs.pictures[:, 0, 0] + 256 * (glyphs.pictures[:, 0, 1].astype(int) - 1)
        for digit in range(10):
            places = slice(glyphs.starts[digit], glyphs.starts[digit] + glyphs.counts[digit])
            assert (rows[split][places] % 10 == digit).all() and glyphs.counts[digit] > 0
    assert sorted(np.concatenate(list(rows.values()))) == list(range(300))
    assert len(rows["test"]) == len(rows["valid"]) == 30
    task = MovingDigits(path=str(paths[0]), labels=str(paths[1]), size=8)
    video = np.asarray(drawn(task, "test", 1).inputs[0, 0, ..., 0])
    assert set(np.rint(255 * video[video > 0.03])) <= set(rows["test"] % 256)
    paths[1].write_bytes(small_files.idx_bytes((labels % 9).astype(np.uint8)))
    for changes, told in (
        (dict(size=8), "too few pictures of 9"),
        (dict(size=8, labels=""), "give both"),
        (dict(size=8, labels=str(tmp_path / "none")), "no such file"),
    ):
        with pytest.raises(UserError, match=told):
            MovingDigits(**dict(path=str(paths[0]), labels=str(paths[1])) | changes).resolve()
    for changes, told in ((dict(size=8, scale=2), "raise it"), (dict(size=8, speed=4), "alike")):
        with pytest.raises(UserError, match=told):
            MovingDigits(**changes).resolve()
