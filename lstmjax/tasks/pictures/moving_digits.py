"""Moving digits: two digits move at once; which goes which way? Videos made as they are needed."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import devices, metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Generated, Shape, draw_member
from lstmjax.tasks.pictures import digits
from lstmjax.tasks.pictures.digits import DIGITS, Glyphs
from lstmjax.tasks.together import together

WAYS = ("left", "right", "up", "down")
STEPS = np.array([[0, -1], [0, 1], [-1, 0], [1, 0]], np.int32)  # of row and column, a frame
ABSENT = len(WAYS)  # the answer for a digit that is not there
RIDGE = 10.0  # of the least squares


@dataclasses.dataclass(frozen=True)
class MovingDigits(Generated):
    """Two different digits move left, right, up or down, and come in again at the other edge.

    They start anywhere, so no single frame tells a way; and both pass the same frames, so that each
    way must be told together with the digit that goes it. Two digits of a test never went these
    ways together in training. The answer is (10, 5): for each digit its way, or that it is not
    there.
    """

    frames: int = setting(6, at_least=2)
    size: int = setting(20, at_least=8)  # height and width of a frame, pixels
    scale: int = setting(1, at_least=1)  # of the built-in digits, 7 x 5 pixels
    speed: int = setting(2, at_least=1)  # pixels a frame
    path: str = ""  # an idx file of digits to move, such as MNIST's; none: the built-in ones
    labels: str = ""  # the idx file of its labels
    test_examples: int = setting(2_000, at_least=1)
    floor_videos: int = setting(4_000, at_least=1)  # that least squares are fitted on

    @property
    def outputs(self) -> int:
        """A score for each way of each digit, and for its absence."""
        return DIGITS * (len(WAYS) + 1)

    def resolve(self) -> "MovingDigits":
        """Checks that the digits fit into the frame, and that they are seen to move."""
        if bool(self.path) != bool(self.labels):
            raise UserError("task.path and task.labels: give both, the pictures and their labels")
        height, width = self._glyphs()["train"].pictures.shape[1:]
        if max(height, width) > self.size:
            raise UserError(
                f"task.size is {self.size}, and the digits are {height} x {width} pixels: raise it"
            )
        if 2 * self.speed % self.size == 0:
            raise UserError(
                f"task.speed {self.speed} in frames of task.size {self.size}: left and right would "
                "look alike; lower task.speed"
            )
        return self

    def load(self) -> Data:
        """The pictures of the digits; all else is drawn."""
        return super().load()._replace(arrays=self._glyphs())

    def batch(
        self, arrays: dict[str, Glyphs], split: str, indices: Array, shape: Shape | None = None
    ) -> Batch:
        """Draws videos (batch, frames, size, size, 1) from 0 to 1, and answers (batch, 10)."""
        key = jax.random.fold_in(jax.random.key(self.data_seed), SPLITS.index(split))
        keys = jax.vmap(lambda index: jax.random.fold_in(key, index))(indices)
        glyphs = jax.tree.map(jnp.asarray, arrays[split])
        return jax.vmap(lambda key: self._video(glyphs, key, split))(keys)

    def _video(self, glyphs: Glyphs, key: Array, split: str) -> Batch:
        pair_key, key = jax.random.split(key)

        def draw(key: Array) -> Array:
            first, second, *ways = (
                jax.random.uniform(key, (4,)) * jnp.array([DIGITS, DIGITS - 1, *[len(WAYS)] * 2])
            ).astype(jnp.int32)
            return jnp.stack([first, second + (second >= first), *ways])

        pair, ways = jnp.split(draw_member(pair_key, split, draw, _in_order), 2)
        draws = jax.random.uniform(key, (3, 2))  # one draw for everything
        which = glyphs.starts[pair] + (draws[0] * glyphs.counts[pair]).astype(jnp.int32)
        starts = (draws[1:].T * self.size).astype(jnp.int32)  # (2, row and column)
        pictures = glyphs.pictures[which].astype(jnp.float32) / 255
        margins = ((0, self.size - pictures.shape[1]), (0, self.size - pictures.shape[2]))
        pictures = jnp.pad(pictures, ((0, 0), *margins))
        time, pixel = jnp.arange(self.frames)[:, None], jnp.arange(self.size)

        def moved(picture: Array, start: Array, way: Array) -> Array:
            corner = start + self.speed * time * jnp.asarray(STEPS)[way]  # (frames, 2)
            rows, columns = ((pixel - corner[:, i, None]) % self.size for i in range(2))
            return picture[rows[:, :, None], columns[:, None, :]]

        video = jax.vmap(moved)(pictures, starts, ways).max(0)
        answer = jnp.full(DIGITS, ABSENT).at[pair].set(ways)
        return Batch(video[..., None], targets=answer)

    def together(self, outputs: Array, batch: Batch) -> Array:
        """The mean of what several models hold likely of each digit."""
        return together(_by_digit(outputs), "logits").reshape(outputs.shape[1:])

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Cross-entropy of what each digit does, added up over the ten, in nats: (batch,)."""
        return metrics.cross_entropy(_by_digit(outputs), batch.targets).sum(-1)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Videos that are right, those whose digits are, ways that are, and nats a video."""
        nats = metrics.mean(self.loss(outputs, batch), batch.mask)
        return {**self.score(outputs, batch), "nats": nats}

    def score(self, outputs: Array, batch: Batch) -> Sums:
        """What is counted, as `metrics`, without the nats."""
        said, truth = decide(outputs), batch.targets
        valid = jnp.ones(len(truth), bool) if batch.mask is None else batch.mask
        there = truth != ABSENT
        ways = _by_digit(outputs)[..., :ABSENT].argmax(-1)
        return {
            "sequence_accuracy": metrics.mean((said == truth).all(-1), valid),
            "digits": metrics.mean(((said != ABSENT) == there).all(-1), valid),
            "ways": metrics.mean(ways == truth, there & valid[:, None]),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Guessing, and least squares on the pixels of the last two frames."""
        train = self.batch_once(data.arrays, "train", jnp.arange(self.floor_videos))
        test = self.test_batch(data)

        def fitted(train: Batch, test: Batch) -> Sums:
            known, asked = (_last_two(batch.inputs) for batch in (train, test))
            wanted = jax.nn.one_hot(train.targets, ABSENT + 1).reshape(len(known), -1)
            gram = known.T @ known + RIDGE * jnp.eye(known.shape[1])
            weights = jnp.linalg.solve(gram, known.T @ wanted)
            return self.score(asked @ weights, test)

        pairs = DIGITS * (DIGITS - 1) / 2
        return {
            "guessing": {
                "sequence_accuracy": 1 / (pairs * len(WAYS) ** 2),
                "digits": 1 / pairs,
                "ways": 1 / len(WAYS),
            },
            "least squares, last two frames": metrics.divide(devices.jit(fitted)(train, test)),
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `3 goes left, 7 goes up ok`."""
        lines = []
        for said, truth in zip(*map(np.asarray, (decide(outputs), batch.targets)), strict=True):
            right = "ok" if (said == truth).all() else f"wrong, {_tell(truth)}"
            lines.append(f"{_tell(said)} {right}")
        return lines

    def _glyphs(self) -> dict[str, Glyphs]:
        if self.path:
            return digits.of_files(self.path, self.labels, self.data_seed)
        return dict.fromkeys(SPLITS, digits.of_font(self.scale))


def _in_order(drawn: Array) -> Array:
    """Two digits and their ways (4,), the smaller digit first: what a video is held out by."""
    return jnp.where(drawn[0] < drawn[1], drawn, drawn[jnp.array([1, 0, 3, 2])])


def decide(outputs: Array) -> Array:
    """The answers (batch, 10) with the two digits that are likeliest there, and their ways."""
    scores = _by_digit(outputs)
    there = jax.nn.logsumexp(scores[..., :ABSENT], -1) - scores[..., ABSENT]
    second = jax.lax.top_k(there, 2)[0][..., 1:]
    return jnp.where(there >= second, scores[..., :ABSENT].argmax(-1), ABSENT)


def _by_digit(outputs: Array) -> Array:
    return outputs.reshape(*outputs.shape[:-1], DIGITS, ABSENT + 1)


def _last_two(videos: Array) -> Array:
    """The pixels of the last two frames, and a one: (batch, pixels + 1)."""
    flat = videos[:, -2:].reshape(len(videos), -1)
    return jnp.concatenate([flat, jnp.ones((len(flat), 1))], 1)


def _tell(answer: np.ndarray) -> str:
    there = np.flatnonzero(answer != ABSENT)
    return ", ".join(f"{digit} goes {WAYS[answer[digit]]}" for digit in there)
