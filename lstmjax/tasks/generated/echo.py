"""Echo: remember one symbol of a random sequence. The course's first experiment (vanilla)."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Generated, draw_member
from lstmjax.tasks.classification import Classification


@dataclasses.dataclass(frozen=True)
class Echo(Classification, Generated):
    """`length` random symbols one-hot, `(time, symbols)`; the target is the one at `position`.

    Sequences are split by content: no tested sequence occurs in training.
    """

    length: int = setting(5, at_least=1)  # steps
    symbols: int = setting(10, at_least=2)
    position: int = setting(2, at_least=0)  # of the symbol to echo, counted from 0

    @property
    def outputs(self) -> int:
        """One score a symbol."""
        return self.symbols

    def resolve(self) -> "Echo":
        """Checks that the position is in the sequence and that every split has sequences."""
        if self.position >= self.length:
            raise UserError(
                f"task.position is {self.position}, past the end: task.length is {self.length}"
            )
        if self.symbols**self.length < 1000:
            raise UserError(
                f"task.length {self.length} and task.symbols {self.symbols} give fewer than 1,000 "
                "sequences, too few to hold some out: raise either"
            )
        return self

    def example(self, key: Array, split: str) -> Batch:
        """One-hot inputs (length, symbols) and an integer target."""
        symbols = draw_member(
            key, split, lambda key: jax.random.randint(key, (self.length,), 0, self.symbols)
        )
        return Batch(jax.nn.one_hot(symbols, self.symbols), targets=symbols[self.position])

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Chance, and the last symbol in place of the right one."""
        batch = self.test_batch(data)
        last = np.asarray(batch.inputs)[:, -1].argmax(-1) == np.asarray(batch.targets)
        return {
            "chance": {"accuracy": 1 / self.symbols, "nats": float(np.log(self.symbols))},
            "last symbol": {"accuracy": float(last.mean())},
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `3 1 4 1 5 -> 4 ok`."""
        lines = []
        for symbols, answer, target in zip(
            np.asarray(batch.inputs.argmax(-1)),
            np.asarray(jnp.argmax(outputs, -1)),
            np.asarray(batch.targets),
            strict=True,
        ):
            verdict = "ok" if answer == target else f"wrong, {target}"
            lines.append(f"{' '.join(map(str, symbols))} -> {answer} {verdict}")
        return lines
