import jax
import jax.numpy as jnp
import numpy as np

from lstmjax import metrics
from lstmjax.tasks.generated.damped_sine import DampedSine


def drawn_by(task, split, indices):
    return jax.jit(task.batch, static_argnums=1)((), split, indices)


def waves(task, split, count):
    batch = drawn_by(task, split, jnp.arange(count))
    past, future = np.asarray(batch.inputs[..., 0]), np.asarray(batch.targets)
    return np.concatenate([past, future], 1).astype(np.float64)


def test_waves_are_damped_sines_of_whole_periods():
    """Each wave obeys the recurrence of a damped sine of one of the allowed periods."""
    task = DampedSine(length=30, horizon=6)
    centred = waves(task, "train", 200) - 0.5
    periods = set()
    for wave in centred:
        fits = []
        for period in range(10, 21):
            time = np.arange(36)
            # the decay from the largest value of the first half turn
            sine = np.sin(2 * np.pi * time / period)
            at = np.abs(sine[:period]).argmax()
            decay = -np.log(wave[at] / (0.5 * sine[at])) / at if wave[at] * sine[at] > 0 else 0
            fits.append(np.abs(0.5 * sine * np.exp(-decay * time) - wave).max())
            if fits[-1] < 1e-5:
                assert 0.0099 < decay < 0.1001
                periods.add(period)
        assert min(fits) < 1e-5
    assert periods == set(range(10, 21))


def test_splits_differ_and_indices_determine_examples():
    task = DampedSine()
    train, test = waves(task, "train", 20), waves(task, "test", 20)
    assert len({tuple(wave) for wave in [*train, *test]}) == 40
    again = drawn_by(task, "train", jnp.array([7]))
    np.testing.assert_array_equal(again.inputs[0, :, 0], train[7, :50].astype(np.float32))


def test_floors_by_hand():
    task = DampedSine(test_examples=500)
    floors = task.floors(task.load())
    test = waves(task, "test", 500)
    error = test[:, 50:] - test[:, 49:50]
    np.testing.assert_allclose(floors["repeat the last value"]["mae"], np.abs(error).mean())
    np.testing.assert_allclose(floors["repeat the last value"]["rmse"], np.sqrt((error**2).mean()))
    np.testing.assert_allclose(floors["constant 0.5"]["mae"], np.abs(test[:, 50:] - 0.5).mean())
    squares = [floors[f"least squares on the last {n}"]["mae"] for n in (2, 5, 10, 20)]
    assert squares == sorted(squares, reverse=True)
    np.testing.assert_allclose(squares[:2], [0.0104, 0.0018], rtol=0.1)  # as measured elsewhere


def test_metrics_are_those_of_the_examples_that_count():
    task = DampedSine()
    batch = drawn_by(task, "test", jnp.arange(3))._replace(mask=jnp.array([True, True, False]))
    outputs = batch.targets + jnp.array([0.1, -0.3, 9.0])[:, None]
    scores = metrics.divide(task.metrics(outputs, batch))
    np.testing.assert_allclose(scores["mae"], 0.2, rtol=1e-5)
    np.testing.assert_allclose(scores["rmse"], np.sqrt((0.01 + 0.09) / 2), rtol=1e-5)
    assert task.show(outputs, batch)[0].endswith("mae 0.1000")
