"""How much of a text is Python: the share of its top-level blocks that Python's parser accepts."""

import ast
import re
import warnings


def blocks(text: str) -> list[str]:
    """The top-level blocks of a Python source, without the first and the last, which may be cut.

    A block starts at a line that follows an empty one and begins in the first column.
    """
    return re.split(r"\n[ \t]*\n+(?=[^\s#])", text)[1:-1]


def parsed_share(texts: list[str]) -> tuple[float, int]:
    """The share of the texts' blocks that `ast.parse` accepts, and how many blocks there are."""
    found = [block for text in texts for block in blocks(text)]
    return sum(map(_parses, found)) / max(len(found), 1), len(found)


def _parses(block: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a drawn text may hold an odd escape
            ast.parse(block)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
