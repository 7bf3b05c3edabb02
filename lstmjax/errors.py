"""The one exception that means "the input is at fault, not the program"."""

import importlib
from typing import Any


class UserError(Exception):
    """A fault the user can mend: the message names the file, line or setting and the remedy."""


class Interrupted(BaseException):
    """A signal asked the program to stop; the message says what is saved and how to go on."""

    def __init__(self, number: int, message: str):
        """Remembers which signal it was."""
        super().__init__(message)
        self.number = number


def needed(package: str, extra: str) -> Any:
    """Imports a package that only one format needs; UserError tells how to install it."""
    try:
        return importlib.import_module(package)
    except ImportError:
        raise UserError(
            f"this needs the package {package.split('.')[0]}: pip install 'lstmjax[{extra}]'"
        ) from None
