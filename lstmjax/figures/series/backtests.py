"""What a backtest shows: some series from worst to best, errors by step ahead, calibration."""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from lstmjax.figures import style
from lstmjax.tasks.forecasts import Forecasts

EACH = 2  # worst ones, ones in the middle, best ones
LEAST_SERIES = 3 * EACH  # to compare series; if there are fewer, windows are compared


def backtests(
    task: Forecasts,
    answers: Sequence[Any],
    levels: tuple[float, ...],
    own: Sequence[Any],
    directory: pathlib.Path,
) -> dict[str, str]:
    """Draws `series.png`, `steps.png` and, of distributions, `calibration.png`; their captions.

    Nothing is drawn if no truth was observed.

    Args:
      task: whose forecasts they are.
      answers: to all origins, with bands if there are any.
      levels: of their quantiles.
      own: the answers with the model's own quantiles, those at `task.levels`; empty: it has none.
      directory: where the pictures go.
    """
    if not any(np.isfinite(answer.truth).any() for answer in answers):
        return {}
    where = task.whence(list(answers), "test", np.arange(len(answers)))
    names = np.array([names for names, _ in where])  # (size, targets)
    captions = {
        "series": worst_to_best(answers, names, levels, directory / "series.png"),
        "steps": errors_by_step(answers, directory / "steps.png"),
    }
    if len(own):
        quantiles = np.stack([answer.quantiles for answer in own])
        truth = np.stack([answer.truth for answer in own])
        captions["calibration"] = calibration(
            truth, quantiles, task.levels, directory / "calibration.png"
        )
    return captions


def worst_to_best(
    answers: Sequence[Any], names: np.ndarray, levels: tuple[float, ...], path: pathlib.Path
) -> str:
    """Small pictures of the series that are forecast worst, best, and in the middle.

    Of each series its window with the median error; of few series some windows.

    Args:
      answers: with past, truth, median and quantiles (rows, targets, ...).
      names: (size, targets), the series of each.
      levels: of the quantiles, if any.
      path: the PNG file to write.
    """
    chosen = _ranked(_mean(_errors(answers), 1), names)
    columns = min(EACH, len(chosen))
    rows = len(chosen) // columns
    with style.picture(path, 0.9 + 1.5 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, (title, example, target) in zip(grid.flat, chosen, strict=True):
            answer = answers[example]
            ahead = np.arange(len(answer.median)) + 1
            marker = "." if len(ahead) < 40 else ""
            past = answer.past[-max(2 * len(ahead), 24) :, target]
            axes.plot(np.arange(-len(past), 0) + 1, past, color=style.INK, label="read", lw=1.2)
            look = dict(lw=1.4, marker=marker, markersize=4)
            axes.plot(ahead, answer.truth[:, target], color=style.BLUE, label="true", **look)
            look["color"] = style.VERMILLION
            axes.plot(ahead, answer.median[:, target], label="forecast", **look)
            if levels:
                low, *_, high = np.moveaxis(answer.quantiles[:, target], -1, 0)
                look = dict(color=style.VERMILLION, alpha=0.2, lw=0)
                axes.fill_between(ahead, low, high, **look)
            axes.set_title(title, fontsize=9)
            axes.tick_params(labelsize=8)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(3))
            style.grid(axes)
        handles, labels = grid.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return f"Forecasts from the worst to the best: {'; '.join(title for title, _, _ in chosen)}."


def errors_by_step(answers: Sequence[Any], path: pathlib.Path) -> str:
    """The error at each step ahead, beside that of repeating the last value.

    Args:
      answers: with past, truth and median (rows, targets).
      path: the PNG file to write.
    """
    ours = _mean(_errors(answers), (0, 2))
    repeated = _mean(_errors([a._replace(median=_last(a)) for a in answers]), (0, 2))
    steps = np.arange(len(ours)) + 1
    with style.picture(path, 3.3) as figure:
        axes = figure.subplots()
        mark = "o-" if len(steps) < 40 else "-"
        axes.plot(steps, 100 * ours, mark, markersize=4, label="model")
        axes.plot(steps, 100 * repeated, mark, markersize=4, color=style.MUTED, label="last value")
        axes.set(xlabel="step ahead", ylabel="error, % of mean size", ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        style.grid(axes)
        axes.legend()
    return (
        f"Mean absolute error by step ahead, in per cent of what the window's values are on "
        f"average: from {100 * ours[0]:.3g} to {100 * ours[-1]:.3g}; the last value again "
        f"{100 * repeated[0]:.3g} to {100 * repeated[-1]:.3g}."
    )


def calibration(
    truth: np.ndarray, quantiles: np.ndarray, levels: tuple[float, ...], path: pathlib.Path
) -> str:
    """How often the truth is below each quantile, beside how often it should be.

    Args:
      truth: (size, horizon, targets), NaN where nothing was observed.
      quantiles: (size, horizon, targets, levels).
      levels: of these.
      path: the PNG file to write.
    """
    there = np.isfinite(truth)
    shares = (truth[there][:, None] <= quantiles[there]).mean(0)
    with style.picture(path, 4.2, 4.2) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=style.MUTED, linestyle=":", label="perfect")
        axes.plot(levels, shares, "o-", markersize=5, label="model")
        axes.set(xlabel="level of the quantile", ylabel="share of the truth below it")
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        style.grid(axes)
        axes.legend()
    off = np.abs(shares - np.array(levels))
    worst = int(off.argmax())
    return (
        f"Calibration: {shares[worst]:.3f} of the truth is below the {levels[worst]:g} quantile, "
        f"which of {len(levels)} is farthest off."
    )


def _errors(answers: Sequence[Any]) -> np.ndarray:
    """Absolute errors by the mean size of what was read: (size, horizon, targets)."""
    size = _mean(np.abs(np.stack([a.past for a in answers])), 1)[:, None]
    away = np.abs(np.stack([a.truth - a.median for a in answers]))
    return away / np.where(size > 0, size, 1)


def _mean(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Of what was observed; NaN where nothing was."""
    count = np.isfinite(values).sum(axis)
    return np.where(count > 0, np.nansum(values, axis) / np.maximum(count, 1), np.nan)


def _last(answer: Any) -> np.ndarray:
    """The last value that was read, again and again: (horizon, targets)."""
    there = np.isfinite(answer.past)
    last = len(answer.past) - 1 - there[::-1].argmax(0)
    value = answer.past[last, np.arange(answer.past.shape[1])]
    return np.broadcast_to(value, answer.median.shape)


def _ranked(errors: np.ndarray, names: np.ndarray) -> list[tuple[str, int, int]]:
    """Titles, examples and targets of those to show, worst first."""
    scored = np.isfinite(errors)
    places, values, of = np.argwhere(scored), errors[scored], names[scored]
    groups = {name: np.flatnonzero(of == name) for name in np.unique(of)}
    if len(groups) < LEAST_SERIES:
        groups = {i: np.array([i]) for i in range(len(values))}
    ranked = sorted(groups.values(), key=lambda rows: -values[rows].mean())
    middle = max((len(ranked) - EACH) // 2, 0)
    picked = [*ranked[:EACH], *ranked[middle : middle + EACH], *ranked[-EACH:]]
    kinds = [kind for kind in ("worst", "median", "best") for _ in range(EACH)]
    if len(ranked) < LEAST_SERIES:
        picked, kinds = ranked[: max(len(ranked) // EACH * EACH, 1)], [""] * len(ranked)
    shown = []
    for rows, kind in zip(picked, kinds, strict=False):
        row = rows[np.argsort(values[rows])[len(rows) // 2]]
        example, target = places[row]
        title = f"{kind}: {of[row]}, {100 * values[rows].mean():.3g} %"
        shown.append((title.removeprefix(": "), int(example), int(target)))
    return shown
