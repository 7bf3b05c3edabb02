import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.tasks.generated.rectangles import START, Rectangles, kolmogorov_smirnov


def drawn_by(task, split, indices):
    return jax.jit(task.batch, static_argnums=1)((), split, indices)


def corners(task, count):
    return np.asarray(drawn_by(task, "test", jnp.arange(count)).targets, np.float64)


def test_corners_make_upright_rectangles_in_the_unit_square():
    for anywhere in (True, False):
        drawn = corners(Rectangles(anywhere=anywhere), 200)
        low, high = drawn[:, 0], drawn[:, 2]
        assert np.all((0 <= low) & (low <= high) & (high <= 1))
        np.testing.assert_array_equal(drawn[:, 1], np.stack([high[:, 0], low[:, 1]], -1))
        np.testing.assert_array_equal(drawn[:, 3], np.stack([low[:, 0], high[:, 1]], -1))
        assert anywhere == bool(low.any())


def test_inputs_are_the_corners_before():
    mixture = drawn_by(Rectangles(), "train", jnp.arange(5))
    assert np.all(mixture.inputs[:, 0] == START) and mixture.resets is None
    np.testing.assert_array_equal(mixture.inputs[:, 1:], mixture.targets[:, :-1])
    point = drawn_by(Rectangles(head="point"), "train", jnp.arange(5))
    np.testing.assert_array_equal(point.inputs[:, 1:], point.targets[:, :-1])
    assert point.resets.all()


def test_the_loss_is_that_of_the_mixture_written_out():
    task = Rectangles(components=2)
    batch = drawn_by(task, "train", jnp.arange(3))
    outputs = np.random.default_rng(0).normal(size=(3, 4, 12))
    loss = task.loss(jnp.asarray(outputs), batch)
    for row in range(3):
        for corner in range(4):
            expected = 0
            for coordinate in range(2):
                weights, means, scales = outputs[row, corner].reshape(3, 2, 2)[:, coordinate]
                weights = np.exp(weights) / np.exp(weights).sum()
                means = means + [-1, 1] + np.asarray(batch.inputs[row, corner, coordinate])
                scales = 0.003 + np.log1p(np.exp(scales - 2))
                away = (np.asarray(batch.targets[row, corner, coordinate]) - means) / scales
                density = np.exp(-(away**2) / 2) / scales / np.sqrt(2 * np.pi)
                expected -= np.log((weights * density).sum())
            np.testing.assert_allclose(loss[row, corner], expected, rtol=1e-4)


def test_draws_follow_the_mixture_and_the_carry_goes_on():
    """A step that counts corners in its carry and always asks for one known move."""
    task = Rectangles(components=2)
    moves = jnp.array([[1.2, 1.3], [0.5, 0.0], [0.0, 0.4], [-0.5, 0.0]])

    def step(inputs, carry):
        corner = 0 if carry is None else carry
        weights = jnp.array([[20.0, -20.0]] * 2)
        means = jnp.stack([moves[corner] + 1, jnp.array([7.0, 7.0])], -1)
        outputs = jnp.stack([weights, means, jnp.full((2, 2), -20.0)]).reshape(-1)
        return jnp.broadcast_to(outputs, (*inputs.shape[:-1], 12)), corner + 1

    drawn = task.draw(step, jax.random.key(0), 500)
    expected = START + np.cumsum(moves, 0)
    np.testing.assert_allclose(drawn.mean(0), expected, atol=1e-3)
    # each corner adds noise of the smallest scale, 0.003
    np.testing.assert_allclose(
        drawn.std(0), 0.003 * np.sqrt([[1], [2], [3], [4]]) * [1, 1], rtol=0.2
    )


def test_judgement_of_true_wrong_and_shrunken_rectangles():
    task = Rectangles()
    true = corners(task, 2000)
    verdict = task.judge(true)
    assert verdict["right_angles"] == 1
    # two samples of one distribution: beyond 0.05 with probability below 0.001
    assert verdict["width_distance"] < 0.05 and verdict["height_distance"] < 0.05
    slanted = true.copy()
    slanted[:1000, 3, 0] += 0.03
    assert task.judge(slanted)["right_angles"] == 0.5
    assert task.judge(true * [0.5, 1])["width_distance"] > 0.2


def test_kolmogorov_smirnov_by_hand():
    assert kolmogorov_smirnov(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 0
    assert kolmogorov_smirnov(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1
    assert kolmogorov_smirnov(np.array([0.0, 2.0]), np.array([1.0, 3.0])) == 0.5


def test_floors_by_hand():
    task = Rectangles(head="point", anywhere=False)
    best = task.floors(task.load())["median of what the corner leaves open"]["mae"]
    assert best == pytest.approx(1 / 12, abs=0.002)  # width and height, 1/4 each, of 6 coordinates
    task = Rectangles(head="point")
    floors = task.floors(task.load())
    batch = drawn_by(task, "test", jnp.arange(10_000))
    stay = np.abs(np.asarray(batch.targets) - np.asarray(batch.inputs)).mean()
    assert floors["repeat the corner"]["mae"] == pytest.approx(stay, rel=1e-5)
    # the median of left given right, against those drawn near right = 0.7
    drawn = corners(Rectangles(), 20_000)
    near = np.abs(drawn[:, 1, 0] - 0.7) < 0.02
    assert np.median(drawn[near, 0, 0]) == pytest.approx(1 - np.sqrt(0.3), abs=0.03)


def test_show():
    task = Rectangles(head="point")
    batch = drawn_by(task, "test", jnp.arange(1))
    lines = task.show(batch.targets, batch)
    assert len(lines) == 3 and lines[0].split(" then ")[1].split(", said ")[0] in lines[0][-12:]
    mixture = Rectangles(components=2)
    lines = mixture.show(jnp.zeros((1, 4, 12)), drawn_by(mixture, "test", jnp.arange(1)))
    assert lines[0].startswith("start then") and len(lines) == 4
