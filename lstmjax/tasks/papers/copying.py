"""Copy memory: write ten symbols down again after a long wait (Bai et al. 2018)."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data
from lstmjax.tasks.papers.symbols import Asked

COPIED = 10  # symbols


@dataclasses.dataclass(frozen=True)
class CopyMemory(Asked):
    """Ten of eight symbols, `length` - 1 blanks, a 9 that asks, and ten more of it: T + 20 steps.

    The answer is a blank, 0, at every step but the last ten, where the symbols are due. As in the
    paper every step counts in the loss. What knows only when to answer has 10 ln 8 / (T + 20).
    """

    letters: ClassVar[str] = ".123456789"
    answers: ClassVar[str] = ".12345678"
    length: int = setting(200, at_least=1)  # T in the papers
    test_examples: int = setting(1_000, at_least=1)

    def example(self, key: Array, split: str) -> Batch:
        """One-hot inputs (length + 20, 10), and a target a step."""
        symbols = jax.random.randint(key, (COPIED,), 1, 9)
        blanks = jnp.zeros(self.length - 1, symbols.dtype)
        asking = jnp.full(COPIED + 1, 9, symbols.dtype)
        targets = jnp.zeros(self.length + 2 * COPIED, symbols.dtype).at[-COPIED:].set(symbols)
        return Batch(
            jax.nn.one_hot(jnp.concatenate([symbols, blanks, asking]), len(self.letters)),
            targets=targets,
            mask=jnp.ones(targets.shape, bool),
        )

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Nats a step; accuracy only of the symbols that are due, and of all ten."""
        due = batch._replace(mask=batch.mask * (batch.targets > 0))
        nats = metrics.mean(self.loss(outputs, batch), batch.mask)
        return dict(super().metrics(outputs, due)) | {"nats": nats}

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """It knows when symbols are due, and guesses which."""
        nats = float(COPIED * np.log(8) / (self.length + 2 * COPIED))
        return {"without memory": {"nats": nats, "accuracy": 1 / 8}}
