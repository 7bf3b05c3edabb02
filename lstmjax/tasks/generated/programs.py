"""Short programs and what they print (Zaremba & Sutskever 2014). The encoder-decoder lesson."""

import dataclasses
import functools
import itertools
import random
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from lstmjax.errors import UserError
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Data
from lstmjax.tasks.generated.drawn_pairs import DrawnPairs
from lstmjax.tasks.pairs.files import Pair

NAMES = "abcdefgh"  # of variables

Curriculum = Literal["baseline", "naive", "mix", "combined"]
Level = tuple[int, int]  # digits of the constants, operations within one another


class Expression(NamedTuple):
    """A part of a program: lines to run before, then an expression."""

    lines: tuple[str, ...]
    text: str
    value: int
    alone: bool  # whether the expression says its value without the lines before


class Program(NamedTuple):
    """A program, and what is known of it."""

    text: str
    value: int  # which it prints
    level: Level
    alone: bool  # whether its last line says the value


@dataclasses.dataclass(frozen=True)
class Programs(DrawnPairs):
    r"""`a=27\nfor i in range(3):a+=4\nprint((a-8))` in, `31` out, character by character.

    Drawn after the paper's algorithm 1, but that each operation after the first has the result so
    far as an operand: a nesting of 2 is always one. Constants have up to `length` digits; one
    factor of a product, and the rounds of a loop, are from 1 to 4 times the digits. A hash of the
    text decides the split.

    The curriculum says what is trained on, and in which order (the paper's section 4). `baseline`:
    programs of the full length and nesting. `mix`: of all levels at once. `naive`: of one level
    after the other, as long each. `combined`: half the one, half the other. The tests are the same
    for all, of every level.
    """

    drawn: ClassVar[tuple[str, ...]] = ("levels",)

    length: int = setting(3, at_least=1, at_most=6)  # digits of a constant, at most
    nesting: int = setting(2, at_least=1, at_most=4)  # operations within one another, at most
    curriculum: Curriculum = "mix"
    train_examples: int = setting(100_000, at_least=1, at_most=2_000_000)
    valid_examples: int = setting(1_000, at_least=1)
    test_examples: int = setting(4_000, at_least=1)  # drawn; what is drawn twice counts once

    @property
    def levels(self) -> list[Level]:
        """From the easiest to the hardest: all lengths, then the next nesting."""
        return [
            (length, nesting)
            for nesting, length in itertools.product(
                range(1, self.nesting + 1), range(1, self.length + 1)
            )
        ]

    @property
    def stages(self) -> int:
        """How often what is trained on changes, and one."""
        return len(self.levels) if self.curriculum in ("naive", "combined") else 1

    def resolve(self) -> "Programs":
        """The symbols and the longest output; checks that every stage has something to read."""
        if self.train_examples < self.stages:
            raise UserError(
                f"task.train_examples is {self.train_examples}, and the curriculum "
                f"{self.curriculum} has {self.stages} stages: give at least as many"
            )
        return super().resolve()

    def load(self) -> Data:
        """The programs as codes; those to train on in the order of the curriculum's stages."""
        return super().load()._replace(stages=self.stages)

    def parts(self) -> Mapping[str, list[Pair]]:
        """The programs of each split, and what they print."""
        return {
            split: [
                Pair(line, tuple(program.text), tuple(str(program.value)))
                for line, program in enumerate(programs)
            ]
            for split, programs in self.programs().items()
        }

    def programs(self) -> dict[str, list[Program]]:
        """What is drawn, in the order of the examples."""
        names = ("length", "nesting", "curriculum", "data_seed")
        sizes = (f"{split}_examples" for split in SPLITS)
        return _drawn(tuple((name, getattr(self, name)) for name in (*names, *sizes)))

    def split_source(self, text: str) -> tuple[str, ...]:
        r"""A program's characters; in a file of programs, one a line, its line ends are `\n`."""
        return tuple(text.replace("\\n", "\n"))

    def join_source(self, symbols: Iterable[str]) -> str:
        """A program in one line."""
        return "".join(symbols).replace("\n", "\\n")

    def describe(self, data: Data) -> str:
        """The levels, and how they are trained on."""
        return (
            f"programs with constants of up to {self.length} digits and {self.nesting} nested "
            f"operations, curriculum {self.curriculum}"
        )

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Most common output, output of the nearest program, and what the last line says alone."""
        programs = self.programs()
        values, counts = np.unique([p.value for p in programs["train"]], return_counts=True)
        common = int(values[counts.argmax()])
        guesses = [str(p.value if p.alone else common) for p in programs["test"]]
        return super().floors(data) | {"last line only": self.scores(guesses)}


def _number(value: int) -> Expression:
    return Expression((), str(value), value, True)


def _join(text: str, value: int, *parts: Expression) -> Expression:
    lines = tuple(line for part in parts for line in part.lines)
    return Expression(lines, text, value, all(part.alone for part in parts))


class _Writer:
    """Draws one program's operations."""

    def __init__(self, generator: random.Random, length: int):
        self.generator, self.length = generator, length
        self.names = iter(generator.sample(NAMES, len(NAMES)))

    def operand(self) -> Expression:
        return _number(self.generator.randrange(10**self.length))

    def small(self) -> int:
        return self.generator.randint(1, 4 * self.length)

    def operands(self, count: int, so_far: Expression | None) -> list[Expression]:
        """Constants, and among them the result so far if there is one."""
        drawn = [self.operand() for _ in range(count)]
        if so_far is not None:
            drawn[self.generator.randrange(count)] = so_far
        return drawn

    def total(self, so_far: Expression | None) -> Expression:
        first, second = self.operands(2, so_far)
        return _join(f"({first.text}+{second.text})", first.value + second.value, first, second)

    def difference(self, so_far: Expression | None) -> Expression:
        first, second = self.operands(2, so_far)
        return _join(f"({first.text}-{second.text})", first.value - second.value, first, second)

    def product(self, so_far: Expression | None) -> Expression:
        (factor,) = self.operands(1, so_far)
        small = self.small()
        pair = (factor.text, str(small)) if self.generator.random() < 0.5 else (small, factor.text)
        return _join("({}*{})".format(*pair), factor.value * small, factor)

    def choice(self, so_far: Expression | None) -> Expression:
        yes, left, right, no = self.operands(4, so_far)
        sign = self.generator.choice("<>")
        holds = left.value < right.value if sign == "<" else left.value > right.value
        chosen = yes if holds else no
        text = f"({yes.text} if {left.text}{sign}{right.text} else {no.text})"
        whole = _join(text, chosen.value, yes, left, right, no)
        return whole._replace(alone=left.alone and right.alone and chosen.alone)

    def assignment(self, so_far: Expression | None) -> Expression:
        (value,) = self.operands(1, so_far)
        name = next(self.names)
        return Expression((*value.lines, f"{name}={value.text}"), name, value.value, False)

    def loop(self, so_far: Expression | None) -> Expression:
        begin, more = self.operands(2, so_far)
        name, rounds = next(self.names), self.small()
        sign = self.generator.choice("+-")
        value = begin.value + (rounds if sign == "+" else -rounds) * more.value
        lines = (
            *begin.lines,
            *more.lines,
            f"{name}={begin.text}",
            f"for i in range({rounds}):{name}{sign}={more.text}",
        )
        return Expression(lines, name, value, False)


OPERATIONS: tuple[Callable[[_Writer, Expression | None], Expression], ...] = (
    _Writer.total,
    _Writer.difference,
    _Writer.product,
    _Writer.choice,
    _Writer.assignment,
    _Writer.loop,
)


def write(generator: random.Random, level: Level) -> Program:
    """Draws one program."""
    length, nesting = level
    writer, result = _Writer(generator, length), None
    for _ in range(nesting):
        result = generator.choice(OPERATIONS)(writer, result)
    text = "\n".join((*result.lines, f"print({result.text})"))
    return Program(text, result.value, level, result.alone)


def split_of(text: str) -> str:
    """The split that a program belongs to: 80, 10 and 10 % of all."""
    digest = zlib.crc32(text.encode()) % 10
    return SPLITS[max(digest - 7, 0)]


@functools.lru_cache(maxsize=2)
def _drawn(key: tuple) -> dict[str, list[Program]]:
    task, found = Programs(**dict(key)), {}
    for split in SPLITS:
        generator = random.Random(f"{task.data_seed} {split}")
        size = getattr(task, f"{split}_examples")
        levels = (generator.choice(task.levels) for _ in range(size))
        if split == "train":
            levels = (_trained(task, generator, place / size) for place in range(size))
        drawn = [_member(generator, level, split) for level in levels]
        if split != "train":  # every program once
            drawn = list({program.text: program for program in drawn}.values())
        found[split] = drawn
    return found


def _trained(task: Programs, generator: random.Random, share: float) -> Level:
    """The level of a program that is read after a share of the training, 0 to below 1."""
    now = task.levels[int(share * len(task.levels))]
    any_level = generator.choice(task.levels)
    either = now if generator.random() < 0.5 else any_level
    levels = {"baseline": task.levels[-1], "naive": now, "mix": any_level, "combined": either}
    return levels[task.curriculum]


def _member(generator: random.Random, level: Level, split: str) -> Program:
    while True:
        program = write(generator, level)
        if split_of(program.text) == split:
            return program
