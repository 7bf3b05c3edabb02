"""What estimators share: scikit-learn's manners, without scikit-learn, and one way to train."""

import inspect
import math
import pathlib
import shutil
import tempfile
import typing
import weakref
from typing import Any

from lstmjax import settings
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.models.base import Model
from lstmjax.models.bidirectional import Bidirectional
from lstmjax.models.stacked import Stacked
from lstmjax.models.stacked_bidirectional import StackedBidirectional
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import AdamW, Optimizer
from lstmjax.tasks.base import Task
from lstmjax.training.train import train

LINES = 20  # of the log that a fit writes, about
EVALUATIONS = 10  # on the validation part, at most: the best of them is kept
LEAST_BETWEEN = 250  # updates between two of them


class Estimator:
    """Settings in, a run out.

    `__init__` of a subclass stores its arguments under their names and does nothing else; `fit`
    sets attributes that end in an underscore. `run_` is the run.
    """

    _kind = ""  # as scikit-learn calls it

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings by name. There are none within others, so `deep` changes nothing."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **changes: Any) -> "Estimator":
        """Changes settings; UserError names one that there is not."""
        for name, value in changes.items():
            if name not in self._names():
                raise UserError(
                    f"{type(self).__name__} has no setting {name!r}; it has "
                    f"{', '.join(self._names())}"
                )
            setattr(self, name, value)
        return self

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not defaults[name].default and value != defaults[name].default
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks an estimator about itself; nobody else calls it."""
        from sklearn import utils

        tags = utils.Tags(
            estimator_type=self._kind,
            target_tags=utils.TargetTags(required=True),
            classifier_tags=utils.ClassifierTags() if self._kind == "classifier" else None,
            regressor_tags=utils.RegressorTags() if self._kind == "regressor" else None,
        )
        tags.input_tags.three_d_array = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "run_")

    def _expect_fitted(self) -> None:
        if not hasattr(self, "run_"):
            raise UserError(f"this {type(self).__name__} has learned nothing yet; call fit first")

    def _check_settings(self) -> None:
        """Raises UserError where a setting is not of the kind that `__init__` declares."""
        for name, parameter in inspect.signature(type(self).__init__).parameters.items():
            options = typing.get_args(parameter.annotation)
            kind = options[0] if options[-1:] == (type(None),) else parameter.annotation
            if kind in (int, float) or typing.get_origin(kind) in (tuple, typing.Literal):
                value = settings.to_json(getattr(self, name))
                settings.from_json(value, parameter.annotation, name)

    def _architecture(self, every_step: bool) -> Model:
        """The model that the settings describe, or the one that was given."""
        if self.model is not None:
            return self.model
        if self.layers < 1:
            raise UserError(f"layers must be at least 1, got {self.layers}")
        sizes = dict(dropout=self.dropout, every_step=every_step)
        if self.bidirectional:
            if self.layers > 1:
                return StackedBidirectional(features=(self.features,) * self.layers, **sizes)
            return Bidirectional(features=self.features, **sizes)
        if self.layers == 1:
            return Vanilla(features=self.features, **sizes)
        return Stacked(features=(self.features,) * self.layers, **sizes)

    def _optimizer(self) -> Optimizer:
        if self.optimizer is not None:
            return self.optimizer
        return AdamW(
            learning_rate=float(self.learning_rate),
            schedule="cosine",
            clip_norm=1.0,
            weight_decay=float(self.weight_decay),
        )

    def _place(self) -> pathlib.Path:
        """The directory of the run, made if it is not there."""
        if self.workdir is None:
            return pathlib.Path(tempfile.mkdtemp(prefix="lstmjax-"))
        try:
            place = pathlib.Path(self.workdir)
            place.mkdir(parents=True, exist_ok=True)
        except TypeError as error:
            raise UserError(f"workdir must be a path, got {self.workdir!r}") from error
        except OSError as error:
            raise UserError(f"workdir {place}: {error.strerror}; choose another") from error
        return place

    def _train(self, task: Task, every_step: bool, place: pathlib.Path) -> None:
        """Trains in the directory; a temporary one goes with the run."""
        experiment = Experiment(
            task=task,
            model=self._architecture(every_step),
            optimizer=self._optimizer(),
            steps=self.steps,
            batch_size=self.batch_size,
            log_every=math.ceil(self.steps / LINES),
            evaluate_every=max(math.ceil(self.steps / EVALUATIONS), LEAST_BETWEEN),
            patience=self.patience,
            seed=self.seed,
        )
        try:
            self.run_ = train(
                experiment, place, quiet=self.quiet, pictures=self.workdir is not None
            )
        except BaseException:
            if self.workdir is None:
                shutil.rmtree(place, ignore_errors=True)
            raise
        if self.workdir is None:
            weakref.finalize(self.run_, shutil.rmtree, place, ignore_errors=True)
