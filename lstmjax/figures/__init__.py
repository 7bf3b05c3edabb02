"""Pictures of runs. The only package that imports matplotlib.

Each function draws one PNG and returns its caption: plain prose with the measured facts in it. What
shows a trained model takes `(experiment, data, params, path)`, with the parameters of one seed.
"""

from lstmjax.figures.attention import alignment, attention
from lstmjax.figures.benchmark import benchmark
from lstmjax.figures.captions import captions
from lstmjax.figures.curves import directions, learning_curve, positions
from lstmjax.figures.gates import gates
from lstmjax.figures.lengths import lengths
from lstmjax.figures.levels import curricula, judge, levels
from lstmjax.figures.piano_roll import piano_rolls
from lstmjax.figures.rectangles import rectangles
from lstmjax.figures.sequences import forecasts, video
from lstmjax.figures.series.backtests import backtests
from lstmjax.figures.series.bands import bands, test_forecasts

__all__ = [
    "alignment",
    "attention",
    "backtests",
    "bands",
    "benchmark",
    "captions",
    "curricula",
    "directions",
    "forecasts",
    "gates",
    "judge",
    "learning_curve",
    "lengths",
    "levels",
    "piano_rolls",
    "positions",
    "rectangles",
    "test_forecasts",
    "video",
]
