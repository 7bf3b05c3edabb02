"""The embedded Reber grammar, single strings (1997, experiment 1) or an endless stream of them."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch
from lstmjax.tasks.papers.symbols import NextSets

LETTERS = "BTPSXVE"
# Reber (1967): from each state the one or two symbols that may come, and the state they lead to
INNER = (
    (("B", 1),),
    (("T", 2), ("P", 3)),
    (("S", 2), ("X", 4)),
    (("T", 3), ("V", 5)),
    (("X", 3), ("S", 6)),
    (("P", 4), ("V", 6)),
    (("E", 7),),
)


def _embedded() -> list[tuple[tuple[str, int], ...]]:
    """B, then T or P, an inner string, the same T or P again, E; the next string follows."""
    inner = len(INNER)
    states = [(("B", 1),), (("T", 2), ("P", 2 + inner))]
    for copy in range(2):
        ends, begins = 2 + 2 * inner + copy, 2 + copy * inner
        states += [
            tuple((letter, ends if to == inner else begins + to) for letter, to in ways)
            for ways in INNER
        ]
    last = len(states) + 2
    return [*states, (("T", last),), (("P", last),), (("E", 0),)]


STATES = _embedded()
# both ways out of each state (states, 2), alike where there is one
SYMBOL = np.array([[LETTERS.index(ways[i % len(ways)][0]) for i in (0, 1)] for ways in STATES])
AFTER = np.array([[ways[i % len(ways)][1] for i in (0, 1)] for ways in STATES])
LEGAL = np.zeros((len(STATES), len(LETTERS)), np.float32)
np.put_along_axis(LEGAL, SYMBOL, 1, axis=1)


@dataclasses.dataclass(frozen=True)
class Reber(NextSets):
    """A string of the grammar, each way as likely; after each symbol, which may come next?

    The second symbol comes again last but one: all that lies between is of no help. `continual`
    (Gers et al. 2000): strings follow each other and nothing tells the model to start afresh.
    """

    letters: ClassVar[str] = LETTERS
    length: int = setting(50, at_least=2)  # steps, at most; what goes on is cut
    continual: bool = False
    test_length: int | None = setting(None, at_least=2)  # of test streams; none: the same
    test_examples: int = setting(2_560, at_least=1)

    def example(self, key: Array, split: str) -> Batch:
        """One-hot inputs (length, 7) and sets (length, 7)."""
        length = self.test_length if split == "test" and self.test_length else self.length

        def walk(state: Array, way: Array) -> tuple[Array, tuple[Array, Array]]:
            after = jnp.asarray(AFTER)[state, way]
            return after, (jnp.asarray(SYMBOL)[state, way], after)

        ways = jax.random.randint(key, (length,), 0, 2)
        _, (symbols, states) = jax.lax.scan(walk, jnp.int32(0), ways)
        targets = jnp.asarray(LEGAL)[states]
        inputs = jax.nn.one_hot(symbols, len(LETTERS))
        if self.continual:
            return Batch(inputs, targets=targets, mask=jnp.ones(length, bool))
        # the string's last symbol is predicted, but not read
        ended = jnp.append(states == 0, True)
        steps = ended.argmax()
        return Batch(inputs, targets=targets, lengths=steps, mask=jnp.arange(length) < steps)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Also how often the one right outer symbol, and nothing else, is predicted."""
        right = ((outputs > 0) == (batch.targets > 0)).all(-1)
        either = batch.targets[..., LETTERS.index("T")] + batch.targets[..., LETTERS.index("P")]
        outer = (batch.inputs[..., LETTERS.index("E")] > 0) & (either == 1)
        outer_mask = batch.mask * outer
        return dict(super().metrics(outputs, batch)) | {
            "outer_accuracy": metrics.mean(right, outer_mask)
        }
