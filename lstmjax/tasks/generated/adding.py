"""Adding, or multiplying: two marked numbers of a long sequence (1997, experiments 4 and 5)."""

import dataclasses
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Generated
from lstmjax.tasks.together import Outputs

# Hochreiter & Schmidhuber (1997) call an answer wrong that is .04 off, where answers span 1.
# Here sums span 2.
WRONG = {"sum": 0.08, "product": 0.04}


@dataclasses.dataclass(frozen=True)
class Adding(Generated):
    """`length` steps of (value, marker): values U(0, 1), and a marker of 1 in either half.

    The target is the sum of the two marked values, or their product. The form is that of Le et al.
    (2015) and Bai et al. (2018), of fixed length, as the published failures are; answering 1 always
    has a mean squared error of 1/6, and of products 1/4 always has 7/144. Accuracy is the share of
    answers that the 1997 paper calls right.
    """

    outputs_are: ClassVar[Outputs] = "values"

    length: int = setting(600, at_least=2)  # steps, T in the papers
    answer: Literal["sum", "product"] = "sum"  # of the marked values
    test_examples: int = setting(2_560, at_least=1)  # as many as the 1997 paper tests

    @property
    def outputs(self) -> int:
        """The sum or product."""
        return 1

    def example(self, key: Array, split: str) -> Batch:
        """Inputs (length, 2) and a target."""
        values_key, first_key, second_key = jax.random.split(key, 3)
        half = self.length // 2
        values = jax.random.uniform(values_key, (self.length,))
        first = jax.random.randint(first_key, (), 0, half)
        second = jax.random.randint(second_key, (), half, self.length)
        steps = jnp.arange(self.length)
        marked = (steps == first) | (steps == second)
        return Batch(
            jnp.stack([values, marked.astype(values.dtype)], -1),
            targets=self.combine(values[first], values[second]),
        )

    def combine(self, first: Array, second: Array) -> Array:
        """The answer to two marked values."""
        return first + second if self.answer == "sum" else first * second

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """The squared error, (batch,)."""
        if outputs.ndim > 2:
            raise UserError("task Adding has one answer at the end: set model.every_step to false")
        return jnp.square(outputs[..., 0] - batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """The mean squared error, and the share of sums .08, of products .04 off at most."""
        right = jnp.abs(outputs[..., 0] - batch.targets) < WRONG[self.answer]
        return {
            "mse": metrics.mean(self.loss(outputs, batch), batch.mask),
            "accuracy": metrics.mean(right, batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The mean, 1 or 1/4, and the second number with the mean of the first."""
        batch = self.test_batch(data)
        values, marked = np.asarray(batch.inputs[..., 0]), np.asarray(batch.inputs[..., 1]) > 0
        later = values[np.arange(len(values)), self.length - 1 - marked[:, ::-1].argmax(1)]
        answers = {
            "mean": self.combine(np.full_like(later, 0.5), 0.5),
            "second number alone": self.combine(later, 0.5),
        }
        away = {name: given - np.asarray(batch.targets) for name, given in answers.items()}
        return {
            name: {
                "mse": float((error**2).mean()),
                "accuracy": float((abs(error) < WRONG[self.answer]).mean()),
            }
            for name, error in away.items()
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `step 12: .37, step 431: .95 -> 1.31 ok, 1.32`."""
        lines = []
        for steps, answer, target in zip(
            np.asarray(batch.inputs),
            np.asarray(outputs[..., 0], np.float32),
            np.asarray(batch.targets),
            strict=True,
        ):
            places = np.flatnonzero(steps[:, 1])
            numbers = ", ".join(f"step {place}: {steps[place, 0]:.2f}" for place in places)
            verdict = "ok" if abs(answer - target) < WRONG[self.answer] else "wrong"
            lines.append(f"{numbers} -> {answer:.2f} {verdict}, {target:.2f}")
        return lines
