import subprocess
import sys


def test_bad_input_gets_one_line_and_a_status():
    """A few of the examples that `python -m tests.bad_input` makes by the thousand."""
    command = [sys.executable, "-m", "tests.bad_input", "--examples=25"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "refused" in result.stdout
