import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from tests.tasks.series.small import ROWS, series, values, windows


def test_windows_are_the_files_rows(file):
    task = series(file)
    load, heat = values().T
    train = load[:60][np.isfinite(load[:60])]
    mean, deviation = train.mean(), train.std()
    assert task.means[0] == pytest.approx(mean) and task.deviations[0] == pytest.approx(deviation)
    assert task.gaps == ("load",)
    sizes = task.load().sizes
    # the first origin of training has six rows before it; the others look back into the part before
    assert sizes == {"train": 60 - 6 - 3 + 1, "valid": 20 - 3 + 1, "test": 40 - 3 + 1}
    for split, first in (("train", 6), ("valid", 60), ("test", 80)):
        batch = windows(task, split)
        assert batch.inputs.shape == (sizes[split], 6, 3)  # load, whether there is one, heat
        for i in range(sizes[split]):
            before, after = load[first + i - 6 : first + i], load[first + i : first + i + 3]
            scaled = np.nan_to_num((before - mean) / deviation)
            np.testing.assert_allclose(batch.inputs[i, :, 0], scaled, atol=1e-5)
            np.testing.assert_array_equal(batch.inputs[i, :, 1], np.isfinite(before))
            np.testing.assert_array_equal(batch.mask[i, :, 0], np.isfinite(after))
            there = task.original(np.asarray(batch.targets.future[i]))[:, 0]
            np.testing.assert_allclose(
                there[np.isfinite(after)], after[np.isfinite(after)], rtol=1e-5
            )


def test_scaling_and_words_are_those_of_the_training_part(tmp_path):
    """Rows of validation and test change neither."""
    cells = [[f"{i % 5}", f"{i}"] for i in range(60)]
    for name, last in (("a", "7"), ("b", "1000")):
        (tmp_path / name).write_text(
            "x,y\n" + "\n".join(",".join(row) for row in cells[:50] + [[last, last]] * 10)
        )
    tasks = [
        series(str(tmp_path / name), targets=("x",), covariates=("y",), split_rows=(40, 50))
        for name in "ab"
    ]
    assert tasks[0].means == tasks[1].means and tasks[0].deviations == tasks[1].deviations


def test_splits_by_rows_fractions_and_dates_agree(file):
    rows = series(file, split_rows=(84, 96))
    fractions = series(file, split_rows=(), valid_fraction=0.1, test_fraction=0.2)
    dates = series(file, split_rows=(), time="day", split_dates=("2021-03-26", "2021-04-07"))
    assert rows.bounds == fractions.bounds == dates.bounds == (84, 96, ROWS)
    assert series(file, split_rows=(60, 80, 100)).load().sizes["test"] == 18


def test_a_missing_value_changes_nothing_whatever_it_might_be(file, tmp_path):
    """Masked in inputs and losses: gradients of everything are those of another filling."""
    task = series(file)
    data = task.load()
    seen = data.arrays["seen"]
    assert not seen.all()
    filled = np.where(seen, data.arrays["values"], 7.0)
    outputs = jax.random.normal(jax.random.key(0), (52, 3))
    for arrays in (data.arrays, data.arrays | {"values": filled}):
        batch = task.batch(arrays, "train", jnp.arange(52))
        total, count = metrics.mean(task.loss(outputs, batch), batch.mask)
        np.testing.assert_array_equal(batch.inputs, windows(task, "train").inputs)
        assert (
            count
            == np.isfinite(np.lib.stride_tricks.sliding_window_view(values()[6:60, 0], 3)).sum()
        )
        if arrays is data.arrays:
            expected = total
        np.testing.assert_array_equal(total, expected)


def test_categories_are_read_as_words(tmp_path):
    rows = [f"{i},{'north' if i % 3 else 'south'}" for i in range(70)] + ["70,", "71,south"]
    (tmp_path / "wind.csv").write_text("x,wind\n" + "\n".join(rows))
    task = series(
        str(tmp_path / "wind.csv"),
        targets=("x",),
        covariates=(),
        categories=("wind",),
        split_rows=(40, 60),
        horizon=1,
    )
    assert task.words == ("wind=north", "wind=south")
    batch = windows(task, "test", [11])  # forecasts row 71 from rows 65 to 70
    np.testing.assert_array_equal(
        batch.inputs[0, :, 1:], [[1, 0], [0, 1], [1, 0], [1, 0], [0, 1], [0, 0]]
    )


def test_late_rows_and_gaps_are_told(file, tmp_path):
    task = series(file, time="day")
    assert task.late == 0
    lines = pathlib.Path(file).read_text().splitlines()
    del lines[30], lines[70]
    (tmp_path / "late.csv").write_text("\n".join(lines))
    late = series(str(tmp_path / "late.csv"), time="day")
    told = late.describe(late.load())
    assert "120 rows" in told and "2 rows of every 1d are missing" in told
    as_they_come = series(str(tmp_path / "late.csv"), time="day", every="rows")
    told = as_they_come.describe(as_they_come.load())
    assert "118 rows" in told and "missing values in load" in told and "2 rows come late" in told


def test_show(file):
    task = series(file)
    batch = windows(task, "test", [0])
    (line,) = task.show((batch.targets.future - batch.targets.shift)[..., 0], batch)
    load = values()[:, 0]
    past, after = (" ".join(f"{x:.4g}" for x in part) for part in (load[77:80], load[80:83]))
    assert line == f"load: ... {past} then {after}, forecast {after}, {line.split(', ')[-1]}"
    assert float(line.split()[-1]) < 1e-3


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"targets": ()}, "task.targets is not set: name columns of"),
        ({"targets": ("laod",)}, "no column 'laod' (task.targets); did you mean 'load'?"),
        ({"covariates": ("load",)}, "name 'load' twice"),
        ({"covariates": ("day",)}, "is not a number"),
        ({"time": "load"}, "a column that is read or forecast too"),
        ({"split_rows": (50,)}, "holds 1 places: give two or three"),
        ({"split_rows": (80, 60)}, "they must ascend and"),
        ({"split_rows": (60, 80, 500)}, "has 120 rows"),
        ({"split_rows": (60, 80), "split_dates": ("a", "b")}, "are both set"),
        ({"split_rows": (), "split_dates": ("2021-01-20", "x")}, "needs task.time"),
        (
            {"split_rows": (), "split_dates": ("2021-01-20", "x"), "time": "day"},
            "'x' is not a time",
        ),
        ({"lookback": 59}, "the train part, rows 0 to 60, is too short for 3 rows after 59 others"),
        ({"split_rows": (60, 61)}, "the valid part, rows 60 to 61, is too short"),
        ({"split_rows": (60, 119)}, "the test part, rows 119 to 120, is too short"),
        ({"patch": 4}, "no multiple of task.patch"),
        ({"levels": (0.1, 0.9)}, "hold 0.5"),
        ({"forecast": "recursive"}, "make task.covariates targets"),
        ({"forecast": "recursive", "covariates": (), "head": "quantile"}, "task.head to point"),
        ({"targets": ("late",)}, "'late' has no value in the 60 rows of the training part"),
    ],
)
def test_faults_are_told(changes, told, file):
    with pytest.raises(UserError) as caught:
        series(file, **changes)
    assert told in str(caught.value)


def test_a_changed_file_is_noticed(file):
    task = series(file)
    with open(file, "a") as out:
        out.write("2021-05-02,1,2,3\n")
    with pytest.raises(UserError, match="not the file this experiment was trained on"):
        task.load()
