"""Counting: a's, then as many b's, then as many c's (Gers & Schmidhuber 2001)."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Shape
from lstmjax.tasks.papers.symbols import NextSets


@dataclasses.dataclass(frozen=True)
class Counting(NextSets):
    """S a^n b^n, or with three letters S a^n b^n c^n; after each symbol, which may come next?

    After an a it is a or b; then all is certain up to T, the end. Trained with n up to `largest`;
    test example i has n = i + 1, so that the share of right sequences says how far it counts.
    """

    letters: ClassVar[str] = "SabcT"
    counted: int = setting(2, at_least=2, at_most=3)  # letters: a and b, or a, b and c
    largest: int = setting(10, at_least=1)  # n in training and validation
    test_examples: int = setting(1_000, at_least=1)  # and as many values of n

    def batch(self, arrays: Any, split: str, indices: Array, shape: Shape | None = None) -> Batch:
        """Test examples by their index, the others drawn."""
        if split == "test":
            return jax.vmap(lambda index: self.sequence(index + 1, self.test_examples))(indices)
        return super().batch(arrays, split, indices, shape)

    def example(self, key: Array, split: str) -> Batch:
        """A sequence with n from 1 to `largest`, each as likely."""
        return self.sequence(jax.random.randint(key, (), 1, self.largest + 1), self.largest)

    def sequence(self, n: Array, largest: int) -> Batch:
        """The sequence of n, padded to that of `largest`."""
        steps = jnp.arange(1 + self.counted * largest)
        length = 1 + self.counted * n
        symbols = jnp.where(steps == 0, 0, 1 + (steps - 1) // n)
        following = jnp.where(steps + 1 == length, 4, 1 + steps // n)
        targets = jax.nn.one_hot(following, len(self.letters))
        either = jnp.zeros(len(self.letters)).at[jnp.array([1, 2])].set(1)
        targets = jnp.where((symbols == 1)[:, None], either, targets)
        valid = steps < length
        inputs = jax.nn.one_hot(symbols, len(self.letters))
        return Batch(inputs, targets=targets, lengths=length, mask=valid)
