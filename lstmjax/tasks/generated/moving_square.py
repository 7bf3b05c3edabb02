"""Moving square: which way does it go? Videos made as they are needed. The CNN-LSTM lesson."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from lstmjax import devices, metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Generated
from lstmjax.tasks.together import Outputs


@dataclasses.dataclass(frozen=True)
class MovingSquare(Generated):
    """A pixel moves a column a frame, left or right, and its row by -1, 0 or 1; which way?

    With a trail, as published, it starts at an edge and leaves a line behind: the first frame alone
    gives the answer. Without, it starts at any column, is all that a frame shows, and goes on at
    the other edge: every pixel of every frame is as likely under either answer, and only two
    frames together tell.
    """

    outputs_are: ClassVar[Outputs] = "yes_or_no"

    frames: int = setting(50, at_least=2)
    size: int = setting(50, at_least=3)  # height and width of a frame, pixels
    trail: bool = True
    test_examples: int = setting(2_000, at_least=1)

    @property
    def outputs(self) -> int:
        """One logit: to the right."""
        return 1

    def resolve(self) -> "MovingSquare":
        """Checks that a line fits into the frame."""
        if self.trail and self.frames > self.size:
            raise UserError(
                f"task.frames is {self.frames}, more than task.size, {self.size}: the line "
                "would outgrow the frame; lower task.frames"
            )
        return self

    def example(self, key: Array, split: str) -> Batch:
        """Frames (frames, size, size, 1) of 0 and 1, and whether it goes right, 0 or 1."""
        # one draw for everything: each call would be compiled anew
        draws = jax.random.uniform(key, (self.frames + 2,))
        right = draws[0] < 0.5
        first, start = (draws[1:3] * self.size).astype(jnp.int32)
        moves = (draws[3:] * 3).astype(jnp.int32) - 1

        def move(row: Array, by: Array) -> tuple[Array, Array]:
            row = jnp.clip(row + by, 0, self.size - 1)
            return row, row

        _, after = jax.lax.scan(move, first, moves)
        rows = jnp.concatenate([first[None], after])  # (frames,): where the pixel is
        time, pixel = jnp.arange(self.frames)[:, None], jnp.arange(self.size)
        if self.trail:
            # the frame from which on a column shows its pixel, and the row it shows it in
            since = jnp.where(right, pixel, self.size - 1 - pixel)
            row_of_column = rows[jnp.minimum(since, self.frames - 1)]
            shown = since <= time  # (frames, columns)
            row_of_column = jnp.broadcast_to(row_of_column, shown.shape)
        else:
            shown = pixel == (start + jnp.where(right, 1, -1) * time) % self.size
            row_of_column = jnp.broadcast_to(rows[:, None], shown.shape)
        video = shown[:, None, :] & (row_of_column[:, None, :] == pixel[:, None])
        return Batch(video[..., None].astype(jnp.float32), targets=right.astype(jnp.float32))

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Binary cross-entropy of logits (batch, 1), in nats: (batch,)."""
        return optax.sigmoid_binary_cross_entropy(outputs[..., 0], batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Accuracy, and nats an answer."""
        right = (outputs[..., 0] > 0) == (batch.targets > 0.5)
        return {
            "accuracy": metrics.mean(right, batch.mask),
            "nats": metrics.mean(self.loss(outputs, batch), batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The more frequent answer, and the half of the first frame that the pixel is in."""

        def of_one(index: Array) -> tuple[Array, Array]:
            batch = self.batch(data.arrays, "test", index[None])
            column = batch.inputs[0, 0, :, :, 0].sum(0).argmax()  # the videos are never all at once
            return column < self.size / 2, batch.targets[0] > 0.5

        left_half, right = devices.jit(lambda x: jax.lax.map(of_one, x))(
            jnp.arange(self.test_examples)
        )
        share = float(right.mean())
        return {
            "more frequent answer": {"accuracy": max(share, 1 - share)},
            "first frame alone": {"accuracy": float((left_half == right).mean())},
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `goes right, probability of right 0.998 ok`."""
        lines = []
        for logit, target in zip(
            np.asarray(outputs[..., 0], np.float64), np.asarray(batch.targets), strict=True
        ):
            way, verdict = (
                ("left", "right")[int(target)],
                "ok" if (logit > 0) == target else "wrong",
            )
            lines.append(
                f"goes {way}, probability of right {1 / (1 + np.exp(-logit)):.3f} {verdict}"
            )
        return lines
