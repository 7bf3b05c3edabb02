import numpy as np

from lstmjax.tasks.sequences.floors import guesses, summarize


def test_floors_by_hand():
    # one feature besides length and one: classes at 0, 1 and 10
    train = summarize(np.array([0.0, 0, 1, 10])[:, None, None], np.ones(4, int), [0.0], [1.0], 1)
    test = summarize(np.array([0.1, 0.9, 7])[:, None, None], np.ones(3, int), [0.0], [1.0], 1)
    guessed = guesses(train, np.array([0, 0, 1, 2]), test, 3)
    np.testing.assert_array_equal(guessed["most frequent class"], 0)
    np.testing.assert_array_equal(guessed["nearest class mean"], [0, 1, 2])
    np.testing.assert_array_equal(guessed["least squares"][[0, 2]], [0, 2])
    chosen = summarize(np.arange(5.0)[None, :, None], np.array([4]), [1.0], [2.0], 2)
    np.testing.assert_array_equal(chosen, [[-0.5, 1, 2, 1]])  # first and last of four steps
