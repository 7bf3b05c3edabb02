import signal

import pytest

from tests import torture


@pytest.mark.parametrize("kind", ["text"])
def test_runs_that_are_killed_end_as_if_they_had_not_been(kind, tmp_path, monkeypatch):
    """A few of the kills that `python -m tests.torture` makes by the hundred."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    counts = torture.torture([kind], kills=1, number=signal.SIGKILL)
    assert counts["kills"] == 1 and counts["runs"] >= 1 and counts["runs that differ"] == 0
