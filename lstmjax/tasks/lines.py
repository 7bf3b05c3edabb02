"""Files that settings name, read with faults told, and predictions written back a line each."""

import hashlib
import pathlib
from collections.abc import Iterable

from lstmjax.errors import UserError


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


def write_lines(path: pathlib.Path, lines: Iterable[str]) -> None:
    """Writes lines as UTF-8."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
