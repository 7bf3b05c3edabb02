"""The course: every lesson's experiments one after the other, and what they come to."""

import dataclasses
import pathlib
import time
from typing import Any

import numpy as np

from lstmjax import reporting
from lstmjax.experiment import load_config
from lstmjax.run import run
from lstmjax.workdir import write_text


@dataclasses.dataclass(frozen=True)
class Entry:
    """One experiment of a lesson."""

    lesson: str
    config: str  # name of the file, without .py
    metric: str  # the headline
    success: float  # a seed on the wrong side of this has failed
    lower_is_better: bool = False
    published: str = ""  # score of the course's own model, where there is one
    one_seed: bool = False  # too long to train many side by side


ENTRIES = (
    Entry("vanilla", "vanilla_echo", "accuracy", 0.999, published="0.99-1"),
    Entry("generative", "generative_text", "nats", 1.6, lower_is_better=True, one_seed=True),
)


def run_course(workdir: pathlib.Path, configs: pathlib.Path, seeds: int) -> None:
    """Runs every entry in a directory of its own, prints its row as it ends, then the table.

    Raises:
      UserError: a config is missing, or the directory holds other experiments.
    """
    began = time.perf_counter()
    rows = [["experiment", "parameters", "score", "worst", "failed", "floors", "published", "s"]]
    for entry in ENTRIES:
        experiment = load_config(str(configs / f"{entry.config}.py"))
        experiment = dataclasses.replace(experiment, seeds=1 if entry.one_seed else seeds)
        print(f"{entry.lesson}: {entry.config}", flush=True)
        report = run(experiment, workdir / entry.config)
        rows.append(row(entry, report))
        print(reporting.scores(report), reporting.footer(report), "", sep="\n", flush=True)
    print(reporting.table(rows))
    write_text(workdir / "course.md", markdown(rows))
    print(f"{time.perf_counter() - began:.0f} s in all; {workdir / 'course.md'} holds the table")


def row(entry: Entry, report: dict[str, Any]) -> list[str]:
    """An entry's line of the table."""
    score = report["test"][entry.metric]
    sign = -1 if entry.lower_is_better else 1
    worst = sign * min(sign * value for value in score["each"])
    failed = sum(not np.isfinite(v) or sign * v < sign * entry.success for v in score["each"])
    floors = (
        f"{name} {floor[entry.metric]:.3g}"
        for name, floor in report["floors"].items()
        if entry.metric in floor
    )
    return [
        entry.config,
        f"{report['parameters']:,}",
        f"{entry.metric} {reporting.score(score)}",
        f"{worst:.4g}",
        f"{failed}/{report['seeds']}",
        "; ".join(floors),
        entry.published,
        f"{sum(report['seconds'].values()):.0f}",
    ]


def markdown(rows: list[list[str]]) -> str:
    """Rows as a Markdown table, the first the header."""
    head, *rest = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *rest]) + "\n"
