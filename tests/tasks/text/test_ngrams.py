import collections

import numpy as np
import pytest

from lstmjax.tasks.text.ngrams import NGram

SYMBOLS, ORDER = 4, 3


def witten_bell(train, context, symbol):
    """The definition, in words: from the longest context down to none."""
    if context is None:
        return 1 / SYMBOLS
    shorter = witten_bell(train, context[1:] if context else None, symbol)
    followers = collections.Counter(
        train[i + len(context)]
        for i in range(len(train) - len(context))
        if tuple(train[i : i + len(context)]) == context
    )
    if not followers:
        return shorter
    kinds, total = len(followers), sum(followers.values())
    return (followers[symbol] + kinds * shorter) / (total + kinds)


@pytest.fixture
def codes():
    generator = np.random.default_rng(0)
    return generator.choice(SYMBOLS, 60, p=[0.6, 0.2, 0.15, 0.05])


def test_probabilities_are_witten_and_bell(codes):
    model, held_out = NGram(codes, SYMBOLS, ORDER), codes[::-1][:20]
    expected = []
    for i, symbol in enumerate(held_out):
        context = tuple(held_out[max(i - ORDER + 1, 0) : i])
        expected.append(witten_bell(list(codes), context, symbol))
        np.testing.assert_allclose(model.distribution(np.array(context))[symbol], expected[-1])
    np.testing.assert_allclose(model.nats(held_out), -np.log(expected).mean())


def test_distributions_sum_to_one(codes):
    model = NGram(codes, SYMBOLS, ORDER)
    for context in ([], [3], [3, 3], [0, 1], [2, 3, 3, 3]):
        np.testing.assert_allclose(model.distribution(np.array(context)).sum(), 1)


def test_samples_follow_the_distribution():
    model = NGram(np.tile([0, 1, 2], 300), SYMBOLS, ORDER)
    drawn = model.sample(300, seed=0, prompt=np.array([0]))
    assert drawn[0] == 1
    follows = np.mean((drawn[1:] - drawn[:-1]) % 3 == 1)
    assert follows > 0.95  # 1 / 300 of the mass is kept for other symbols
