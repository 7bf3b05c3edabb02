import json
import struct

import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.tasks.music import PianoRoll
from lstmjax.tasks.music.files import read_pieces, write_midi
from tests import small_files


def task_of(directory, **settings):
    task = PianoRoll(path=small_files.pieces_file(directory), shapes=2, **settings).resolve()
    return task, task.load()


def notes(frame):
    return sorted(int(key) + 21 for key in np.flatnonzero(frame))


def test_targets_are_the_next_frames_of_the_file(tmp_path):
    task, data = task_of(tmp_path)
    pieces = json.loads((tmp_path / "pieces.json").read_text())
    for split in ("train", "valid", "test"):
        assert data.sizes[split] == len(pieces[split])
        batch = task.batch(data.arrays, split, jnp.arange(len(pieces[split])), data.shapes[-1])
        for row, piece in enumerate(pieces[split]):
            length = int(batch.lengths[row])
            assert length == len(piece) - 1
            np.testing.assert_array_equal(batch.mask[row].sum(), length)
            read = [notes(frame) for frame in batch.inputs[row, :length]]
            after = [notes(frame) for frame in batch.targets[row, :length]]
            assert read == [sorted(frame) for frame in piece[:-1]]
            assert after == [sorted(frame) for frame in piece[1:]]


def test_transposed_pieces_are_the_pieces_in_other_keys(tmp_path):
    plain, data = task_of(tmp_path)
    task, more = task_of(tmp_path, transpose=2)
    count = data.sizes["train"]
    assert more.sizes == data.sizes | {"train": 5 * count}
    rows = jnp.arange(count)
    first = plain.batch(data.arrays, "train", rows, data.shapes[-1])
    for place, higher in enumerate((0, 1, -1, 2, -2)):
        moved = task.batch(more.arrays, "train", rows + place * count, more.shapes[-1])
        np.testing.assert_array_equal(moved.lengths, first.lengths)
        for row in range(count):
            for old, new in zip(first.targets[row], moved.targets[row], strict=True):
                expected = [note + higher for note in notes(old)]
                assert notes(new) == [note for note in expected if 21 <= note <= 108]


def test_scores_are_sums_over_keys_and_means_over_frames(tmp_path):
    task, data = task_of(tmp_path)
    batch = task.batch(data.arrays, "test", jnp.arange(2), data.shapes[-1])
    outputs = np.random.default_rng(0).normal(size=batch.targets.shape).astype(np.float32)
    nats, both, either, frames = 0.0, 0, 0, 0
    for row in range(2):
        for frame in range(int(batch.lengths[row])):
            frames += 1
            for logit, sounds in zip(outputs[row, frame], batch.targets[row, frame], strict=True):
                chance = 1 / (1 + np.exp(-np.float64(logit)))
                nats -= np.log(chance if sounds else 1 - chance)
                both += bool(logit > 0 and sounds)
                either += bool(logit > 0 or sounds)
    scores = metrics.divide(task.metrics(jnp.asarray(outputs), batch))
    np.testing.assert_allclose(scores["nats"], nats / frames, rtol=1e-5)
    np.testing.assert_allclose(scores["accuracy"], both / either, rtol=1e-5)


def test_floors_are_what_they_say(tmp_path):
    """A key of which training says that it sounds in 1 of 2 frames costs log 2 in each."""
    pieces = {split: [[[60], [], [60], [], [60]]] for split in ("train", "valid", "test")}
    (tmp_path / "p.json").write_text(json.dumps(pieces))
    task = PianoRoll(path=str(tmp_path / "p.json")).resolve()
    floors = task.floors(task.load())
    # four frames follow another; 87 keys never sound, and Laplace says 1/6 of each
    silent = -87 * np.log(5 / 6)
    np.testing.assert_allclose(floors["each key's frequency"]["nats"], np.log(2) + silent)
    # after itself it never sounds, after silence always: 1/4 and 3/4 by two frames each
    expected = -np.log(3 / 4) + silent
    np.testing.assert_allclose(floors["each key after itself"]["nats"], expected)


def read_midi(content):
    """(tick, note, whether it is struck) of a file of one track, by the standard's definition."""
    kind, size, form, tracks, ticks = struct.unpack(">4sIHHH", content[:14])
    assert (kind, size, form, tracks) == (b"MThd", 6, 0, 1)
    kind, size = struct.unpack(">4sI", content[14:22])
    track, place, now, events = content[22:], 0, 0, []
    assert kind == b"MTrk" and size == len(track)
    while place < size:
        delta = 0
        while True:
            byte = track[place]
            place, delta = place + 1, delta << 7 | byte & 0x7F
            if byte < 0x80:
                break
        now += delta
        status = track[place]
        if status == 0xFF:
            place += 3 + track[place + 2]
            continue
        assert status >> 4 in (8, 9)
        events.append((now / ticks, track[place + 1], status >> 4 == 9 and track[place + 2] > 0))
        place += 3
    assert track[-3:] == b"\xff\x2f\x00"
    return events


def test_a_midi_file_holds_the_roll(tmp_path):
    roll = np.random.default_rng(0).random((300, 88)) < 0.02
    roll[:290, 3] = True  # held for longer than one byte tells
    write_midi(tmp_path / "a.mid", roll)
    sounding, found = set(), np.zeros_like(roll)
    events = read_midi((tmp_path / "a.mid").read_bytes())
    for frame in range(300):
        for _, note, struck in (event for event in events if event[0] == frame):
            assert struck != (note in sounding)
            sounding = sounding | {note} if struck else sounding - {note}
        found[frame, [note - 21 for note in sounding]] = True
    np.testing.assert_array_equal(found, roll)
    assert events[-1][0] <= 300 and not events[-1][2]


@pytest.mark.parametrize(
    "text, told",
    [
        ("{", "no JSON"),
        ('{"train": [[[60], [60]]]}', "write"),
        (
            '{"train": [[[60]]], "valid": [[[60]]], "test": [[[60]]]}',
            "train, piece 1: .*two frames",
        ),
        ('{"train": [[[60], [20]]], "valid": [1], "test": [1]}', "piece 1, frame 2: 20 is no key"),
        ('{"train": [[[60], ["C"]]], "valid": [1], "test": [1]}', "frame 2: 'C' is no key"),
    ],
)
def test_faults_in_a_file_are_told(text, told, tmp_path):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(UserError, match=told):
        read_pieces(str(tmp_path / "p.json"))
