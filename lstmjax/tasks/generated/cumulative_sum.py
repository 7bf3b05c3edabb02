"""Cumulative sum: at which step does a sum pass its limit? The course's bidirectional lesson."""

import dataclasses
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from lstmjax import metrics
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Generated
from lstmjax.tasks.together import Outputs

FITTED_ON = 10_000  # training examples that the position prior is counted on


@dataclasses.dataclass(frozen=True)
class CumulativeSum(Generated):
    """`length` values U(0, 1); at each step, has the sum passed?

    `reached`, as published: the sum up to and including the step is at least length / 4. Reading
    forward is enough. `balance`: that sum is at least the sum of all later values. Neither
    direction alone knows both sides.
    """

    outputs_are: ClassVar[Outputs] = "yes_or_no"

    length: int = setting(10, at_least=2)  # steps
    target: Literal["reached", "balance"] = "reached"

    @property
    def outputs(self) -> int:
        """One logit a step."""
        return 1

    def example(self, key: Array, split: str) -> Batch:
        """Inputs (length, 1) and targets (length,), 0 or 1."""
        values = jax.random.uniform(key, (self.length,))
        return Batch(values[:, None], targets=self.label(values).astype(jnp.float32))

    def label(self, values: Array) -> Array:
        """Whether the sum has passed at each step: (..., length) values, bool (..., length)."""
        before = jnp.cumsum(values, -1)
        if self.target == "reached":
            return before >= self.length / 4
        return before >= before[..., -1:] - before

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Binary cross-entropy of logits (batch, length, 1), in nats: (batch, length)."""
        return optax.sigmoid_binary_cross_entropy(outputs[..., 0], batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Accuracy of steps and of whole sequences, and nats a step."""
        right = (outputs[..., 0] > 0) == (batch.targets > 0.5)
        return {
            "accuracy": metrics.mean(right, batch.mask),
            "sequence_accuracy": metrics.mean(right.all(-1), batch.mask),
            "nats": metrics.mean(self.loss(outputs, batch), batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The likelier label of each position, and the best that one direction alone can say.

        What a direction has not read is a sum of uniform values, symmetric about its mean: the best
        answer compares as if it were that mean.
        """
        batch = self.batch_once
        train = batch(data.arrays, "train", jnp.arange(FITTED_ON))
        test = self.test_batch(data)
        values, labels = np.asarray(test.inputs[..., 0]), np.asarray(test.targets) > 0.5
        likelier = np.asarray(train.targets).mean(0) > 0.5
        read, step = np.cumsum(values, 1), np.arange(self.length)
        rest = read[:, -1:] - read
        backward = values + step / 2  # the step's value, and those before it at their mean
        if self.target == "reached":
            forward, backward = read >= self.length / 4, backward >= self.length / 4
        else:
            forward, backward = read >= (self.length - 1 - step) / 2, backward >= rest
        return {
            "position prior": _scores(likelier == labels),
            "forward alone at best": _scores(forward == labels),
            "backward alone at best": _scores(backward == labels),
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `.37 .95 .73 .60 .16 -> 0 0 0 1 1 ok`, a wrong step in brackets."""
        lines = []
        for values, logits, labels in zip(
            np.asarray(batch.inputs[..., 0]),
            np.asarray(outputs[..., 0]),
            np.asarray(batch.targets) > 0.5,
            strict=True,
        ):
            said = logits > 0
            marks = [
                f"{int(s)}" if s == label else f"[{int(s)}]"
                for s, label in zip(said, labels, strict=True)
            ]
            numbers = " ".join(f"{value:.2f}".removeprefix("0") for value in values)
            verdict = "ok" if (said == labels).all() else "wrong"
            lines.append(f"{numbers} -> {' '.join(marks)} {verdict}")
        return lines


def _scores(right: np.ndarray) -> dict[str, float]:
    return {"accuracy": float(right.mean()), "sequence_accuracy": float(right.all(1).mean())}
