"""Two sequences: which class did the first few values tell (1997, experiment 3)?"""

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

SPREAD = 0.2**0.5  # the noise has a variance of .2
TARGET_SPREAD = 0.1**0.5


@dataclasses.dataclass(frozen=True)
class TwoSequences(Generated):
    """The first `told` values are 1 or -1, by class, all others Gaussian noise; the class, at last?

    The whole is `length` to 1.1 `length` steps. `noise` is on what else: nothing (3a), also on the
    values that tell the class (3b), or on the targets, .2 and .8, in training (3c). The answer is
    a logit; training minimizes the squared error of its sigmoid.
    """

    outputs_are: ClassVar[Outputs] = "yes_or_no"

    length: int = setting(100, at_least=2)  # T in the paper: steps, at least
    told: int = setting(3, at_least=1)  # N in the paper
    noise: Literal["none", "values", "targets"] = "none"
    test_examples: int = setting(2_560, at_least=1)

    @property
    def outputs(self) -> int:
        """One logit."""
        return 1

    def example(self, key: Array, split: str) -> Batch:
        """Inputs (time, 1) and a target."""
        wide = self.length // 10
        class_key, length_key, noise_key, target_key = jax.random.split(key, 4)
        first = jax.random.bernoulli(class_key)
        length = self.length + jax.random.randint(length_key, (), 0, wide + 1)
        steps = jnp.arange(self.length + wide)
        values = SPREAD * jax.random.normal(noise_key, steps.shape)
        sign = jnp.where(first, 1.0, -1.0)
        telling = sign + values if self.noise == "values" else sign
        inputs = jnp.where(steps < self.told, telling, values)
        target = first.astype(inputs.dtype)
        if self.noise == "targets":
            target = 0.2 + 0.6 * target
            if split == "train":
                target += TARGET_SPREAD * jax.random.normal(target_key)
        return Batch(inputs[:, None], targets=target, lengths=length)

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """The squared error, (batch,)."""
        if outputs.ndim > 2:
            raise UserError(
                "task TwoSequences has one answer at the end: set model.every_step to false"
            )
        return jnp.square(jax.nn.sigmoid(outputs[..., 0]) - batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Accuracy, and the mean distance from the target without noise."""
        away = jnp.abs(jax.nn.sigmoid(outputs[..., 0]) - batch.targets)
        right = (outputs[..., 0] > 0) == (batch.targets > 0.5)
        return {
            "accuracy": metrics.mean(right, batch.mask),
            "mae": metrics.mean(away, batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Both classes are as likely."""
        targets = np.asarray(self.test_batch(data).targets)
        return {"chance": {"accuracy": 0.5, "mae": float(abs(targets - 0.5).mean())}}

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `1.00 1.00 1.00 ... 104 steps -> 0.98 ok, 1.00`."""
        lines = []
        for values, length, output, target in zip(
            np.asarray(batch.inputs[..., 0]),
            np.asarray(batch.lengths),
            np.asarray(jax.nn.sigmoid(outputs[..., 0])),
            np.asarray(batch.targets),
            strict=True,
        ):
            told = " ".join(f"{value:.2f}" for value in values[: self.told])
            verdict = "ok" if (output > 0.5) == (target > 0.5) else "wrong"
            lines.append(f"{told} ... {length} steps -> {output:.2f} {verdict}, {target:.2f}")
        return lines
