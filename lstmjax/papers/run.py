"""Runs the published experiments and writes their table."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from lstmjax.errors import UserError
from lstmjax.experiment import load_config
from lstmjax.figures import lengths
from lstmjax.files import write_text
from lstmjax.papers.criterion import largest_counted, sequences_until
from lstmjax.papers.suite import LANGUAGES, SUITE, Entry
from lstmjax.runs import reporting
from lstmjax.runs.checkpoints import restore_best
from lstmjax.runs.workdir import read_log
from lstmjax.tasks.papers import Counting
from lstmjax.training.run import run

HEADER = ("experiment", "score", "worst", "solved", "sequences until then", "published", "seconds")


def run_papers(workdir: pathlib.Path, configs: pathlib.Path, only: Sequence[str] = ()) -> None:
    """Runs each experiment in a directory of its own, and prints its line of the table as it ends.

    At the end: the table, also as `papers.md`, and `languages.png` if all languages were run. What
    a directory holds already is not trained again.

    Args:
      workdir: of all runs.
      configs: the directory of the configs.
      only: names of experiments, or how they begin; none: all that are short.

    Raises:
      UserError: no experiment has such a name, a config is missing, or a directory holds another.
    """
    entries = [entry for entry in SUITE if _is_wanted(entry, only)]
    if not entries:
        names = ", ".join(entry.name for entry in SUITE)
        raise UserError(
            f"--only {','.join(only)}: no experiment begins like that; there are {names}"
        )
    rows = [list(HEADER)]
    for entry in entries:
        experiment = load_config(str(configs / "papers" / f"{entry.config}.py"))
        experiment = experiment.override(entry.settings)
        experiment = dataclasses.replace(experiment, seeds=entry.seeds)
        report = run(experiment, workdir / entry.name, defer_signals=True)
        rows.append(row(entry, report, workdir / entry.name))
        print(reporting.table([rows[0], rows[-1]]), flush=True)
    print(reporting.table(rows))
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    lines.insert(1, "|" + " --- |" * len(HEADER))
    write_text(workdir / "papers.md", "\n".join(lines) + "\n")
    if all(name in {entry.name for entry in entries} for name in LANGUAGES):
        runs = {LANGUAGES[name]: restore_best(workdir / name)[:2] for name in LANGUAGES}
        print(lengths(runs, workdir / "languages.png"))


def row(entry: Entry, report: dict[str, Any], directory: pathlib.Path) -> list[str]:
    """An entry's line of the table."""
    score = report["test"][entry.metric]
    until = sequences_until(
        read_log(directory / "metrics.jsonl"),
        entry.metric,
        entry.solved,
        report["experiment"]["batch_size"],
        entry.lower_is_better,
    )
    done = [count for count in until if count is not None]
    spread = f"{np.mean(done):,.0f} ({min(done):,} to {max(done):,})" if done else ""
    told = f"{entry.metric} {reporting.score(score)}"
    experiment, params, _ = restore_best(directory)
    if isinstance(experiment.task, Counting):
        counted = largest_counted(experiment, params)
        told = f"right up to n = {', '.join(map(str, sorted(counted)))}"
    return [
        entry.name,
        told,
        f"{(max if entry.lower_is_better else min)(score['each']):.4g}",
        f"{len(done)} of {len(until)}",
        spread,
        entry.published,
        f"{sum(report['seconds'].values()):.0f}",
    ]


def _is_wanted(entry: Entry, only: Sequence[str]) -> bool:
    whole = {other.name for other in SUITE}.intersection(only)
    begin = tuple(name for name in only if name not in whole)
    return entry.name in whole or entry.name.startswith(begin) if only else entry.short
