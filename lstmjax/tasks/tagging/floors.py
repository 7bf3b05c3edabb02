"""Taggers that look at one word alone."""

import collections
from collections.abc import Callable, Sequence

from lstmjax.tasks.tagging.conll import Sentence

LONGEST_ENDING = 5  # characters


def guesses(train: Sequence[Sentence]) -> dict[str, Callable[[str], str]]:
    """From a word to a tag: the most frequent of all, of the word, of an unknown word's ending.

    The ending is the longest that training has, and each word of training with it counts once.
    """
    common = collections.Counter(tag for sentence in train for tag in sentence.tags)
    of_words, of_endings = (collections.defaultdict(collections.Counter) for _ in range(2))
    for sentence in train:
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            of_words[word][tag] += 1
    for word, tags in of_words.items():
        for ending in _endings(word):
            of_endings[ending].update(tags.keys())

    def best(counts: collections.Counter) -> str:
        return min(counts, key=lambda tag: (-counts[tag], -common[tag], tag))

    def by_ending(word: str) -> str:
        known = (of_endings[ending] for ending in _endings(word) if ending in of_endings)
        return best(of_words.get(word) or next(known, common))

    return {
        "most frequent tag": lambda word: best(common),
        "most frequent tag of the word": lambda word: best(of_words.get(word, common)),
        "tag of the word, or its ending": by_ending,
    }


def _endings(word: str) -> list[str]:
    """The last characters of a word, the most first."""
    return [word[-length:] for length in range(min(len(word), LONGEST_ENDING), 0, -1)]
