import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.generative import Generative


def build(**fields):
    model = Generative(outputs=7, **{"features": (5, 6), "embedding": 4} | fields)
    symbols = jnp.array(np.random.default_rng(0).integers(0, 7, (3, 9)))
    return model, model.init(jax.random.key(0), symbols), symbols


@pytest.mark.parametrize(
    "fields", [{}, {"embedding": 0}, {"embedding": 6, "tied": True}, {"kernel": "scan"}]
)
def test_one_step_at_a_time_equals_the_whole(fields):
    model, variables, symbols = build(**fields)
    whole, last = model.apply(variables, symbols)
    carry, logits = None, []
    for t in range(symbols.shape[1]):
        now, carry = model.apply(variables, symbols[:, t], carry, method="step")
        logits.append(now)
    # the same products over one step and over nine may add up in another order
    chex.assert_trees_all_close((jnp.stack(logits, 1), carry), (whole, last), atol=1e-6)


def test_is_causal():
    model, variables, symbols = build()
    table = variables["params"]["embed"]["embedding"]

    def loss(vectors, t):
        """Output t as a function of the vector of every single step."""
        by_step = {"params": variables["params"] | {"embed": {"embedding": vectors}}}
        steps = jnp.arange(9)[None]  # step i reads row i
        return (
            Generative(outputs=9, features=(5, 6), embedding=4).apply(by_step, steps)[0][0, t].sum()
        )

    head = variables["params"]["head"]
    variables["params"]["head"] = {k: jnp.concatenate([v, v], -1)[..., :9] for k, v in head.items()}
    gradient = jax.grad(loss)(jnp.concatenate([table, table])[:9], 3)
    assert not np.any(gradient[4:]) and np.all(np.abs(gradient[:4]).sum(-1) > 0)


def test_padding_changes_nothing():
    model, variables, symbols = build()
    lengths = jnp.array([9, 4, 0])
    logits, carry = model.apply(variables, symbols, lengths=lengths)
    alone, carry_alone = model.apply(variables, symbols[1:2, :4])
    chex.assert_trees_all_close(logits[1:2, :4], alone, atol=1e-6)
    chex.assert_trees_all_close(jax.tree.map(lambda x: x[1:2], carry), carry_alone, atol=1e-6)


def test_tying_shares_the_table():
    _, variables, _ = build(embedding=6, tied=True)
    assert "head" not in variables["params"]
    with pytest.raises(UserError, match="model.tied needs model.embedding"):
        build(embedding=4, tied=True)


def test_dropout_is_for_training():
    model, variables, symbols = build(dropout=0.5)
    apply = lambda train, seed: model.apply(  # noqa: E731
        variables, symbols, train=train, rngs={"dropout": jax.random.key(seed)}
    )[0]
    chex.assert_trees_all_equal(apply(False, 0), apply(False, 1))
    assert np.any(apply(True, 0) != apply(True, 1))


def test_one_hot_is_an_embedding_by_the_input_kernel():
    """542 parameters less the head: the count that a one-hot layer of Keras has."""
    _, variables, _ = build(embedding=0, features=(5,))
    count = sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))
    assert count == 4 * ((7 + 5) * 5 + 5) + (5 + 1) * 7
