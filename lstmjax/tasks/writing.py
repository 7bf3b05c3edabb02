"""What tasks share whose model writes a sequence by itself: its symbols, errors and answers."""

import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.files import write_lines
from lstmjax.tasks.base import Batch, Task, Written
from lstmjax.tasks.together import Outputs

START = -1  # before the first symbol of a target


class Writing(Task):
    """A source in, a sequence out, symbol by symbol; right is any of the targets that it has.

    A subclass has the fields `beam` and `n_best`. Targets are (batch, references, time), filled up
    with `stop`; the first of them is what training reads.
    """

    writes: ClassVar[bool] = True
    paired: ClassVar[bool] = True
    outputs_are: ClassVar[Outputs] = "logits"

    @property
    def written(self) -> tuple[str, ...]:
        """The symbols that are written, in the order of their codes; `stop` follows."""
        raise NotImplementedError

    def join_target(self, symbols: Iterable[str]) -> str:
        """The text of a target's symbols."""
        raise NotImplementedError

    @property
    def outputs(self) -> int:
        """One score a symbol, and one for the stop."""
        return len(self.written) + 1

    @property
    def stop(self) -> int:
        """The symbol that ends a target."""
        return len(self.written)

    def shifted(self, targets: Array) -> tuple[Array, Array]:
        """What training reads of (..., references, time), and which of its steps count."""
        first = targets[..., 0, :]
        before = [(0, 0)] * (first.ndim - 1) + [(1, 0)]
        shifted = jnp.pad(first[..., :-1], before, constant_values=START)
        return shifted, shifted != self.stop  # a target's symbols and its stop

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Cross-entropy of each symbol of the first target, (batch, time), in nats."""
        return metrics.cross_entropy(outputs, batch.targets[:, 0])

    def compare(self, written: Array, targets: Array) -> tuple[Array, Array, Array]:
        """Whether (batch, time) is one of (batch, references, time), its errors, of how many.

        Errors are the edit distance to the nearest target, over that one's length.
        """
        distances = metrics.edit_distance(written[:, None], targets, self.stop)
        nearest = distances.argmin(-1)[:, None]
        lengths = metrics.sequence_length(targets, self.stop)
        errors, lengths = (jnp.take_along_axis(of, nearest, 1)[:, 0] for of in (distances, lengths))
        return errors == 0, errors, lengths

    def check_n_best(self) -> None:
        """Raises UserError where more answers are asked for than are followed."""
        if self.n_best > self.beam:
            raise UserError(f"--n_best is {self.n_best}, above --beam, {self.beam}: raise --beam")

    def answer(self, outputs: Written, batch: Batch) -> list[Any]:
        """For each source its likeliest targets as text, with their log probabilities in nats."""
        return [
            [
                (self.spell(row), float(score))
                for row, score in zip(rows, scores, strict=True)
                if np.isfinite(score)  # a beam may be wider than there are sequences
            ]
            for rows, scores in zip(
                outputs.symbols[:, : self.n_best], outputs.scores[:, : self.n_best], strict=True
            )
        ]

    def write(self, path: pathlib.Path, source: list[str], answers: list[Any]) -> None:
        """Lines of source, target and log probability between tabs, the likeliest first."""
        write_lines(
            path,
            (
                f"{text}\t{target}\t{score:.4f}"
                for text, best in zip(source, answers, strict=True)
                for target, score in best
            ),
        )

    def spell(self, codes: Sequence[int]) -> str:
        """A target's codes as text, up to the stop symbol."""
        end = np.argmax(np.append(codes, self.stop) == self.stop)
        return self.join_target(self.written[code] for code in codes[:end])
