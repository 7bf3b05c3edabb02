"""Pieces of music as pictures: keys from low to high, time from left to right."""

import pathlib
from collections.abc import Mapping

import numpy as np

from lstmjax.figures import style

LOWEST = 21  # MIDI number of the first key, A0


def piano_rolls(rolls: Mapping[str, np.ndarray], path: pathlib.Path, given: int = 0) -> str:
    """Draws rolls one below the other.

    Args:
      rolls: by title, each bool (frames, keys).
      path: the PNG file to write.
      given: frames at the beginning that were not drawn by a model; a line ends them.

    Returns:
      A caption.
    """
    sounding = np.flatnonzero(np.any([roll.any(0) for roll in rolls.values()], 0))
    low, high = sounding.min() - 1, sounding.max() + 1
    with style.picture(path, 2.2 * len(rolls)) as figure:
        panels = figure.subplots(len(rolls), 1, squeeze=False, sharex=True)[:, 0]
        for axes, (title, roll) in zip(panels, rolls.items(), strict=True):
            frames, keys = np.nonzero(roll)
            axes.barh(keys + LOWEST, 1, left=frames, height=0.8, color=style.BLUE)
            if given:
                axes.axvline(given, color=style.VERMILLION, linewidth=1)
            octaves = [note for note in range(24, 109, 12) if low <= note - LOWEST <= high]
            axes.set_yticks(octaves, [f"C{note // 12 - 1}" for note in octaves])
            axes.set(ylim=(low + LOWEST, high + LOWEST), title=title)
            style.grid(axes)
        panels[-1].set_xlabel("quarter notes")
    return "Each bar is a key that sounds; the model drew what is right of the red line."
