"""One look for all pictures: sizes, type, and colours that colour-blind readers tell apart."""

import contextlib
import io
import pathlib
from collections.abc import Iterator, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lstmjax.files import write_bytes

WIDTH = 5.4  # inches: as wide as a telephone, the type is still large enough
RESOLUTION = 200  # dots an inch

INK, MUTED, FAINT = "#222222", "#666666", "#cccccc"
# Okabe & Ito (2008), darkest first
BLUE, VERMILLION, GREEN, PURPLE, ORANGE = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE)
DASHES = ("-", "--", "-.", ":", (0, (1, 1)))  # beside the colours, for prints in grey
AMOUNT = "Blues"  # colour map from nothing to much
SIGNED = "RdBu_r"  # colour map on both sides of zero

LOOK = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
    "lines.linewidth": 1.8,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextlib.contextmanager
def picture(path: pathlib.Path, height: float, width: float = WIDTH) -> Iterator[Figure]:
    """A figure to draw on, written to `path` as a PNG at the end; sizes in inches."""
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=RESOLUTION)
        write_bytes(path, file.getvalue())


def grid(axes: Axes) -> None:
    """Faint horizontal lines behind everything."""
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def band(
    axes: Axes, places: Sequence[float], values: np.ndarray, colour: str, label: str, **line: object
) -> None:
    """A line through the mean of (places, seeds) values, in a band from lowest to highest."""
    axes.plot(places, values.mean(1), color=colour, label=label, **line)
    if values.shape[1] > 1:
        low, high = values.min(1), values.max(1)
        axes.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)


def framed(axes: Axes) -> None:
    """A thin frame all around, for what shows an area."""
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(FAINT)
