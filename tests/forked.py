"""Runs commands, each in a fork of one interpreter that has imported everything: fast and apart.

python -m tests.forked < CASES, a JSON list of [command, flag, ...], prints for each its exit
status, its stdout and its stderr, as a JSON list.
"""

import json
import os
import runpy
import sys
import tempfile

from lstmjax.course import lessons  # noqa: F401 (what the commands import)
from lstmjax.inference import prediction  # noqa: F401


def in_a_fork(arguments: list[str]) -> tuple[int, str, str]:
    """The exit status, stdout and stderr of a command."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        child = os.fork()
        if not child:
            os.dup2(out.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            status = 0
            try:
                sys.argv[1:] = arguments[1:]
                runpy.run_module(f"launch.{arguments[0]}", run_name="__main__", alter_sys=True)
            except SystemExit as end:
                status = end.code or 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
                status = 98
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        _, status = os.waitpid(child, 0)
        for file in (out, errors):
            file.seek(0)
        return os.waitstatus_to_exitcode(status), out.read(), errors.read()


if __name__ == "__main__":
    cases = json.load(sys.stdin)
    results = [in_a_fork(arguments) for arguments in cases]
    json.dump(results, sys.stdout)
