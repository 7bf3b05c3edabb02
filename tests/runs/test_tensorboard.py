import json
import struct

import pytest

from lstmjax.runs.tensorboard import to_tensorboard

event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")

LOG = [
    {"step": 5, "loss": 1.5, "gradient_norm": 0.5},
    {"step": 5, "valid": {"loss": 1.25, "accuracy": 0.5}},
    {"step": 10, "loss": 1.0, "gradient_norm": 0.25},
]


def scalars(directory):
    """What TensorBoard reads: records of a length, two checksums and an event."""
    (file,) = directory.glob("events.out.tfevents.*")
    content, found, place = file.read_bytes(), [], 0
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        event = event_pb2.Event.FromString(content[place + 12 : place + 12 + length])
        found += [(value.tag, event.step, value.simple_value) for value in event.summary.value]
        place += 12 + length + 4
    return found


def test_every_number_of_the_log_is_there_once(tmp_path):
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LOG))
    for _ in range(2):  # as after a resumed run
        to_tensorboard(tmp_path, tmp_path / "tensorboard")
    assert scalars(tmp_path / "tensorboard") == [
        ("train/loss", 5, 1.5),
        ("train/gradient_norm", 5, 0.5),
        ("valid/loss", 5, 1.25),
        ("valid/accuracy", 5, 0.5),
        ("train/loss", 10, 1.0),
        ("train/gradient_norm", 10, 0.25),
    ]


def test_seeds_are_apart(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(json.dumps({"step": 5, "loss": [1.0, 2.0]}) + "\n")
    to_tensorboard(tmp_path, tmp_path / "tensorboard")
    assert scalars(tmp_path / "tensorboard") == [
        ("train/loss/seed_0", 5, 1.0),
        ("train/loss/seed_1", 5, 2.0),
    ]
