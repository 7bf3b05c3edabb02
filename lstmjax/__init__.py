"""LSTMs in JAX and Flax: six architectures, one recurrent layer, one training loop."""

import importlib
from typing import TYPE_CHECKING, Any

from lstmjax.moved import find_moved

if TYPE_CHECKING:
    from lstmjax.errors import UserError
    from lstmjax.estimators import Classifier, Forecaster, Regressor
    from lstmjax.exchange.keras import from_keras
    from lstmjax.exchange.pytorch import from_torch
    from lstmjax.experiment import Experiment, load_config
    from lstmjax.inference.trained import Run, load
    from lstmjax.recurrent import LSTM
    from lstmjax.training.train import train

__all__ = [
    "LSTM",
    "Classifier",
    "Experiment",
    "Forecaster",
    "Regressor",
    "Run",
    "UserError",
    "from_keras",
    "from_torch",
    "load",
    "load_config",
    "train",
]

find_moved()

_PLACES = {
    "LSTM": "lstmjax.recurrent",
    "Classifier": "lstmjax.estimators",
    "Experiment": "lstmjax.experiment",
    "Forecaster": "lstmjax.estimators",
    "Regressor": "lstmjax.estimators",
    "Run": "lstmjax.inference.trained",
    "UserError": "lstmjax.errors",
    "from_keras": "lstmjax.exchange.keras",
    "from_torch": "lstmjax.exchange.pytorch",
    "load": "lstmjax.inference.trained",
    "load_config": "lstmjax.experiment",
    "train": "lstmjax.training.train",
}


def __getattr__(name: str) -> Any:
    """Names of the front door, imported when they are first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
