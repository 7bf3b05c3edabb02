import dataclasses
import math
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.models.encoder_decoder import RepeatVector
from lstmjax.models.stacked import Stacked
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.series import Series
from tests import tiny

ROWS = 120


def values():
    """Two columns as the file has them, NaN where they are missing."""
    return tiny.series_values(ROWS)


@pytest.fixture
def file(tmp_path):
    return str(tiny.series_csv(tmp_path, ROWS))


def series(file, **changes):
    fields = dict(
        path=file,
        targets=("load",),
        covariates=("heat",),
        lookback=6,
        horizon=3,
        split_rows=(60, 80),
        season=4,
    )
    return Series(**fields | changes).resolve()


def windows(task, split, indices=None):
    data = task.load()
    indices = range(data.sizes[split]) if indices is None else indices
    return task.batch(jax.device_put(data.arrays), split, jnp.asarray(list(indices)))


def test_outputs_at_every_step_do_not_fit(file):
    """They would fill the places of the horizon, and all but the first number go unread."""
    task = series(file)
    batch = windows(task, "train", [0, 1])
    assert task.loss(jnp.zeros((2, 3)), batch).shape == (2, 3, 1)
    with pytest.raises(ValueError, match="outputs of 6 numbers a value"):
        task.loss(jnp.zeros((2, 6, 3)), batch)


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


@pytest.mark.parametrize("normalize", ["none", "last", "window", "residual"])
@pytest.mark.parametrize("difference", [0, 4])
def test_a_normalized_forecast_comes_back(normalize, difference, file):
    """Outputs that are the normalized truth are right, and a shift of the series moves nothing."""
    task = series(file, normalize=normalize, difference=difference)
    batch = windows(task, "test")
    window = batch.targets
    outputs = (window.future - window.shift) / window.scale
    scores = metrics.divide(task.metrics(outputs[..., 0], batch))
    assert scores["mae"] < 1e-4
    moved = task.window(
        window.past + jnp.array([3.0, 0.0]), window.past_seen, window.future + 3, batch.mask
    )
    if normalize in ("last", "window") or (difference and normalize == "none"):
        np.testing.assert_allclose(moved.inputs, batch.inputs, atol=1e-4)
    if normalize != "none" or difference:
        after = (moved.targets.future - moved.targets.shift) / moved.targets.scale
        # where a place in the season was never seen, nothing is known of its level
        known = np.asarray(window.past_seen)[..., 0].reshape(len(outputs), -1).all(1)
        np.testing.assert_allclose(after[known], outputs[known], atol=1e-4)


def test_logarithms(file, tmp_path):
    task = series(file, covariates=(), log=True, normalize="last")
    batch = windows(task, "test", [5])
    truth = values()[85:88, 0]
    np.testing.assert_allclose(
        task.original(np.asarray(batch.targets.future))[0, :, 0], truth, rtol=1e-5
    )
    last = values()[84, 0]
    scores = metrics.divide(task.metrics(jnp.zeros((1, 3)), batch))
    np.testing.assert_allclose(scores["mae"], np.abs(truth - last).mean(), rtol=1e-4)
    (tmp_path / "zero.csv").write_text("x\n1\n0\n" + "3\n" * 80)
    with pytest.raises(UserError, match="line 3: 0 in column 'x' has no logarithm"):
        series(str(tmp_path / "zero.csv"), targets=("x",), covariates=(), log=True)


def test_independent_series_are_read_alone(file):
    """Each sees itself, its own gaps and the covariates; patches fold steps."""
    both = series(file, targets=("load", "heat"), covariates=(), independent=True, patch=2)
    batch = windows(both, "test", [0, 9])
    assert batch.inputs.shape == (2, 2, 3, 4)
    assert both.outputs == 3
    one = series(file, targets=("heat",), covariates=())
    alone = windows(one, "test", [0, 9])
    np.testing.assert_allclose(
        batch.inputs[:, 1].reshape(2, 6, 2)[..., 0], alone.inputs[..., 0], atol=1e-6
    )
    outputs = jnp.arange(12.0).reshape(2, 2, 3)  # (batch, series, horizon)
    _, parameters = both.place(outputs, batch)
    np.testing.assert_array_equal(parameters[..., 0], jnp.moveaxis(outputs, 1, 2))


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


class Follow:
    """A model that says twice the last value read, as outputs or as location and spread."""

    def __init__(self, spread=None):
        self.spread = spread

    def __call__(self, batch):
        said = 2 * batch.inputs[:, -1, :1]
        if self.spread is not None:
            said = jnp.concatenate([said, jnp.full_like(said, self.spread)], -1)
        return said, None


def test_a_recursive_forecast_reads_what_it_said(file):
    task = series(file, covariates=(), forecast="recursive")
    assert task.outputs == 1
    assert windows(task, "train").targets.future.shape[1] == 1
    batch = windows(task, "test", [7])
    outputs, _ = task.rollout(Follow(), batch)
    _, parameters = task.place(outputs, batch)
    last = batch.inputs[0, -1, 0]
    np.testing.assert_allclose(parameters[0, :, 0, 0], last * np.array([2, 4, 8]), rtol=1e-5)


def test_draws_of_a_recursive_distribution_spread(file):
    """Each step doubles the draw before and adds noise: variances 1, 1 + 4, 1 + 4 + 16."""
    task = series(file, covariates=(), forecast="recursive", head="gaussian", draws=4000)
    batch = windows(task, "test", [7, 20])
    spread = math.log(math.expm1(1 - 1e-3))
    outputs, _ = task.rollout(Follow(spread), batch)
    head, parameters = task.place(outputs, batch)
    deviation = parameters[:, :, 0].std(-1)
    # the deviation of 4,000 draws is known to 1.1 %
    np.testing.assert_allclose(deviation, np.sqrt([[1, 5, 21]] * 2), rtol=0.06)
    alone, _ = task.rollout(Follow(spread), windows(task, "test", [20]))
    np.testing.assert_allclose(alone[0], outputs[1], rtol=1e-5)
    scores = metrics.divide(task.metrics(outputs, batch))
    assert set(scores) == {"mae", "mse", "rmse", "crps", "pinball", "coverage"}


MODELS = {
    "vanilla": (Vanilla(features=3), {}),
    "stacked": (Stacked(features=(3, 2)), {"head": "quantile"}),
    "decoder": (RepeatVector(features=3, decoder_features=2), {"decoder": True, "head": "student"}),
    "independent decoder": (
        RepeatVector(features=3, decoder_features=2),
        {"decoder": True, "independent": True, "targets": ("load", "heat"), "covariates": ()},
    ),
    "recursive": (Vanilla(features=3), {"forecast": "recursive", "covariates": ()}),
}


@pytest.mark.parametrize("name", MODELS)
def test_architectures_forecast(name, file):
    model, changes = MODELS[name]
    task = series(file, normalize="window", **changes)
    experiment = Experiment(task=task, model=model, optimizer=Adam()).resolve()
    batch = windows(task, "test", [0, 1])
    read = windows(task, "train", [0]).inputs
    params = jax.eval_shape(experiment.model.init, jax.random.key(0), read)["params"]
    outputs, _ = jax.eval_shape(experiment.apply, params, batch)
    loss = jax.eval_shape(task.loss, outputs, batch)
    assert loss.shape == batch.mask.shape == (2, 3, len(task.targets))


def test_metrics_by_hand(file):
    task = series(file, head="quantile", levels=(0.2, 0.5, 0.8))
    batch = windows(task, "test", [0, 1, 2])
    batch = batch._replace(mask=batch.mask.at[2].set(False))
    away = jnp.array([-0.3, -0.1, 0.2])  # of each quantile from the truth
    outputs = batch.targets.future + away
    scores = metrics.divide(task.metrics(outputs, batch))
    unit = task.deviations[0]
    losses = [0.2 * 0.3, 0.5 * 0.1, 0.2 * 0.2]
    expected = {
        "mae": 0.1 * unit,
        "mse": 0.01 * unit**2,
        "rmse": 0.1 * unit,
        "pinball": np.mean(losses) * unit,
        "crps": 2 * np.mean(losses) * unit,
        "coverage": 1,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(scores[name], value, rtol=1e-4, err_msg=name)
    scaled = dataclasses.replace(task, units="scaled")
    np.testing.assert_allclose(
        metrics.divide(scaled.metrics(outputs, batch))["mae"], 0.1, rtol=1e-4
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
