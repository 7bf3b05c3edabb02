"""Models from and to other tools: a file here for each format.

A module that writes files declares `SUFFIXES`, those of the file names that it answers to, and
`write(source, path)`, which returns the files if they are others than `path`. Nothing else needs to
know of it.
"""

import functools
import importlib
import pathlib
import pkgutil
from collections.abc import Callable
from typing import Any, Protocol

from lstmjax.errors import UserError, needed
from lstmjax.experiment import Experiment
from lstmjax.files import check_writable

__all__ = ["Source", "export", "formats", "needed"]


class Source(Protocol):
    """A trained model, as `lstmjax.Run` holds it."""

    experiment: Experiment
    params: Any  # of the first seed
    step_of_best: int  # updates after which they were the best

    @property
    def report(self) -> dict[str, Any]:
        """What `report.json` holds; UserError if there is none."""


def export(source: Source, path: str | pathlib.Path) -> list[pathlib.Path]:
    """Writes a trained model to a file, in the format that the file's name ends in.

    An encoder-decoder may be several files; they are returned.

    Args:
      source: the trained model.
      path: where to write; it appears whole or not at all.

    Raises:
      UserError: no format has that ending, the model cannot be expressed in it, a package is
        missing, or the file cannot be written.
    """
    path = pathlib.Path(path)
    known = formats()
    suffix = next((suffix for suffix in known if path.name.endswith(suffix)), None)
    if suffix is None:
        raise UserError(f"{path}: no known format; end the name in {' or '.join(known)}")
    check_writable(path, "--output")
    return known[suffix](source, path) or [path]


@functools.cache
def formats() -> dict[str, Callable[[Source, pathlib.Path], list[pathlib.Path] | None]]:
    """Each known ending of a file name, longest first, with the function that writes it."""
    modules = (
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    )
    found = {
        suffix: module.write for module in modules for suffix in getattr(module, "SUFFIXES", ())
    }
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[0]), pair[0])))
