"""Forecasts from every origin of a split beside what came, with conformal bands if asked for."""

import csv
import dataclasses
import io
import pathlib
from typing import Any, NamedTuple

import jax
import numpy as np

from lstmjax import devices, figures
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.files import check_writable, decimal, read_json, write_json, write_text
from lstmjax.inference import adaptive
from lstmjax.inference.decoding import respond
from lstmjax.inference.together import together as as_one
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.base import Batch, Data
from lstmjax.tasks.forecasts import Forecasts

LEAST = 10  # validation forecasts that a band is learned from
FILE = "bands.json"  # in the directory of a run


class Margin(NamedTuple):
    """How far bands reach, from validation: in scales of `task.scale_of`, (horizon, targets)."""

    share: float  # of the truth that they should cover
    reach: np.ndarray  # from the forecast or, of a distribution, beyond its own band
    forecasts: int  # that it was learned from


@dataclasses.dataclass(frozen=True)
class Backtest:
    """The answers to all origins of a split."""

    experiment: Experiment
    split: str
    answers: list[Any]  # with past, truth, median, quantiles: (horizon, targets, ...)
    levels: tuple[float, ...]  # of the quantiles

    def columns(self) -> dict[str, np.ndarray]:
        """A long table: series, origin, step, truth, forecast, and each quantile by its level.

        `origin` counts the rows of the series before the forecast.
        """
        task, size = self.experiment.task, len(self.answers)
        where = task.whence(self.answers, self.split, np.arange(size))
        median = np.stack([answer.median for answer in self.answers])  # (size, horizon, targets)
        _, horizon, targets = median.shape
        names = np.array([names for names, _ in where])  # (size, targets)
        columns = {
            "series": np.repeat(names, horizon, 0).reshape(-1),
            "origin": np.repeat([origin for _, origin in where], horizon * targets),
            "step": np.tile(np.repeat(np.arange(horizon) + 1, targets), size),
            "truth": np.stack([answer.truth for answer in self.answers]).reshape(-1),
            "forecast": median.reshape(-1),
        }
        if self.levels:
            quantiles = np.stack([answer.quantiles for answer in self.answers])
            for i, level in enumerate(self.levels):
                columns[f"{level:g}"] = quantiles[..., i].reshape(-1)
        return columns

    def spread(self) -> np.ndarray:
        """How far values lie apart, of each row of the table."""
        return np.stack([self.experiment.task.spread_of(a) for a in self.answers]).reshape(-1)

    def error(self) -> float:
        """The mean absolute error, in the units of the file."""
        away = np.concatenate([np.abs(a.truth - a.median).ravel() for a in self.answers])
        seen = np.isfinite(away)
        return float(away[seen].mean()) if seen.any() else float("nan")

    def outside(self) -> np.ndarray:
        """How far the truth is from the forecast, or outside its band: (size, horizon, targets).

        In scales of `task.scale_of`, NaN where nothing was observed.
        """
        scale_of = self.experiment.task.scale_of
        return np.stack([_outside(answer) / scale_of(answer) for answer in self.answers])

    def coverage(self) -> float | None:
        """The share of the truth between the outermost quantiles; None if there are none."""
        if not self.levels:
            return None
        inside = [
            (
                (answer.quantiles[..., 0] <= answer.truth)
                & (answer.truth <= answer.quantiles[..., -1])
            )[np.isfinite(answer.truth)]
            for answer in self.answers
        ]
        inside = np.concatenate(inside)
        return float(inside.mean()) if len(inside) else float("nan")

    def calibrate(self, share: float) -> Margin:
        """How far bands must reach to cover a share of this split's truth, at each step ahead.

        Split conformal prediction (Lei et al. 2018, algorithm 2) of absolute errors; of a
        distribution, of how far the truth is outside its band (Romano et al. 2019). The guarantee
        is for data whose order tells nothing, which a time series is not quite.
        """
        if not 0 < share < 1:
            raise UserError(f"--band must be between 0 and 1, got {share}; 0.8 is an 80 % band")
        outside = self.outside()
        count = np.isfinite(outside).sum(0)
        if count.min() < LEAST:
            raise UserError(
                f"--band: {count.min()} validation forecasts of a step are too few to learn a band "
                f"from, {LEAST} are needed; give a larger validation part"
            )
        ranks = np.minimum(np.ceil((count + 1) * share).astype(int), count) - 1
        ordered = np.sort(outside, 0)  # NaN, what was not observed, comes last
        reach = np.take_along_axis(ordered, ranks[None], 0)[0]
        return Margin(share, reach, int(count.min()))

    def banded(self, margin: Margin) -> "Backtest":
        """The same forecasts with bands that reach so far; the quantiles are its ends."""
        answers = [banded(self.experiment, answer, margin) for answer in self.answers]
        return dataclasses.replace(self, answers=answers, levels=levels_of(margin.share))

    def adapted(self, valid: "Backtest", share: float, rate: float) -> "Backtest":
        """With bands that learn from the rows that have come, too; `valid`: of the rows before.

        Raises:
          UserError: the rate is none, or origins are not a row apart, as those of several series.
        """
        if not 0 <= rate < 1:
            raise UserError(f"--adapt must be at least 0 and below 1, got {rate}; try 0.005")
        task = self.experiment.task
        if not task.in_time:
            raise UserError(
                f"--adapt: task {type(task).__name__} has many series, whose origins are not one "
                "after the other; leave it out"
            )
        margin = valid.calibrate(share)
        reaches = adaptive.reaches(valid.outside(), self.outside(), share, rate)
        answers = [
            banded(self.experiment, answer, margin._replace(reach=reach))
            for answer, reach in zip(self.answers, reaches, strict=True)
        ]
        return dataclasses.replace(self, answers=answers, levels=levels_of(share))


def write(columns: dict[str, np.ndarray], spread: np.ndarray, path: pathlib.Path) -> None:
    """A long table as a CSV file, and the spread of each row's values, which tells the digits."""
    cells = [
        values.tolist() if values.dtype.kind in "iU" else map(decimal, values, spread)
        for values in columns.values()
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*cells, strict=True))
    write_text(path, out.getvalue())


def _outside(answer: Any) -> np.ndarray:
    if answer.quantiles is None:
        return np.abs(answer.truth - answer.median)
    low, high = answer.quantiles[..., 0], answer.quantiles[..., -1]
    return np.maximum(low - answer.truth, answer.truth - high)


def banded(experiment: Experiment, answer: Any, margin: Margin) -> Any:
    """An answer whose quantiles are the ends of a band, and the median between them."""
    low = high = answer.median
    if answer.quantiles is not None:
        low, high = answer.quantiles[..., 0], answer.quantiles[..., -1]
    away = margin.reach * experiment.task.scale_of(answer)
    low, high = np.minimum(low - away, answer.median), np.maximum(high + away, answer.median)
    return answer._replace(quantiles=np.stack([low, answer.median, high], -1))


def levels_of(share: float) -> tuple[float, float, float]:
    """The quantiles that a band ends at, and the median."""
    tail = round((1 - share) / 2, 6)
    return tail, 0.5, round(1 - tail, 6)


def backtest(
    experiment: Experiment,
    data: Data,
    params: Any,
    split: str = "test",
    examples: np.ndarray | None = None,
) -> Backtest:
    """Forecasts from every origin of a split, or from some.

    Args:
      experiment: whose task forecasts series.
      data: the task's.
      params: one seed's.
      split: which origins.
      examples: (size,), which of them; none: all.

    Raises:
      UserError: the task forecasts no series.
    """
    task = experiment.task
    if not isinstance(task, Forecasts):
        raise UserError(
            f"--output: task {type(task).__name__} forecasts no series; launch.predict writes its "
            "answers"
        )
    examples = np.arange(data.sizes[split]) if examples is None else examples
    size = len(examples)
    rows = min(experiment.evaluation_batch_size, size)

    def forecast(params: Any, arrays: Any, indices: Any) -> tuple[Any, Batch]:
        batch = task.batch(arrays, split, indices)
        return respond(experiment, params, batch)[1], batch._replace(inputs=None)

    program, answers = devices.jit(forecast), []
    for start in range(0, size, rows):
        indices = examples[np.minimum(np.arange(start, start + rows), size - 1)].astype(np.int32)
        outputs, batch = jax.device_get(program(params, data.arrays, indices))
        answers += task.answer(outputs, batch)
    levels = task.levels if answers[0].quantiles is not None else ()
    return Backtest(experiment, split, answers[:size], levels)


def to_learn_from(experiment: Experiment, data: Data, params: Any) -> Backtest:
    """The forecasts of the validation part, for bands; UserError if it was trained on."""
    if not experiment.task.validates:
        raise UserError(
            "--band: bands are learned from the validation part, on which this run was trained; "
            "train with task.train_on_valid=false"
        )
    return backtest(experiment, data, params, "valid")


def backtest_workdir(
    workdir: pathlib.Path,
    split: str,
    destination: pathlib.Path,
    share: float | None = None,
    together: bool = False,
    rate: float | None = None,
) -> str:
    """Writes the forecasts of a run's best checkpoint from all origins; says what was written.

    Pictures of some of them go to the run's directory.

    Args:
      workdir: the directory of the run; or, without bands and pictures, a whole model in one file.
      split: which origins.
      destination: the CSV file.
      share: that bands learned from the validation part should cover; none: no such bands.
      together: whether all seeds of the run answer, by the mean of what they say.
      rate: at which bands learn from the rows that have come; none: they do not.
    """
    check_writable(destination, "--output")
    experiment, params, step = restore_best(workdir)
    experiment = as_one(experiment) if together else experiment
    params, data = experiment.first_seed(params), experiment.task.load()
    own = done = backtest(experiment, data, params, split)
    said = f"{destination}: {len(done.answers):,} origins, mean absolute error {done.error():.4g}"
    if share is not None:
        valid = to_learn_from(experiment, data, params)
        margin = valid.calibrate(share)
        kept = {"reach": margin.reach.tolist(), "of": margin.forecasts}
        write_json(workdir / FILE, _whose(share, together, step) | kept)
        before, done = done.coverage(), done.banded(margin)
        if rate is not None:
            done = own.adapted(valid, share, rate)
        said += f"; {100 * share:g} % bands from {margin.forecasts:,} validation forecasts cover "
        said += f"{done.coverage():.3f}"
        said += "" if before is None else f", the model's own {before:.3f}"
    write(done.columns(), done.spread(), destination)
    if workdir.is_file():
        return said
    place = workdir / "figures"
    place.mkdir(exist_ok=True)
    figures.backtests(experiment.task, done.answers, done.levels, own.levels and own.answers, place)
    return f"{said}; pictures are in {place}"


def margin_of(workdir: pathlib.Path, share: float, together: bool, step: int) -> Margin:
    """The margin that `launch.evaluate --band` has left in a run's directory.

    Args:
      workdir: the directory of the run.
      share: that bands cover.
      together: whether all seeds of the run answer.
      step: of the checkpoint that answers.

    Raises:
      UserError: it was not called, or for bands of another share or other forecasts.
    """
    kept = read_json(workdir / FILE) if (workdir / FILE).is_file() else {}
    if not _whose(share, together, step).items() <= kept.items():
        raise UserError(
            f"--band={share:g}: run `python -m launch.evaluate --workdir={workdir} "
            f"--band={share:g}{' --together' * together} --output=FILE` first; it learns the bands "
            "from the validation part"
        )
    return Margin(share, np.array(kept["reach"]), kept["of"])


def _whose(share: float, together: bool, step: int) -> dict[str, Any]:
    """What a margin was learned for; it fits nothing else."""
    return {"share": share, "together": together, "best_step": step}
