import jax
import numpy as np

SYMBOLS, VECTORS = np.zeros((1, 2), int), np.zeros((1, 2, 3))  # the inputs of models


def random(model, inputs):
    """A model and random parameters, without a compiled program."""
    shapes = jax.eval_shape(model.init, jax.random.key(0), inputs)["params"]
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda x: rng.normal(size=x.shape).astype(x.dtype) / 2, shapes)
    return model, params
