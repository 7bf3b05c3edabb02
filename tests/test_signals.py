import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import hashlib
from lstmjax.signals import deferred_signals

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
