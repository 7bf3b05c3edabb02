"""PNG files with sentences of one's own: read, learned, answered, and faults told by name."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.inference.prediction import predict
from lstmjax.inference.trained import load
from lstmjax.models.captioner import Captioner
from lstmjax.optimizers import Adam
from lstmjax.tasks.pictures import Captions, captions, floors
from lstmjax.tasks.pictures.floors import nearest_picture
from lstmjax.training.run import run
from tests import pictures

COLOUR = list(pictures.COLOURS)
FRACTIONS = dict(valid_fraction=0.2, test_fraction=0.25)


def changed(file: pathlib.Path, number: int, line: str) -> None:
    """Puts another line in the place of one, counted from 1."""
    lines = file.read_text().splitlines()
    lines[number - 1] = line
    file.write_text("\n".join(lines) + "\n")


def test_pictures_are_split_and_each_line_of_the_training_is_an_example(tmp_path):
    file = pictures.write_captions(tmp_path)
    task = Captions(path=str(file), unknown_below=2, **FRACTIONS).resolve()
    assert task.vocabulary[0] == "<unk>" and task.picture_size == (20, 22) and task.longest == 5
    data, seen = task.load(), {}
    for split in ("train", "valid", "test"):
        batch = task.batch(data.arrays, split, np.arange(data.sizes[split]))
        shown, shifted = map(np.asarray, batch.inputs)
        for picture, targets in zip(shown, np.asarray(batch.targets), strict=True):
            # the file with these very pixels
            (name,) = (
                i
                for i in range(24)
                if np.array_equal(pictures.picture(COLOUR[i % 3], i), np.rint(picture * 255))
            )
            seen.setdefault(split, []).append(name)
            said = {task.spell(row) for row in targets}
            colour = COLOUR[name % 3]
            both = {f"all is {colour}", f"it is {colour} everywhere"}
            assert said < both if split == "train" else said == both
        np.testing.assert_array_equal(shifted[:, 1:], np.asarray(batch.targets)[:, 0, :-1])
    assert len(seen["train"]) == 2 * len(set(seen["train"]))
    names = [set(part) for part in seen.values()]
    assert sum(map(len, names)) == len(set.union(*names)) == 24
    assert len(seen["test"]) == 6 and len(seen["valid"]) == 5


def test_a_word_that_training_lacks_is_never_right(tmp_path):
    file = pictures.write_captions(tmp_path)
    for line in range(1, 49, 2):  # a word of its own in one of each picture's sentences
        changed(file, line, f"{(line - 1) // 2:02}.png\tthing{line}")
    task = Captions(path=str(file), **FRACTIONS).resolve()
    assert task.vocabulary[0] == "<unk>" and "everywhere" in task.vocabulary
    assert not any(word.startswith("thing") for word in task.vocabulary)
    data = task.load()
    assert "is <unk>)" in task.describe(data)
    targets = task.batch(data.arrays, "test", np.arange(6)).targets
    for written, expected in ((targets[:, 0], [False] * 6), (targets[:, 1], [True] * 6)):
        np.testing.assert_array_equal(task.compare(written, targets)[0], expected)


@pytest.mark.parametrize(("most", "sample"), [(99, ""), (5, " of 5")])
def test_the_nearest_picture_is_that_of_numpy(most, sample, tmp_path, monkeypatch):
    """What is said has nothing to do with the colours, so that the nearest is right at times."""
    monkeypatch.setattr(captions, "FLOOR_PICTURES", most)
    file = pictures.write_captions(tmp_path)
    said = np.random.default_rng(0).integers(3, size=24)
    lines = [f"{i:02}.png\t{text} {said[i]}\n" for i in range(24) for text in ("it is", "all is")]
    file.write_text("".join(lines))
    task = Captions(path=str(file), **FRACTIONS).resolve()
    data = task.load()
    known, test = (np.unique(data.arrays.picture[split]) for split in ("train", "test"))
    if most < len(known):
        known = known[np.linspace(0, len(known) - 1, most).round().astype(int)]
    shown = np.stack([pictures.picture(COLOUR[i % 3], i) for i in range(24)]).astype(np.float64)
    away = ((shown[test, None] - shown[known]) ** 2).sum((2, 3, 4))
    right = said[known[away.argmin(1)]] == said[test]
    assert 0 < right.mean() < 1
    score = task.floors(data)[f"nearest picture{sample}"]
    assert score["sequence_accuracy"] == pytest.approx(right.mean())


def test_chunks_change_no_nearest_picture(monkeypatch):
    """Bytes among bytes; the pictures are many enough for chunks of three that are not full."""
    monkeypatch.setattr(floors, "CHUNK", 3)
    known, asked = (
        np.random.default_rng(i).integers(256, size=(count, 4, 4, 3), dtype=np.uint8)
        for i, count in enumerate((10, 7))
    )
    away = ((known.astype(int) - asked[:, None].astype(int)) ** 2).sum((2, 3, 4))
    np.testing.assert_array_equal(nearest_picture(known, asked), away.argmin(1))


def test_what_is_learned_is_written_for_a_folder(tmp_path):
    file = pictures.write_captions(tmp_path / "known")
    experiment = Experiment(
        task=Captions(path=str(file), beam=2, n_best=2, **FRACTIONS),
        model=Captioner(features=16, embedding=8, filters=(4,), pool=(4,)),
        optimizer=Adam(learning_rate=1e-2),
        steps=80,
        batch_size=16,
        log_every=80,
        evaluate_every=80,
    )
    report = run(experiment, tmp_path / "run")
    with Image.open(tmp_path / "run" / "figures" / "captions.png") as drawn:
        shown = np.asarray(drawn.convert("RGB"))
    assert np.ptp(shown[60:, :120].reshape(-1, 3), 0).max() > 100  # the first picture is there
    assert report["test"]["sequence_accuracy"]["mean"] == 1.0
    assert set(report["floors"]) == {"most common sentence", "nearest picture"}
    new = tmp_path / "new"
    new.mkdir()
    for i, colour in enumerate(COLOUR * 2):
        Image.fromarray(pictures.picture(colour, 100 + i)).save(new / f"{i}.PNG")
    predict(tmp_path / "run", new, tmp_path / "all.tsv")
    predict(tmp_path / "run", new / "4.PNG", tmp_path / "one.tsv")
    rows = [line.split("\t") for line in (tmp_path / "all.tsv").read_text().splitlines()]
    assert [name for name, *_ in rows] == [f"{i}.PNG" for i in range(6) for _ in range(2)]
    for name, sentence, score in rows:
        colour = COLOUR[int(name[0]) % 3]
        assert sentence in (f"all is {colour}", f"it is {colour} everywhere")
        assert -3 < float(score) < 0
    bytes_ = np.stack([pictures.picture(colour, 100 + i) for i, colour in enumerate(COLOUR * 2)])
    for given in (bytes_, bytes_.astype(np.float32) / 255):
        answers = load(tmp_path / "run").predict(given)
        assert [[said, f"{score:.4f}"] for best in answers for said, score in best] == [
            row[1:] for row in rows
        ]
    for wrong, told in (
        (bytes_[:, 1:], r"give pictures .* of \(20, 22, 3\)"),
        (bytes_ / 2, "0 to 1"),
        (bytes_ > 100, "bytes from 0 to 255"),
        (bytes_.astype(np.int64) + 250, "bytes from 0 to 255"),
        (bytes_.astype(np.int16) - 100, "bytes from 0 to 255"),
    ):
        with pytest.raises(UserError, match=told):
            load(tmp_path / "run").predict(wrong)
    alone = [line.split("\t") for line in (tmp_path / "one.tsv").read_text().splitlines()]
    assert [row[:2] for row in alone] == [row[:2] for row in rows[8:10]]
    np.testing.assert_allclose(
        *([float(r[2]) for r in of] for of in (alone, rows[8:10])), atol=2e-4
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nothing.png\tit is red", r"nothing\.png: no such file"),
        ("text.png\tit is red", r"text\.png: not a PNG file"),
        ("wide.png\tit is red", r"wide\.png: 30 x 20 pixels, where .* 22 x 20"),
        ("cut.png\tit is red", r"cut\.png: a damaged PNG file"),
        ("deep.png\tit is red", r"deep\.png: 16 bits"),
        ("05.png\t ", r"captions\.tsv: line 9: 05\.png has an empty sentence"),
        ("05.png it is red", r"captions\.tsv: line 9 has no tab"),
        ("\tit is red", r"captions\.tsv: line 9 names no file"),
    ],
)
def test_what_is_wrong_is_told_by_name(line, told, tmp_path):
    file = pictures.write_captions(tmp_path)
    (tmp_path / "text.png").write_text("it is red")
    Image.fromarray(pictures.picture("red", 0, (20, 30))).save(tmp_path / "wide.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "00.png").read_bytes()[:300])
    Image.fromarray(np.zeros((20, 22), np.uint16)).save(tmp_path / "deep.png")
    changed(file, 9, line)
    with pytest.raises(UserError, match=told) as error:
        Captions(path=str(file)).resolve()
    assert "\n" not in str(error.value)


def test_fractions_that_leave_nothing_to_train_on_are_told(tmp_path):
    file = pictures.write_captions(tmp_path)
    task = Captions(path=str(file), unknown_below=1, valid_fraction=0.5, test_fraction=0.5)
    with pytest.raises(
        UserError, match="no picture is left to train on; lower task.valid_fraction"
    ):
        task.resolve()


def test_a_changed_picture_is_noticed(tmp_path):
    file = pictures.write_captions(tmp_path)
    task = Captions(path=str(file)).resolve()
    Image.fromarray(pictures.picture("blue", 77)).save(tmp_path / "00.png")
    with pytest.raises(UserError, match="SHA-256"):
        task.load()
    for few, told in (("00.png\ta\n", "too few"), ("00.png\ta\n01.png\tb\n02.png\tc\n", "no word")):
        file.write_text(few)
        with pytest.raises(UserError, match=told):
            Captions(path=str(file)).resolve()
