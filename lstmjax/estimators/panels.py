"""A Forecaster of many series: its task, and its answers as columns of a long table."""

import pathlib
import typing
from collections import Counter
from typing import Any

import numpy as np

from lstmjax.errors import UserError
from lstmjax.estimators.frames import Columns, check_order, of_a_kind
from lstmjax.inference.trained import Run
from lstmjax.tasks.panels import Panels
from lstmjax.tasks.panels.windows import Normalization


def panel_task(
    settings: dict[str, Any],
    columns: Columns,
    id: str,
    time: str | None,
    targets: tuple[str, ...],
    roles: dict[str, tuple[str, ...]],
) -> tuple[dict[str, list], Panels]:
    """What is written for a panel's task to read, and the task, whose path is still open.

    Args:
      settings: of a Forecaster.
      columns: of a frame.
      id: the column that names the series.
      time: the column of times; None: rows are in order.
      targets: the columns to forecast.
      roles: `past`, `known` and `static` columns, and `calendar` parts.

    Raises:
      UserError: a column is lacking, or the times of a series do not ascend, with the row.
    """
    if settings["normalize"] not in typing.get_args(Normalization):
        kinds = ", ".join(typing.get_args(Normalization))
        raise UserError(f"normalize={settings['normalize']} is for one series; take {kinds}")
    names = columns.column(id, "id")
    rows = float(np.median(list(Counter(names).values())))
    horizon = settings["horizon"]
    written = {id: names}
    if time is not None:
        times = written[time] = columns.column(time, "time")
        if not isinstance(times[0], str):  # the file's reader knows what texts mean
            check_order(times, names)
    for name in targets:
        written[name] = columns.column(name, "target")
    for role in ("past", "known", "static"):
        for name in roles[role]:
            written[name] = columns.column(name, role)
    task = Panels(
        series=id,
        time=time,
        targets=targets,
        **roles,
        lookback=settings["lookback"] or 3 * max(settings["season"], horizon),
        horizon=horizon,
        season=settings["season"],
        valid_rows=max(round(settings["validation"] * rows), horizon),
        test_rows=max(round(settings["test"] * rows), horizon),
        normalize=settings["normalize"],
        log=settings["log"],
        head=settings["head"],
        levels=tuple(settings["levels"]),
        decoder=bool(roles["known"]) and settings["model"] is None,
    )
    return written, task


def panel_answers(run: Run, path: pathlib.Path, columns: Columns) -> dict[str, list]:
    """A forecast for each series of a file as columns: id, time, each target, and its quantiles.

    Args:
      run: that forecasts.
      path: the file.
      columns: what the file was written from, whose names and times the answers take.
    """
    task = run.experiment.task
    source, batches = task.read(path)
    names = {str(name).strip(): name for name in columns.column(task.series, "id")}
    said: dict[str, list] = {task.series: []}
    if task.time is not None:
        said[task.time] = []
        first = columns.column(task.time, "time")[0]
    for forecast in run.answer(batches):
        said[task.series] += [names[source.names[forecast.series]]] * task.horizon
        if task.time is not None:
            said[task.time] += of_a_kind(source.times[forecast.series], first)
        for i, target in enumerate(task.targets):
            said.setdefault(target, []).extend(forecast.median[:, i].tolist())
            if forecast.quantiles is not None:
                for level, values in zip(task.levels, forecast.quantiles[:, i].T, strict=True):
                    said.setdefault(f"{target} q{level:g}", []).extend(values.tolist())
    return said
