"""What these tasks share: a symbol that is asked for, or the set of those that may come next."""

import collections
import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from lstmjax import metrics
from lstmjax.metrics import Sums
from lstmjax.tasks.base import Batch, Data, Generated
from lstmjax.tasks.together import Outputs

SHOWN = 60  # symbols of a line
FITTED_ON = 1_000  # training examples that a floor is counted on


@dataclasses.dataclass(frozen=True)
class Asked(Generated):
    """Symbols one-hot in; at the steps that `batch.mask` counts, one symbol is asked for.

    Inputs are (time, symbols), targets integers (time,), the mask (time,). Where nothing is asked
    the target is 0. The model has an output at every step.
    """

    outputs_are: ClassVar[Outputs] = "logits"
    letters: ClassVar[str] = ""  # of the inputs, one a symbol
    answers: ClassVar[str] = ""  # of the outputs

    @property
    def outputs(self) -> int:
        """One score an answer."""
        return len(self.answers)

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Cross-entropy of each step, (batch, time), in nats."""
        return metrics.cross_entropy(outputs, batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Accuracy of answers and of whole sequences, and nats an answer."""
        right = outputs.argmax(-1) == batch.targets
        return _shares(right, batch) | {
            "nats": metrics.mean(self.loss(outputs, batch), batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Every answer is as likely."""
        return {"chance": {"accuracy": 1 / self.outputs, "nats": float(np.log(self.outputs))}}

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `baXdcY? -> XY ok`, long ones with their middle left out."""
        lines = []
        said = np.asarray(jnp.argmax(outputs, -1))
        for symbols, answers, targets, asked in zip(
            read_symbols(batch),
            said,
            np.asarray(batch.targets),
            np.asarray(batch.mask),
            strict=True,
        ):
            given, wanted = (
                "".join(self.answers[i] for i in row[asked > 0]) for row in (answers, targets)
            )
            verdict = "ok" if given == wanted else f"wrong, {brief(wanted)}"
            text = "".join(self.letters[i] for i in symbols)
            lines.append(f"{brief(text)} -> {brief(given)} {verdict}")
        return lines


@dataclasses.dataclass(frozen=True)
class NextSets(Generated):
    """Symbols one-hot in; after each, which symbols may come next is asked for.

    Inputs are (time, symbols), targets 0 or 1 (time, symbols), the mask (time,). An output above 0
    says that its symbol may come. The model has an output at every step.
    """

    outputs_are: ClassVar[Outputs] = "yes_or_no"
    letters: ClassVar[str] = ""

    @property
    def outputs(self) -> int:
        """One logit a symbol."""
        return len(self.letters)

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Binary cross-entropy of each step's symbols, added up: (batch, time), in nats."""
        return optax.sigmoid_binary_cross_entropy(outputs, batch.targets).sum(-1)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """How many sets are exactly right, and in how many sequences all are."""
        return _shares(((outputs > 0) == (batch.targets > 0)).all(-1), batch)

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """After each symbol, the set that follows it most often in training."""
        train = self.batch_once(data.arrays, "train", jnp.arange(FITTED_ON))
        seen: dict[int, collections.Counter] = collections.defaultdict(collections.Counter)
        for symbol, code in zip(*_sets(train), strict=True):
            seen[symbol][code] += 1
        usual = {symbol: counts.most_common(1)[0][0] for symbol, counts in seen.items()}
        right = [
            usual.get(s) == code for s, code in zip(*_sets(self.test_batch(data)), strict=True)
        ]
        return {"by the last symbol": {"accuracy": float(np.mean(right))}}

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `BTBTSX -> T,P ... ok`: what may come after the last symbol."""
        lines = []
        said, true = np.asarray(outputs) > 0, np.asarray(batch.targets) > 0
        for symbols, answers, targets, asked in zip(
            read_symbols(batch), said, true, np.asarray(batch.mask), strict=True
        ):
            wrong = np.flatnonzero((answers != targets).any(-1) & (asked > 0))
            verdict = f"wrong from step {wrong[0] + 1}" if len(wrong) else "ok"
            text = "".join(self.letters[i] for i in symbols)
            last = ",".join(self.letters[i] for i in np.flatnonzero(answers[len(symbols) - 1]))
            lines.append(f"{brief(text)} -> {last or 'none'}; {verdict}")
        return lines


def read_symbols(batch: Batch) -> list[np.ndarray]:
    """Which symbols each example reads, without its padding."""
    inputs = np.asarray(batch.inputs)
    lengths = [inputs.shape[1]] * len(inputs) if batch.lengths is None else batch.lengths
    return [row[: int(length)].argmax(-1) for row, length in zip(inputs, lengths, strict=True)]


def brief(text: str) -> str:
    """A text without its middle, if it is long."""
    half = SHOWN // 2
    return text if len(text) <= SHOWN else f"{text[:half]}...{text[-half:]}"


def right_examples(right: Array, batch: Batch) -> Array:
    """Of which examples (batch,) all that counts is `right` (batch, time)."""
    return (right | (batch.mask == 0)).all(-1)


def _shares(right: Array, batch: Batch) -> dict[str, tuple[Array, Array]]:
    counted = (batch.mask > 0).any(-1)  # not what an evaluation's last batch is filled up with
    return {
        "accuracy": metrics.mean(right, batch.mask),
        "sequence_accuracy": metrics.mean(right_examples(right, batch), counted),
    }


def _sets(batch: Batch) -> tuple[list[int], list[int]]:
    """The symbol and, as a number, the set at each step that counts."""
    symbols, counted = np.asarray(batch.inputs).argmax(-1), np.asarray(batch.mask) > 0
    codes = (np.asarray(batch.targets) > 0) @ (1 << np.arange(batch.targets.shape[-1]))
    return symbols[counted].tolist(), codes[counted].tolist()
