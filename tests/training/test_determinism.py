import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lstmjax.errors import UserError
from lstmjax.models.vanilla import Vanilla
from lstmjax.training import determinism
from tests import tiny


class Noisy(Vanilla):
    """Scales its outputs by numbers of the host that no key determines."""

    def __call__(self, inputs, **settings):
        outputs, carry = super().__call__(inputs, **settings)
        shape = jax.ShapeDtypeStruct((), jnp.float32)
        return outputs * jax.pure_callback(lambda: np.float32(np.random.rand()), shape), carry


def check(experiment):
    experiment = experiment.resolve()
    return determinism.check(experiment, experiment.task.load())


def test_a_deterministic_run_is_told():
    assert check(tiny.echo()).startswith("deterministic: the first 3 steps")


def test_a_run_that_is_not_names_the_step():
    with pytest.raises(UserError, match="not deterministic: step 1, run twice, gave two losses"):
        check(tiny.echo(model=Noisy(features=8)))
