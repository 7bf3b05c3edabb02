import csv
import dataclasses
import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib import image

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.inference.prediction import predict
from lstmjax.models.encoder_decoder import RepeatVector
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.series import Series
from lstmjax.tasks.series.forecasts import as_csv, times_after
from lstmjax.training.run import run
from tests import small_files

ROWS = 120


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A directory in which two steps were trained, and the file, which is gone again."""
    directory = tmp_path_factory.mktemp("series")
    file = small_files.series_csv(directory, ROWS)
    experiment = Experiment(
        task=Series(
            path=str(file),
            time="day",
            targets=("load", "heat"),
            lookback=6,
            horizon=3,
            normalize="last",
            head="gaussian",
            levels=(0.1, 0.5, 0.9),
        ),
        model=Vanilla(features=3),
        optimizer=Adam(),
        steps=2,
        batch_size=4,
        log_every=1,
        evaluate_every=2,
    )
    run(experiment, directory / "run")
    content = file.read_text()
    file.unlink()
    return directory / "run", content


def forecast(trained, tmp_path, content):
    (tmp_path / "mine.csv").write_text(content)
    predict(trained[0], tmp_path / "mine.csv", tmp_path / "out.csv")
    with open(tmp_path / "out.csv") as out:
        return list(csv.DictReader(out))


def test_a_forecast_from_the_checkpoint_alone(trained, tmp_path):
    """It is what the model says of the last rows, in their order, with bands and a picture."""
    rows = forecast(trained, tmp_path, trained[1])
    assert [(row["day"], row["target"]) for row in rows] == [
        (day, target)
        for day in ("2021-05-01", "2021-05-02", "2021-05-03")
        for target in ("load", "heat")
    ]
    experiment, params, _ = restore_best(trained[0])
    task = experiment.task
    read = small_files.series_values(ROWS)[-6:]
    scaled = ((read - task.means) / task.deviations).astype(np.float32)
    seen = np.isfinite(scaled)
    last = np.array([scaled[seen[:, i], i][-1] for i in range(2)])
    inputs = np.concatenate([np.where(seen, scaled - last, 0), seen[:, :1]], 1)
    outputs, _ = experiment.model.apply({"params": params}, jnp.asarray(inputs)[None])
    location, spread = np.moveaxis(np.asarray(outputs).reshape(3, 2, 2), -1, 0)
    spread = (1e-3 + np.log1p(np.exp(spread))) * task.deviations
    expected = (location + last) * task.deviations + task.means
    said = np.array([[float(row[name]) for name in ("forecast", "0.1", "0.9")] for row in rows])
    np.testing.assert_allclose(said[:, 0], expected.ravel(), rtol=1e-4)
    reach = 1.2815516 * spread.ravel()  # the 90 % point of the normal distribution
    np.testing.assert_allclose(said[:, 2] - said[:, 0], reach, rtol=1e-3)
    np.testing.assert_allclose(said[:, 0] - said[:, 1], reach, rtol=1e-3)
    assert image.imread(tmp_path / "out.png").shape[0] > 400
    assert os.path.exists(trained[0] / "figures" / "forecasts.png")


def test_only_the_last_rows_count(trained, tmp_path):
    lines = trained[1].splitlines()
    short = "\n".join([lines[0], *lines[-6:]])
    assert forecast(trained, tmp_path, short) == forecast(trained, tmp_path, trained[1])


@pytest.mark.parametrize(
    "spoil, told",
    [
        (lambda lines: lines[:1] + lines[-5:], "mine.csv: 5 rows, a forecast reads 6"),
        (lambda lines: lines[:1], "mine.csv: 0 rows, a forecast reads 6"),
        (lambda lines: [lines[0].replace("heat", "hat")] + lines[1:], "did you mean 'hat'?"),
        (lambda lines: lines[:-1] + ["2021-04-30,1,,2"], "line 121: column 'heat' is empty, and"),
        (lambda lines: lines[:-1] + ["2021-04-30,x,1,2"], "line 121: 'x' in column 'load'"),
        (lambda lines: lines[:-1] + ["2021-04-01,1,1,2"], "line 121: time 2021-04-01"),
        (lambda lines: lines + ["2021-05-01,1"], "line 122: 2 cells, the header names 4"),
    ],
)
def test_faults_are_told(spoil, told, trained, tmp_path):
    with pytest.raises(UserError) as caught:
        forecast(trained, tmp_path, "\n".join(spoil(trained[1].splitlines())))
    assert told in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_a_word_that_training_lacked_is_told(tmp_path):
    file = tmp_path / "wind.csv"
    file.write_text("x,wind\n" + "\n".join(f"{i},{'ab'[i % 2]}" for i in range(60)))
    task = Series(
        path=str(file), targets=("x",), categories=("wind",), lookback=2, horizon=1
    ).resolve()
    file.write_text("x,wind\n1,new\n2,a\n3,\n")
    assert task.read(file)[1][0].inputs[0, :, 1:].tolist() == [[1, 0], [0, 0]]
    file.write_text("x,wind\n1,a\n2,new\n3,a\n")
    with pytest.raises(UserError, match="line 3: 'new' in column 'wind' did not occur"):
        task.read(file)


def test_without_a_time_column_steps_are_numbered(tmp_path):
    file = small_files.series_csv(tmp_path, ROWS)
    task = Series(path=str(file), targets=("heat",), lookback=6, horizon=2).resolve()
    source, (batch,) = task.read(file)
    answers = task.answer(jnp.zeros((1, 2)), batch)
    task.write(tmp_path / "out.csv", source, answers)
    mean = small_files.series_values(ROWS)[:84, 1].mean()
    assert (tmp_path / "out.csv").read_text() == (
        f"step,target,forecast\n1,heat,{mean:.6g}\n2,heat,{mean:.6g}\n"
    )
    task = dataclasses.replace(task, separator="tab")
    assert as_csv(task, None, *answers).startswith("step\ttarget\tforecast\n")
    (panel,) = task.panels(answers)
    assert panel.truth is None and panel.low is None and panel.title == "heat"
    assert panel.times is None


def test_a_picture_of_dated_rows_has_their_times(tmp_path):
    file = small_files.series_csv(tmp_path, ROWS)
    task = Series(path=str(file), targets=("heat",), time="day", lookback=6, horizon=2).resolve()
    source, (batch,) = task.read(file)
    (panel,) = task.panels(task.answer(jnp.zeros((1, 2)), batch), source)
    read, ahead = panel.times
    np.testing.assert_array_equal(read, source[-6:])
    np.testing.assert_array_equal(ahead, times_after(source, 2))


@pytest.mark.parametrize(
    "times, after",
    [
        (["2020-11", "2020-12", "2021-01"], ["2021-02", "2021-03"]),
        (["2019-10", "2020-01", "2020-04"], ["2020-07", "2020-10"]),
        (["2020-02-27", "2020-02-28", "2020-02-29"], ["2020-03-01", "2020-03-02"]),
        (["2020-01-01T10:30", "2020-01-01T11:00"], ["2020-01-01T11:30", "2020-01-01T12:00"]),
        (["2020-01-01", "2020-01-02", "2020-01-05", "2020-01-06"], ["2020-01-07", "2020-01-08"]),
    ],
)
def test_times_go_on_as_they_were(times, after):
    found = times_after(np.array(times, "datetime64[s]"), 2)
    np.testing.assert_array_equal(found, np.array(after, "datetime64[s]"))


def test_bands_of_recursive_draws_are_written(tmp_path):
    file = small_files.series_csv(tmp_path, ROWS)
    task = Series(
        path=str(file),
        targets=("heat",),
        lookback=6,
        horizon=2,
        head="student",
        forecast="recursive",
        draws=50,
    ).resolve()
    source, (batch,) = task.read(file)

    def model(batch):
        return jnp.zeros((len(batch.inputs), 2)), None

    outputs, _ = jax.jit(lambda batch: task.rollout(model, batch))(batch)
    (answer,) = task.answer(outputs, batch)
    assert answer.quantiles.shape == (2, 1, 9)
    assert (np.diff(answer.quantiles) > 0).all()
    (panel,) = task.panels([answer])
    assert panel.band == "80 % band" and (panel.low < panel.forecast).all()


@pytest.mark.parametrize("model, decoder", [(Vanilla(), True), (RepeatVector(), False)])
def test_a_decoder_is_told_that_has_none(model, decoder, tmp_path):
    file = small_files.series_csv(tmp_path, ROWS)
    task = Series(path=str(file), targets=("heat",), lookback=4, horizon=2, decoder=decoder)
    with pytest.raises(UserError, match="encoder-decoder, task Series .*change task.decoder"):
        Experiment(task=task, model=model, optimizer=Adam()).resolve()
