"""The codes of a long text in a file of the cache: made once, and mapped into memory after that.

A file is looked up by the text's digest and by what its codes depend on. Its own digest lies beside
it: one that is damaged, or whose writer was killed, is made anew. Whoever makes or checks one holds
a lock, so that of two runs that start at once the second takes what the first has made.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from lstmjax.errors import UserError
from lstmjax.files import cache_folder, read_json, write_json

LEAST_BYTES = 2**25  # of a text: codes of a shorter one are made in a moment, in memory
MOST_BYTES = 2**35  # of all files together; those used least recently go first
READ = 2**20  # bytes that are checked at a time

Parts = Mapping[str, Callable[[], Iterable[np.ndarray]]]


def encoded(key: str, parts: Parts, kind: type, size: int) -> dict[str, np.ndarray]:
    """The codes of some texts, in memory or mapped into it.

    Args:
      key: names the texts and how they are encoded.
      parts: the codes of each text, a piece at a time.
      kind: the type of the codes.
      size: bytes of the texts.

    Raises:
      UserError: the cache has no room.
    """
    folder = cache_folder("texts") if size >= LEAST_BYTES else None
    if folder is None:
        return {name: _joined(pieces(), kind) for name, pieces in parts.items()}
    file = folder / f"{key}.codes"
    with _locked(folder / f"{key}.lock"):
        about = _about(file)
        if about is None or not _intact(file, about):
            about = _write(file, parts, kind)
        with contextlib.suppress(OSError):  # another user's
            os.utime(file)  # used now
        ends = np.cumsum(list(about["lengths"].values()))
        codes = np.asarray(np.memmap(file, kind, "r") if ends[-1] else np.empty(0, kind))
    _drop_oldest(folder, file)
    return dict(zip(about["lengths"], np.split(codes, ends[:-1]), strict=True))


def remembered(key: str, make: Callable[[], Any], size: int) -> Any:
    """What `make()` gives, a JSON value: of a long text as an earlier run has written it down.

    Args:
      key: names the text and what is made of it.
      make: reads the text.
      size: bytes of the text.
    """
    folder = cache_folder("texts") if size >= LEAST_BYTES else None
    if folder is None:
        return make()
    file = folder / f"{key}.json"
    with _locked(folder / f"{key}.lock"):
        with contextlib.suppress(UserError, KeyError, TypeError):
            kept = read_json(file)
            if kept["sha256"] == _digest(kept["value"]):
                return kept["value"]
        value = make()
        with contextlib.suppress(UserError):  # a full disk: the next run reads the text again
            write_json(file, {"sha256": _digest(value), "value": value})
        return value


def name(*parts: Any) -> str:
    """A key of JSON values."""
    return _digest(parts)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _joined(pieces: Iterable[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate([np.empty(0, kind), *pieces])


@contextlib.contextmanager
def _locked(file: pathlib.Path) -> Iterator[None]:
    """Waits until no other process has the file."""
    with contextlib.ExitStack() as held:
        try:
            lock = held.enter_context(open(file, "w"))
            fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the process, however it ends
        except OSError as error:
            raise UserError(
                f"{file}: cannot be locked ({error.strerror}); name a folder on a local disk with "
                "XDG_CACHE_HOME, or set LSTMJAX_CACHE=off to keep nothing"
            ) from error
        yield


def _about(file: pathlib.Path) -> dict[str, Any] | None:
    """What was written beside a file of codes; None where there is nothing to be read."""
    try:
        about = read_json(file.with_suffix(".json"))
    except UserError:
        return None
    return about if isinstance(about, dict) and about.keys() == {"sha256", "lengths"} else None


def _intact(file: pathlib.Path, about: dict[str, Any]) -> bool:
    sha, buffer = hashlib.sha256(), bytearray(READ)
    try:
        with open(file, "rb", buffering=0) as source:
            while count := source.readinto(buffer):
                sha.update(memoryview(buffer)[:count])
    except OSError:
        return False
    return sha.hexdigest() == about["sha256"]


def _write(file: pathlib.Path, parts: Parts, kind: type) -> dict[str, Any]:
    """Writes the codes; the file appears whole or not at all."""
    temporary = file.with_suffix(".partial")  # nobody else writes it: the lock is held
    sha, lengths = hashlib.sha256(), {}
    try:
        with open(temporary, "wb") as out:
            for name, pieces in parts.items():
                lengths[name] = 0
                for piece in pieces():
                    codes = piece.astype(kind, copy=False).tobytes()
                    sha.update(codes)
                    out.write(codes)
                    lengths[name] += len(piece)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(
            f"{file}: cannot be written ({error.strerror}); make room for the text's codes there, "
            "or name a folder on another disk with XDG_CACHE_HOME"
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    about = {"sha256": sha.hexdigest(), "lengths": lengths}
    write_json(file.with_suffix(".json"), about)
    return about


def _drop_oldest(folder: pathlib.Path, kept: pathlib.Path) -> None:
    """Drops files used least recently until there is room; who has one mapped keeps it."""
    with contextlib.suppress(OSError):  # another process drops the same
        used = {file: file.stat() for file in folder.glob("*.codes")}
        held = sum(status.st_size for status in used.values())
        for file in sorted(used, key=lambda file: used[file].st_mtime):
            if held > MOST_BYTES and file != kept:
                held -= used[file].st_size
                file.unlink(missing_ok=True)
                file.with_suffix(".json").unlink(missing_ok=True)
