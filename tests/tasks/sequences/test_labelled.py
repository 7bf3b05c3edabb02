import csv
import dataclasses
import itertools

import jax.numpy as jnp
import numpy as np
import pytest

import lstmjax
from lstmjax.errors import UserError
from lstmjax.inference.prediction import predict
from lstmjax.models.cnn_lstm import CnnLstm
from lstmjax.tasks.sequences.files import read_sequences
from lstmjax.tasks.sequences.labelled import Labelled, _by_number
from lstmjax.tasks.sequences.pixels import Pixels
from lstmjax.training.run import run
from lstmjax.training.steps import init_state
from tests import small_files, tiny


def everything(task, split):
    data = task.load()
    return task.batch(data.arrays, split, np.arange(data.sizes[split]), data.shapes[-1])


def as_npz(directory, names):
    """The same sequences in .npz files."""
    files = {}
    for split, name in names.items():
        of = read_sequences(name, split)
        files[split] = str(directory / f"{split}.npz")
        np.savez(files[split], inputs=of.inputs, lengths=of.lengths, labels=of.labels)
    return files


def test_the_training_part_alone_sets_the_scale(tmp_path):
    names = small_files.labelled_files(tmp_path)
    task = Labelled(**names, valid_fraction=0.25).resolve()
    assert task.load().sizes == {"train": 18, "valid": 6, "test": 10}
    inputs, lengths, *_ = task.load().arrays["train"]
    steps = np.concatenate([row[:length] for row, length in zip(inputs, lengths, strict=True)])
    np.testing.assert_allclose(task.mean, steps.mean(0), rtol=1e-6)
    np.testing.assert_allclose(task.deviation, steps.std(0), rtol=1e-6)
    batch = everything(task, "train")
    mask = np.arange(batch.inputs.shape[1]) < batch.lengths[:, None]
    np.testing.assert_allclose(batch.inputs[mask].mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(batch.inputs[mask].std(0), 1, rtol=1e-5)
    np.testing.assert_array_equal(batch.inputs[~mask], 0)
    alike = dataclasses.replace(task, standardize="together").resolve()
    np.testing.assert_allclose(alike.mean, [steps.mean()] * 2, rtol=1e-6)
    # the test file's scale is its own
    assert abs(np.asarray(everything(task, "test").inputs).mean()) > 1e-3


def test_a_channel_that_never_changes_reads_as_zero(tmp_path):
    inputs = np.random.default_rng(0).normal(size=(6, 3, 2)) * [0, 1] + [7, 0]
    np.savez(tmp_path / "x.npz", inputs=inputs, labels=np.arange(6) % 2)
    files = dict.fromkeys(("train", "valid", "test"), str(tmp_path / "x.npz"))
    batch = everything(Labelled(**files, missing="mask").resolve(), "test")
    np.testing.assert_array_equal(batch.inputs[..., 0], 0)
    np.testing.assert_array_equal(batch.inputs[..., 2:], 1)  # nothing is missing


@pytest.mark.parametrize("standardize", ["each", "together"])
def test_a_channel_never_observed_in_training_reads_as_zero(standardize, tmp_path):
    inputs = np.random.default_rng(0).normal(5, 2, (6, 3, 2))
    np.savez(tmp_path / "test.npz", inputs=inputs, labels=np.arange(6) % 2)
    inputs[..., 0] = np.nan
    np.savez(tmp_path / "train.npz", inputs=inputs, labels=np.arange(6) % 2)
    names = {split: str(tmp_path / f"{split}.npz") for split in ("train", "test")}
    task = Labelled(**names, valid=names["train"], missing="mask", standardize=standardize)
    task = task.resolve()
    mean, deviation = inputs[..., 1].mean(), inputs[..., 1].std()
    other = (0, 1) if standardize == "each" else (mean, deviation)
    np.testing.assert_allclose(task.mean, [other[0], mean], rtol=1e-6)
    np.testing.assert_allclose(task.deviation, [other[1], deviation], rtol=1e-6)


def test_npz_and_ts_are_the_same_task(tmp_path):
    names = small_files.labelled_files(tmp_path)
    batches = [
        everything(Labelled(**files).resolve(), "test")
        for files in (names, as_npz(tmp_path, names))
    ]
    np.testing.assert_array_equal(batches[0].inputs, batches[1].inputs)
    np.testing.assert_array_equal(batches[0].targets, batches[1].targets)


def test_pictures_by_row_and_as_frames(tmp_path):
    names = small_files.labelled_files(tmp_path, idx=True)
    task = Labelled(**names, standardize="none").resolve()
    rows = everything(task, "test").inputs
    np.testing.assert_array_equal(rows, read_sequences(names["test"], "").inputs)
    task = Labelled(**names, standardize="none", frame=4, dimensions=2).resolve()
    frames = everything(task, "test")
    assert frames.inputs.shape == (10, 2, 4, 5, 1)
    np.testing.assert_array_equal(frames.inputs[:, 0, ..., 0], rows[:, :4])
    np.testing.assert_array_equal(frames.inputs[:, 1, :2, :, 0], rows[:, 4:])
    np.testing.assert_array_equal(frames.inputs[:, 1, 2:], 0)
    np.testing.assert_array_equal(frames.lengths, 2)
    experiment = tiny.labelled(tmp_path, task=task, model=CnnLstm(features=3, filters=(2,)))
    init_state(experiment.resolve(), task.load())


def test_videos(tmp_path):
    videos = np.random.default_rng(0).integers(0, 9, (6, 3, 4, 5))
    np.savez(tmp_path / "v.npz", inputs=videos, labels=np.arange(6) % 2)
    files = dict.fromkeys(("train", "valid", "test"), str(tmp_path / "v.npz"))
    task = Labelled(**files, standardize="none", dimensions=2).resolve()
    np.testing.assert_array_equal(everything(task, "test").inputs, videos[..., None])
    flat = dataclasses.replace(task, dimensions=0)
    np.testing.assert_array_equal(everything(flat, "test").inputs, videos.reshape(6, 3, 20))


def test_series_as_frames(tmp_path):
    task = Labelled(**small_files.labelled_files(tmp_path), frame=2, dimensions=1).resolve()
    whole = everything(dataclasses.replace(task, frame=1, dimensions=0), "test")
    frames = everything(task, "test")
    assert frames.inputs.shape[2:] == (2, 2)
    np.testing.assert_array_equal(frames.lengths, -(-np.asarray(whole.lengths) // 2))
    joined = everything(dataclasses.replace(task, dimensions=0), "test")
    np.testing.assert_array_equal(joined.inputs, frames.inputs.reshape(10, -1, 4))
    flat = frames.inputs.reshape(10, -1, 2)[:, : whole.inputs.shape[1]]
    np.testing.assert_array_equal(flat, whole.inputs)


def test_what_is_missing_is_refused_or_masked(tmp_path):
    names = small_files.labelled_files(tmp_path)
    gappy = small_files.ts_text(10).replace(",", ",?,", 1)
    line = next(i for i, text in enumerate(gappy.split("\n"), 1) if "?" in text)
    gappy = gappy.split("\n")
    gappy[line - 1] = "1,?,3:4,5,6:up"
    (tmp_path / "test.ts").write_text("\n".join(gappy))
    with pytest.raises(UserError, match=f"line {line} has missing values; fill .* task.missing"):
        Labelled(**names).resolve()
    task = Labelled(**names, missing="mask", standardize="none").resolve()
    batch = everything(task, "test")
    first = np.asarray(batch.inputs[0])
    np.testing.assert_array_equal(first[:3], [[1, 4, 1, 1], [0, 5, 0, 1], [3, 6, 1, 1]])
    np.testing.assert_array_equal(first[3:], 0)


def test_a_held_out_file_of_its_own(tmp_path):
    names = small_files.labelled_files(tmp_path)
    task = Labelled(**names, valid=names["test"]).resolve()
    data = task.load()
    assert data.sizes == {"train": 24, "valid": 10, "test": 10}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("labelled")
    report = run(tiny.labelled(directory), directory / "run")
    return directory, report


def test_training_reports_floors_and_padding(trained):
    _, report = trained
    assert set(report["floors"]) == {"most frequent class", "nearest class mean", "least squares"}
    assert report["floors"]["most frequent class"]["accuracy"] == 0.5
    assert 0 <= report["padding"] < 1


@pytest.mark.parametrize("labelled", [True, False])
def test_predictions_in_the_order_of_the_file(trained, labelled, tmp_path):
    directory, report = trained
    source = tmp_path / "new.ts"
    source.write_text(small_files.ts_text(10, seed=10, labelled=labelled))  # the test file again
    assert predict(directory / "run", source, tmp_path / "out.csv").answers == 10
    with open(tmp_path / "out.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["sequence", "label", "probability down", "probability up"]
    assert [row["sequence"] for row in rows] == [f"line {i}" for i in range(6, 16)]
    right = [row["label"] == ("up", "down")[i % 2] for i, row in enumerate(rows)]
    assert np.mean(right) == pytest.approx(report["test"]["accuracy"]["mean"])
    for row in rows:
        down, up = (float(row[f"probability {name}"]) for name in ("down", "up"))
        assert down + up == pytest.approx(1, abs=1e-5)
        assert row["label"] == ("down" if down > up else "up")


def test_show(tmp_path):
    task = tiny.labelled(tmp_path).task.resolve()
    batch = everything(task, "test")
    logits = 9.0 * jnp.eye(2)[jnp.asarray(batch.targets).at[1].add(1) % 2]
    lines = task.show(logits, batch)
    assert lines[0] == f"{batch.lengths[0]} steps: up, probability 1.000 ok"
    assert lines[1].endswith("up, probability 1.000 wrong, down")


def test_classes_are_in_the_order_of_numbers(tmp_path):
    names = small_files.labelled_files(tmp_path)
    for split, size in (("train", 24), ("test", 10)):
        (tmp_path / f"{split}.ts").write_text(small_files.ts_text(size, classes="10 9"))
    assert Labelled(**names).resolve().classes == ("9", "10")


def test_classes_named_like_no_number_have_an_order(tmp_path):
    """Whatever order a set has, which differs from process to process."""
    for names in itertools.permutations(["10", "nan", "9", "up", "-inf"]):
        assert sorted(names, key=_by_number) == ["9", "10", "-inf", "nan", "up"]


@pytest.mark.parametrize(
    "changes, text, message",
    [
        ({"train": ""}, None, "task.train is empty: give a file"),
        ({"test": "nowhere.ts"}, None, "task.test nowhere.ts: no such file"),
        (
            {},
            small_files.ts_text(4, labelled=False),
            "task.test .*: no labels; name their idx file",
        ),
        (
            {},
            "@dimensions 1\n@classLabel true up\n@data\n1:up\n",
            "steps of shape .1,., where training has .2,.",
        ),
        ({"train_labels": "x"}, None, "task.train_labels x: .*holds its own labels"),
    ],
)
def test_faults_are_told(tmp_path, changes, text, message):
    names = small_files.labelled_files(tmp_path)
    if text is not None:
        (tmp_path / "test.ts").write_text(text)
    with pytest.raises(UserError, match=message):
        Labelled(**names | changes).resolve()


def test_one_sequence_is_too_few_to_hold_one_out(tmp_path):
    names = small_files.labelled_files(tmp_path)
    for split in names:
        (tmp_path / f"{split}.ts").write_text(small_files.ts_text(1))
    with pytest.raises(UserError, match="task.train .*: nothing is left to train on .*task.valid"):
        Labelled(**names).resolve()


def test_a_changed_file_is_noticed(tmp_path):
    task = Labelled(**small_files.labelled_files(tmp_path)).resolve()
    (tmp_path / "test.ts").write_text(small_files.ts_text(8))
    with pytest.raises(UserError, match="SHA-256 differs"):
        task.load()


def test_pixels_are_the_rows_one_after_the_other_or_in_one_order(tmp_path):
    names = small_files.labelled_files(tmp_path, idx=True)
    pictures = read_sequences(names["test"], "test").inputs.reshape(10, 30)
    plain, permuted = (
        Pixels(**names, standardize="none", permuted=x).resolve() for x in (False, True)
    )
    batch, other = (everything(task, "test") for task in (plain, permuted))
    np.testing.assert_array_equal(batch.inputs[..., 0], pictures)
    order = [pictures[:, i].tolist() for i in range(30)]
    found = [order.index(np.asarray(other.inputs)[:, i, 0].tolist()) for i in range(30)]
    assert sorted(found) == list(range(30)) and found != sorted(found)
    (asked,) = permuted.read(tmp_path / "test-ubyte.gz")[1]
    np.testing.assert_array_equal(asked.inputs, other.inputs)
    np.testing.assert_array_equal(asked.lengths, np.full(10, 30))


FAR = {
    "seconds": lambda values: values + 1.7e9,
    "nanoseconds": lambda values: (values * 1e9).astype(np.int64) + 2**60,
    "tiny": lambda values: values * 1e-40,
}


@pytest.mark.parametrize("kind", FAR)
def test_values_that_float32_would_blur_read_as_the_same_near_zero(kind):
    """Scaled, they are the same numbers: a model learns and answers the same, but for rounding."""
    values = np.random.default_rng(0).normal(size=(40, 5, 2))
    labels = values.sum((1, 2)) > 0

    def said(change):
        model = lstmjax.Classifier(4, steps=20, learning_rate=0.1, seed=1)
        model.fit(change(values[:30]), labels[:30])
        return model.predict_proba(change(values[30:]))

    near = said(lambda values: values)
    assert near.std() > 0.1
    np.testing.assert_allclose(said(FAR[kind]), near, atol=1e-3)


def test_a_value_beyond_float32_is_refused():
    values = np.ones((4, 3, 1))
    values[2] *= 1e39
    with pytest.raises(UserError, match=r"row 2 has a value beyond 3.4e\+38"):
        lstmjax.Classifier(2, steps=1).fit(values, [0, 1, 0, 1])


def test_a_constant_channel_beside_a_far_one_reads_as_zero():
    values = np.random.default_rng(0).normal(size=(20, 5, 2)) + 1.7e9
    values[..., 1] = 0.1
    model = lstmjax.Classifier(2, steps=1).fit(values, np.arange(20) % 2)
    (batch,) = model.run_.experiment.task.read_arrays(values)
    np.testing.assert_allclose(batch.inputs[..., 1], 0, atol=1e-6)
    np.testing.assert_allclose(batch.inputs[:, :5, 0].std(), 1, atol=0.1)
