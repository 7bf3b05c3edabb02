"""The texts a language model is trained on: a file, a directory's files, or Python's own source."""

import codecs
import dataclasses
import functools
import hashlib
import os
import pathlib
import sysconfig
from collections.abc import Callable, Iterator
from typing import BinaryIO

from lstmjax.errors import UserError

SKIPPED = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
READ = 2**16  # bytes that are read at a time: those that are ASCII need no decoding
PIECE = 2**20  # bytes that are worked on at a time
LEAST_BYTES = 1000


@dataclasses.dataclass(frozen=True)
class Corpus:
    """UTF-8 files, one after the other, of which a piece at a time is in memory.

    Equal corpora hold the same text: each file is told by its path, size and time of change.
    """

    path: str
    flag: str  # the setting that named the path
    library: bool  # whether it is Python's own, of which files that are not UTF-8 are left out
    files: tuple[tuple[str, int, int], ...]  # path, bytes, when it was changed

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size, _ in self.files)

    def check_unchanged(self) -> None:
        """Raises UserError where a file is not what it was when the corpus was opened."""
        for file in self.files:
            if not os.path.exists(file[0]) or _stamp(file[0]) != file:
                raise UserError(f"{self.flag} {file[0]}: changed while it was read; start again")

    def pieces(self) -> Iterator[bytes]:
        """The text in pieces of about `PIECE` bytes that end on whole characters.

        Raises:
          UserError: a file cannot be read or is not UTF-8, or hardly anything is in them.
        """
        held, total = [], 0
        for part in self._parts(_whole_characters):
            held.append(part)
            total += len(part)
            if sum(map(len, held)) >= PIECE:
                yield b"".join(held)
                held = []
        if held:
            yield b"".join(held)
        if total < LEAST_BYTES:
            raise UserError(
                f"{self.flag} {self.path}: {total} bytes of text, at least {LEAST_BYTES:,} are "
                "needed"
            )

    def texts(self) -> Iterator[str]:
        """The text in pieces that end after a blank or an end of line, but for the last."""
        held = []
        for piece in self.pieces():
            text = piece.decode()
            end = 1 + max(text.rfind(" "), text.rfind("\n"))
            if end:
                yield "".join([*held, text[:end]])
                held = []
            held.append(text[end:])
        yield "".join(held)

    def unchecked(self) -> Iterator[bytes]:
        """The text in parts that may be no UTF-8: to be told from others, and no more."""
        return self._parts(_as_they_come)

    def _parts(self, read: Callable[[BinaryIO], Iterator[bytes]]) -> Iterator[bytes]:
        for path, _, _ in self.files:
            try:
                with open(path, "rb") as file:
                    if self.library:
                        content = file.read().removeprefix(codecs.BOM_UTF8)
                        content.decode()
                        yield content
                    else:
                        yield from read(file)
            except OSError as error:
                raise UserError(f"{self.flag} {path}: {error.strerror}") from error
            except UnicodeDecodeError as error:
                if not self.library:
                    raise UserError(
                        f"{self.flag} {path}: not UTF-8 at byte {error.start:,}; convert it, "
                        "or leave it out with task.pattern"
                    ) from error


def _as_they_come(file: BinaryIO) -> Iterator[bytes]:
    yield file.read(READ).removeprefix(codecs.BOM_UTF8)
    while part := file.read(READ):
        yield part


def _whole_characters(file: BinaryIO) -> Iterator[bytes]:
    """A file in parts that are UTF-8 each; an error's `start` counts from the file's beginning."""
    place, rest = 0, b""
    while True:
        read = file.read(READ)
        part = rest + read
        try:
            whole = (
                len(part) if part.isascii() else codecs.utf_8_decode(part, "strict", not read)[1]
            )
        except UnicodeDecodeError as error:
            error.start += place
            raise
        skipped = len(codecs.BOM_UTF8) if not place and part.startswith(codecs.BOM_UTF8) else 0
        if whole > skipped:
            yield part[skipped:whole]
        if not read:
            return
        place, rest = place + whole, part[whole:]


def open_library() -> Corpus:
    """The source of Python's standard library, as found on this machine.

    Tests, installed packages and files in older encodings are left out.
    """
    path = sysconfig.get_paths()["stdlib"]
    return open_corpus(path, "**/*.py", "task.path", library=True)


def open_corpus(path: str, pattern: str, flag: str, library: bool = False) -> Corpus:
    """A UTF-8 file, or a directory's files in sorted order.

    Args:
      path: the file or directory.
      pattern: which files of a directory.
      flag: the setting that named the path.
      library: whether it is Python's own, of which parts are left out.

    Raises:
      UserError: there is no such file.
    """
    root = pathlib.Path(path)
    if not root.exists():
        raise UserError(f"{flag} {path}: no such file or directory")
    files = [root]
    if root.is_dir():
        try:
            found = list(root.glob(pattern))
        except (ValueError, NotImplementedError) as error:
            raise UserError(f"task.pattern {pattern!r}: {error}; try **/*.txt") from error
        inside = ((file.relative_to(root).parts, file) for file in found)
        skipped = SKIPPED if library else set()
        files = [
            file for parts, file in sorted(inside) if file.is_file() and not skipped & {*parts}
        ]
    if not files:
        raise UserError(f"{flag} {path}: no file in it matches task.pattern {pattern!r}")
    return Corpus(path, flag, library, tuple(_stamp(str(file)) for file in files))


def _stamp(file: str) -> tuple[str, int, int]:
    status = os.stat(file)
    return file, status.st_size, status.st_mtime_ns


@functools.lru_cache(maxsize=8)
def digest(corpora: tuple[Corpus, ...]) -> str:
    """SHA-256 of texts, one after the other, which are read once a process.

    Raises:
      UserError: a file cannot be read.
    """
    sha = hashlib.sha256()
    for corpus in corpora:
        for part in corpus.unchecked():
            sha.update(part)
    return sha.hexdigest()
