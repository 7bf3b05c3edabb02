"""Files that people name: read with faults told, written whole or not at all."""

import hashlib
import json
import math
import os
import pathlib
from collections.abc import Iterable
from typing import Any

from lstmjax.errors import UserError


def shipped(folder: str) -> pathlib.Path:
    """The folder `configs` or `launch`: of an installed package inside it, of a checkout beside."""
    package = pathlib.Path(__file__).parent
    inside = package / folder
    return inside if inside.is_dir() else package.parent / folder


def cache_folder(name: str) -> pathlib.Path | None:
    """A folder for what later runs need not make again, or None where it cannot be had.

    It is `$XDG_CACHE_HOME/lstmjax/NAME`, or `~/.cache/lstmjax/NAME`; none where LSTMJAX_CACHE is
    `off`, or where it cannot be written.
    """
    if os.environ.get("LSTMJAX_CACHE") == "off":
        return None
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(base) / "lstmjax" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def read_bytes(path: str | pathlib.Path, flag: str) -> bytes:
    """The content of the file that the setting or flag `flag` names; UserError without one."""
    try:
        return pathlib.Path(path).read_bytes()
    except FileNotFoundError:
        remedy = f"; give yours with --set {flag}=FILE" if flag.startswith("task.") else ""
        raise UserError(f"{flag} {path}: no such file{remedy}") from None
    except OSError as error:
        raise UserError(f"{flag} {path}: {error.strerror}") from error


def digest_files(task: object, fields: Iterable[str]) -> str:
    """SHA-256 of the files that fields of a task name, one after the other; empty ones name none.

    Raises:
      UserError: one is missing or unreadable.
    """
    digest = hashlib.sha256()
    for field in fields:
        if path := getattr(task, field):
            digest.update(read_bytes(path, f"task.{field}"))
    return digest.hexdigest()


def read_lines(path: str | pathlib.Path, flag: str) -> list[str]:
    """The lines of a UTF-8 file, without their ends.

    Args:
      path: of the file.
      flag: the setting or flag that named it, as in `task.path`.

    Raises:
      UserError: it is missing, unreadable, empty, or not UTF-8, with the line.
    """
    content = read_bytes(path, flag)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"{flag} {path}: line {line:,} is not UTF-8; convert the file, "
            "as in iconv -f LATIN1 -t UTF-8"
        ) from error
    if not text.strip():
        raise UserError(f"{flag} {path}: empty; give a file with at least one line of text")
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def read_json(path: pathlib.Path) -> Any:
    """The JSON value in a file; UserError names the file and what is wrong with it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: is this a training directory?") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read as JSON: {error}") from error


def check_writable(file: pathlib.Path, flag: str, source: pathlib.Path | None = None) -> None:
    """Raises UserError where the file that a flag names has no place, or is the source."""
    if file.is_dir() or not file.parent.is_dir():
        wrong = "is a directory" if file.is_dir() else f"there is no directory {file.parent}"
        raise UserError(f"{flag} {file}: {wrong}; name a file in a directory that exists")
    if source is not None and file.exists() and source.exists() and file.samefile(source):
        raise UserError(f"{flag} {file}: takes the place of {source}; name another file")


def decimal(value: float, spread: float) -> str:
    """A number in six digits, and in more where it is large beside the spread of its kind.

    Args:
      value: of an answer.
      spread: of such values, as their deviation; 0 or NaN where that is not known.
    """
    large = abs(value) > spread > 0 and math.isfinite(value)
    more = int(math.log10(abs(value) / spread)) if large else 0
    return f"{value:.{min(6 + more, 15)}g}"


def write_json(file: pathlib.Path, value: Any) -> None:
    """Writes JSON for people to read; the file appears whole or not at all."""
    write_text(file, json.dumps(value, indent=2) + "\n")


def write_text(file: pathlib.Path, text: str) -> None:
    """Writes a text file; it appears whole or not at all. UserError where that fails."""
    write_bytes(file, text.encode())


def write_lines(file: pathlib.Path, lines: Iterable[str]) -> None:
    """Writes lines; the file appears whole or not at all. UserError where that fails."""
    write_text(file, "".join(f"{line}\n" for line in lines))


def write_bytes(file: pathlib.Path, content: bytes) -> None:
    """Writes a file through a temporary one beside it; UserError where that fails.

    What is no regular file, as /dev/stdout, is written to as it is; a link stays one.
    """
    file = pathlib.Path(os.path.realpath(file)) if file.is_file() else file
    temporary = file.with_name(f".{file.name}.partial")
    try:
        if file.exists() and not file.is_file():
            file.write_bytes(content)
            return
        with open(temporary, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(
            f"{file}: cannot be written ({error.strerror}); what was there is intact"
        ) from error
