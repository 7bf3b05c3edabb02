"""The real scikit-learn takes the estimators for its own."""

import collections
import dataclasses
import logging
import re

import jax
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.estimators import Classifier, Forecaster, Regressor
from lstmjax.experiment import load_config
from tests.estimators.test_sequences import sequences

base = pytest.importorskip("sklearn.base")
model_selection = pytest.importorskip("sklearn.model_selection")
pipeline = pytest.importorskip("sklearn.pipeline")
preprocessing = pytest.importorskip("sklearn.preprocessing")

SMALL = dict(features=8, steps=20, batch_size=8)


class Compiled(logging.Handler):
    """Counts the programs that are compiled, by name and shapes."""

    def __init__(self):
        super().__init__()
        self.counts = collections.Counter()

    def emit(self, record):
        message = record.getMessage()
        if told := re.match(r"Compiling (.*) with global shapes and types (.*?)\. ", message):
            self.counts[told.groups()] += 1


@pytest.fixture
def compiled():
    handler = Compiled()
    logger = logging.getLogger("jax._src.interpreters.pxla")
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    with jax.log_compiles():
        yield handler.counts
    logger.removeHandler(handler)
    logger.propagate = before


def test_settings_are_stored_and_cloned():
    settings = dict(features=8, layers=2, class_weight={"up": 2.0})
    classifier = Classifier(**settings)
    again = base.clone(classifier)
    assert again.get_params() == classifier.get_params()
    assert classifier.get_params() == Classifier().get_params() | settings
    assert repr(again) == "Classifier(features=8, layers=2, class_weight={'up': 2.0})"
    assert again.set_params(steps=5) is again and again.steps == 5
    with pytest.raises(UserError, match="no setting 'hidden'; it has features, layers"):
        again.set_params(hidden=3)
    assert base.is_classifier(classifier) and base.is_regressor(Regressor())


def test_settings_may_be_numbers_of_numpy():
    given = dict(features=np.int64(4), steps=np.int32(3), batch_size=np.int64(8), seed=np.int64(1))
    given |= dict(patience=np.int64(2), dropout=np.float32(0.25), layers=np.int64(2))
    X, y = sequences(24)
    classifier = Classifier(**given).fit(X, y)
    plain = Classifier(**{name: value.item() for name, value in given.items()}).fit(X, y)
    np.testing.assert_array_equal(classifier.predict_proba(X), plain.predict_proba(X))
    assert all(classifier.get_params()[name] is value for name, value in given.items())
    base.clone(classifier)
    grid = {"features": np.arange(4, 9, 4)}
    search = model_selection.GridSearchCV(Classifier(steps=3), grid, cv=2, error_score="raise")
    assert search.fit(X, y).best_params_["features"] in (4, 8)


@pytest.mark.parametrize(
    "setting, told",
    [
        (dict(steps=1.5), "steps must be a whole number, got 1.5"),
        (dict(steps="9"), "steps must be a whole number, got '9'"),
        (dict(layers=None), "layers must be a whole number, got None"),
        (dict(seed=None), "seed must be a whole number, got None"),
        (dict(features=8.0), "features must be a whole number, got 8.0"),
        (dict(patience="3"), "patience must be a whole number, got '3'"),
        (dict(learning_rate="fast"), "learning_rate must be a number, got 'fast'"),
        (dict(validation=None), "validation must be a number, got None"),
        (dict(workdir=3), "workdir must be a path, got 3"),
        (dict(missing="masked"), "missing must be one of refuse, mask, got 'masked'; did you"),
    ],
)
def test_a_setting_of_another_kind_is_refused(setting, told):
    with pytest.raises(UserError, match=f"^{told}"):
        Classifier(**setting).fit(*sequences(24))


def test_one_sequence_is_too_few_to_hold_one_out():
    with pytest.raises(UserError, match="^X: nothing is left to train on .* validation_data$"):
        Classifier(steps=2).fit(*sequences(1))


@pytest.mark.parametrize(
    "setting, told",
    [
        (dict(horizon=1.5), "horizon must be a whole number, got 1.5"),
        (dict(lookback="8"), "lookback must be a whole number, got '8'"),
        (dict(levels=0.5), "levels must be a list, got 0.5"),
        (dict(levels=(0.1, "half")), r"levels.1. must be a number, got 'half'"),
    ],
)
def test_so_is_a_setting_of_a_forecaster(setting, told):
    with pytest.raises(UserError, match=f"^{told}"):
        Forecaster(**setting).fit(np.sin(np.arange(60)))


def test_an_experiment_of_numbers_of_numpy_is_one_of_plain_numbers():
    experiment = load_config("vanilla_echo")
    of_numpy = dataclasses.replace(experiment, steps=np.int64(1_000), seed=np.int32(3))
    resolved = of_numpy.resolve()
    assert (resolved.steps, resolved.seed) == (1_000, 3) and type(resolved.steps) is int
    with pytest.raises(UserError, match="^steps must be a whole number, got 1.5"):
        dataclasses.replace(experiment, steps=1.5).resolve()


def test_a_search_over_rates_and_folds_compiles_no_program_twice(compiled):
    X, y = sequences(40)
    search = model_selection.GridSearchCV(
        Classifier(**SMALL), {"learning_rate": [1e-4, 3e-2]}, cv=2, error_score="raise"
    )
    search.fit(X, y)
    assert search.best_params_ == {"learning_rate": 3e-2}
    assert search.best_estimator_.score(X, y) > 0.9
    programs = {name for (name, _), count in compiled.items() if count}
    assert {"jit(init)", "jit(advance)", "jit(sums)"} <= programs
    assert not {told: count for told, count in compiled.items() if count > 1}


def test_cross_validation_and_pipelines():
    X, y = sequences(24)
    scores = model_selection.cross_val_score(
        Regressor(**SMALL), X, X[:, 0, 0], cv=2, error_score="raise"
    )
    assert scores.shape == (2,) and np.isfinite(scores).all()
    differences = preprocessing.FunctionTransformer(np.diff, kw_args={"axis": 1})
    steps = pipeline.make_pipeline(differences, Classifier(**SMALL | {"learning_rate": 3e-2}))
    assert steps.fit(X, y).score(X, y) > 0.9
    assert steps[-1].n_features_in_ == 2
