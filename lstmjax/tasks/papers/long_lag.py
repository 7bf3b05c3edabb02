"""Long lag: keep one symbol while random ones pass, without any rule among them (1997, 2c)."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.settings import setting
from lstmjax.tasks.base import Batch
from lstmjax.tasks.papers.symbols import Asked

LEAVES = 0.1  # the chance that a sequence ends after each symbol beyond the shortest
LONGEST = 60  # symbols beyond the shortest: longer ones are one in 600


@dataclasses.dataclass(frozen=True)
class LongLag(Asked):
    """b, then x or y, then at least `length` of `symbols` random symbols, then e: x or y?

    The random symbols end after each further one with a chance of a tenth.
    """

    answers: ClassVar[str] = "xy"
    length: int = setting(50, at_least=1)  # q in the paper: random symbols, at least
    symbols: int = setting(50, at_least=2)  # p in the paper: of which they are drawn
    test_examples: int = setting(2_560, at_least=1)

    @property
    def letters(self) -> str:
        """What a line shows: random symbols are all written as a point."""
        return "bexy" + "." * self.symbols

    def example(self, key: Array, split: str) -> Batch:
        """One-hot inputs (time, symbols + 4), and a target at the last step."""
        noise_key, answer_key, more_key = jax.random.split(key, 3)
        more = jnp.minimum(jax.random.geometric(more_key, LEAVES) - 1, LONGEST)
        length = 3 + self.length + more
        answer = jax.random.randint(answer_key, (), 0, 2)
        steps = jnp.arange(3 + self.length + LONGEST)
        symbols = jax.random.randint(noise_key, steps.shape, 4, 4 + self.symbols)
        symbols = symbols.at[0].set(0).at[1].set(2 + answer)
        last = steps == length - 1
        return Batch(
            jax.nn.one_hot(jnp.where(last, 1, symbols), 4 + self.symbols),
            targets=jnp.where(last, answer, 0),
            lengths=length,
            mask=last,
        )
