"""Splits of one file: which examples are held out of the training."""

import numpy as np


def hold_out(size: int, share: float, seed: int, classes: np.ndarray | None = None) -> np.ndarray:
    """Which of `size` examples are held out, as a mask: a share of them, one at least.

    Args:
      size: how many examples there are.
      share: of them, 0 to 1.
      seed: of the choice.
      classes: (size,) integers, of each of which about the same share is held out.

    Returns:
      bool (size,).
    """
    order = np.random.default_rng(seed).permutation(size)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    count = min(max(round(share * size), 1), size)
    held_out = np.zeros(size, bool)
    # evenly over the classes, one after the other
    held_out[order[(2 * np.arange(count) + 1) * size // (2 * count)]] = True
    return held_out
