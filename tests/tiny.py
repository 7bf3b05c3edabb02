"""Experiments that train in a moment, and small files of series."""

import pathlib

import numpy as np

from lstmjax.experiment import Experiment
from lstmjax.models.generative import Generative
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from lstmjax.tasks.echo import Echo
from lstmjax.tasks.listops import ListOps
from lstmjax.tasks.series import Series
from lstmjax.tasks.text import Text

POEM = "the cat sat on the mat; the dog dug in the fog. " * 40


def echo(**changes) -> Experiment:
    fields = dict(
        task=Echo(length=4, symbols=6, position=1, valid_examples=50, test_examples=70),
        model=Vanilla(features=8),
        optimizer=Adam(learning_rate=1e-2),
        steps=12,
        batch_size=4,
        log_every=3,
        evaluate_every=6,
        evaluation_batch_size=32,
    )
    return Experiment(**fields | changes)


def listops(**changes) -> Experiment:
    fields = dict(
        task=ListOps(train_examples=30, valid_examples=10, test_examples=20, length=14, shapes=3),
        model=Vanilla(features=8),
        optimizer=Adam(learning_rate=1e-2),
        steps=12,
        batch_size=4,
        log_every=3,
        evaluate_every=6,
        evaluation_batch_size=8,
    )
    return Experiment(**fields | changes)


def text(directory: pathlib.Path, **changes) -> Experiment:
    file = directory / "poem.txt"
    file.write_text(POEM)
    fields = dict(
        task=Text(path=str(file), level="character", window=8, valid_fraction=0.1),
        model=Generative(features=(8, 8), embedding=5, dropout=0.2),
        optimizer=Adam(learning_rate=1e-2, clip_norm=1.0),
        steps=12,
        batch_size=4,
        log_every=3,
        evaluate_every=6,
        evaluation_batch_size=4,
    )
    return Experiment(**fields | changes)


def series_values(rows: int) -> np.ndarray:
    """Two columns with a season of four, the first with gaps, NaN: (rows, 2)."""
    time = np.arange(rows)
    noise = np.random.default_rng(0).normal(size=(rows, 2))
    load = 50 + 8 * np.sin(np.pi * time / 2) + noise[:, 0]
    load[time % 17 == 3] = np.nan
    return np.round(np.stack([load, 5 + 0.1 * time + noise[:, 1]], 1), 3)


def series_csv(directory: pathlib.Path, rows: int) -> pathlib.Path:
    """Those columns as `load` and `heat`, the `day`, and `late`, seen from row 100 on."""
    lines = ["day,load,heat,late"]
    for row, (load, heat) in enumerate(series_values(rows)):
        day = np.datetime64("2021-01-01") + row
        lines.append(f"{day},{'' if np.isnan(load) else load},{heat},{1 if row >= 100 else 'NA'}")
    file = directory / "series.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def like_series(file: pathlib.Path, task: Series) -> dict[str, object]:
    """Writes a small CSV with the columns of a task, and returns settings that fit it."""
    targets = task.targets or ("load",)
    numbers = [*targets, *task.covariates]
    time = [] if task.time is None else [task.time]
    lines = [",".join([*numbers, *task.categories, *time])]
    for row, values in enumerate(np.random.default_rng(0).uniform(1, 9, (90, len(numbers)))):
        cells = [*map(str, values), *("ab"[row % 2] for _ in task.categories)]
        lines.append(",".join([*cells, *(str(np.datetime64("2020-01-01") + row) for _ in time)]))
    file.write_text("\n".join(lines))
    return {
        "targets": ",".join(targets),
        "lookback": 2 * task.patch,
        "horizon": 2,
        "split_rows": "60,75",
    }
