import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.tasks.text import Text
from lstmjax.training.order import training_indices
from tests import small_files


def test_windows_of_random_length_follow_each_other_and_differ_from_epoch_to_epoch(tmp_path):
    rng = np.random.default_rng(0)
    text = "".join(map(chr, rng.integers(97, 123, 40_000)))
    (tmp_path / "text").write_text(text)
    task = Text(path=str(tmp_path / "text"), window=20, window_deviation=3, valid_fraction=0)
    task = task.resolve()
    data = task.load()
    codes, rows = data.arrays["train"], 4
    windows = data.sizes["train"] // rows
    order = training_indices(data.sizes["train"], True, rows, 0, 0, 2 * windows)
    arrays = jax.tree.map(jnp.asarray, data.arrays)
    batch = jax.vmap(lambda indices: task.batch(arrays, "train", indices))(order)
    assert batch.inputs.shape == (2 * windows, rows, 20 + 2 * 5)  # a cut is moved by 4.2 at most
    np.testing.assert_array_equal(batch.lengths, batch.mask.sum(-1))
    lengths, begins = np.asarray(batch.lengths), []
    for epoch in (slice(0, windows), slice(windows, 2 * windows)):
        mask = np.asarray(batch.mask[epoch].transpose(1, 0, 2))
        read, said = (
            np.asarray(of[epoch].transpose(1, 0, 2))[mask] for of in (batch.inputs, batch.targets)
        )
        first = np.argmax([np.array_equal(codes[i : i + 30], read[:30]) for i in range(30)])
        np.testing.assert_array_equal(read, codes[first : first + len(read)])  # row after row
        np.testing.assert_array_equal(said, codes[first + 1 : first + 1 + len(read)])
        assert len(codes) - len(read) < 20 * (rows + 2)  # but for what does not fill the rows
        begins.append(first)
    assert begins[0] != begins[1]
    inner = lengths[1:-1]
    assert inner.mean() == pytest.approx(20, abs=0.2)
    # 3, less what two deviations cut off: .88 of it
    assert inner.std() == pytest.approx(2.64, abs=0.15)
    assert np.abs(np.corrcoef(inner[:, 0], inner[:, 1])[0, 1]) < 0.1  # rows are cut by themselves


def test_held_out_windows_are_as_they_were(tmp_path):
    (tmp_path / "text").write_text(small_files.POEM)
    fields = dict(path=str(tmp_path / "text"), window=12, test_fraction=0.2)
    plain, random = (Text(**fields, window_deviation=x).resolve() for x in (0, 2))
    data, places = plain.load(), jnp.arange(plain.load().sizes["test"])
    before, after = (task.batch(data.arrays, "test", places) for task in (plain, random))
    np.testing.assert_array_equal(before.inputs, after.inputs)
    assert after.lengths is None
    with pytest.raises(UserError, match="window_deviation 5 is too large for task.window 12"):
        Text(**fields, window_deviation=5).resolve()
