"""Words and their spellings as codes."""

import collections
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jax import Array

from lstmjax.tasks.base import Batch
from lstmjax.tasks.ragged import Ragged, number, pack
from lstmjax.tasks.tagging.conll import Sentence
from lstmjax.tasks.tagging.packing import Row

UNKNOWN = "<unk>"  # the word and the character of code 0


class Arrays(NamedTuple):
    """Every different word once, and the rows of each split as places among them."""

    words: Array  # (forms,): codes in the vocabulary
    characters: Array  # (forms, longest word): codes in the alphabet
    spelled: Array  # (forms,): how many characters there are
    forms: dict[str, Ragged]
    tags: dict[str, Ragged]
    resets: dict[str, Ragged]

    def read(self, split: str, rows: Array, width: int) -> Batch:
        """Rows (batch,) as words, characters and how many these are; traceable, no targets."""
        forms = self.forms[split].padded(rows, width, 0)
        return Batch(
            (self.words[forms], self.characters[forms], self.spelled[forms]),
            lengths=self.forms[split].lengths[rows],
            resets=self.resets[split].padded(rows, width, 0) == 1,
        )


def learn(
    sentences: Sequence[Sentence], lowercase: bool, unknown_below: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The vocabulary, most frequent words first, and the alphabet, both after <unk>.

    Args:
      sentences: to train on.
      lowercase: whether words that differ in case alone are one of the vocabulary.
      unknown_below: words that are less frequent are <unk>.
    """
    counts = collections.Counter(
        _key(word, lowercase) for sentence in sentences for word in sentence.words
    )
    del counts[UNKNOWN]
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words = [word for word, count in frequent if count >= unknown_below]
    characters = {c for sentence in sentences for word in sentence.words for c in word}
    return (UNKNOWN, *words), (UNKNOWN, *sorted(characters))


def arrange(
    parts: Mapping[str, Sequence[Row]],
    vocabulary: tuple[str, ...],
    alphabet: tuple[str, ...],
    tags: tuple[str, ...],
    lowercase: bool,
    longest_word: int,
) -> Arrays:
    """The rows of each split as codes; of words above `longest_word`, the first and last ones."""
    of_words, of_letters, of_tags = map(number, (vocabulary, alphabet, tags))
    forms = number(word for part in parts.values() for row in part for word in row.words)
    words = [of_words.get(_key(form, lowercase), 0) for form in forms]
    cut = (_shorten(form, longest_word) for form in forms)
    spelled = pack([[of_letters.get(c, 0) for c in form] for form in cut], len(alphabet))
    characters = spelled.padded(np.arange(len(forms)), longest_word, 0)
    return Arrays(
        np.array(words, np.int32),
        np.asarray(characters),
        spelled.lengths,
        {
            split: pack([[forms[w] for w in r.words] for r in of], len(forms))
            for split, of in parts.items()
        },
        {
            split: pack([[of_tags[t] for t in r.tags] for r in of], len(tags))
            for split, of in parts.items()
        },
        {split: pack([r.resets for r in of], 2) for split, of in parts.items()},
    )


def _key(word: str, lowercase: bool) -> str:
    """What words must share to share a code."""
    return word.lower() if lowercase else word


def _shorten(word: str, longest: int) -> str:
    left_out = max(len(word) - longest, 0)
    begin = longest // 2
    return word[:begin] + word[begin + left_out :]
