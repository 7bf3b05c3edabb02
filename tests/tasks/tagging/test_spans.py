import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.tasks.tagging.packing import unpack
from lstmjax.tasks.tagging.spans import are_spans, count_spans


def spans(tags):
    """Spans as conlleval.pl finds them: its two functions, rule by rule."""
    found, start = set(), None
    pairs = [("O", "")] + [tuple(tag.split("-", 1)) if "-" in tag else (tag, "") for tag in tags]
    for place, ((before, kind_before), (now, kind)) in enumerate(
        zip(pairs, [*pairs[1:], ("O", "")], strict=True)
    ):
        end = (
            (before in "BI" and now in "BOS")
            or before in "ES"
            or (before != "O" and kind_before != kind)
        )
        begin = (
            now in "BS"
            or (before in "ES" and now in "EI")
            or (before == "O" and now in "EI")
            or (now != "O" and kind_before != kind)
        )
        if end and start is not None:
            found.add((start, place, kind_before))
            start = None
        if begin:
            start = place
    return found


@pytest.mark.parametrize("letters", ["IB", "BIES"])
def test_counts_are_those_of_conlleval(letters):
    tags = ["O", *(f"{letter}-{kind}" for letter in letters for kind in ("PER", "LOC"))]
    rng = np.random.default_rng(0)
    # often the same as the truth, so that some spans are found
    truth = rng.integers(0, len(tags), (300, 9))
    guessed = np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, len(tags), (300, 9)))
    lengths, resets = rng.integers(1, 10, 300), rng.random(truth.shape) < 0.2
    resets[:, 0] = False
    expected = np.zeros(2)
    sentences = (unpack(codes, lengths, resets) for codes in (guessed, truth))
    for sentence in zip(*sentences, strict=True):  # each by itself
        mine, theirs = (spans([tags[code] for code in codes]) for codes in sentence)
        expected += 2 * len(mine & theirs), len(mine) + len(theirs)
    mask = jnp.arange(9) < lengths[:, None]
    np.testing.assert_array_equal(count_spans(guessed, truth, mask, resets, tags), expected)
    assert 0 < expected[0] < expected[1]


@pytest.mark.parametrize(
    "tags, count",
    [
        ("I-PER I-PER O I-PER", 2),  # IOB1: B- only where a span follows one of its type
        ("I-PER B-PER I-LOC", 3),
        ("B-PER I-PER B-PER", 2),  # IOB2
        ("S-PER B-PER I-PER E-PER O", 2),  # IOBES
        ("U-PER U-PER B-PER L-PER O", 3),  # BILOU
    ],
)
def test_spans_of_each_scheme(tags, count):
    names = sorted({*tags.split(), "O"})
    codes = np.array([[names.index(tag) for tag in tags.split()]])
    everywhere, nowhere = np.ones(codes.shape, bool), np.zeros(codes.shape, bool)
    right, both = count_spans(codes, codes, everywhere, nowhere, names)
    assert right == both == 2 * count


def test_a_span_ends_with_its_sentence():
    codes, nowhere = np.array([[1, 1, 1]]), np.zeros((1, 3), bool)
    for start, count in ((None, 1), (1, 2), (2, 2)):
        resets = nowhere if start is None else np.arange(3)[None] == start
        _, both = count_spans(codes, codes, ~nowhere, resets, ["O", "I-PER"])
        assert both == 2 * count


def test_which_tags_are_spans():
    assert are_spans(["O", "B-PER", "I-PER"]) and are_spans(["S-X-Y", "O"])
    assert not are_spans(["NOUN", "VERB"]) and not are_spans(["O"])
    assert not are_spans(["O", "B-PER", "PUNCT"]) and not are_spans(["I-"])
