"""ListOps: the value of nested operations on digits (Nangia & Bowman 2018). The stacked lesson."""

import dataclasses
import functools
import random
import statistics
from collections.abc import Sequence

import jax
import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Batch, Data, Shape
from lstmjax.tasks.buckets import make_buckets
from lstmjax.tasks.classification import Classification

OPERATORS = ("MAX", "MIN", "MED", "SM")  # largest, smallest, median, sum modulo 10
# digits are symbols 0 to 9, the operators' opening brackets follow, the closing one is last
FIRST_OPERATOR = 10
CLOSE = FIRST_OPERATOR + len(OPERATORS)
SYMBOLS = CLOSE + 1
ATTEMPTS = 1_000  # in a row that may give nothing new before the settings are called too narrow


@dataclasses.dataclass(frozen=True)
class ListOps(Classification):
    """Expressions like `[MAX 2 9 [MIN 4 7 ] 0 ]`; the answer is a digit.

    Drawn as in the paper's section 2: an argument is a nested operation with probability `nesting`
    where the depth allows, else a digit, and all operators are equally likely. The outermost is
    always an operation, and expressions longer than `length` are drawn again. Every expression
    occurs once in all the splits together.
    """

    depth: int = setting(3, at_least=1)  # operations within one another, at most
    most_arguments: int = setting(5, at_least=2)  # of an operation; at least 2
    nesting: float = setting(0.25, at_least=0, at_most=1)  # chance that an argument is an operation
    length: int = setting(30, at_least=4)  # symbols of an expression, at most
    train_examples: int = setting(50_000, at_least=1)
    valid_examples: int = setting(2_000, at_least=1)
    test_examples: int = setting(10_000, at_least=1)
    data_seed: int = setting(0, at_least=0)
    shapes: int = setting(4, at_least=1, at_most=16)  # lengths that batches are padded to

    @property
    def outputs(self) -> int:
        """One score a digit."""
        return 10

    def load(self) -> Data:
        """Draws the expressions of all splits: symbols, lengths and values."""
        return _draw(self)

    def batch(self, arrays: dict, split: str, indices: Array, shape: Shape | None = None) -> Batch:
        """Expressions as one-hot symbols (batch, length, symbols), and their values (batch,)."""
        symbols, lengths, values = (array[indices] for array in arrays[split])
        if shape is not None:
            symbols = symbols[:, : shape[0]]
        return Batch(jax.nn.one_hot(symbols, SYMBOLS), targets=values, lengths=lengths)

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The most frequent value, alone or by outermost operator, and that operator on all digits.

        The last is right wherever nesting makes no difference.
        """
        (train, _, answers), (test, _, truth) = (
            [np.asarray(array) for array in data.arrays[split]] for split in ("train", "test")
        )
        by_operator = {
            operator: np.bincount(answers[train[:, 0] == operator]).argmax()
            for operator in np.unique(train[:, 0])
        }
        flat = [
            evaluate_operator(
                OPERATORS[row[0] - FIRST_OPERATOR], row[row < FIRST_OPERATOR].tolist()
            )
            for row in test
        ]
        guesses = {
            "majority": np.bincount(answers).argmax(),
            "majority of the outermost operator": np.array(
                [by_operator.get(operator, 0) for operator in test[:, 0]]
            ),
            "outermost operator on all digits": np.array(flat),
        }
        return {
            name: {"accuracy": float((guess == truth).mean())} for name, guess in guesses.items()
        }

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `[MAX 2 9 [MIN 4 7 ] 0 ] = 9 ok`."""
        lines = []
        for symbols, length, answer, truth in zip(
            np.asarray(batch.inputs.argmax(-1)),
            np.asarray(batch.lengths),
            np.asarray(outputs.argmax(-1)),
            np.asarray(batch.targets),
            strict=True,
        ):
            verdict = "ok" if answer == truth else f"wrong, {truth}"
            lines.append(f"{spell(symbols[:length])} = {answer} {verdict}")
        return lines


def evaluate_operator(name: str, values: Sequence[int]) -> int:
    """The value of one operation on digits; a median between two digits is rounded down."""
    if name == "SM":
        return sum(values) % 10
    operation = {"MAX": max, "MIN": min, "MED": statistics.median}[name]
    return int(operation(values))


def spell(symbols: Sequence[int]) -> str:
    """Symbols as text: `[MAX 2 9 ]`."""
    names = [*map(str, range(10)), *(f"[{name}" for name in OPERATORS), "]"]
    return " ".join(names[symbol] for symbol in symbols)


@functools.lru_cache(maxsize=4)
def _draw(task: ListOps) -> Data:
    sizes = dict(
        zip(SPLITS, (task.train_examples, task.valid_examples, task.test_examples), strict=True)
    )
    generator = random.Random(task.data_seed)
    known: dict[bytes, int] = {}
    failures = 0
    while len(known) < sum(sizes.values()):
        expression, value = _expression(generator, task, task.depth)
        symbols = bytes(expression)
        if len(symbols) > task.length or symbols in known:
            failures += 1
            if failures > ATTEMPTS:
                raise UserError(
                    f"task.length {task.length} and task.depth {task.depth} give hardly more than "
                    f"{len(known):,} different expressions: raise either, or ask for fewer examples"
                )
            continue
        known[symbols], failures = value, 0
    rows = np.full((len(known), task.length), CLOSE, np.uint8)
    for row, symbols in zip(rows, known, strict=True):
        row[: len(symbols)] = np.frombuffer(symbols, np.uint8)
    lengths = np.array([len(symbols) for symbols in known], np.int32)
    values = np.array(list(known.values()), np.int32)
    ends = np.cumsum(list(sizes.values()))[:-1]
    parts = zip(*(np.split(array, ends) for array in (rows, lengths, values)), strict=True)
    arrays = dict(zip(SPLITS, parts, strict=True))
    buckets = make_buckets({split: array[1] for split, array in arrays.items()}, task.shapes)
    return Data(arrays, sizes, buckets)


def _expression(generator: random.Random, task: ListOps, depth: int) -> tuple[list[int], int]:
    """An operation with at most `depth` operations within one another, and its value."""
    operator = generator.randrange(len(OPERATORS))
    symbols, values = [FIRST_OPERATOR + operator], []
    for _ in range(generator.randint(2, task.most_arguments)):
        if depth > 1 and generator.random() < task.nesting:
            inner, value = _expression(generator, task, depth - 1)
            symbols += inner
        else:
            value = generator.randrange(10)
            symbols.append(value)
        values.append(value)
    return [*symbols, CLOSE], evaluate_operator(OPERATORS[operator], values)
