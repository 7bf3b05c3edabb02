"""What a generative model adds to the loss, and what SGD makes of it."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax

from lstmjax.models.generative import Generative
from lstmjax.optimizers import SGD
from lstmjax.recurrent import LSTM
from lstmjax.training.steps import init_state, make_step
from tests import tiny


def test_a_step_minimizes_nats_and_penalties_and_logs_nats(tmp_path):
    """Merity et al. (2018), section 4.4, in windows of unequal length."""
    model = Generative(features=(5,), activation_penalty=2.0, change_penalty=30.0)
    sgd = SGD(learning_rate=0.5, weight_decay=0.1)
    experiment = tiny.text(tmp_path, model=model, optimizer=sgd, carry_reset=0.0)
    experiment = experiment.override(["task.window=12", "task.window_deviation=2"]).resolve()
    data = experiment.task.load()
    state, indices = init_state(experiment, data), np.arange(4)
    state = state.replace(params=jax.tree.map(lambda leaf: 3 * leaf, state.params))
    after, log = jax.jit(make_step(experiment, data))(state, data.arrays, indices, 0)
    batch = experiment.task.batch(data.arrays, "train", indices)
    assert len(set(np.asarray(batch.lengths).tolist())) > 1

    def loss(params):
        symbols = experiment.task.outputs
        inputs = jax.nn.one_hot(batch.inputs, symbols) * symbols**0.5
        layer = {"params": params["layers_0"]}
        hidden, _ = LSTM(5).apply(layer, inputs, lengths=batch.lengths)
        logits = hidden @ params["head"]["kernel"] + params["head"]["bias"]
        nats = optax.softmax_cross_entropy_with_integer_labels(logits, batch.targets)
        parts = [[], [], []]
        for row, length in enumerate(np.asarray(batch.lengths)):
            said = hidden[row, :length]
            for part, of in zip(
                parts, (nats[row, :length], said, said[1:] - said[:-1]), strict=True
            ):
                part.append(of.reshape(-1))
        nats, said, change = map(jnp.concatenate, parts)
        return nats.mean() + 2 * (said**2).mean() + 30 * (change**2).mean(), nats.mean()

    gradient, nats = jax.jit(jax.grad(loss, has_aux=True))(state.params)
    expected = jax.tree.map(lambda w, g: w - 0.5 * (g + 0.1 * w), state.params, gradient)
    chex.assert_trees_all_close(after.params, expected, atol=1e-5)
    assert np.isclose(log["loss"], nats, rtol=1e-5)
