"""Pictures as PNG files, and the sentences that a TSV file gives them."""

import io
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from lstmjax.errors import UserError
from lstmjax.files import read_bytes, read_lines

FORMAT = "file.png<TAB>a sentence"


class Caption(NamedTuple):
    """A sentence of a picture, and where it stands."""

    line: int  # counted from 1
    name: str  # of the file
    words: tuple[str, ...]


def read_captions(path: str, flag: str) -> list[Caption]:
    """The sentences of a file, in its order; words are what blanks separate.

    Args:
      path: of a file with lines of a PNG file's name, a tab and a sentence.
      flag: the setting that named it.

    Raises:
      UserError: the file is missing or malformed, with the line.
    """
    captions = []
    for number, line in enumerate(read_lines(path, flag), 1):
        if not line.strip():
            continue
        where = f"{flag} {path}: line {number:,}"
        name, tab, sentence = line.partition("\t")
        if not tab:
            raise UserError(f"{where} has no tab; write {FORMAT}: {line[:40]!r}")
        if not name.strip():
            raise UserError(f"{where} names no file; write {FORMAT}")
        if not sentence.strip():
            raise UserError(f"{where}: {name} has an empty sentence; write one, or delete the line")
        captions.append(Caption(number, name.strip(), tuple(sentence.split())))
    return captions


def png_names(path: pathlib.Path, flag: str) -> list[str]:
    """The names of a folder's PNG files, sorted, or of the one file that `path` is."""
    if not path.is_dir():
        return [path.name]
    names = sorted(file.name for file in path.iterdir() if file.suffix.lower() == ".png")
    if not names:
        raise UserError(f"{flag} {path}: no .png file in it; give a folder of PNG files")
    return names


def read_pictures(
    folder: pathlib.Path, names: Sequence[str], flag: str, size: tuple[int, int] | None = None
) -> np.ndarray:
    """PNG files of one size as bytes (pictures, height, width, 3).

    Args:
      folder: that the names are in.
      names: of the files.
      flag: the setting or flag that named them.
      size: height and width that they must have; none: those of the first.

    Raises:
      UserError: a file is missing, is no PNG, is damaged, or has another size, by its name.
    """
    pictures = []
    for name in names:
        picture = _read_picture(folder / name, flag)
        size = size or picture.shape[:2]
        if picture.shape[:2] != size:
            (height, width), given = size, picture.shape
            raise UserError(
                f"{flag} {folder / name}: {given[1]} x {given[0]} pixels, where the others "
                f"have {width} x {height} (width x height); scale it to that size"
            )
        pictures.append(picture)
    return np.stack(pictures)


def _read_picture(file: pathlib.Path, flag: str) -> np.ndarray:
    """One PNG file (height, width, 3); what is transparent has the colour that is below it."""
    content = read_bytes(file, flag)
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            deep = image.mode.startswith("I")
            picture = np.asarray(image.convert("RGB"))
    except Image.UnidentifiedImageError:
        raise UserError(f"{flag} {file}: not a PNG file; save the picture as PNG") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{flag} {file}: a damaged PNG file ({error}); save it again") from error
    if deep:
        raise UserError(f"{flag} {file}: 16 bits a pixel; save it with 8 bits a channel")
    return picture
