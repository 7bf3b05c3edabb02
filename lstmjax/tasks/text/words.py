"""Text by words: predict the next one."""

import collections
import dataclasses
import functools
import re
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from jax import Array

from lstmjax.settings import setting
from lstmjax.tasks.base import Batch
from lstmjax.tasks.text.next_symbol import NextSymbol, smallest_type

UNKNOWN = "<unk>"
LINE_END = "\n"
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

    def learn(self, train: Sequence[str], *rest: Sequence[str]) -> tuple[str, ...]:
        """The words that are frequent enough in the training part."""
        counts = collections.Counter(word for word in train if word != UNKNOWN)
        frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        words = [word for word, count in frequent if count >= self.unknown_below]
        return (UNKNOWN, *words[: self.most_words])

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
            opening = before is None or before == LINE_END or before in "([{"
            closing = word == LINE_END or (self.tokens == "word" and word in ".,;:!?)]}'’")
            text.append(word if opening or closing else f" {word}")
            before = word
        return "".join(text)
