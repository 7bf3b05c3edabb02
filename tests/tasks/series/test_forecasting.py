import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.models.encoder_decoder import RepeatVector
from lstmjax.models.stacked import Stacked
from lstmjax.models.vanilla import Vanilla
from lstmjax.optimizers import Adam
from tests.tasks.series.small import series, values, windows


@pytest.mark.parametrize("normalize", ["none", "last", "window", "residual"])
@pytest.mark.parametrize("difference", [0, 4])
def test_a_normalized_forecast_comes_back(normalize, difference, file):
    """Outputs that are the normalized truth are right, and a shift of the series moves nothing."""
    task = series(file, normalize=normalize, difference=difference)
    batch = windows(task, "test")
    window = batch.targets
    outputs = (window.future - window.shift) / window.scale
    scores = metrics.divide(task.metrics(outputs[..., 0], batch))
    assert scores["mae"] < 1e-4
    moved = task.window(
        window.past + jnp.array([3.0, 0.0]), window.past_seen, window.future + 3, batch.mask
    )
    if normalize in ("last", "window") or (difference and normalize == "none"):
        np.testing.assert_allclose(moved.inputs, batch.inputs, atol=1e-4)
    if normalize != "none" or difference:
        after = (moved.targets.future - moved.targets.shift) / moved.targets.scale
        # where a place in the season was never seen, nothing is known of its level
        known = np.asarray(window.past_seen)[..., 0].reshape(len(outputs), -1).all(1)
        np.testing.assert_allclose(after[known], outputs[known], atol=1e-4)


def test_logarithms(file, tmp_path):
    task = series(file, covariates=(), log=True, normalize="last")
    batch = windows(task, "test", [5])
    truth = values()[85:88, 0]
    np.testing.assert_allclose(
        task.original(np.asarray(batch.targets.future))[0, :, 0], truth, rtol=1e-5
    )
    last = values()[84, 0]
    scores = metrics.divide(task.metrics(jnp.zeros((1, 3)), batch))
    np.testing.assert_allclose(scores["mae"], np.abs(truth - last).mean(), rtol=1e-4)
    (tmp_path / "zero.csv").write_text("x\n1\n0\n" + "3\n" * 80)
    with pytest.raises(UserError, match="line 3: 0 in column 'x' has no logarithm"):
        series(str(tmp_path / "zero.csv"), targets=("x",), covariates=(), log=True)


def test_independent_series_are_read_alone(file):
    """Each sees itself, its own gaps and the covariates; patches fold steps."""
    both = series(file, targets=("load", "heat"), covariates=(), independent=True, patch=2)
    batch = windows(both, "test", [0, 9])
    assert batch.inputs.shape == (2, 2, 3, 4)
    assert both.outputs == 3
    one = series(file, targets=("heat",), covariates=())
    alone = windows(one, "test", [0, 9])
    np.testing.assert_allclose(
        batch.inputs[:, 1].reshape(2, 6, 2)[..., 0], alone.inputs[..., 0], atol=1e-6
    )
    outputs = jnp.arange(12.0).reshape(2, 2, 3)  # (batch, series, horizon)
    _, parameters = both.place(outputs, batch)
    np.testing.assert_array_equal(parameters[..., 0], jnp.moveaxis(outputs, 1, 2))


class Follow:
    """A model that says twice the last value read, as outputs or as location and spread."""

    def __init__(self, spread=None):
        self.spread = spread

    def __call__(self, batch):
        said = 2 * batch.inputs[:, -1, :1]
        if self.spread is not None:
            said = jnp.concatenate([said, jnp.full_like(said, self.spread)], -1)
        return said, None


def test_a_recursive_forecast_reads_what_it_said(file):
    task = series(file, covariates=(), forecast="recursive")
    assert task.outputs == 1
    assert windows(task, "train").targets.future.shape[1] == 1
    batch = windows(task, "test", [7])
    outputs, _ = task.rollout(Follow(), batch)
    _, parameters = task.place(outputs, batch)
    last = batch.inputs[0, -1, 0]
    np.testing.assert_allclose(parameters[0, :, 0, 0], last * np.array([2, 4, 8]), rtol=1e-5)


def test_draws_of_a_recursive_distribution_spread(file):
    """Each step doubles the draw before and adds noise: variances 1, 1 + 4, 1 + 4 + 16."""
    task = series(file, covariates=(), forecast="recursive", head="gaussian", draws=4000)
    batch = windows(task, "test", [7, 20])
    spread = math.log(math.expm1(1 - 1e-3))
    outputs, _ = task.rollout(Follow(spread), batch)
    head, parameters = task.place(outputs, batch)
    deviation = parameters[:, :, 0].std(-1)
    # the deviation of 4,000 draws is known to 1.1 %
    np.testing.assert_allclose(deviation, np.sqrt([[1, 5, 21]] * 2), rtol=0.06)
    alone, _ = task.rollout(Follow(spread), windows(task, "test", [20]))
    np.testing.assert_allclose(alone[0], outputs[1], rtol=1e-5)
    scores = metrics.divide(task.metrics(outputs, batch))
    assert set(scores) == {"mae", "mse", "rmse", "crps", "pinball", "coverage"}


MODELS = {
    "vanilla": (Vanilla(features=3), {}),
    "stacked": (Stacked(features=(3, 2)), {"head": "quantile"}),
    "decoder": (RepeatVector(features=3, decoder_features=2), {"decoder": True, "head": "student"}),
    "independent decoder": (
        RepeatVector(features=3, decoder_features=2),
        {"decoder": True, "independent": True, "targets": ("load", "heat"), "covariates": ()},
    ),
    "recursive": (Vanilla(features=3), {"forecast": "recursive", "covariates": ()}),
}


@pytest.mark.parametrize("name", MODELS)
def test_architectures_forecast(name, file):
    model, changes = MODELS[name]
    task = series(file, normalize="window", **changes)
    experiment = Experiment(task=task, model=model, optimizer=Adam()).resolve()
    batch = windows(task, "test", [0, 1])
    read = windows(task, "train", [0]).inputs
    params = jax.eval_shape(experiment.model.init, jax.random.key(0), read)["params"]
    outputs, _ = jax.eval_shape(experiment.apply, params, batch)
    loss = jax.eval_shape(task.loss, outputs, batch)
    assert loss.shape == batch.mask.shape == (2, 3, len(task.targets))


def test_metrics_by_hand(file):
    task = series(file, head="quantile", levels=(0.2, 0.5, 0.8))
    batch = windows(task, "test", [0, 1, 2])
    batch = batch._replace(mask=batch.mask.at[2].set(False))
    away = jnp.array([-0.3, -0.1, 0.2])  # of each quantile from the truth
    outputs = batch.targets.future + away
    scores = metrics.divide(task.metrics(outputs, batch))
    unit = task.deviations[0]
    losses = [0.2 * 0.3, 0.5 * 0.1, 0.2 * 0.2]
    expected = {
        "mae": 0.1 * unit,
        "mse": 0.01 * unit**2,
        "rmse": 0.1 * unit,
        "pinball": np.mean(losses) * unit,
        "crps": 2 * np.mean(losses) * unit,
        "coverage": 1,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(scores[name], value, rtol=1e-4, err_msg=name)
    scaled = dataclasses.replace(task, units="scaled")
    np.testing.assert_allclose(
        metrics.divide(scaled.metrics(outputs, batch))["mae"], 0.1, rtol=1e-4
    )


def test_outputs_at_every_step_do_not_fit(file):
    """They would fill the places of the horizon, and all but the first number go unread."""
    task = series(file)
    batch = windows(task, "train", [0, 1])
    assert task.loss(jnp.zeros((2, 3)), batch).shape == (2, 3, 1)
    with pytest.raises(ValueError, match="outputs of 6 numbers a value"):
        task.loss(jnp.zeros((2, 6, 3)), batch)
