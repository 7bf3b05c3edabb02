import numpy as np
import pytest

from lstmjax.inference.evaluation import evaluation_indices


@pytest.mark.parametrize("size, batch", [(10, 4), (8, 4), (3, 4), (1, 1)])
@pytest.mark.parametrize("stream", [False, True])
def test_evaluation_reads_each_example_once(size, batch, stream):
    indices, valid = evaluation_indices(size, stream, batch)
    assert sorted(indices[valid]) == list(range(size))
    if stream:
        for row in range(indices.shape[1]):
            kept = indices[:, row][valid[:, row]]
            assert np.all(np.diff(kept) == 1)
