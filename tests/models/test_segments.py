import jax
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.segments import Segments
from tests.recurrent import oracle


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def in_numpy(weights, row, model, queries):
    """One window (time, width) by plain NumPy: one decoder step after another, each afresh."""
    width = model.features
    segments = row.reshape(-1, model.segment * row.shape[-1])
    read = np.maximum(segments @ weights["Dense_0"]["kernel"] + weights["Dense_0"]["bias"], 0)
    zeros = np.zeros(width)
    _, c, h = oracle.lstm(weights["encoder"]["cell"], read, zeros, zeros)
    written = []
    for query in queries:
        hidden, _, _ = oracle.lstm(weights["decoder"]["cell"], query[None], c, h)
        written.append(hidden[0] @ weights["Dense_1"]["kernel"] + weights["Dense_1"]["bias"])
    return np.concatenate(written), (c, h)


@pytest.mark.parametrize("by_series", [False, True])
def test_equals_numpy(by_series):
    model = Segments(features=6, segment=4, outputs=8, by_series=by_series)
    inputs = random(2, 3, 12, 2)  # (batch, series, time, width)
    variables = model.init(jax.random.key(0), inputs)
    outputs, (c, h) = model.apply(variables, inputs)
    weights = jax.tree.map(np.float64, variables["params"])
    for i in range(2):
        for j in range(3):
            queries = weights["place"]
            if by_series:
                queries = np.concatenate([queries, np.tile(weights["series"][j], (2, 1))], 1)
            expected, last = in_numpy(weights, inputs[i, j].astype(np.float64), model, queries)
            np.testing.assert_allclose(outputs[i, j], expected, atol=1e-5)
            np.testing.assert_allclose((c[i, j], h[i, j]), last, atol=1e-5)


def test_outputs_that_segments_do_not_divide():
    """Seven numbers in segments of four are written by one step: two do not divide them."""
    model = Segments(features=4, segment=4, outputs=7)
    variables = model.init(jax.random.key(0), random(1, 8, 1))
    assert model.apply(variables, random(1, 8, 1))[0].shape == (1, 7)
    assert variables["params"]["place"].shape[0] == 1


def test_dropout_is_on_in_training_alone():
    model = Segments(features=4, segment=4, outputs=4, dropout=0.5)
    inputs = random(1, 8, 1)
    variables = model.init(jax.random.key(0), inputs)
    rngs = {"dropout": jax.random.key(1)}
    drawn = model.apply(variables, inputs, train=True, rngs=rngs)[0]
    assert not np.allclose(drawn, model.apply(variables, inputs)[0])
    np.testing.assert_array_equal(
        model.apply(variables, inputs)[0], model.apply(variables, inputs)[0]
    )


@pytest.mark.parametrize(
    "model, given, told",
    [
        (Segments(segment=5), {}, "does not divide the 8 rows"),
        (Segments(segment=4, by_series=True), {}, "needs series side by side"),
        (Segments(segment=4), {"lengths": np.array([8])}, "windows of one length"),
    ],
)
def test_faults_are_told(model, given, told):
    with pytest.raises(UserError, match=told):
        model.init(jax.random.key(0), random(1, 8, 1), **given)
