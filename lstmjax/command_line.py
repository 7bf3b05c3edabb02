"""How every command starts and ends: flags, one-line errors, exit statuses."""

import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from absl import app, flags
from jax.errors import JaxRuntimeError

from lstmjax import program_cache
from lstmjax.errors import Interrupted, UserError

CACHE = flags.DEFINE_bool("cache", True, "Keep compiled programs for the next time.")


def start(main: Callable[[], Any]) -> NoReturn:
    """Parses the flags, calls `main()` and exits: 0 done, 1 a fault in the input, 2 in the flags.

    Faults are told in one line on stderr. An interrupted run exits with 128 + the signal's number.
    """

    def guarded(arguments: Sequence[str]) -> None:
        if len(arguments) > 1:
            _exit(2, f"{arguments[1]!r} is not a flag: {_form()}")
        # orbax tells every step it takes, and of a full disk tracebacks that we tell in one line
        logging.disable(logging.ERROR)
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr is: not all are UTF-8
        signal.signal(signal.SIGTERM, _interrupt)
        sys.excepthook = _of_main_thread
        sys.unraisablehook = _of_objects
        try:
            if CACHE.value:
                program_cache.keep_programs()
            else:
                os.environ["LSTMJAX_CACHE"] = "off"  # for the training that is called
            main()
            sys.stdout.flush()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # all is done but for Python's own end
        except UserError as error:
            _exit(1, " ".join(str(error).split()))
        except Interrupted as stop:
            _exit(128 + stop.number, str(stop))
        except KeyboardInterrupt:
            _exit(130, "SIGINT: stopped; run the same command again")
        except (MemoryError, JaxRuntimeError) as error:
            if isinstance(error, JaxRuntimeError) and "RESOURCE_EXHAUSTED" not in str(error):
                raise
            _exit(1, "out of memory: lower batch_size, the model's width or the sequences' length")
        except BrokenPipeError:
            # whoever read our output has gone; nothing more can be said
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except OSError as error:
            _exit(1, f"{error.filename or 'writing'}: {error.strerror or error}")

    app.run(guarded, flags_parser=_parse)


def _interrupt(number: int, _: Any) -> NoReturn:
    name = signal.Signals(number).name
    raise Interrupted(number, f"{name}: stopped; run the same command again")


def _of_main_thread(*fault: Any) -> None:
    """Shows a bug's traceback; not one of tensorstore's threads, whose save has failed already."""
    if threading.current_thread() is threading.main_thread():
        sys.__excepthook__(*fault)


def _of_objects(fault: Any) -> None:
    """Shows what an object's end raised; not a callback of tensorstore, whose loop is closed."""
    if fault.object is not None:
        sys.__unraisablehook__(fault)


def _parse(arguments: Sequence[str]) -> list[str]:
    try:
        return flags.FLAGS(list(arguments))
    except SystemExit:  # after --help, which absl takes for a failure
        sys.exit(0)
    except flags.UnrecognizedFlagError as error:
        _exit(2, f"{' '.join(str(error).split())} ({_form()}; --help lists the flags)")
    except flags.Error as error:
        lacking = re.findall(r"Flag (--\w+) must have a value other than None", str(error))
        told = f"{' and '.join(lacking)} must be given" if lacking else str(error)
        _exit(2, " ".join(told.split()) + " (--help lists the flags)")


def _form() -> str:
    return "settings are given as --set key=value" if "set" in flags.FLAGS else "write --name=value"


def _exit(status: int, line: str) -> NoReturn:
    program_cache.seal()
    sys.stdout.flush()
    print(f"{'error: ' if status < 128 else ''}{line}", file=sys.stderr, flush=True)
    # at once: at Python's own end, threads of a failed save or a lost process have more to say
    os._exit(status)
