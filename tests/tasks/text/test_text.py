import lzma

import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.tasks.text import Text
from tests import small_files


@pytest.fixture
def poem(tmp_path):
    file = tmp_path / "poem.txt"
    file.write_text(small_files.POEM)
    return str(file)


@pytest.mark.parametrize("level", ["byte", "character"])
def test_splits_are_the_text_in_order(level, poem):
    task = Text(path=poem, level=level, valid_fraction=0.1, test_fraction=0.2).resolve()
    data = task.load()
    parts = [task.decode(data.arrays[split]) for split in ("valid", "train", "test")]
    assert "".join(parts) == small_files.POEM
    assert len(parts[0]) == round(0.1 * len(small_files.POEM))
    assert len(parts[2]) == round(0.2 * len(small_files.POEM))


def test_every_symbol_after_the_first_is_predicted_once(poem):
    task = Text(path=poem, window=7, test_fraction=0.1).resolve()
    data = task.load()
    batch = task.batch(data.arrays, "test", jnp.arange(data.sizes["test"]))
    codes = data.arrays["test"]
    np.testing.assert_array_equal(batch.targets[batch.mask], codes[1:])
    np.testing.assert_array_equal(batch.inputs[batch.mask], codes[:-1])


def test_characters_and_their_vocabulary(tmp_path):
    (tmp_path / "text").write_text("Öl über Ähren 🌾\n" * 100)
    task = Text(path=str(tmp_path / "text"), level="character").resolve()
    assert task.vocabulary == "".join(sorted(set("Öl über Ähren 🌾\n")))
    assert task.outputs == len(task.vocabulary)
    assert task.decode(task.encode("über 🌾")) == "über 🌾"
    with pytest.raises(UserError, match="'x'"):
        task.encode("über x")


def test_bytes_may_be_cut_inside_a_character(tmp_path):
    (tmp_path / "text").write_text("naïve 🌾\n" * 100)
    task = Text(path=str(tmp_path / "text")).resolve()
    assert task.outputs == len(set("naïve 🌾\n".encode()))
    codes = task.encode("naïve 🌾")
    assert task.decode(codes) == "naïve 🌾"
    assert task.decode(codes[:3]) == "na\ufffd"
    with pytest.raises(UserError, match="'x'"):
        task.encode("nax")


@pytest.mark.parametrize("level", ["byte", "character"])
def test_lines_end_as_in_the_text_that_was_learned(level, tmp_path):
    text = "Öl\r\n\r\nüber Ähren\r\n" * 60
    (tmp_path / "text").write_bytes(text.encode())
    task = Text(path=str(tmp_path / "text"), level=level).resolve()
    lines, batches = task.read(tmp_path / "text")
    assert len(lines) == 180
    predicted = [batch.targets[batch.mask] for batch in batches]
    assert task.decode(np.concatenate(predicted)) == text


def test_a_byte_order_mark_is_left_out(tmp_path):
    (tmp_path / "bom.txt").write_bytes(b"\xef\xbb\xbf" + small_files.POEM.encode())
    for level in ("byte", "character"):
        task = Text(path=str(tmp_path / "bom.txt"), level=level).resolve()
        assert task.vocabulary == "".join(sorted(set(small_files.POEM)))


def test_a_directory_is_read_in_sorted_order(tmp_path):
    for name, text in (("b.txt", "B" * 600), ("test/z.txt", "A" * 600), ("c.md", "C" * 600)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    task = Text(
        path=str(tmp_path), pattern="**/*.txt", valid_fraction=0, test_fraction=0.5
    ).resolve()
    arrays = task.load().arrays
    assert task.decode(arrays["train"]) + task.decode(arrays["test"]) == "B" * 600 + "A" * 600


def test_the_standard_library_is_the_default():
    task = Text().resolve()
    assert "def " in task.decode(task.load().arrays["test"])


def test_faults_in_files_are_told(tmp_path):
    def fault(**fields):
        with pytest.raises(UserError) as caught:
            Text(**fields).resolve()
        return str(caught.value)

    assert "no such file" in fault(path=str(tmp_path / "absent"))
    assert "no file in it matches" in fault(path=str(tmp_path))
    (tmp_path / "short").write_text("abc")
    assert "3 bytes" in fault(path=str(tmp_path / "short"))
    (tmp_path / "latin").write_bytes(b"caf\xe9 " * 300)
    assert "not UTF-8 at byte 3" in fault(path=str(tmp_path / "latin"))


def test_a_changed_file_is_noticed(poem):
    task = Text(path=poem).resolve()
    with open(poem, "a") as file:
        file.write("!")
    with pytest.raises(UserError, match="not the text this experiment was trained on"):
        task.load()


def test_metrics_of_known_distributions(poem):
    task = Text(path=poem, window=4).resolve()
    data = task.load()
    batch = task.batch(data.arrays, "test", jnp.arange(3))
    uniform = jnp.zeros((3, 4, task.outputs))
    scores = metrics.divide(task.metrics(uniform, batch))
    np.testing.assert_allclose(scores["nats"], np.log(task.outputs), rtol=1e-6)
    np.testing.assert_allclose(scores["bits"], np.log2(task.outputs), rtol=1e-6)
    np.testing.assert_allclose(scores["perplexity"], task.outputs, rtol=1e-5)
    certain = 100.0 * jnp.eye(task.outputs)[batch.targets]
    scores = metrics.divide(task.metrics(certain, batch))
    np.testing.assert_allclose([scores["nats"], scores["accuracy"]], [0, 1], atol=1e-6)


def test_floors(poem):
    task = Text(path=poem, test_fraction=0.1).resolve()
    data = task.load()
    floors = task.floors(data)
    train, test = (task.decode(data.arrays[split]) for split in ("train", "test"))
    # Witten & Bell for unigrams: (count + kinds / symbols) / (length + kinds)
    kinds = len(set(train))
    chance = {c: (train.count(c) + kinds / task.outputs) / (len(train) + kinds) for c in set(test)}
    np.testing.assert_allclose(
        floors["unigram"]["nats"], -np.mean([np.log(chance[c]) for c in test])
    )
    # a text that repeats is known after five symbols, and packs into next to nothing
    assert floors["5-gram with back-off"]["nats"] < 0.3 < floors["unigram"]["nats"]
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
    sizes = [
        len(lzma.compress(text.encode(), lzma.FORMAT_RAW, filters=filters))
        for text in (train + test, train)
    ]
    np.testing.assert_allclose(
        floors["xz"]["bits"], 8 * (sizes[0] - sizes[1]) / len(test), atol=0.2
    )


def test_show_marks_what_was_wrong(poem):
    task = Text(path=poem, window=4, valid_fraction=0).resolve()
    batch = task.batch(task.load().arrays, "train", jnp.arange(1))
    wrong = jnp.eye(task.outputs)[jnp.asarray(batch.targets).at[0, 3].set(0)]
    assert task.show(wrong, batch) == ["he c", "   ^"]
