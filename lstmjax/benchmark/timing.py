"""Times of repeated calls. Imports nothing, so that a peer's process can use it, too."""

import time

WARM_UP = 3  # calls before the clock runs


def milliseconds(call, seconds=2.0, at_least=10, at_most=2000, calls=1):
    """Minimum, median and the middle half's spread of a call's time, after a warm-up.

    Args:
      call: what to time; returns when the work is done.
      seconds: time to spend, roughly.
      at_least: repeats, whatever they take.
      at_most: repeats, however short they are.
      calls: into how many equal pieces of work a call's time is divided.
    """
    for _ in range(WARM_UP):
        call()
    times, began = [], time.perf_counter()
    while len(times) < at_least or (len(times) < at_most and time.perf_counter() - began < seconds):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3 / calls)
    times.sort()
    return {
        "minimum": times[0],
        "median": times[len(times) // 2],
        "spread": times[3 * len(times) // 4] - times[len(times) // 4],
    }
