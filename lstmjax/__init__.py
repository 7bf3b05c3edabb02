"""LSTMs in JAX and Flax: six architectures, one recurrent layer, one training loop."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstmjax.estimators import Classifier, Forecaster, Regressor

__all__ = ["Classifier", "Forecaster", "Regressor"]

_PLACES = dict.fromkeys(("Classifier", "Forecaster", "Regressor"), "lstmjax.estimators")


def __getattr__(name: str) -> Any:
    """Names of the front door, imported when they are first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
