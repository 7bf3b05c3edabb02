"""Numbers and dates in words, translated between three languages. The encoder-decoder lesson."""

import calendar
import collections
import dataclasses
import functools
import itertools
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from lstmjax.errors import UserError
from lstmjax.settings import setting
from lstmjax.tasks.base import SPLITS, Data
from lstmjax.tasks.generated.drawn_pairs import DrawnPairs
from lstmjax.tasks.generated.wording import LANGUAGES, Content, pieces, say
from lstmjax.tasks.pairs.files import Pair

DIRECTIONS = tuple(itertools.permutations(LANGUAGES, 2))
YEARS = (1100, 2099)
ROUNDS = 5  # of expectation and maximization
EVERY = 13  # of this many pairs they read one: of all directions, as it and six share no divisor
PICTURED = (("en", "de", 1), ("de", "fr", 1), ("fr", "en", 1), ("en", "de", 3))


@dataclasses.dataclass(frozen=True)
class NumbersInWords(DrawnPairs):
    """`de: seventy-one` in, `einundsiebzig` out: English, German and French, in every direction.

    The source begins with the language to write. Contents are split, never pairs: a number or a
    date that is tested was trained on in no language. There are as many numbers of each count of
    digits, as far as there are so many. A symbol is a word with the blank or hyphen before it, or a
    part of a German compound: an unseen number is then made of seen symbols, and few of them.
    """

    drawn: ClassVar[tuple[str, ...]] = ("alignment",)

    numbers: int = setting(8_000, at_least=20, at_most=500_000)  # different ones, of all splits
    dates: int = setting(4_000, at_least=20, at_most=300_000)
    digits: int = setting(6, at_least=2, at_most=6)  # of the largest number
    valid_fraction: float = setting(0.05, at_least=0.01, at_most=0.5)  # of the contents
    test_fraction: float = setting(0.1, at_least=0.01, at_most=0.4)

    def parts(self) -> Mapping[str, list[Pair]]:
        """Every content of a split in the six directions."""
        return _parts(self)

    def split_source(self, text: str) -> tuple[str, ...]:
        """The language to write, as `de: `, then words and parts of words."""
        language, colon, words = text.partition(": ")
        return (language + colon, *pieces(words)) if colon else pieces(text)

    def describe(self, data: Data) -> str:
        """How much there is to translate."""
        return (
            f"{self.numbers:,} numbers and {self.dates:,} dates in {len(DIRECTIONS)} directions, "
            "held out by number and date"
        )

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """Most common target, target of the nearest source, and a dictionary's words in order."""
        return super().floors(data) | {"word by word": self.scores(_word_by_word(self))}

    def pictured_sources(self) -> list[str]:
        """Tested sources for a picture: the longest number of some directions, and a date."""
        contents = _contents(self)["test"]
        chosen = []
        for source, target, kind in PICTURED:
            texts = [say(content, source) for content in contents if len(content) == kind]
            chosen.append(f"{target}: {max(texts, key=lambda text: len(pieces(text)))}")
        return chosen


def _contents(task: NumbersInWords) -> dict[str, list[Content]]:
    """The numbers and dates of each split."""
    generator = np.random.default_rng(task.data_seed)
    if task.numbers > 0.9 * 10**task.digits:
        raise UserError(
            f"task.numbers is {task.numbers:,}, and few more numbers have up to {task.digits} "
            "digits: lower it, or raise task.digits"
        )
    numbers: dict[Content, None] = {}  # in the order in which they were drawn
    while len(numbers) < task.numbers:
        digits = int(generator.integers(1, task.digits + 1))
        numbers[(int(generator.integers(10 ** (digits - 1), 10**digits)),)] = None
    dates: dict[Content, None] = {}
    while len(dates) < task.dates:
        year, month = int(generator.integers(YEARS[0], YEARS[1] + 1)), int(generator.integers(12))
        days = calendar.monthrange(year, month + 1)[1]
        dates[(int(generator.integers(days)) + 1, month + 1, year)] = None
    found: dict[str, list[Content]] = {split: [] for split in SPLITS}
    for kind in (list(numbers), list(dates)):
        valid, test = (round(f * len(kind)) for f in (task.valid_fraction, task.test_fraction))
        order = generator.permutation(len(kind))
        for split, rows in zip(SPLITS, np.split(order[::-1], [-valid - test, -test]), strict=True):
            found[split] += [kind[row] for row in sorted(rows)]
    return found


@functools.lru_cache(maxsize=2)
def _drawn(key: tuple) -> dict[str, list[Pair]]:
    task = NumbersInWords(**dict(key))
    parts = {}
    for split, contents in _contents(task).items():
        parts[split] = pairs = []
        for content in contents:
            words = {language: pieces(say(content, language)) for language in LANGUAGES}
            for source, target in DIRECTIONS:
                pair = Pair(len(pairs), (f"{target}: ", *words[source]), words[target])
                pairs.append(pair)
    return parts


def _parts(task: NumbersInWords) -> dict[str, list[Pair]]:
    names = ("numbers", "dates", "digits", "valid_fraction", "test_fraction", "data_seed")
    return _drawn(tuple((name, getattr(task, name)) for name in names))


def _word_by_word(task: NumbersInWords) -> list[list[str]]:
    """Each source symbol's likeliest translation in its place (Brown et al. 1993, model 1)."""
    parts = task.parts()
    train = parts["train"][::EVERY]
    known: dict[tuple[str, str], dict[str, float]] = collections.defaultdict(dict)
    for pair in train:
        marker, *words = pair.source
        for word in words:
            for symbol in pair.target:
                known[marker, word][symbol] = 1.0
    for _ in range(ROUNDS):
        counts: dict = collections.defaultdict(lambda: collections.defaultdict(float))
        for pair in train:
            marker, *words = pair.source
            tables = [(known[marker, word], counts[marker, word]) for word in words]
            for symbol in pair.target:
                total = sum(table[symbol] for table, _ in tables)
                for table, count in tables:
                    count[symbol] += table[symbol] / total
        known = {
            word: {symbol: count / sum(row.values()) for symbol, count in row.items()}
            for word, row in counts.items()
        }
    best = {word: max(row, key=row.get) for word, row in known.items()}
    return [[best.get((p.source[0], word), "") for word in p.source[1:]] for p in parts["test"]]
