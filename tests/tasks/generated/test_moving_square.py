import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.tasks.generated.moving_square import MovingSquare


def drawn_by(task, split, indices):
    return jax.jit(task.batch, static_argnums=1)((), split, indices)


def videos(task, count, split="train"):
    batch = drawn_by(task, split, jnp.arange(count))
    return np.asarray(batch.inputs[..., 0]), np.asarray(batch.targets) > 0.5


def test_a_line_grows_from_the_edge_by_one_connected_pixel_a_frame():
    frames, right = videos(MovingSquare(frames=8, size=9), 60)
    assert 10 < right.sum() < 50
    for video, to_the_right in zip(frames, right, strict=True):
        for time, frame in enumerate(video):
            columns = range(time + 1) if to_the_right else range(8, 7 - time, -1)
            rows = [np.flatnonzero(frame[:, column]) for column in columns]
            assert all(len(row) == 1 for row in rows) and frame.sum() == time + 1
            assert np.all(np.abs(np.diff([row[0] for row in rows])) <= 1)


def test_without_a_trail_a_pixel_moves_and_comes_in_at_the_other_edge():
    frames, right = videos(MovingSquare(frames=12, size=5, trail=False), 60)
    assert np.all(frames.sum((2, 3)) == 1)
    columns = frames.sum(2).argmax(-1)
    rows = frames.sum(3).argmax(-1)
    np.testing.assert_array_equal(
        np.diff(columns) % 5, np.where(right, 1, 4)[:, None] * np.ones(11)
    )
    assert np.all(np.abs(np.diff(rows)) <= 1)
    assert {-1, 0, 1} == set(np.diff(rows).ravel())


def test_without_a_trail_no_single_frame_tells_the_answer():
    """Each column is as likely under either answer, in every frame."""
    count = 4000
    frames, right = videos(MovingSquare(frames=4, size=4, trail=False), count)
    for time in range(4):
        for way in (right, ~right):
            shares = frames[way, time].sum(1).mean(0)
            # four standard errors of a share of 1/4
            assert np.all(np.abs(shares - 0.25) < 4 * np.sqrt(0.25 * 0.75 / way.sum()))


def test_floors_by_hand():
    for trail in (True, False):
        task = MovingSquare(frames=4, size=6, trail=trail, test_examples=300)
        frames, right = videos(task, 300, "test")
        floors = task.floors(task.load())
        left_half = frames[:, 0, :, :3].sum((1, 2)) > 0
        assert floors["first frame alone"]["accuracy"] == pytest.approx((left_half == right).mean())
        assert floors["more frequent answer"]["accuracy"] == pytest.approx(
            max(right.mean(), 1 - right.mean())
        )
        if trail:
            assert floors["first frame alone"]["accuracy"] == 1


def test_metrics_and_show():
    task = MovingSquare(frames=4, size=6)
    batch = drawn_by(task, "test", jnp.arange(2))
    outputs = ((batch.targets - 0.5) * jnp.array([8.0, -8.0]))[:, None]
    assert metrics.divide(task.metrics(outputs, batch))["accuracy"] == 0.5
    assert [line.split()[-1] for line in task.show(outputs, batch)] == ["ok", "wrong"]


def test_a_line_that_outgrows_the_frame_is_told():
    with pytest.raises(UserError, match="outgrow"):
        MovingSquare(frames=10, size=9).resolve()
