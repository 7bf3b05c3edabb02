"""Panels against plain NumPy: windows, splits, floors, metrics, answers."""

import csv
import dataclasses
import types

import jax
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.inference import evaluation
from lstmjax.inference.backtest import to_learn_from
from lstmjax.inference.prediction import predict
from lstmjax.models.residual import Residual
from lstmjax.optimizers import Adam
from lstmjax.tasks.panels import Panels, floors
from lstmjax.tasks.series.csv_table import read_table
from lstmjax.training.run import run
from tests import small_files, tiny

LOOKBACK, HORIZON, SEASON = 8, 3, 4
SETTINGS = dict(
    series="meter",
    time="hour",
    targets=("y",),
    lookback=LOOKBACK,
    horizon=HORIZON,
    season=SEASON,
    test_rows=5,
    log=True,
    normalize="season",
    mixture=(SEASON, 2 * SEASON),
    error="smape",
)


def task_of(directory, sizes=(60, 45, 32, 9), **changes):
    file = small_files.panel_csv(directory, sizes, ahead=changes.pop("ahead", 0))
    return Panels(path=str(file), **SETTINGS | changes).resolve()


def batch_of(task, split, indices=None):
    data = task.load()
    indices = np.arange(data.sizes[split]) if indices is None else indices
    return jax.device_get(jax.jit(task.batch, static_argnums=1)(data.arrays, split, indices)), data


def test_windows_keep_to_their_series_and_their_part(tmp_path):
    """Every window is found in its series at its origin, in units of the file."""
    task, series = task_of(tmp_path), small_files.panel_values()
    for split, begin, end in (("train", 0, -8), ("valid", -8, -5), ("test", -5, None)):
        batch, _ = batch_of(task, split)
        window = batch.targets
        met = {i: set() for i in range(len(series))}
        for row, (i, origin) in enumerate(zip(window.series, window.origin, strict=True)):
            values, stop = series[i], len(series[i]) + (end or 0)
            met[int(i)].add(int(origin))
            past = np.r_[np.full(LOOKBACK, np.nan), values[:origin]][-LOOKBACK:]
            unit = window.unit[row, 0, 0]
            there = window.past_seen[row, :, 0]
            np.testing.assert_array_equal(there, np.isfinite(past))
            np.testing.assert_allclose(
                np.exp(window.past[row, there, 0]) * unit, past[there], rtol=2e-6
            )
            future = values[origin : origin + HORIZON]
            assert origin + HORIZON <= stop
            known = batch.mask[row, :, 0]
            np.testing.assert_array_equal(known, np.isfinite(future))
            level = past[-SEASON:]
            level = np.log(level[np.isfinite(level)]).mean()
            np.testing.assert_allclose(
                window.future[row, known, 0], np.log(future[known]) - level, atol=2e-5
            )
        for i, values in enumerate(series):
            stop = len(values) + (end or 0)
            first = len(values) + begin if begin else min(LOOKBACK, max(stop - HORIZON, 1))
            assert met[i] == set(range(first, stop - HORIZON + 1))


def test_training_draws_series_equally_often(tmp_path):
    task = task_of(tmp_path)
    batch, _ = batch_of(task, "train")
    counts = np.bincount(batch.targets.series)
    assert len(set(counts[counts > 0].tolist())) == 1


def test_short_series_are_told_and_scored(tmp_path):
    task = task_of(tmp_path, sizes=(60, 45, 32, 9, 4))
    assert "1 series too short to test" in task.told
    assert "2 series too short to train on" in task.told
    batch, _ = batch_of(task, "test")
    assert set(batch.targets.series.tolist()) == {0, 1, 2, 3}


def naive_scores(forecast, sizes=(60, 45, 32, 9), test_rows=5, most=None):
    """M4's sMAPE and MASE, and MAE, over all test windows and steps, in float64."""
    windows = [
        (values, origin)
        for values in small_files.panel_values(sizes)
        for origin in range(len(values) - test_rows, len(values) - HORIZON + 1)
    ]
    if most:
        windows = [windows[round(place)] for place in np.linspace(0, len(windows) - 1, most)]
    smape, mase, mae = [], [], []
    for values, origin in windows:
        before = values[: len(values) - test_rows]
        change = np.nanmean(np.abs(before[SEASON:] - before[:-SEASON])) if len(before) > 4 else None
        truth = values[origin : origin + HORIZON]
        said = forecast(values[:origin])
        away = np.abs(said - truth)
        smape += [*(200 * away / (np.abs(said) + np.abs(truth)))]
        mae += [*away]
        mase += [*(away / change)] if change else []
    return {name: np.nanmean(x) for name, x in (("smape", smape), ("mase", mase), ("mae", mae))}


def last(past):
    return np.repeat(past[np.isfinite(past)][-1], HORIZON)


def seasonal(past):
    said = []
    for step in range(HORIZON):
        place = len(past) + step - SEASON
        while place >= 0 and np.isnan(past[place]):
            place -= SEASON
        said.append(past[place] if place >= 0 else last(past)[0])
    return np.array(said)


def drift(past):
    there = np.flatnonzero(np.isfinite(past))
    line = np.polynomial.Polynomial.fit(there[[0, -1]], past[there[[0, -1]]], 1)
    return line(len(past) + np.arange(HORIZON))


@pytest.mark.parametrize(("log", "most"), [(True, None), (False, None), (True, 5)])
def test_floors_are_those_of_numpy(log, most, tmp_path, monkeypatch):
    task = task_of(tmp_path, log=log)
    sample = ""
    if most:
        monkeypatch.setattr(floors, "MOST", most)
        sample = f" on {most} of 12"
    scores = task.floors(task.load())
    expected = {"last value": last, f"value {SEASON} rows before": seasonal, "drift": drift}
    assert set(scores) == {name + sample for name in expected}
    for name, way in expected.items():
        for metric, value in naive_scores(way, most=most).items():
            found = scores[name + sample][metric]
            assert found == pytest.approx(value, rel=1e-4), (name, metric)


@pytest.mark.parametrize("log", [True, False])
def test_a_weight_of_one_repeats_the_season(log, tmp_path):
    """Outputs that choose the first season and add nothing score as the seasonal naive forecast."""
    task = task_of(tmp_path, log=log, normalize="window" if not log else "season")
    batch, _ = batch_of(task, "test")
    outputs = np.zeros((len(batch.mask), HORIZON, 3), np.float32)
    outputs[..., 1] = 50.0
    scores = {k: a / b for k, (a, b) in task.metrics(outputs, batch).items()}
    for i, series in enumerate(batch.targets.series):  # the window may be too short to see it
        assert series != 3 or np.isfinite(batch.targets.bases[i]).all()
    reference = task.floors(task.load())[f"value {SEASON} rows before"]
    whole = batch.targets.series != 3
    if whole.all():
        assert scores["smape"] == pytest.approx(reference["smape"], rel=1e-4)
    parameters = task.place(outputs, batch)[..., 0]
    said = np.asarray(task.in_units(parameters, batch))[..., 0] * batch.targets.unit[..., 0]
    values = small_files.panel_values()
    for row in np.flatnonzero(whole):
        past = values[batch.targets.series[row]][: batch.targets.origin[row]]
        seen = past[-LOOKBACK:]
        if all(np.isfinite([seen[-SEASON:], seen[-2 * SEASON : -SEASON]]).any(0)):
            np.testing.assert_allclose(said[row], seasonal(past), rtol=1e-5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two seeds, four steps, whose test part is one origin a series."""
    directory = tmp_path_factory.mktemp("panels")
    settings = SETTINGS | dict(test_rows=None, past=("heat",), known=("price",))
    settings |= dict(static=("kind", "area"), calendar=("hour", "weekday"))
    experiment = Experiment(
        task=Panels(path=str(small_files.panel_csv(directory)), **settings),
        model=Residual(features=8, dropout=0.1),
        optimizer=Adam(learning_rate=1e-2),
        seeds=2,
        **tiny.SHORT,
    )
    return directory / "run", run(experiment, directory / "run")


def written(run_directory, file, **options):
    out = file.parent / "out.csv"
    predict(run_directory, file, out, **options)
    with open(out) as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("together", [False, True])
def test_what_is_predicted_is_what_is_scored(together, trained, tmp_path):
    """Without the last rows' targets, each series of the file is forecast as in the test part."""
    directory, report = trained
    rows = list(csv.reader((directory.parent / "panel.csv").read_text().splitlines()))
    meters, sizes = {}, dict(m0=60, m1=45, m2=32, m3=9)
    for row in rows[1:]:
        place = meters[row[0]] = meters.get(row[0], 0) + 1
        if place > sizes[row[0]] - HORIZON:
            row[2] = ""
    (tmp_path / "mine.csv").write_text("\n".join(",".join(row) for row in rows))
    found = written(directory, tmp_path / "mine.csv", together=together)
    assert len(found) == 4 * HORIZON and (tmp_path / "out.png").exists()
    smape = []
    for i, values in enumerate(small_files.panel_values()):
        mine = [row for row in found if row["meter"] == f"m{i}"]
        start = np.datetime64("2021-01-01T00") + np.timedelta64(10 * i + len(values) - HORIZON, "h")
        assert mine[0]["hour"] == str(start).replace("T", " ") + ":00"
        said, truth = np.array([float(row["forecast"]) for row in mine]), values[-HORIZON:]
        smape += [*(200 * np.abs(said - truth) / (np.abs(said) + np.abs(truth)))]
    expected = report["test"]["smape"]["each"][0]
    if together:
        scores = evaluation.evaluate_workdir(directory, "test", together=True)
        expected = scores["test"]["smape"]["mean"]
        assert expected != pytest.approx(report["test"]["smape"]["mean"], rel=1e-3)
    assert np.nanmean(smape) == pytest.approx(expected, rel=1e-4)


def test_new_series_and_one_alone_are_forecast_alike(trained, tmp_path):
    """A series' forecast depends on neither its name nor the others in the file."""
    directory, _ = trained
    file = small_files.panel_csv(tmp_path, ahead=HORIZON)
    together = written(directory, file)
    lines = file.read_text().splitlines()
    alone = [lines[0], *(line.replace("m1", "new", 1) for line in lines if line.startswith("m1"))]
    (tmp_path / "alone.csv").write_text("\n".join(alone))
    found = written(directory, tmp_path / "alone.csv")
    assert {row["meter"] for row in found} == {"new"}
    mine = [float(row["forecast"]) for row in together if row["meter"] == "m1"]
    np.testing.assert_allclose([float(row["forecast"]) for row in found], mine, rtol=1e-5)


def test_known_columns_must_reach_ahead(trained, tmp_path):
    file = small_files.panel_csv(tmp_path, ahead=HORIZON - 1)
    with pytest.raises(UserError, match="'m0' has 2 values of 'price' after its last target"):
        written(trained[0], file)


WHOLE = dict(lookback=6, horizon=2, test_rows=2, mixture=(SEASON,), past=("heat",))


def test_a_forecast_reads_as_many_rows_as_training_did(tmp_path):
    task = task_of(tmp_path, sizes=(13, 12), **WHOLE)
    file = tmp_path / "panel.csv"
    head, *lines = file.read_text().splitlines()
    mine = [line for line in lines if line.startswith("m0")]
    file.write_text("\n".join([head, *mine[-6:]]))
    task.read(file)
    file.write_text("\n".join([head, *mine[-3:]]))
    with pytest.raises(UserError, match="'m0' has 3 rows before its forecast, which reads 6"):
        task.read(file)


@pytest.mark.parametrize("column", ["y", "heat"])
def test_a_gap_that_training_never_had_is_named(column, tmp_path):
    """Of 13 rows the last 6 are read: a gap in row 3 is not, one in row 11 is."""
    task = task_of(tmp_path, sizes=(13, 12), **WHOLE)
    file = tmp_path / "panel.csv"
    head, *rows = csv.reader(file.read_text().splitlines())

    def leave_out(hour):
        line = next(i for i, row in enumerate(rows) if row[:2] == ["m0", f"2021-01-01 {hour}:00"])
        rows[line][head.index(column)] = ""
        file.write_text("\n".join(map(",".join, [head, *rows])))
        return line + 2

    leave_out("03")
    task.read(file)
    told = f"line {leave_out('11')}: column '{column}' of series 'm0' is empty, and had no missing"
    with pytest.raises(UserError, match=told):
        task.read(file)
    file.write_text(
        "\n".join(map(",".join, [head, *(row for row in rows if "11:00" not in row[1])]))
    )
    with pytest.raises(UserError, match="the next row of series 'm0' is missing, and no"):
        task.read(file)


def test_training_that_reads_before_a_beginning_has_gaps(tmp_path):
    """The test windows are whole, but the shorter series is too short for training ones."""
    task = task_of(tmp_path, sizes=(13, 12), **WHOLE | dict(lookback=7))
    batch, _ = batch_of(task, "train")
    assert task.gaps and not batch.targets.past_seen.all()
    assert "1 series too short for whole windows, read from their beginning" in task.told
    assert not task_of(tmp_path, sizes=(13, 13), **WHOLE | dict(lookback=7)).gaps


def test_every_column_reaches_the_model(tmp_path):
    """What is known of the last row ahead changes the inputs; a target ahead never does."""
    roles = dict(past=("heat",), known=("price",), static=("kind", "area"), calendar=("hour",))
    task = task_of(tmp_path, **roles)
    data = task.load()
    batch = jax.device_get(task.batch(data.arrays, "test", np.array([0])))
    # y, heat, price and hour now and ahead; gaps of each; kind has two words, area is a number
    assert batch.inputs.shape == (1, LOOKBACK, 2 * (1 + 1 + 2 * (1 + 2)) + 3)
    row = 55 + HORIZON - 1  # the last one ahead of the first origin
    for column in range(5):
        arrays = data.arrays | {"values": data.arrays["values"].copy()}
        arrays["values"][row, column] += 1
        changed = jax.device_get(task.batch(arrays, "test", np.array([0]))).inputs
        assert np.array_equal(changed, batch.inputs) == (column < 2)
        assert column < 2 or (changed != batch.inputs).sum() == 1


@pytest.mark.parametrize("head", ["quantile", "gaussian", "student"])
def test_distributions_have_levels_and_scores(head, tmp_path):
    task = task_of(tmp_path, head=head, error="absolute", levels=(0.1, 0.5, 0.9))
    batch, _ = batch_of(task, "test")
    outputs = np.random.default_rng(0).normal(size=(len(batch.mask), task.outputs))
    scores = {k: float(a / b) for k, (a, b) in task.metrics(outputs, batch).items()}
    answers = task.answer(outputs, batch)
    truth = np.stack([answer.truth for answer in answers])
    quantiles = np.stack([answer.quantiles for answer in answers])
    there = np.isfinite(truth)
    low, high = quantiles[..., 0], quantiles[..., 2]
    inside = ((low <= truth) & (truth <= high))[there].mean()
    assert scores["coverage"] == pytest.approx(inside)
    under = truth[..., None] - quantiles
    loss = np.maximum(np.array(task.levels) * under, (np.array(task.levels) - 1) * under)
    wql = 2 * loss[there].mean(-1).sum() / np.abs(truth[there]).sum()
    assert scores["wql"] == pytest.approx(wql, rel=1e-4)


@pytest.mark.parametrize(
    "changes, told",
    [
        (dict(targets=()), "task.targets is not set"),
        (dict(targets=("z",)), "no column 'z'"),
        (dict(known=("prize",)), r"no column 'prize' \(task.known\); did you mean 'price'"),
        (dict(known=("y",)), "task.known names 'y', which is in task.targets"),
        (dict(series="unit"), "no column 'unit'"),
        (dict(patch=3), "no multiple of task.patch"),
        (dict(mixture=(9,)), "a season of 9 rows"),
        (dict(test_rows=2), "less than task.horizon"),
        (dict(horizon=40, test_rows=None, lookback=48), "too few to"),
        (dict(every="7h"), "no multiple of 7h"),
        (dict(every="2"), "times are no numbers"),
    ],
)
def test_faults_are_told(changes, told, tmp_path):
    with pytest.raises(UserError, match=told):
        task_of(tmp_path, **changes)


def with_values(file, write):
    """The panel in a file with tabs, each value of `y` as `write` has it."""
    rows = list(csv.reader(file.read_text().splitlines()))
    for row in rows[1:]:
        row[2] = row[2] and write(float(row[2]))
    file.write_text("\n".join("\t".join(row) for row in rows) + "\n")
    return Panels(path=str(file), separator="tab", **SETTINGS)


def test_commas_are_decimals_only_where_they_can_be_nothing_else(tmp_path):
    file = small_files.panel_csv(tmp_path)
    task = with_values(file, lambda value: f"{value / 1000:.4f}".replace(".", ",")).resolve()
    assert task.decimal == "," and task.told[0] == "decimal commas"
    values, _ = task.numbers(task.arranged(read_table(task.path, "tab")))
    np.testing.assert_allclose(values[:60, 0], small_files.panel_values()[0] / 1000, atol=0.5001e-4)
    task = with_values(small_files.panel_csv(tmp_path), lambda value: f"{1000 + value:,.0f}")
    with pytest.raises(UserError, match="the comma may be before decimals .* set task.decimal"):
        task.resolve()


def test_static_numbers_have_the_marks_of_the_others(tmp_path):
    """Areas 1,5 to 4,5 are numbers: one column, of mean 0 and deviation 1."""
    file = small_files.panel_csv(tmp_path)
    file.write_text(file.read_text().replace(",", ";").replace(".", ","))
    task = Panels(path=str(file), separator=";", static=("area",), **SETTINGS).resolve()
    expected = (np.arange(4) - 1.5) / np.std(np.arange(4))
    np.testing.assert_allclose(task.load().arrays["static"][:, 0], expected, rtol=1e-6)


def test_training_on_the_validation_rows(tmp_path):
    before, _ = batch_of(task_of(tmp_path), "train")
    after, _ = batch_of(task_of(tmp_path, train_on_valid=True), "train")
    longest = [batch.targets.origin[batch.targets.series == 0].max() for batch in (before, after)]
    assert longest == [60 - 8 - HORIZON, 60 - 5 - HORIZON]
    with pytest.raises(UserError, match="on which this run was trained"):
        task = task_of(tmp_path, train_on_valid=True)
        to_learn_from(types.SimpleNamespace(task=task), None, None)


def test_seeds_apart_are_not_together(tmp_path):
    with pytest.raises(UserError, match="one seed"):
        experiment = Experiment(
            task=Panels(path=str(small_files.panel_csv(tmp_path)), **SETTINGS),
            model=Residual(features=4),
            optimizer=Adam(),
            **tiny.SHORT | dict(steps=2, evaluate_every=2),
        )
        run(dataclasses.replace(experiment), tmp_path / "run")
        evaluation.evaluate_workdir(tmp_path / "run", "test", together=True)
