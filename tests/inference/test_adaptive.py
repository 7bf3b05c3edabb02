"""Adaptive bands against a loop over single numbers, and what they cover when errors change."""

import numpy as np
import pytest

from lstmjax.inference.adaptive import reaches


def by_hand(past, outside, share, rate):
    """One step ahead of one series at a time (Gibbs & Candes 2021, equation 2)."""
    found = np.empty_like(outside)
    for step in range(outside.shape[1]):
        for target in range(outside.shape[2]):
            known = sorted(value for value in past[:, step, target] if np.isfinite(value))
            may_miss, waiting = 1 - share, []
            for origin in range(len(outside)):
                rank = int(np.ceil((len(known) + 1) * (1 - may_miss)))
                found[origin, step, target] = known[min(max(rank, 1), len(known)) - 1]
                waiting.append(origin)
                if len(waiting) > step:  # the row of that step has come
                    then = waiting.pop(0)
                    value = outside[then, step, target]
                    if np.isfinite(value):
                        may_miss += rate * (1 - share - (value > found[then, step, target]))
    return found


@pytest.mark.parametrize("rate", [0.0, 0.05])
def test_reaches_are_those_of_a_loop(rate):
    rng = np.random.default_rng(0)
    past, outside = rng.exponential(size=(40, 3, 2)), 2 * rng.exponential(size=(60, 3, 2))
    past[3, 1, 0] = outside[10, 2, 1] = np.nan
    expected = by_hand(past, outside, 0.8, rate)
    np.testing.assert_array_equal(reaches(past, outside, 0.8, rate), expected)


def test_bands_follow_a_change():
    """Errors half as large as in the validation part: fixed bands cover too much."""
    rng = np.random.default_rng(1)
    past, outside = np.abs(rng.normal(size=(500, 4, 1))), np.abs(rng.normal(size=(3_000, 4, 1))) / 2
    fixed, adapted = ((outside <= reaches(past, outside, 0.8, rate)).mean() for rate in (0.0, 0.02))
    assert fixed > 0.95 and adapted == pytest.approx(0.8, abs=0.01)
