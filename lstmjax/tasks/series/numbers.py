"""Numbers as people write them: decimal commas, marks between thousands, per cent signs."""

import re
from collections.abc import Callable, Iterable

MARKS = (".", ",")
_BETWEEN = {".": ",", ",": "."}  # what may part thousands beside spaces and apostrophes
_WRITTEN = {
    mark: re.compile(
        rf"[+-]?(\d{{1,3}}(?P<between>[{_BETWEEN[mark]}\s'’])\d{{3}}((?P=between)\d{{3}})*|\d*)"
        rf"([{mark}]\d*)?([eE][+-]?\d+)?"
    )
    for mark in MARKS
}


def number(text: str, decimal: str) -> float:
    """The number that a cell shows, without its per cent sign; ValueError where it shows none.

    Args:
      text: such as `1,234.5`, `1.234,5`, `1 234,5` or `12 %`.
      decimal: the mark before the decimals, `.` or `,`.
    """
    text = text.strip().removesuffix("%").strip()
    if decimal == ".":
        try:
            return float(text)
        except ValueError:
            pass  # it may have marks between thousands
    if not _WRITTEN[decimal].fullmatch(text):
        raise ValueError(f"{text!r} is not a number")
    return float(re.sub(rf"[^\d{decimal}eE+-]", "", text).replace(decimal, "."))


def marks(cells: Iterable[str]) -> list[str]:
    """The decimal marks with which all cells are numbers; only `.` where Python reads them all."""
    cells = list(cells)
    if all(_reads(float, cell.strip().removesuffix("%")) for cell in cells):
        return ["."]
    return [mark for mark in MARKS if all(_reads(number, cell, mark) for cell in cells)]


def _reads(function: Callable[..., float], *arguments: str) -> bool:
    try:
        function(*arguments)
    except ValueError:
        return False
    return True
