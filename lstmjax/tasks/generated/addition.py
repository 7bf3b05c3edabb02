"""Addition: `14+381` in, `395` out, character by character. The encoder-decoder lesson."""

import dataclasses
import math
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Generated, draw_member
from lstmjax.tasks.together import Outputs
from lstmjax.tasks.writing import START

ALPHABET = "0123456789+ "
PLUS, BLANK = ALPHABET.index("+"), ALPHABET.index(" ")
FITTED_ON = 10_000  # training examples that the priors are counted on


@dataclasses.dataclass(frozen=True)
class Addition(Generated):
    """Sums of `terms` whole numbers from `smallest` to `largest`, as characters.

    Operands are split by content, and a permutation is the same content: if 3+9+5 is tested, no
    order of 3, 5 and 9 was trained on. Inputs are a pair: the source, and the answer shifted by one
    step, which a decoder may read in training.

    Layout `padded`, as published: both sides right-justified with blanks, which count as
    characters. `delimited`: the source has a length, the answer ends with one blank, the stop
    symbol, and nothing after it counts.
    """

    paired: ClassVar[bool] = True
    outputs_are: ClassVar[Outputs] = "logits"

    terms: int = setting(3, at_least=1)
    smallest: int = setting(1, at_least=0)
    largest: int = setting(10, at_least=1, at_most=10_000_000)
    layout: Literal["padded", "delimited"] = "delimited"
    reverse_source: bool = False  # read the last character first (Zaremba & Sutskever 2014)
    reverse_answer: bool = False  # write the units first, as carries are passed on
    held_out: bool = True  # false, as published: tested operands were trained on

    @property
    def outputs(self) -> int:
        """One score a character."""
        return len(ALPHABET)

    @property
    def stop(self) -> int | None:
        """The symbol that ends an answer."""
        return BLANK if self.layout == "delimited" else None

    @property
    def digits(self) -> int:
        """Of the largest term."""
        return len(str(self.largest))

    @property
    def answer_digits(self) -> int:
        """Of the largest sum."""
        return len(str(self.largest * self.terms))

    def resolve(self) -> "Addition":
        """Checks that there are numbers to draw, and enough sums to hold some out."""
        if self.smallest > self.largest:
            raise UserError(f"task.smallest is {self.smallest}, above task.largest, {self.largest}")
        if self.largest * self.terms >= 2**31:
            raise UserError("task.largest times task.terms must be below 2^31: lower either")
        choices = self.largest - self.smallest + 1
        if self.held_out and math.comb(choices + self.terms - 1, self.terms) < 100:
            raise UserError(
                "task.terms and task.largest give fewer than 100 different sums, too few to hold "
                "some out: raise either, or set task.held_out=false"
            )
        return self

    def example(self, key: Array, split: str) -> Batch:
        """Inputs (source length,) and (answer length,), integers; targets (answer length,)."""

        def draw(key: Array) -> Array:
            return jax.random.randint(key, (self.terms,), self.smallest, self.largest + 1)

        terms = draw_member(key, split, draw, jnp.sort) if self.held_out else draw(key)
        source, length = self.write(terms)
        answer, mask = self.answer(terms.sum())
        shifted = jnp.concatenate([jnp.full((1,), START), answer[:-1]])
        lengths = length if self.layout == "delimited" else None
        return Batch((source, shifted), targets=answer, lengths=lengths, mask=mask)

    def write(self, terms: Array) -> tuple[Array, Array]:
        """Terms (terms,) as characters (source length,), and how many are not padding."""
        characters = jnp.concatenate(
            [jnp.append(_digits(term, self.digits), PLUS) for term in terms]
        )[:-1]
        if self.reverse_source:
            characters = characters[::-1]
        return self._justify(characters), (characters != BLANK).sum()

    def answer(self, total: Array) -> tuple[Array, Array]:
        """A sum as characters (answer length,), and which of them count."""
        characters = _digits(total, self.answer_digits)
        if self.reverse_answer:
            characters = characters[::-1]
        characters = self._justify(characters)
        if self.layout == "padded":
            return characters, jnp.ones(characters.shape, bool)
        written = (characters != BLANK).sum()
        return jnp.append(characters, BLANK), jnp.arange(self.answer_digits + 1) <= written

    def _justify(self, characters: Array) -> Array:
        blank = characters == BLANK
        last = blank if self.layout == "delimited" else ~blank
        return characters[jnp.argsort(last, stable=True)]

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """Cross-entropy of every character, (batch, answer length), in nats."""
        return metrics.cross_entropy(outputs, batch.targets)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Accuracy of whole answers and of characters, and nats a character."""
        right = outputs.argmax(-1) == batch.targets
        return {
            "sequence_accuracy": metrics.mean((right | ~batch.mask).all(-1), batch.mask.any(-1)),
            "token_accuracy": metrics.mean(right, batch.mask),
            "nats": metrics.mean(self.loss(outputs, batch), batch.mask),
        }

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The most frequent character of each position, and the most frequent answer."""
        batch = self.batch_once
        train = np.asarray(batch(data.arrays, "train", jnp.arange(FITTED_ON)).targets)
        test = self.test_batch(data)
        characters = [np.bincount(column).argmax() for column in train.T]
        answers, counts = np.unique(train, axis=0, return_counts=True)
        truth, mask = np.asarray(test.targets), np.asarray(test.mask)
        return {
            "most frequent characters": _scores(characters == truth, mask),
            "most frequent answer": _scores(answers[counts.argmax()] == truth, mask),
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `14+381 = 395 ok`."""
        sources = np.asarray(batch.inputs[0])
        written, truth = np.asarray(outputs.argmax(-1)), np.asarray(batch.targets)
        lines = []
        for source, said, target in zip(sources, written, truth, strict=True):
            answer, right = self.read(said), self.read(target)
            verdict = "ok" if answer == right else f"wrong, {right}"
            lines.append(f"{_text(source, self.reverse_source)} = {answer} {verdict}")
        return lines

    def read(self, answer: np.ndarray) -> str:
        """An answer's characters (answer length,) as text, up to the stop symbol if it has one."""
        if self.layout == "delimited":
            answer = answer[: np.argmax(np.append(answer, BLANK) == BLANK)]
        return _text(answer, self.reverse_answer)


def _digits(number: Array, width: int) -> Array:
    """Decimal digits (width,), the highest first, blanks before the first that counts."""
    powers = 10 ** jnp.arange(width - 1, -1, -1)
    return jnp.where((number < powers) & (powers > 1), BLANK, number // powers % 10)


def _text(characters: np.ndarray, reverse: bool) -> str:
    text = "".join(ALPHABET[character] for character in characters).strip()
    return text[::-1] if reverse else text


def _scores(right: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    return {
        "sequence_accuracy": float((right | ~mask).all(1).mean()),
        "token_accuracy": float(right[mask].mean()),
    }
