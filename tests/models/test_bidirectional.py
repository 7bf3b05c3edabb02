import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.models.bidirectional import Bidirectional
from lstmjax.recurrent import LSTM


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_published_parameter_count():
    model = Bidirectional(features=50, outputs=1)
    shapes = jax.eval_shape(model.init, jax.random.key(0), random(1, 10, 1))["params"]
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 20901


MERGES = {
    "concat": lambda forward, backward: np.concatenate([forward, backward], -1),
    "sum": lambda forward, backward: forward + backward,
    "mul": lambda forward, backward: forward * backward,
    "ave": lambda forward, backward: (forward + backward) / 2,
}


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("every_step", [True, False])
def test_merges_two_layers_of_which_one_reads_the_flipped_input(merge, every_step):
    """The backward layer is a forward one on the flipped input, flipped back."""
    inputs = random(2, 6, 4)
    model = Bidirectional(features=5, outputs=3, merge=merge, every_step=every_step)
    variables = model.init(jax.random.key(0), inputs)
    params = variables["params"]
    forward, (_, end) = LSTM(5).apply({"params": params["forward"]}, inputs)
    flipped, (_, start) = LSTM(5).apply({"params": params["backward"]}, inputs[:, ::-1])
    read = (forward, flipped[:, ::-1]) if every_step else (end, start)
    head = params["Dense_0"]
    expected = MERGES[merge](*read) @ head["kernel"] + head["bias"]
    chex.assert_trees_all_close(model.apply(variables, inputs)[0], expected, atol=1e-5)


def test_no_merge_gives_a_pair():
    inputs = random(2, 6, 4)
    model = Bidirectional(features=5, outputs=3, merge="none")
    variables = model.init(jax.random.key(0), inputs)
    (forward, backward), carry = model.apply(variables, inputs)
    chex.assert_shape((forward, backward), (2, 6, 3))
    later = inputs.copy()
    later[:, -1] += 1
    (same, changed), _ = model.apply(variables, later)
    chex.assert_trees_all_equal(same[:, :-1], forward[:, :-1])
    assert np.all(np.abs(changed - backward).sum(-1) > 0)
    assert len(carry) == 2


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_one_direction_sees_one_side(direction):
    """Output t depends on inputs up to t, or from t on, and its own input is among them."""
    inputs = random(6, 4)
    model = Bidirectional(features=5, outputs=1, direction=direction)
    variables = model.init(jax.random.key(0), inputs)
    assert set(variables["params"]) == {direction, "Dense_0"}
    gradients = jax.jacobian(lambda x: model.apply(variables, x)[0][:, 0])(inputs)
    seen = np.tril(np.ones((6, 6), bool))
    seen = seen if direction == "forward" else seen.T
    np.testing.assert_array_equal(np.abs(gradients).sum(-1) > 0, seen)


@pytest.mark.parametrize("every_step", [True, False])
def test_padding_changes_nothing(every_step):
    inputs, lengths = random(3, 6, 4), np.array([6, 1, 4])
    model = Bidirectional(features=5, outputs=2, every_step=every_step)
    variables = model.init(jax.random.key(0), inputs)
    outputs, carry = model.apply(variables, inputs, lengths=lengths)
    for row, length in enumerate(lengths):
        alone, last = model.apply(variables, inputs[row : row + 1, :length])
        got = outputs[row : row + 1, :length] if every_step else outputs[row : row + 1]
        chex.assert_trees_all_close(got, alone, atol=1e-6)
        here = jax.tree.map(lambda leaf: leaf[row : row + 1], carry)  # noqa: B023
        chex.assert_trees_all_close(here, last, atol=1e-6)


def test_resets_keep_sequences_in_a_row_apart():
    inputs = random(1, 6, 4)
    model = Bidirectional(features=5, outputs=2)
    variables = model.init(jax.random.key(0), inputs)
    resets = jnp.arange(6)[None] == 2
    together, _ = model.apply(variables, inputs, resets=resets)
    apart = [model.apply(variables, part)[0] for part in (inputs[:, :2], inputs[:, 2:])]
    chex.assert_trees_all_close(together, jnp.concatenate(apart, 1), atol=1e-6)
