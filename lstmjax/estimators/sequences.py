"""Classes and numbers from arrays of sequences: `fit(X, y)`, then `predict(X)`."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from lstmjax.errors import UserError
from lstmjax.estimators.base import Estimator
from lstmjax.estimators.scores import r_squared
from lstmjax.models.base import Model
from lstmjax.optimizers import Optimizer
from lstmjax.tasks.sequences import Labelled, Regression
from lstmjax.tasks.sequences.arrays import (
    class_weights,
    flat,
    from_inputs,
    is_list,
    with_labels,
    with_targets,
    with_weights,
)
from lstmjax.tasks.sequences.examples import Sequences
from lstmjax.tasks.series.heads import Error, Kind


class SequenceEstimator(Estimator):
    """What Classifier and Regressor share. `X` is (size, time, width), or a list of (time, width).

    Of a width of 1 the last axis may be left out. NaN stands for a missing value.
    """

    def _given(self, X: Any, y: Any, sample_weight: Any, validation_data: Any) -> dict:
        """The sequences of each split."""
        self._check_settings()
        given = {"train": self._sequences(X, y, sample_weight, "X", "y", "sample_weight")}
        if validation_data is not None:
            if not (isinstance(validation_data, (tuple, list)) and len(validation_data) in (2, 3)):
                raise UserError(
                    "validation_data must be (X, y) or (X, y, sample_weight), got "
                    f"{type(validation_data).__name__}"
                )
            X, y, weight = (*validation_data, None)[:3]
            names = (f"validation_data[{i}]" for i in range(3))
            given["valid"] = self._sequences(X, y, weight, *names)
        self.n_features_in_ = int(np.prod(given["train"].inputs.shape[2:]))
        return given

    def _sequences(self, X: Any, y: Any, weight: Any, *names: str) -> Sequences:
        raise NotImplementedError

    def _settings(self, given: dict) -> dict[str, Any]:
        """Those of the task."""
        return dict(
            given=given,
            valid_fraction=float(self.validation),
            data_seed=self.seed,
            standardize=self.standardize,
            missing=self.missing,
        )

    def _answers(self, X: Any) -> list:
        self._expect_fitted()
        return self.run_.predict(X)


class Classifier(SequenceEstimator):
    """Which class a sequence is of.

    >>> classifier = Classifier(features=64, steps=1_000).fit(X, y)
    >>> classifier.predict(X_new), classifier.predict_proba(X_new)

    It is scored on the validation part about ten times, at least 250 updates apart; the best of
    these checkpoints is kept.
    """

    _kind = "classifier"

    def __init__(
        self,
        features: int = 64,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        model: Model | None = None,
        steps: int = 1_000,
        batch_size: int = 32,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.01,
        optimizer: Optimizer | None = None,
        patience: int | None = None,
        class_weight: Mapping | Literal["balanced"] | None = None,
        validation: float = 0.1,
        standardize: Literal["each", "together", "none"] = "each",
        missing: Literal["refuse", "mask"] = "refuse",
        seed: int = 0,
        workdir: Any = None,
        quiet: bool = True,
    ):
        """Stores the settings.

        Args:
          features: hidden units of each layer.
          layers: LSTM layers, one above the other.
          bidirectional: whether a second layer reads backward.
          dropout: on what the dense layer reads, and between layers.
          model: a model of this package or your own, instead of the four above.
          steps: updates.
          batch_size: sequences an update.
          learning_rate: the highest; it falls to 0 along a cosine.
          weight_decay: of AdamW.
          optimizer: instead of the two above.
          patience: evaluations in a row without a lower validation loss that end the training.
          class_weight: {label: weight} in the loss, or "balanced": all classes weigh the same.
          validation: the share of the sequences that is held out, if `fit` is given no others.
          standardize: scales each channel, all together, or nothing.
          missing: whether NaN is refused, or read as 0 beside a channel that says so.
          seed: of the initial weights, the order, and what is held out.
          workdir: the directory of the run; none: a temporary one.
          quiet: whether nothing is printed.
        """
        self.features = features
        self.layers = layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.model = model
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.patience = patience
        self.class_weight = class_weight
        self.validation = validation
        self.standardize = standardize
        self.missing = missing
        self.seed = seed
        self.workdir = workdir
        self.quiet = quiet

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None
    ) -> "Classifier":
        """Trains.

        Args:
          X: the sequences.
          y: labels (size,), of any kind that has an order.
          sample_weight: (size,), how much each counts in the loss.
          validation_data: (X, y) or (X, y, sample_weight) that choose the best checkpoint, instead
            of a share of the sequences.

        Raises:
          UserError: an argument is at fault, with its row.
        """
        given = self._given(X, y, sample_weight, validation_data)
        self.classes_ = np.unique(flat(y, given["train"], "y"))
        self._train(Labelled(**self._settings(given)), False, self._place())
        codes = {name: code for code, name in enumerate(self.run_.experiment.task.classes)}
        self._order = [codes[str(label)] for label in self.classes_.tolist()]
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each of `classes_`, (size, classes)."""
        return np.stack(self._answers(X))[:, self._order]

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest label of each sequence, (size,)."""
        return self.classes_[self.predict_proba(X).argmax(-1)]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy."""
        given = with_weights(from_inputs(X), sample_weight)
        right = self.predict(X) == flat(y, given, "y")
        return float(np.average(right, weights=given.weights))

    def _sequences(self, X: Any, y: Any, weight: Any, *names: str) -> Sequences:
        sequences = with_labels(from_inputs(X, name=names[0]), y, names[1])
        labels = flat(y, sequences, names[1])
        sequences = with_weights(sequences, weight, names[2])
        weight = class_weights(labels, self.class_weight, sequences.weights)
        return with_weights(sequences, weight, "class_weight")


class Regressor(SequenceEstimator):
    """Numbers of a sequence, or of each of its steps.

    >>> Regressor(error="absolute").fit(X, y).predict(X_new)
    >>> Regressor(head="quantile", levels=(0.1, 0.5, 0.9)).fit(X, y).predict_quantiles(X_new)

    `y` is (size,), (size, values), or of every step (size, time, values); for a list of sequences a
    list of (time,) or (time, values). A list whose rows are as long as their sequences is of steps.
    The answers have its shape and its units.
    """

    _kind = "regressor"

    def __init__(
        self,
        features: int = 64,
        *,
        head: Kind = "point",
        error: Error = "squared",
        levels: tuple[float, ...] = (0.1, 0.5, 0.9),
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        model: Model | None = None,
        steps: int = 1_000,
        batch_size: int = 32,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.01,
        optimizer: Optimizer | None = None,
        patience: int | None = None,
        validation: float = 0.1,
        standardize: Literal["each", "together", "none"] = "each",
        missing: Literal["refuse", "mask"] = "refuse",
        seed: int = 0,
        workdir: Any = None,
        quiet: bool = True,
    ):
        """Stores the settings.

        Args:
          features: hidden units of each layer.
          head: point, or a distribution: quantile, gaussian or student.
          error: that a point is trained on: squared, absolute or huber.
          levels: of the quantiles that are learned or given, ascending, 0.5 among them.
          layers: LSTM layers, one above the other.
          bidirectional: whether a second layer reads backward.
          dropout: on what the dense layer reads, and between layers.
          model: a model of this package or your own, instead of the four above.
          steps: updates.
          batch_size: sequences an update.
          learning_rate: the highest; it falls to 0 along a cosine.
          weight_decay: of AdamW.
          optimizer: instead of the two above.
          patience: evaluations in a row without a lower validation loss that end the training.
          validation: the share of the sequences that is held out, if `fit` is given no others.
          standardize: scales each channel, all together, or nothing.
          missing: whether NaN in X is refused, or read as 0 beside a channel that says so.
          seed: of the initial weights, the order, and what is held out.
          workdir: the directory of the run; none: a temporary one.
          quiet: whether nothing is printed.
        """
        self.features = features
        self.head = head
        self.error = error
        self.levels = levels
        self.layers = layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.model = model
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.patience = patience
        self.validation = validation
        self.standardize = standardize
        self.missing = missing
        self.seed = seed
        self.workdir = workdir
        self.quiet = quiet

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None
    ) -> "Regressor":
        """Trains.

        Args:
          X: the sequences.
          y: the numbers.
          sample_weight: (size,), or with numbers at every step (size, time).
          validation_data: (X, y) or (X, y, sample_weight) that choose the best checkpoint, instead
            of a share of the sequences.

        Raises:
          UserError: an argument is at fault, with its row.
        """
        given = self._given(X, y, sample_weight, validation_data)
        every_step = given["train"].targets.ndim == 3
        axes = 1 + np.ndim(next(iter(y))) if is_list(y) else np.ndim(y)
        self._drop = axes == given["train"].targets.ndim - 1  # whether y has no axis of values
        task = Regression(
            **self._settings(given),
            head=self.head,
            error=self.error,
            levels=tuple(self.levels),
        )
        self._train(task, every_step, self._place())
        return self

    def predict(self, X: Any) -> Any:
        """The numbers, of a distribution its median; of unequal sequences' steps a list."""
        return self._together([answer.value for answer in self._answers(X)], axis=-1)

    def predict_quantiles(self, X: Any) -> Any:
        """The quantiles at `levels`, along a last axis."""
        if self.head == "point":
            raise UserError("head is point, which has no quantiles; fit with head='quantile'")
        return self._together([answer.quantiles for answer in self._answers(X)], axis=-2)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R squared, the mean over the values: 1 is right, 0 is as good as the mean of `y`.

        `sample_weight` is (size,), or with numbers at every step (size, time).
        """
        said, task = self.predict(X), self.run_.experiment.task
        y = list(np.asarray(y)) if task.every_step and not is_list(y) else y
        given = self._sequences(X, y, sample_weight, "X", "y", "sample_weight")
        return r_squared(given, said, task)

    def _together(self, answers: list[np.ndarray], axis: int) -> Any:
        if self._drop:
            answers = [answer.take(0, axis) for answer in answers]
        alike = len({answer.shape for answer in answers}) == 1
        return np.stack(answers) if alike else answers

    def _sequences(self, X: Any, y: Any, weight: Any, *names: str) -> Sequences:
        sequences = with_targets(from_inputs(X, name=names[0]), y, names[1])
        return with_weights(sequences, weight, names[2])
