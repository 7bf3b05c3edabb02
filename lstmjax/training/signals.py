"""SIGINT and SIGTERM: noted, so that a run stops where everything is saved."""

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

from lstmjax import devices
from lstmjax.errors import Interrupted

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """The signals that have come. A second one ends the process at once.

    A thread watches for them, since Python runs no handler while the main thread compiles or waits
    for a device. To end at once is safe: whatever is on disk is whole.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.received: list[int] = []
        self._nothing_to_lose: str | None = None  # what is saved, where a first one ends it, too

    def agreed(self) -> int:
        """The signal that has come to any process, or 0; every process must call it."""
        return int(devices.gather([self.received[0] if self.received else 0]).max())

    def stop_if_agreed(self, saved: str) -> None:
        """As `stop_if_any`, for all processes when it has come to any."""
        if number := self.agreed():
            raise Interrupted(number, _message(number, saved))

    def stop_if_any(self, saved: str) -> None:
        """Raises Interrupted if a signal has come. Call it where everything is saved.

        Args:
          saved: what is, for the message.
        """
        if self.received:
            raise Interrupted(self.received[0], _message(self.received[0], saved))

    @contextlib.contextmanager
    def at_once(self, saved: str) -> Iterator[None]:
        """While the block runs, which has nothing to lose, the first signal ends the process."""
        self._nothing_to_lose = saved
        try:
            self.stop_if_any(saved)  # of what came before; from here on the thread ends it
            yield
        finally:
            self._nothing_to_lose = None
        self.stop_if_any(saved)

    def _watch(self, wake: socket.socket) -> None:
        count = 0
        while number := wake.recv(1)[0]:
            count += number in NUMBERS
            saved = self._nothing_to_lose
            if count > 1 or (count and saved):
                sys.stderr.write(_message(number, saved or "what had been saved is whole") + "\n")
                sys.stderr.flush()
                os._exit(128 + number)


def _message(number: int, saved: str) -> str:
    return f"{signal.Signals(number).name}: {saved}; run the same command to go on"


@contextlib.contextmanager
def deferred_signals() -> Iterator[Signals]:
    """Within the block, SIGINT and SIGTERM are noted instead of striking."""
    signals = Signals()

    def note(number: int, _: Any) -> None:
        signals.received.append(number)

    wake, tell = socket.socketpair()
    tell.setblocking(False)
    watcher = threading.Thread(target=signals._watch, args=(wake,), daemon=True)
    watcher.start()
    before = [signal.signal(number, note) for number in NUMBERS]
    before_fd = signal.set_wakeup_fd(tell.fileno(), warn_on_full_buffer=False)
    try:
        yield signals
    finally:
        signal.set_wakeup_fd(before_fd)
        for number, handler in zip(NUMBERS, before, strict=True):
            signal.signal(number, handler)
        tell.send(b"\0")
        watcher.join()
        tell.close()
        wake.close()


class Untouched(Signals):
    """No signal is noted: whoever called decides, as a notebook with KeyboardInterrupt."""

    @contextlib.contextmanager
    def at_once(self, saved: str) -> Iterator[None]:
        """Runs the block."""
        yield


@contextlib.contextmanager
def untouched_signals() -> Iterator[Signals]:
    """Signals stay as they are; works in any thread."""
    yield Untouched()
