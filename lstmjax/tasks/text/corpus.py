"""The texts a language model is trained on: a file, a directory's files, or Python's own source."""

import codecs
import lzma
import pathlib
import sysconfig

from lstmjax.errors import UserError

SKIPPED = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


def read_library() -> bytes:
    """The source of Python's standard library, as found on this machine.

    Tests, installed packages and files in older encodings are left out.
    """
    path = sysconfig.get_paths()["stdlib"]
    return read_corpus(path, "**/*.py", "task.path", library=True)


def read_corpus(path: str, pattern: str, flag: str, library: bool = False) -> bytes:
    """The bytes of a UTF-8 file, or of a directory's files joined in sorted order.

    Args:
      path: the file or directory.
      pattern: which files of a directory.
      flag: the setting that named the path.
      library: whether it is Python's own, of which parts are left out.

    Raises:
      UserError: there is no such file, it is not UTF-8, or hardly anything is in it.
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
    contents = []
    for file in files:
        try:
            contents.append(file.read_bytes().removeprefix(codecs.BOM_UTF8))
            contents[-1].decode()
        except OSError as error:
            raise UserError(f"{flag} {file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            if library:
                contents.pop()
                continue
            raise UserError(
                f"{flag} {file}: not UTF-8 at byte {error.start:,}; convert it, "
                "or leave it out with task.pattern"
            ) from error
    corpus = b"".join(contents)
    if len(corpus) < 1000:
        raise UserError(f"{flag} {path}: {len(corpus)} bytes of text, at least 1,000 are needed")
    return corpus


def xz_size(text: bytes) -> int:
    """Bytes after LZMA with a window over all of the text (the format behind xz)."""
    window = min(max(len(text), 2**16), 2**28)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": window}]
    return len(lzma.compress(text, lzma.FORMAT_RAW, filters=filters))
