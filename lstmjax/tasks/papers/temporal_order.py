"""Temporal order: in which order did two or three marked symbols come (1997, experiment 6)?"""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.settings import setting
from lstmjax.tasks.base import Batch
from lstmjax.tasks.papers.symbols import Asked

FIRST_PLACES = {2: (0.1, 0.5), 3: (0.1, 1 / 3, 2 / 3)}  # of the marked symbols, shares of `length`


@dataclasses.dataclass(frozen=True)
class TemporalOrder(Asked):
    """Distractors a to d between a start E and an end B; among them two or three X or Y.

    After B their order is asked for: one of 4 classes with two events (6a), of 8 with three (6b).
    The whole is `length` to 1.1 `length` steps; each event falls anywhere in a tenth of `length`.
    """

    letters: ClassVar[str] = "EBXYabcd"
    length: int = setting(100, at_least=6)  # steps, at least
    events: int = setting(2, at_least=2, at_most=3)
    test_examples: int = setting(2_560, at_least=1)

    @property
    def answers(self) -> str:
        """XX, XY, YX and YY, or with three events eight, by their numbers."""
        return "01234567"[: 2**self.events]

    def example(self, key: Array, split: str) -> Batch:
        """One-hot inputs (time, 8), and a target at the last step."""
        wide = self.length // 10
        noise_key, place_key, event_key, length_key = jax.random.split(key, 4)
        length = self.length + jax.random.randint(length_key, (), 0, wide + 1)
        steps = jnp.arange(self.length + wide)
        symbols = jax.random.randint(noise_key, steps.shape, 4, 8)
        first = jnp.array([max(int(share * self.length), 1) for share in FIRST_PLACES[self.events]])
        places = first + jax.random.randint(place_key, first.shape, 0, wide + 1)
        events = jax.random.randint(event_key, first.shape, 0, 2)
        symbols = symbols.at[places].set(2 + events).at[0].set(0)
        last = steps == length - 1
        symbols = jnp.where(last, 1, symbols)
        answer = (events * 2 ** jnp.arange(self.events)[::-1]).sum()
        return Batch(
            jax.nn.one_hot(symbols, len(self.letters)),
            targets=jnp.where(last, answer, 0),
            lengths=length,
            mask=last,
        )
