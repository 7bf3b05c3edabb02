"""Compiled programs, kept on disk for the next process: what compiled once need not compile again.

They lie in `$XDG_CACHE_HOME/lstmjax` or `~/.cache/lstmjax`, in a folder for each kind of processor,
because a program holds machine code. JAX looks programs up by what they compute, its version and
the compiler's flags. A checksum guards each: an entry that is damaged, or whose writer was killed,
is dropped before JAX can read it.
"""

import atexit
import contextlib
import hashlib
import os
import pathlib
import platform
import warnings
from collections.abc import Iterator

import jax

from lstmjax.files import cache_folder

MOST_BYTES = 256 * 2**20  # of one folder; the oldest entries go first
WORTH_SECONDS = 0.1  # programs that compile faster than this are not kept
SUFFIX = ".sha256"

_folder: pathlib.Path | None = None  # once this process keeps programs


def keep_programs() -> None:
    """Keeps the programs that this process compiles from now on, and takes those kept before.

    Nothing changes if JAX_COMPILATION_CACHE_DIR names another place, if LSTMJAX_CACHE is `off`,
    or if the folder cannot be written.
    """
    global _folder
    # JAX warns of an entry that it cannot read or write, as on a full disk, and compiles it
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
    if _folder or jax.config.jax_compilation_cache_dir:
        return
    folder = cache_folder(_processor())
    if folder is None:
        return
    try:
        _drop_damaged(folder)
        _drop_oldest(folder)
    except OSError:
        return
    _folder = folder
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTH_SECONDS)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    atexit.register(seal)


def seal() -> None:
    """Writes the checksums of new entries. Call it before an end that skips Python's own."""
    if _folder is None:
        return
    with contextlib.suppress(OSError):  # a full disk: the entries are dropped next time
        for entry in _entries(_folder):
            checksum = entry.with_name(entry.name + SUFFIX)
            if not checksum.exists():
                checksum.write_text(_digest(entry))


@contextlib.contextmanager
def set_aside() -> Iterator[None]:
    """Within it programs are compiled, and neither taken from disk nor kept there."""
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    try:
        yield
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def _processor() -> str:
    """A name that two machines share only if the code of one runs on the other."""
    told = platform.machine() + platform.processor()
    with contextlib.suppress(OSError):  # Linux
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        names = ("model name", "flags", "Features", "CPU part")
        told += "".join(sorted({line for line in lines if line.startswith(names)}))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _entries(folder: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in folder.iterdir() if path.is_file() and path.suffix != SUFFIX]


def _digest(file: pathlib.Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _drop_damaged(folder: pathlib.Path) -> None:
    for entry in _entries(folder):
        checksum = entry.with_name(entry.name + SUFFIX)
        if not checksum.exists() or checksum.read_text() != _digest(entry):
            _drop(entry)


def _drop_oldest(folder: pathlib.Path) -> None:
    sizes = {entry: entry.stat() for entry in _entries(folder)}
    held = sum(stat.st_size for stat in sizes.values())
    for entry in sorted(sizes, key=lambda entry: sizes[entry].st_mtime):
        if held <= MOST_BYTES:
            return
        held -= sizes[entry].st_size
        _drop(entry)


def _drop(entry: pathlib.Path) -> None:
    entry.with_name(entry.name + SUFFIX).unlink(missing_ok=True)
    entry.unlink(missing_ok=True)
