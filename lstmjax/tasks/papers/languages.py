"""Regular and counting languages, trained on short strings, tested on long ones."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.settings import setting
from lstmjax.tasks.base import Batch
from lstmjax.tasks.papers.symbols import Asked

Name = Literal["parity", "even_pairs", "cycle_navigation", "bucket_sort", "reverse_string"]


class Rule(NamedTuple):
    """A language: how many symbols and answers it has, and the answers to a string.

    `answer` gets symbols (longest,), of which the first `length` count; others are -1. It gives
    one answer (), or one a symbol (longest,).
    """

    symbols: int
    answers: int
    answer: Callable[[Array, Array], Array]


RULES: dict[str, Rule] = {
    # is the number of ones odd?
    "parity": Rule(2, 2, lambda symbols, length: (symbols == 1).sum() % 2),
    # is the number of neighbours that differ odd? Just so if the first and the last differ.
    "even_pairs": Rule(
        2, 2, lambda symbols, length: (symbols[0] != symbols[length - 1]).astype(jnp.int32)
    ),
    # where on a circle of five, after steps back, none, and ahead?
    "cycle_navigation": Rule(
        3, 5, lambda symbols, length: ((symbols == 2).sum() - (symbols == 0).sum()) % 5
    ),
    # all symbols in ascending order
    "bucket_sort": Rule(
        5, 5, lambda symbols, length: jnp.sort(jnp.where(symbols < 0, 5, symbols)) % 5
    ),
    # all symbols from the last to the first: no language that counting is enough for
    "reverse_string": Rule(2, 2, lambda symbols, length: jnp.roll(symbols[::-1], length)),
}


@dataclasses.dataclass(frozen=True)
class Language(Asked):
    """A string, then `?` for each answer (Delétang et al. 2023).

    Strings have 1 to `length` symbols in training and validation, each length as likely, and
    `length` + 1 to `test_length` in the test.
    """

    letters: ClassVar[str] = "01234?"
    language: Name = "parity"
    length: int = setting(40, at_least=1)
    test_length: int = setting(500, at_least=2)
    test_examples: int = setting(2_560, at_least=1)

    @property
    def answers(self) -> str:
        """Digits, as many as the language has answers."""
        return self.letters[: RULES[self.language].answers]

    def example(self, key: Array, split: str) -> Batch:
        """One-hot inputs (time, 6) and targets (time,)."""
        rule = RULES[self.language]
        shortest, longest = 1, self.length
        if split == "test":
            shortest, longest = self.length + 1, max(self.test_length, self.length + 1)
        length_key, symbols_key = jax.random.split(key)
        length = jax.random.randint(length_key, (), shortest, longest + 1)
        symbols = jax.random.randint(symbols_key, (longest,), 0, rule.symbols)
        symbols = jnp.where(jnp.arange(longest) < length, symbols, -1)
        answer = jnp.atleast_1d(rule.answer(symbols, length))
        steps = jnp.arange(longest + len(answer))
        count = length if len(answer) > 1 else 1
        asked = (steps >= length) & (steps < length + count)
        places = jnp.clip(steps - length, 0, len(answer) - 1)
        read = jnp.where(steps < length, symbols[jnp.clip(steps, 0, longest - 1)], 5)
        return Batch(
            jax.nn.one_hot(read, len(self.letters)),
            targets=jnp.where(asked, answer[places], 0),
            lengths=length + count,
            mask=asked,
        )
