import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from lstmjax.errors import Interrupted
from lstmjax.training.signals import Signals, deferred_signals

SCRIPT = """
import hashlib
from lstmjax.training.signals import deferred_signals

with deferred_signals() as signals:
    if {nothing_to_lose}:
        with signals.at_once("stopped after step 7, all saved"):
            print("ready", flush=True)
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # like a compiler: no handler runs
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""


@pytest.mark.parametrize(
    "number, nothing_to_lose, needed", [(signal.SIGTERM, True, 1), (signal.SIGINT, False, 2)]
)
def test_a_signal_ends_a_program_that_runs_no_python(number, nothing_to_lose, needed):
    """The first where nothing is to lose, else the second."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(nothing_to_lose=nothing_to_lose)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    for _ in range(needed):
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(number)
    _, told = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    (line,) = told.splitlines()
    assert line.startswith(f"{number.name}: ") and line.endswith("run the same command to go on")


def test_a_signal_just_before_the_block_does_not_wait_for_its_end(monkeypatch):
    """One that comes when nothing had come at the last look."""
    ended, look = threading.Event(), Signals.stop_if_any

    def look_and_be_told(signals, saved):
        look(signals, saved)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.2)  # the thread has it

    monkeypatch.setattr(os, "_exit", lambda status: ended.set())
    monkeypatch.setattr(Signals, "stop_if_any", look_and_be_told)
    with deferred_signals() as signals, pytest.raises(Interrupted):
        with signals.at_once("all saved"):
            assert ended.wait(10)
