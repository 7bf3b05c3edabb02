import numpy as np
import pytest

from lstmjax.tasks.tagging.conll import Sentence
from lstmjax.tasks.tagging.packing import pack_sentences, unpack


def some_sentences(count=300, longest=20):
    """Sentences whose words are all different, numbered in order."""
    lengths = np.random.default_rng(0).integers(1, longest + 1, count)
    words = np.split(np.arange(lengths.sum()).astype(str), np.cumsum(lengths)[:-1])
    return [Sentence((), tuple(of), tuple(f"tag {word}" for word in of)) for of in words]


@pytest.mark.parametrize("open_rows", [1, 100])
def test_every_sentence_is_in_one_row_as_a_whole(open_rows):
    sentences = some_sentences()
    rows = pack_sentences(sentences, 25, open_rows)
    lengths = np.array([len(row.words) for row in rows])
    assert lengths.max() <= 25
    padded = np.zeros((3, len(rows), 25), object)
    for i, row in enumerate(rows):
        padded[:, i, : lengths[i]] = row
    words, tags = (unpack(array, lengths, padded[2].astype(bool)) for array in padded[:2])
    found = [Sentence((), *map(tuple, pair)) for pair in zip(words, tags, strict=True)]
    if open_rows > 1:
        assert found != sentences
        found.sort(key=lambda sentence: int(sentence.words[0]))
    assert found == sentences


def test_little_is_padding():
    sentences = some_sentences(2_000)
    words = sum(len(sentence.words) for sentence in sentences)
    shares = [1 - words / 60 / len(pack_sentences(sentences, 60, k)) for k in (1, 8, 100)]
    assert shares[0] > 0.1 > 0.02 > shares[1] > shares[2]
