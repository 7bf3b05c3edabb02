"""How far a run is and what it takes: seconds, a bar or plain lines, and a fitting stretch."""

import contextlib
import sys
import time
from collections.abc import Iterator

from tqdm import tqdm

from lstmjax import devices

SECONDS_BETWEEN_LINES = 10.0  # of progress where there is no terminal
SECONDS_OF_A_STRETCH = 1.0  # of steps in one go: a signal waits for no more than two


class Clock:
    """Seconds spent on each part of a run."""

    def __init__(self, spent: dict[str, float]):
        """Starts from what earlier sessions of the same run spent."""
        self.spent = {"compile": 0.0, "train": 0.0, "evaluate": 0.0} | spent

    @contextlib.contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Adds the time of a block to a part."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(part, time.perf_counter() - start)

    def add(self, part: str, seconds: float) -> None:
        """Adds seconds to a part."""
        self.spent[part] = self.spent.get(part, 0.0) + seconds


class Pace:
    """How many steps to do in one go: doubled until that takes about a second."""

    def __init__(self, seconds: float):
        """Begins with one step, after so many seconds of training."""
        self.steps = 1
        self._last = seconds

    def tick(self, seconds: float) -> None:
        """Call it once a stretch, with the seconds of training until now."""
        # all processes must do the same: the first one's time counts
        now, seconds = seconds, devices.gather([seconds - self._last])[0, 0]
        self._last = now
        if seconds > SECONDS_OF_A_STRETCH:
            self.steps = max(1, int(self.steps * SECONDS_OF_A_STRETCH / seconds))
        elif seconds < SECONDS_OF_A_STRETCH / 2:
            self.steps = min(2 * self.steps, 2**30)


class Progress:
    """How far a run is: a bar with rate and time left on a terminal, plain lines elsewhere."""

    def __init__(self, start: int, steps: int, quiet: bool = False):
        """Starts at step `start` of `steps`; says nothing at all if `quiet`."""
        self._quiet = quiet
        disable = quiet or not sys.stderr.isatty()
        self._bar = tqdm(total=steps, initial=start, unit=" steps", disable=disable)
        self._start, self._steps = start, steps
        self._began = self._last = time.perf_counter()

    def at(self, step: int, loss: float) -> None:
        """Shows the step and the training loss."""
        self._bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
        self._bar.update(step - self._bar.n if not self._bar.disable else 0)
        now = time.perf_counter()
        if self._bar.disable and now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            rate = (step - self._start) / (now - self._began)
            left = tqdm.format_interval((self._steps - step) / rate)
            self.say(
                f"step {step:,}/{self._steps:,}  loss {loss:.4g}  {rate:.3g} steps/s  {left} left"
            )

    def say(self, line: str) -> None:
        """Prints a line above the bar."""
        if not self._quiet:
            tqdm.write(line, file=sys.stderr)

    def close(self) -> None:
        """Leaves the bar as it is."""
        self._bar.close()
