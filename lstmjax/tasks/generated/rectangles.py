"""Rectangles: from its corners so far, the next corner. The course's generative lesson."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Generated
from lstmjax.tasks.together import Outputs

START = -1.0  # both coordinates of what is read before the first corner
FITTED_ON = 10_000  # training rectangles that floors and comparisons are given
TOLERANCE = 0.02  # of a right angle: how far a side may run off, sides are at most 1

Step = Callable[[Array, Any], tuple[Array, Any]]


@dataclasses.dataclass(frozen=True)
class Rectangles(Generated):
    """Rectangles with upright sides in the unit square, corners anticlockwise from the bottom left.

    Head `point`, as published: from one corner alone, its memory reset, the model names the next;
    nothing can be sampled from that. Head `mixture`: from a start symbol and the corners so far, a
    mixture of Gaussians over each coordinate of the step to the next corner (mixture density
    network, Bishop 1994; for sequences Graves 2013, equations 18 to 23, whose components are of
    both coordinates), from which whole rectangles are drawn.
    """

    head: Literal["point", "mixture"] = "mixture"
    anywhere: bool = True  # false, as published: the bottom left corner is always (0, 0)
    components: int = setting(10, at_least=1)  # of the mixture
    smallest_scale: float = setting(0.003, at_least=1e-6)  # of a component: bounds the likelihood

    @property
    def outputs(self) -> int:
        """Two coordinates; or a weight, a mean and a scale for each component of each."""
        return 2 if self.head == "point" else 6 * self.components

    @property
    def outputs_are(self) -> Outputs:
        """Corners have a mean, parameters of mixtures have none."""
        return "values" if self.head == "point" else "other"

    def corners(self, key: Array) -> Array:
        """Draws a rectangle: (4, 2)."""
        place, size = jax.random.uniform(key, (2, 2))
        low = place if self.anywhere else jnp.zeros(2)
        high = low + size * (1 - low)
        (left, bottom), (right, top) = low, high
        return jnp.array([[left, bottom], [right, bottom], [right, top], [left, top]])

    def example(self, key: Array, split: str) -> Batch:
        """Corners read and corners asked for, (3, 2) each; with a mixture (4, 2)."""
        corners = self.corners(key)
        if self.head == "point":
            return Batch(corners[:3], targets=corners[1:], resets=jnp.ones(3, bool))
        inputs = jnp.concatenate([jnp.full((1, 2), START), corners[:3]])
        return Batch(inputs, targets=corners)

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Absolute error, or nats of the density of the corner: (batch, corners)."""
        if self.head == "point":
            return jnp.abs(outputs - batch.targets).mean(-1)
        log_weights, means, scales = self.mixture(outputs, batch.inputs)
        normal = jax.scipy.stats.norm.logpdf(batch.targets[..., None], means, scales)
        return -jax.nn.logsumexp(log_weights + normal, -1).sum(-1)

    def mixture(self, outputs: Array, inputs: Array) -> tuple[Array, Array, Array]:
        """The distribution of the next corner: of each coordinate a mixture of its own.

        Were the components of both coordinates at once, the one that is first at the coordinate
        which is certain would take all the weight, and the other be one wide Gaussian.

        Args:
          outputs: (..., outputs), the model's.
          inputs: (..., 2), the corner read, from which the means are measured.

        Returns:
          Log weights, means and scales, each (..., 2, components).
        """
        shape = (*outputs.shape[:-1], 3, 2, self.components)
        weights, means, scales = jnp.moveaxis(outputs.astype(jnp.float32).reshape(shape), -3, 0)
        # at the start the components lie side by side and overlap: each finds its own place
        means += jnp.linspace(-1, 1, self.components)
        scales = self.smallest_scale + jax.nn.softplus(scales - 2)
        return jax.nn.log_softmax(weights), means + inputs[..., None], scales

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Mean absolute error of a coordinate, or nats a corner."""
        name = "mae" if self.head == "point" else "nats"
        return {name: metrics.mean(self.loss(outputs, batch), batch.mask)}

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Of a point: the corner read, and the best one can say; else a Gaussian a corner."""
        test = self.test_batch(data)
        read, truth = np.asarray(test.inputs, np.float64), np.asarray(test.targets, np.float64)
        if self.head == "point":
            best = np.abs(self._medians(read) - truth).mean()
            return {
                "repeat the corner": {"mae": float(np.abs(read - truth).mean())},
                "median of what the corner leaves open": {"mae": float(best)},
            }
        batch = self.batch_once
        train = np.asarray(batch(data.arrays, "train", jnp.arange(FITTED_ON)).targets)
        mean, scale = train.mean(0), np.maximum(train.std(0), self.smallest_scale)
        density = ((truth - mean) / scale) ** 2 / 2 + np.log(scale) + np.log(2 * np.pi) / 2
        return {"one Gaussian a corner": {"nats": float(density.sum(-1).mean())}}

    def _medians(self, read: np.ndarray) -> np.ndarray:
        """The median of each coordinate of the next corner, given one corner and which it is."""
        low_x, low_y = read[:, 0].T
        right, low = read[:, 1].T
        top_x, top_y = read[:, 2].T
        # left given right has density proportional to 1 / (1 - left) between 0 and right
        left = 1 - np.sqrt(1 - top_x) if self.anywhere else 0 * top_x
        nexts = [((1 + low_x) / 2, low_y), (right, (1 + low) / 2), (left, top_y)]
        return np.stack([np.stack(corner, -1) for corner in nexts], 1)

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `(0.10, 0.20) then (0.73, 0.20), said (0.55, 0.20)`, a mixture's likeliest."""
        if self.head == "mixture":
            weights, means, _ = self.mixture(outputs, batch.inputs)
            likeliest = weights.argmax(-1, keepdims=True)
            outputs = jnp.take_along_axis(means, likeliest, -1)[..., 0]
        lines = []
        for rows in zip(*map(np.asarray, (batch.inputs, batch.targets, outputs)), strict=True):
            for read, truth, said in zip(*rows, strict=True):
                before, after, answer = (f"({x:.2f}, {y:.2f})" for x, y in (read, truth, said))
                before = "start" if read[0] == START else before
                lines.append(f"{before} then {after}, said {answer}")
        return lines

    def draw(self, step: Step, key: Array, count: int) -> Array:
        """Draws `count` rectangles (count, 4, 2), corner by corner, from a model with this head.

        Args:
          step: (inputs (count, 1, 2), carry or None) -> (outputs (count, 1, outputs), carry).
          key: of the draws.
          count: how many.
        """
        inputs, carry, corners = jnp.full((count, 1, 2), START), None, []
        for corner_key in jax.random.split(key, 4):
            outputs, carry = step(inputs, carry)
            log_weights, means, scales = self.mixture(outputs, inputs)
            choice_key, noise_key = jax.random.split(corner_key)
            choice = jax.random.categorical(choice_key, log_weights)[..., None]
            mean, scale = (jnp.take_along_axis(x, choice, -1)[..., 0] for x in (means, scales))
            inputs = mean + scale * jax.random.normal(noise_key, mean.shape)
            corners.append(inputs)
        return jnp.concatenate(corners, 1)

    def judge(self, rectangles: Array) -> dict[str, float]:
        """How right drawn rectangles (count, 4, 2) are, and how like the training ones.

        Returns:
          `right_angles`: the fraction whose sides all run off by at most TOLERANCE;
          `width_distance`, `height_distance`: two-sample Kolmogorov-Smirnov distances.
        """
        keys = jax.random.split(jax.random.key(self.data_seed + 1), FITTED_ON)
        true = np.asarray(jax.vmap(self.corners)(keys))
        drawn = np.asarray(rectangles)
        off = np.stack(
            [
                drawn[:, 1, 1] - drawn[:, 0, 1],
                drawn[:, 2, 0] - drawn[:, 1, 0],
                drawn[:, 3, 1] - drawn[:, 2, 1],
                drawn[:, 0, 0] - drawn[:, 3, 0],
            ]
        )
        sizes = [corners[:, 2] - corners[:, 0] for corners in (drawn, true)]
        return {
            "right_angles": float((np.abs(off) <= TOLERANCE).all(0).mean()),
            "width_distance": kolmogorov_smirnov(sizes[0][:, 0], sizes[1][:, 0]),
            "height_distance": kolmogorov_smirnov(sizes[0][:, 1], sizes[1][:, 1]),
        }


def kolmogorov_smirnov(first: np.ndarray, second: np.ndarray) -> float:
    """The largest difference of two samples' distribution functions."""
    places = np.concatenate([first, second])
    shares = [np.searchsorted(np.sort(x), places, side="right") / len(x) for x in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())
