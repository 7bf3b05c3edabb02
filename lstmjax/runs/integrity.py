"""Whether a directory's files are those that were written: SHA-256 of each, in a file of its own.

The file is what `sha256sum` writes, and `sha256sum --check SHA256SUMS` checks it.
"""

import hashlib
import os
import pathlib

SUMS = "SHA256SUMS"


def seal(directory: pathlib.Path) -> None:
    """Writes down the digest of every file below a directory; all of it is then on the disk."""
    (directory / SUMS).write_text(_text(_digests(directory)), encoding="ascii")
    for path in (*directory.rglob("*"), directory):
        wait_for_disk(path)


def wait_for_disk(path: pathlib.Path) -> None:
    """Returns when a file's content, or what a directory lists, would outlast a loss of power."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def is_sealed(directory: pathlib.Path) -> bool:
    """Whether there are digests at all."""
    return (directory / SUMS).exists()


def fault(directory: pathlib.Path) -> str | None:
    """What differs from the time of `seal`, in a few words, or None where nothing does."""
    try:
        written = (directory / SUMS).read_text(encoding="ascii")
        found = _digests(directory)
    except FileNotFoundError as error:
        return f"{pathlib.Path(error.filename).name} is missing"
    except (OSError, UnicodeDecodeError) as error:
        return f"unreadable: {error}"
    if written == _text(found):
        return None
    for name, digest in found.items():
        if f"{digest}  {name}\n" not in written:
            return f"{name} differs from its digest in {SUMS}"
    return f"a file that {SUMS} lists is missing"


def _digests(directory: pathlib.Path) -> dict[str, str]:
    digests = {}
    for file in sorted(directory.rglob("*")):
        if file.is_file() and file != directory / SUMS:
            with open(file, "rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            digests[file.relative_to(directory).as_posix()] = digest
    return digests


def _text(digests: dict[str, str]) -> str:
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items())
