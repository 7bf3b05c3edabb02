import numpy as np

from lstmjax.tasks.tagging.lexicon import arrange, learn
from lstmjax.tasks.tagging.packing import Row

TRAIN = [
    Row(("A", "b", "A"), ("X", "Y", "X"), (False,) * 3),
    Row(("cattle",), ("X",), (False,)),
]


def test_words_that_are_frequent_and_all_characters():
    words, characters = learn(TRAIN, lowercase=False, unknown_below=2)
    assert words == ("<unk>", "A") and characters == ("<unk>", *"Aabcelt")
    words, _ = learn(TRAIN, lowercase=True, unknown_below=1)
    assert words == ("<unk>", "a", "b", "cattle")


def test_words_characters_and_tags_as_codes():
    words, characters = learn(TRAIN, lowercase=False, unknown_below=2)
    test = [Row(("b", "c", "A", "sattle"), ("Y", "X", "Y", "X"), (False, False, True, False))]
    parts = {"train": TRAIN, "test": test}
    arrays = arrange(parts, words, characters, ("X", "Y"), lowercase=False, longest_word=4)
    batch = arrays.read("test", np.arange(1), 5)
    codes, spelling, spelled = (np.asarray(array)[:, :4] for array in batch.inputs)
    np.testing.assert_array_equal(codes, [[0, 0, 1, 0]])
    np.testing.assert_array_equal(spelled, [[1, 1, 1, 4]])
    np.testing.assert_array_equal(batch.lengths, [4])
    np.testing.assert_array_equal(batch.resets, np.arange(5)[None] == 2)
    letters = ["".join(characters[code] for code in row if code) for row in spelling[0]]
    assert letters == ["b", "c", "A", "ale"]  # s is unknown, the middle of sattle left out
    assert spelling[0, 3, 0] == 0
    np.testing.assert_array_equal(arrays.tags["test"].padded(np.arange(1), 5, 0), [[1, 0, 1, 0, 0]])
    lower = arrange(parts, ("<unk>", "a"), characters, ("X", "Y"), True, 4)
    np.testing.assert_array_equal(lower.words, [1, 0, 0, 0, 0])  # A, b, cattle, c, sattle
