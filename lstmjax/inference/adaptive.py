"""Conformal bands that follow what has come since: adaptive conformal inference."""

import numpy as np


def reaches(past: np.ndarray, outside: np.ndarray, share: float, rate: float) -> np.ndarray:
    """How far bands reach at each origin, given how the bands before it have done.

    Gibbs & Candes (2021), equation 2: the share that a band may miss rises by `rate` times what it
    should miss, and falls by `rate` with every miss. The miss of a step is known when its row has
    come. A band reaches no farther than the largest of `past`.

    Args:
      past: (forecasts, horizon, targets), how far the truth of the validation part is outside; NaN
        where nothing was observed.
      outside: (origins, horizon, targets), the same of the origins, a row apart.
      share: of the truth that bands should cover.
      rate: of learning; 0: split conformal prediction.

    Returns:
      (origins, horizon, targets).
    """
    origins, horizon, targets = outside.shape
    ordered, count = np.sort(past, 0), np.isfinite(past).sum(0)
    may_miss = np.full((horizon, targets), 1 - share)
    steps, found = np.arange(horizon), np.empty_like(outside)
    for origin in range(origins):
        ranks = np.clip(np.ceil((count + 1) * (1 - may_miss)).astype(int), 1, count) - 1
        found[origin] = np.take_along_axis(ordered, ranks[None], 0)[0]
        whence = origin - steps  # the origins whose row at a step has come now
        there = (whence >= 0)[:, None] & np.isfinite(outside[whence, steps])
        missed = outside[whence, steps] > found[whence, steps]
        may_miss += np.where(there, rate * (1 - share - missed), 0)
    return found
