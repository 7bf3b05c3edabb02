"""Text by words: predict the next one."""

import collections
import dataclasses
import functools
import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from jax import Array

from lstmjax.settings import setting
from lstmjax.tasks.base import Batch
from lstmjax.tasks.text.corpus import Corpus
from lstmjax.tasks.text.next_symbol import NextSymbol, smallest_type

UNKNOWN = "<unk>"
LINE_END = "\n"
MOST_COUNTED = 2**21  # different words that are counted side by side
TOKENS = {
    "space": re.compile(r"[^\s]+|\n"),
    # words with their inner apostrophes and hyphens, <unk>, and each other mark by itself
    "word": re.compile(r"<unk>|\w+(?:['’\-]\w+)*|[^\w\s]|\n"),
}


@dataclasses.dataclass(frozen=True)
class Words(NextSymbol):
    """A text whose symbols are its words, and the ends of its lines.

    The vocabulary is the training part's: words that are rare there, or lacking, are one symbol,
    <unk>, which is predicted and counted like a word, in perplexity and in the floors alike.
    """

    symbol: ClassVar[str] = "word"
    meanings: ClassVar[tuple[str, ...]] = ("vocabulary",)

    tokens: Literal["word", "space"] = "word"  # marks apart from words, or what blanks separate
    lowercase: bool = False
    unknown_below: int = setting(2, at_least=1)  # words that training has less often are <unk>
    most_words: int | None = setting(None, at_least=1)  # of the vocabulary; the rest is <unk>
    vocabulary: tuple[str, ...] = ()  # <unk> first, then the most frequent words

    def split(self, text: str) -> list[str]:
        """The words of a text, and the ends of its lines."""
        return TOKENS[self.tokens].findall(text.lower() if self.lowercase else text)

    def learn(self, corpus: Corpus) -> tuple[str, ...]:
        """The words that are frequent enough in the training part."""
        counts = self._count(corpus)
        counts.pop(UNKNOWN, None)
        frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        words = [word for word, count in frequent if count >= self.unknown_below]
        return (UNKNOWN, *words[: self.most_words])

    def _count(self, corpus: Corpus) -> collections.Counter[str]:
        """How often each word is in the training part.

        Where that ends is known when all is read: so all is counted, and the rest read again.
        """
        counts, sizes = collections.Counter(), []
        for piece in self.pieces(corpus):
            counts.update(piece)
            sizes.append(len(piece))
            _prune(counts)
        valid, _, test = self._cut(sum(sizes))
        ends = np.cumsum(sizes)
        for text, start, end in zip(corpus.texts(), ends - sizes, ends, strict=True):
            if start < valid.stop or end > test.start:
                words = self.split(text)
                rest = words[: max(valid.stop - start, 0)] + words[max(test.start - start, 0) :]
                counts.subtract(rest)
        return counts

    @property
    def learned_from(self) -> list[Any]:
        """The settings that the symbols and the vocabulary of a text depend on."""
        symbols = [self.tokens, self.lowercase, self.unknown_below, self.most_words]
        own = [self.valid_path is not None, self.test_path is not None]
        return [*symbols, self.valid_fraction, self.test_fraction, *own]

    def codes(self, symbols: Sequence[str], where: str) -> np.ndarray:
        """Words to codes, 0 for those that are not in the vocabulary."""
        found = (self._places.get(word, 0) for word in symbols)
        return np.fromiter(found, smallest_type(self.outputs), len(symbols))

    def decode(self, codes: np.ndarray) -> str:
        """Codes to text, set as a line of text is: no blank before a closing mark."""
        return self._set(None, [self.vocabulary[code] for code in codes])

    def decode_bytes(self, codes: np.ndarray, before: int) -> bytes:
        """Codes to UTF-8 that goes on after the code `before`."""
        words = [self.vocabulary[code] for code in codes]
        return self._set(self.vocabulary[before], words).encode()

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Each window's words, and below them marks under those that were predicted wrongly."""
        lines = []
        for answer, target in zip(
            np.asarray(outputs.argmax(-1)), np.asarray(batch.targets), strict=True
        ):
            words = [repr(self.vocabulary[code])[1:-1] for code in target]
            marks = [
                (" " if right else "^") * len(word)
                for word, right in zip(words, answer == target, strict=True)
            ]
            lines += [" ".join(words), " ".join(marks).rstrip()]
        return lines

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {word: code for code, word in enumerate(self.vocabulary)}

    def _set(self, before: str | None, words: list[str]) -> str:
        text = []
        for word in words:
            joined = before is None or LINE_END in (before, word)
            if self.tokens == "word":
                joined = joined or before in "([{" or word in ".,;:!?)]}'’"
            text.append(word if joined else f" {word}")
            before = word
        return "".join(text)


def _prune(counts: collections.Counter[str]) -> None:
    """Forgets the words seen least often until now where there are too many to count."""
    least = 0
    while len(counts) > MOST_COUNTED:
        least += 1
        for word in [word for word, count in counts.items() if count <= least]:
            del counts[word]
