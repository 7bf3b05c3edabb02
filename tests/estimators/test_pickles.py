"""A fitted estimator is pickled, and answers in another process when its directory is gone."""

import copy
import gc
import pickle
import subprocess
import sys

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.estimators import Classifier, Forecaster, Regressor
from tests.estimators.test_sequences import sequences

SMALL = dict(features=4, steps=3)


def fitted():
    X, y = sequences()
    yield Classifier(**SMALL).fit(X, y), (X,)
    yield Regressor(**SMALL, head="quantile").fit(X, X[..., 0]), (X,)
    yield Forecaster(3, **SMALL).fit(np.sin(np.arange(60) / 4)), ()


def test_a_pickled_estimator_answers_in_another_process(tmp_path):
    joblib = pytest.importorskip("joblib")
    expected, places = [], []
    for i, (model, given) in enumerate(fitted()):
        joblib.dump((model, given), tmp_path / f"{i}.joblib")
        expected.append(model.predict(*given))
        places.append(model.run_.workdir)
    del model
    gc.collect()
    assert not any(place.exists() for place in places)
    program = (
        "import joblib, numpy, pathlib, sys\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).glob('*.joblib')):\n"
        "    model, given = joblib.load(path)\n"
        "    numpy.save(path.with_suffix('.npy'), model.predict(*given))\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True, timeout=300)
    for i, answers in enumerate(expected):
        said = np.load(tmp_path / f"{i}.npy")
        if answers.dtype.kind == "U":
            np.testing.assert_array_equal(said, answers)
        else:
            np.testing.assert_allclose(said, answers, rtol=1e-5, atol=1e-6)


def test_what_a_pickle_holds_and_what_needs_the_directory():
    X, y = sequences()
    model = Classifier(**SMALL).fit(X, y)
    report, loss = model.run_.report, model.run_.history["loss"]
    again, place = pickle.loads(pickle.dumps(model)), model.run_.workdir
    np.testing.assert_array_equal(copy.deepcopy(model).predict_proba(X), model.predict_proba(X))
    del model
    gc.collect()
    assert not place.exists()
    assert again.run_.report == report
    np.testing.assert_array_equal(again.run_.history["loss"], loss)
    for needs in (again.run_.evaluate, again.run_.sample, again.run_.to_tensorboard):
        with pytest.raises(UserError, match="is gone, and this call reads it; give the training a"):
            needs()
