"""Reports as tables a person reads."""

import collections
from collections.abc import Sequence
from typing import Any

PARTS = {  # of a run's time, in words
    "read": "reading",
    "compile": "compiling",
    "train": "training",
    "evaluate": "evaluating",
}
WORTH_TELLING = 0.02  # of the time: less is left out of the closing line


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text in columns, the first row underlined; the first column flush left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def score(summary: dict[str, Any]) -> str:
    """A metric's mean, with its deviation where there are several seeds."""
    mean, each = summary["mean"], summary["each"]
    return f"{mean:.4g}" if len(each) == 1 else f"{mean:.4g} ± {summary['deviation']:.2g}"


def scores(result: dict[str, Any], split: str | None = None) -> str:
    """The scores of a report or an evaluation beside the floors, as a table."""
    return table(score_rows(result, split))


def score_rows(result: dict[str, Any], split: str | None = None) -> list[list[str]]:
    """A header, and a row a predictor: the model first, then the floors.

    Without a `split` it is the one that a report has: test, or where there was none valid.
    """
    split = split or ("test" if "test" in result else "valid")
    names = [name for name in result[split] if name != "loss"]
    model = result["experiment"]["model"]["type"].split(":")[-1]
    together = " together" if result.get("together") else ""
    seeds = f" ({result['seeds']} seeds{together})" if result["seeds"] > 1 else ""
    some = result.get("sampled", {}).get(split)
    head = split if some is None else f"{split}, {some[0]:,} of {some[1]:,}"
    rows = [[head, *names], [model + seeds, *(score(result[split][name]) for name in names)]]
    for predictor, floor in result["floors"].items():
        rows.append([predictor, *(f"{floor[name]:.4g}" if name in floor else "" for name in names)])
    return rows


def footer(report: dict[str, Any]) -> str:
    """A line on a report's size, time, kernel and devices."""
    seconds, kinds = report["seconds"], collections.Counter(report["devices"])
    parts = [
        f"{PARTS.get(part, part)} {seconds[part]:.1f}"
        for part in sorted(seconds, key=seconds.get, reverse=True)
        if seconds[part] >= WORTH_TELLING * sum(seconds.values())
    ]
    where = ", ".join(kind if count == 1 else f"{count} x {kind}" for kind, count in kinds.items())
    return (
        f"{report['parameters']:,} parameters, {report['steps']:,} updates, best at "
        f"{report['best_step']:,}; kernel {report['kernel']} on {where}; "
        f"{sum(seconds.values()):.1f} s ({', '.join(parts)})"
    )
