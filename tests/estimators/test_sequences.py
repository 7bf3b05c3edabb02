"""Classifier and Regressor, with the real scikit-learn as the judge of their manners."""

import shutil

import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.estimators import Classifier, Regressor
from lstmjax.inference.prediction import predict
from lstmjax.tasks.sequences.arrays import class_weights

SMALL = dict(features=8, steps=60, batch_size=8, learning_rate=2e-2)


def sequences(size=40, seed=0):
    """Sequences of two channels and six steps, the first of which rises or falls; which it does."""
    rng = np.random.default_rng(seed)
    rises = np.arange(size) % 2 == 0
    slope = np.arange(6.0) * np.where(rises, 1, -1)[:, None]
    X = np.stack([slope + rng.normal(size=(size, 6)) / 10, rng.normal(5, 2, (size, 6))], -1)
    return X, np.where(rises, "up", "down")


@pytest.fixture(scope="module")
def classified(tmp_path_factory):
    X, y = sequences()
    workdir = tmp_path_factory.mktemp("classifier") / "run"
    return Classifier(**SMALL, workdir=workdir).fit(X, y), X, y


def test_a_fit_is_a_run_with_its_scores(classified):
    classifier, X, y = classified
    assert classifier.n_features_in_ == 2
    np.testing.assert_array_equal(classifier.classes_, ["down", "up"])
    new, truth = sequences(20, seed=1)
    right = classifier.predict(new) == truth
    assert classifier.score(new, truth) == np.mean(right) > 0.9
    probabilities = classifier.predict_proba(new)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(probabilities.argmax(1), classifier.predict(new) == "up")
    one = np.concatenate([classifier.predict_proba(row[None]) for row in new])
    np.testing.assert_allclose(one, probabilities, rtol=1e-4, atol=1e-6)
    assert set(classifier.run_.report["valid"]) >= {"accuracy", "nats"}
    assert classifier.run_.report["floors"]["most frequent class"]["accuracy"] == 0.5


def test_commands_understand_the_directory_of_a_fit(classified, tmp_path):
    classifier, X, _ = classified
    np.savez(tmp_path / "new.npz", inputs=X)
    predict(classifier.workdir, tmp_path / "new.npz", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "sequence,label,probability down,probability up"
    np.testing.assert_array_equal([line.split(",")[1] for line in lines[1:]], classifier.predict(X))


def test_what_the_directory_does_not_hold_is_said(classified):
    from lstmjax.inference.evaluation import evaluate_workdir

    with pytest.raises(UserError, match="trained on arrays, which its directory does not keep"):
        evaluate_workdir(classified[0].workdir, "test")


def test_the_same_arrays_go_on_and_others_are_refused(classified, tmp_path):
    """A run that lost its last checkpoints trains them again, to the bit."""
    classifier, X, y = classified
    shutil.copytree(classifier.workdir, tmp_path / "cut")
    steps = sorted((tmp_path / "cut" / "checkpoints").glob("[0-9]*"), key=lambda p: int(p.name))
    shutil.rmtree(steps[-1])
    again = Classifier(**classifier.get_params() | {"workdir": tmp_path / "cut"}).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))
    assert (tmp_path / "cut" / "checkpoints" / steps[-1].name).exists()
    with pytest.raises(UserError, match="holds another experiment .*task.digest"):
        Classifier(**classifier.get_params()).fit(X[::-1], y[::-1])


def test_unequal_lengths_of_any_labels(classified):
    X, y = sequences()
    rows = [row[: 3 + i % 4] for i, row in enumerate(X)]
    labels = (y == "up").tolist()
    classifier = Classifier(**SMALL).fit(rows, labels)
    assert classifier.classes_.dtype == bool
    assert classifier.score(rows, labels) > 0.9
    padded = np.stack([np.pad(row, ((0, 6 - len(row)), (0, 0))) for row in rows])
    lengths = [len(row) for row in rows]
    by_length = classifier.run_.predict(padded, lengths=lengths)
    np.testing.assert_allclose(by_length, classifier.predict_proba(rows), rtol=1e-4, atol=1e-6)


def test_weights_count_as_copies_do():
    """A sequence that weighs three is there three times, where every batch is all of them."""
    X, y = sequences(6)
    weight = np.array([3, 1, 1, 1, 1, 1])
    copied, copies = np.repeat(X, weight, 0), np.repeat(y, weight)
    settings = SMALL | dict(steps=3, standardize="none", seed=1)
    valid = dict(validation_data=(X, y))
    heavy = Classifier(**settings | dict(batch_size=6)).fit(X, y, weight, **valid)
    many = Classifier(**settings | dict(batch_size=8)).fit(copied, copies, **valid)
    np.testing.assert_allclose(heavy.predict_proba(X), many.predict_proba(X), rtol=1e-4)


def test_classes_are_balanced_as_scikit_learn_does():
    weights = pytest.importorskip("sklearn.utils.class_weight")
    labels = np.array(["a", "a", "a", "b", "c", "c"])
    for kind in ("balanced", {"a": 2.0, "b": 0.5, "c": 1.0}):
        expected = weights.compute_sample_weight(kind, labels)
        np.testing.assert_allclose(class_weights(labels, kind), expected)


@pytest.fixture(scope="module")
def measured():
    X, _ = sequences()
    return Regressor(**SMALL).fit(X, X[..., 0].mean(1) * 100 + 7), X


def test_numbers_come_back_in_units(measured):
    metrics = pytest.importorskip("sklearn.metrics")
    regressor, X = measured
    new, _ = sequences(20, seed=1)
    truth = new[..., 0].mean(1) * 100 + 7
    said = regressor.predict(new)
    assert said.shape == truth.shape
    assert np.abs(said - truth).mean() < 0.3 * truth.std()
    np.testing.assert_allclose(regressor.score(new, truth), metrics.r2_score(truth, said))
    weight = np.arange(20)
    weighted = metrics.r2_score(truth, said, sample_weight=weight)
    np.testing.assert_allclose(regressor.score(new, truth, weight), weighted)
    floors = regressor.run_.report["floors"]
    assert floors["training mean"]["mae"] > regressor.run_.report["valid"]["mae"]["mean"]


def test_a_band_of_numbers_at_every_step():
    X, _ = sequences()
    rows = [row[: 3 + i % 4] for i, row in enumerate(X)]
    y = [np.cumsum(row[:, 0]) for row in rows]
    regressor = Regressor(**SMALL, head="quantile", levels=(0.2, 0.5, 0.8)).fit(rows, y)
    said, bands = regressor.predict(rows), regressor.predict_quantiles(rows)
    assert [row.shape for row in said] == [row.shape for row in y]
    assert [band.shape for band in bands] == [(len(row), 3) for row in y]
    for row, band in zip(said, bands, strict=True):
        assert (np.diff(band, axis=-1) >= 0).all()
        np.testing.assert_allclose(band[:, 1], row, rtol=1e-5, atol=1e-5)
    assert regressor.score(rows, y) > 0.5
    assert 0 <= regressor.run_.report["valid"]["coverage"]["mean"] <= 1


def test_a_list_of_steps_is_of_steps_also_where_lengths_are_equal():
    X, _ = sequences()
    y = np.cumsum(X[..., 0], 1)
    steps = Regressor(**SMALL).fit(list(X), list(y))
    assert steps.predict(X).shape == (40, 6) and steps.predict(np.tile(X, (1, 2, 1))).shape[1] == 12
    assert steps.score(list(X), list(y)) > 0.5
    one = steps.predict(X[:, :1])  # sees no later step
    np.testing.assert_allclose(steps.predict(X)[:, :1], one, rtol=1e-4, atol=1e-4)
    assert Regressor(**SMALL).fit(list(X), y).predict(X[:, :3]).shape == (40, 6)  # six values
    with pytest.raises(UserError, match="y: row 1 has shape .6, 1., row 0 .6,."):
        Regressor(**SMALL).fit(list(X), [y[0], *y[1:, :, None]])
    with pytest.raises(UserError, match="y has 39 rows, X 40"):
        Regressor(**SMALL).fit(list(X), list(y[1:]))


def test_rows_of_an_array_of_objects_come_back_as_they_went():
    rows = [row[: 3 + i % 4] for i, row in enumerate(sequences()[0])]
    y = np.empty(len(rows), object)
    y[:] = [np.cumsum(row[:, 0]) for row in rows]
    said = Regressor(**SMALL).fit(rows, y).predict(rows)
    assert [row.shape for row in said] == [row.shape for row in y]


@pytest.mark.parametrize("lengths", [[6] * 40, [3 + i % 4 for i in range(40)]])
def test_weights_of_a_score_are_of_sequences_or_of_steps(lengths):
    metrics = pytest.importorskip("sklearn.metrics")
    X = [row[:length] for row, length in zip(sequences()[0], lengths, strict=True)]
    y = [np.cumsum(row[:, 0]) for row in X]
    regressor = Regressor(**SMALL).fit(X, y)
    true, said = np.concatenate(y), np.concatenate(list(regressor.predict(X)))
    weight = np.random.default_rng(0).uniform(size=(40, 6))
    for given in (weight[:, 0], weight):
        steps = np.tile(given[:, None], 6) if given.ndim == 1 else given
        steps = np.concatenate([row[:length] for row, length in zip(steps, lengths, strict=True)])
        expected = metrics.r2_score(true, said, sample_weight=steps)
        np.testing.assert_allclose(regressor.score(X, y, given), expected, rtol=1e-5)  # float32


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda X, y: (X[:-1], y), r"y has shape .40,., where X asks for .39,."),
        (lambda X, y: (X[0, 0], y), r"X has shape .2,.; .size, time, width. is needed"),
        (lambda X, y: (np.where(X == X[3, 2, 1], np.nan, X), y), "row 3 has missing values"),
        (lambda X, y: (np.where(X == X[3, 2, 1], np.inf, X), y), "X: row 3 has an infinite"),
        (lambda X, y: (X, [None, *y[1:]]), "y: row 0 is missing"),
        (lambda X, y: (X, np.array(["1", 1] * 20, object)), "y mixes labels of the types int, str"),
        (lambda X, y: (X, np.array([True, 1] * 20, object)), "y: two different labels read alike"),
        (lambda X, y: ([row.T[:, : 2 + i % 3] for i, row in enumerate(X)], y), "transpose each"),
        (lambda X, y: ([*X[:-1], "abc"], y), "X: row 39"),
    ],
)
def test_faults_name_the_argument_and_the_row(change, message):
    with pytest.raises(UserError, match=message):
        Classifier(**SMALL).fit(*change(*sequences()))


def test_what_holds_no_numbers_is_refused():
    X, y = sequences()
    for none in (None, 5.0, [[]] * 40, np.zeros((40, 0))):
        with pytest.raises(UserError, match="^y has shape .*; a number for each sequence is need"):
            Regressor(**SMALL).fit(X, none)
    for weights in ([1, 2], np.ones(40), "even"):
        with pytest.raises(UserError, match="^class_weight is .*; give balanced, or a dict of"):
            Classifier(class_weight=weights).fit(X, y)


def test_a_score_asks_for_as_many_labels_and_numbers_as_sequences(classified, measured):
    X, y = sequences()
    for size in (1, 5):
        told = rf"y has shape .{size},., where X asks for .40,."
        with pytest.raises(UserError, match=told):
            classified[0].score(X, y[:size])
        with pytest.raises(UserError, match=told):
            measured[0].score(X, X[:size, 0, 0])
    with pytest.raises(UserError, match="sample_weight has shape .5,."):
        classified[0].score(X, y, np.ones(5))
    weight = np.arange(40.0)
    right = classified[0].predict(X) == "up"
    scored = classified[0].score(X, ["up"] * 40, weight)
    np.testing.assert_allclose(scored, weight[right].sum() / weight.sum(), rtol=1e-6)  # float32


def test_axes_in_another_order_are_noticed(classified, measured):
    X, y = sequences()
    with pytest.raises(UserError, match="size, channels, time.: swap the last two"):
        classified[0].predict(X.swapaxes(1, 2))
    with pytest.raises(UserError, match="sample_weight has shape .40, 6.*axes of X look like"):
        y = X.swapaxes(1, 2)[..., :1]
        Regressor(**SMALL).fit(X.swapaxes(1, 2), y[:, :2], np.ones((40, 6)))
    with pytest.raises(UserError, match="call fit first"):
        Regressor().predict(X)
    with pytest.raises(UserError, match="class_weight: 'left' is none of the labels"):
        Classifier(class_weight={"left": 2}).fit(*sequences())
