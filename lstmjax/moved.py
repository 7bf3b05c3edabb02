"""Where modules have moved to, so that configs and runs written before still load."""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

_GENERATED = (
    "addition",
    "cumulative_sum",
    "damped_sine",
    "echo",
    "listops",
    "moving_square",
    "rectangles",
)
MOVED = {f"lstmjax.tasks.{name}": f"lstmjax.tasks.generated.{name}" for name in _GENERATED} | {
    "lstmjax.tasks.labelled": "lstmjax.tasks.sequences.labelled",
    "lstmjax.tasks.words": "lstmjax.tasks.text.words",
    "lstmjax.run": "lstmjax.training.run",
    "lstmjax.checkpointing": "lstmjax.runs.checkpoints",
    "lstmjax.evaluation": "lstmjax.inference.evaluation",
    "lstmjax.generation": "lstmjax.inference.generation",
    "lstmjax.prediction": "lstmjax.inference.prediction",
}  # old module: new one; a family is found under its own name, as it was


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports a module that has moved from where it is now; both names are the same module."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for an old name, or None for any other."""
        return importlib.machinery.ModuleSpec(name, self) if name in MOVED else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The module under its present name."""
        module = importlib.import_module(MOVED[spec.name])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """The module has run already: only its own spec is put back."""
        module.__spec__ = module.__spec__.loader_state


def find_moved() -> None:
    """Makes old names importable."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


def module_now(name: str) -> str:
    """The present name of a module that a run was written with."""
    return MOVED.get(name, name)
