import numpy as np

from lstmjax.tasks.holding_out import hold_out


def test_each_class_is_held_out_alike():
    classes = np.repeat([0, 1, 2], [60, 30, 10])
    out = hold_out(100, 0.1, 0, classes)
    np.testing.assert_array_equal(np.bincount(classes[out]), [6, 3, 1])
    assert np.any(out != hold_out(100, 0.1, 1, classes))
    np.testing.assert_array_equal(out, hold_out(100, 0.1, 0, classes))
    assert hold_out(5, 0.01, 0).sum() == 1 and hold_out(10, 0.3, 0).sum() == 3
