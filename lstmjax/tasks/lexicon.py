"""Words and their spellings as codes."""

import collections
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jax import Array

from lstmjax.tasks.conll import Sentence
from lstmjax.tasks.ragged import Ragged, pack

UNKNOWN = "<unk>"  # the word and the character of code 0


class Arrays(NamedTuple):
    """Every different word once, and the sentences of each split as places among them."""

    words: Array  # (forms,): codes in the vocabulary
    characters: Array  # (forms, longest word): codes in the alphabet
    spelled: Array  # (forms,): how many characters there are
    forms: dict[str, Ragged]
    tags: dict[str, Ragged]

    def spell(self, forms: Array) -> tuple[Array, Array, Array]:
        """Words, characters and how many these are, of places among the forms (batch, time)."""
        return self.words[forms], self.characters[forms], self.spelled[forms]


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
    parts: Mapping[str, Sequence[Sentence]],
    vocabulary: tuple[str, ...],
    alphabet: tuple[str, ...],
    tags: tuple[str, ...],
    lowercase: bool,
    longest_word: int,
) -> Arrays:
    """The sentences of each split as codes; of words above `longest_word`, the first and last."""
    of_words, of_letters, of_tags = map(_numbered, (vocabulary, alphabet, tags))
    sentences = [sentence for part in parts.values() for sentence in part]
    forms = _numbered(dict.fromkeys(word for sentence in sentences for word in sentence.words))
    words = [of_words.get(_key(form, lowercase), 0) for form in forms]
    cut = (_shorten(form, longest_word) for form in forms)
    spelled = pack([[of_letters.get(c, 0) for c in form] for form in cut], len(alphabet))
    characters = spelled.padded(np.arange(len(forms)), longest_word, 0)
    return Arrays(
        np.array(words, np.int32),
        np.asarray(characters),
        spelled.lengths,
        {
            split: pack([[forms[w] for w in s.words] for s in part], len(forms))
            for split, part in parts.items()
        },
        {
            split: pack([[of_tags[t] for t in s.tags] for s in part], len(tags))
            for split, part in parts.items()
        },
    )


def _key(word: str, lowercase: bool) -> str:
    """What words must share to share a code."""
    return word.lower() if lowercase else word


def _shorten(word: str, longest: int) -> str:
    left_out = max(len(word) - longest, 0)
    begin = longest // 2
    return word[:begin] + word[begin + left_out :]


def _numbered(values: Sequence[str]) -> dict[str, int]:
    return {value: place for place, value in enumerate(values)}
