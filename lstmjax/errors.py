"""The one exception that means "the input is at fault, not the program"."""


class UserError(Exception):
    """A fault the user can mend: the message names the file, line or setting and the remedy."""


class Interrupted(BaseException):
    """A signal asked the program to stop; the message says what is saved and how to go on."""

    def __init__(self, number: int, message: str):
        """Remembers which signal it was."""
        super().__init__(message)
        self.number = number
