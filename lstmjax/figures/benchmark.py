"""Training steps of lstmjax beside those of other frameworks."""

import pathlib
from typing import Any

from lstmjax.figures.style import COLOURS, MUTED, picture

NAMES = {"torch": "PyTorch", "keras": "Keras on JAX", "flax": "Flax nn.RNN", "scan": "nn.scan"}


def benchmark(rows: list[dict[str, Any]], path: pathlib.Path) -> str:
    """Bars of each framework's training step over lstmjax's in a scan, a group a shape.

    Args:
      rows: the benchmark's part `layers`.
      path: of the PNG.
    """
    others = [name for name in NAMES if any(name in row for row in rows)]
    with picture(path, 0.9 + 0.55 * len(rows)) as figure:
        axes = figure.subplots()
        for i, name in enumerate(others):
            ratios = [
                row[name]["train"]["median"] / row["lstmjax"]["train_in_scan"]["median"]
                for row in rows
            ]
            places = [k + (i + 0.5) / (len(others) + 1) for k in range(len(rows))]
            height = 1 / (len(others) + 1)
            from_one = [ratio - 1 for ratio in ratios]
            axes.barh(places, from_one, height, left=1, color=COLOURS[i], label=NAMES[name])
        axes.axvline(1, color=MUTED, linewidth=1)
        labels = [
            ", ".join(str(value) for value in list(row["case"].values())[:-1])
            + ("\nboth ways" if row["case"]["bidirectional"] else "")
            for row in rows
        ]
        axes.set_yticks([k + 0.4 for k in range(len(rows))], labels)
        axes.invert_yaxis()
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("training step over lstmjax's in a scan (1: as fast)")
        figure.legend(loc="outside upper center", ncols=len(others))
    return (
        "A training step in other frameworks over lstmjax's in a scan, by batch, time, inputs, "
        "hidden units and layers: right of the line they are slower."
    )
