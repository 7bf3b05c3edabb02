import gzip

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.tasks.sequences.files import read_sequences
from tests import small_files

HEAD = "# made up\n@problemName x\n@dimensions 2\n@classLabel true a b\n@data\n"
ROWS = "1,2,3:4,5,6:a\n\n7:8:b\n"


def ts(tmp_path, text):
    (tmp_path / "x.ts").write_text(text)
    return read_sequences(tmp_path / "x.ts", "task.train")


def npz(tmp_path, **arrays):
    np.savez(tmp_path / "x.npz", **arrays)
    return read_sequences(tmp_path / "x.npz", "task.train")


def idx(tmp_path, content, labels=None):
    (tmp_path / "x").write_bytes(content)
    if labels is not None:
        (tmp_path / "y").write_bytes(small_files.idx_bytes(np.array(labels, np.uint8)))
    path = str(tmp_path / "y") if labels is not None else None
    return read_sequences(tmp_path / "x", "task.train", path)


def test_ts_by_hand(tmp_path):
    sequences = ts(tmp_path, HEAD + ROWS)
    np.testing.assert_array_equal(
        sequences.inputs, [[[1, 4], [2, 5], [3, 6]], [[7, 8], [0, 0], [0, 0]]]
    )
    np.testing.assert_array_equal(sequences.lengths, [3, 1])
    assert sequences.labels == ("a", "b") and sequences.places == ("line 6", "line 8")


def test_ts_with_missing_values_and_without_labels(tmp_path):
    sequences = ts(tmp_path, HEAD.replace("true a b", "false") + "1,?:4,5\n")
    np.testing.assert_array_equal(sequences.inputs, [[[1, 4], [np.nan, 5]]])
    assert sequences.labels is None


def test_npz_by_hand(tmp_path):
    inputs = np.arange(12.0).reshape(2, 3, 2)
    sequences = npz(tmp_path, inputs=inputs, lengths=[3, 1], labels=["a", "b"])
    assert sequences.labels == ("a", "b")
    inputs[1, 1:] = 0
    np.testing.assert_array_equal(sequences.inputs, inputs)
    assert npz(tmp_path, inputs=inputs).lengths.tolist() == [3, 3]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_is_read_row_by_row(tmp_path, pack):
    pictures = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    sequences = idx(tmp_path, pack(small_files.idx_bytes(pictures)), [7, 1])
    np.testing.assert_array_equal(sequences.inputs, pictures)
    assert sequences.lengths.tolist() == [4, 4] and sequences.labels == ("7", "1")


def test_idx_of_larger_numbers(tmp_path):
    content = b"\0\0\x0b\3" + np.array([1, 1, 2, 300, -1], ">i4").tobytes()[:12]
    content += np.array([300, -1], ">i2").tobytes()
    np.testing.assert_array_equal(idx(tmp_path, content).inputs, [[[300, -1]]])


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "task.train .*x.ts: empty; give"),
        (ROWS, "no line @data before line 1; add it"),
        (HEAD.replace("@data\n", ""), "no line @data; is it"),
        (HEAD, "no sequences after @data"),
        (HEAD + "1,2:4:a\n", "line 6 has channels of 1 to 2 steps"),
        (HEAD + ROWS + "1:a\n", "line 9 has 1 channels between colons, 2 are expected"),
        (HEAD.replace("@dimensions 2\n", "") + ROWS + "1:a\n", "line 8 has 1 channels"),
        (HEAD + "1,x:4,5:a\n", "line 6: could not convert string to float: 'x'; write numbers"),
        (HEAD + "1,2:4,:a\n", "line 6: could not convert"),
        (HEAD + "1,inf:4,5:a\n", "line 6 has an infinite value"),
        (HEAD + "1,2:4,5:c\n", "line 6 has the label 'c', @classLabel has a, b"),
        (HEAD.replace(" a b", ""), "@classLabel true names no classes"),
        (HEAD.replace("@data", "@timeStamps true\n@data"), "@timeStamps true: resample"),
        (HEAD.replace("@data", "@targetLabel true\n@data"), "both true; keep one"),
    ],
)
def test_faults_of_ts_files(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        ts(tmp_path, text)


INPUTS = np.ones((2, 3, 2))


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"x": INPUTS}, "has no array inputs, but x; save it with"),
        ({"inputs": INPUTS[0]}, "float64 of shape .3, 2.; numbers .size, time, width. are needed"),
        ({"inputs": np.full((1, 2, 3), "a")}, "inputs are <U1"),
        ({"inputs": np.array([[[None]]])}, "cannot be read .*without arrays of objects"),
        ({"inputs": INPUTS[:0]}, "of shape .0, 3, 2."),
        ({"inputs": INPUTS, "lengths": [1]}, "lengths have shape .1,., inputs .2, 3, 2.: give one"),
        ({"inputs": INPUTS, "labels": [1, 2, 3]}, "labels have shape .3,."),
        ({"inputs": INPUTS, "lengths": [3, 4]}, "row 1 of lengths is 4; whole numbers from 1 to 3"),
        ({"inputs": INPUTS, "lengths": [0, 3]}, "row 0 of lengths is 0"),
        ({"inputs": INPUTS, "lengths": [1.0, 3.0]}, "row 0 of lengths is 1.0"),
        ({"inputs": INPUTS * [[[1.0]], [[np.inf]]]}, "row 1 of inputs has an infinite value"),
    ],
)
def test_faults_of_npz_files(tmp_path, arrays, message):
    with pytest.raises(UserError, match=f"task.train .*x.npz: .*{message}"):
        npz(tmp_path, **arrays)


PICTURES = small_files.idx_bytes(np.ones((2, 4, 3), np.uint8))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "x: not an idx file, it begins with b''"),
        (b"PNG" + PICTURES, "not an idx file, it begins with b'PNG.*names .* end in .ts or .npz"),
        (PICTURES[:-1], "39 bytes, where its header .2, 4, 3. asks for 40: cut short"),
        (PICTURES + b"\0", "41 bytes, where"),
        (PICTURES[:7], "7 bytes, where its header"),
        (gzip.compress(PICTURES, mtime=0)[:-9], "cut short or damaged .*; fetch it again"),
        (small_files.idx_bytes(np.ones(3, np.uint8)), "an array of shape .3,.; pictures"),
    ],
)
def test_faults_of_idx_files(tmp_path, content, message):
    with pytest.raises(UserError, match=f"task.train .*{message}"):
        idx(tmp_path, content)


def test_faults_of_labels(tmp_path):
    with pytest.raises(UserError, match="task.train_labels .*y: labels of shape .3,. for 2 seq"):
        idx(tmp_path, PICTURES, [1, 2, 3])
    ts(tmp_path, HEAD + ROWS)
    with pytest.raises(UserError, match="task.train_labels y: .* holds its own labels; leave"):
        read_sequences(tmp_path / "x.ts", "task.train", "y")
    with pytest.raises(UserError, match="task.train nowhere.npz: no such file"):
        read_sequences("nowhere.npz", "task.train")
    (tmp_path / "x.npz").write_bytes(b"")
    with pytest.raises(UserError, match="x.npz: cannot be read"):
        read_sequences(tmp_path / "x.npz", "task.train")


def test_ts_keeps_apart_what_float32_would_blur(tmp_path):
    rows = "1700000001,1700000002:a\n1700000003,1700000004:b\n"
    read = ts(tmp_path, "@classLabel true a b\n@data\n" + rows).inputs
    assert read.ravel().tolist() == [1700000001, 1700000002, 1700000003, 1700000004]
