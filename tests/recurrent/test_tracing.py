import jax
import jax.numpy as jnp

from lstmjax.recurrent.tracing import traced_once


def test_the_body_runs_once_a_shape_and_leaves_no_trace_in_a_program():
    calls = []

    @traced_once("power")
    def function(x, *, power=2):
        calls.append((x.shape, power))
        return x**power

    for _ in range(2):
        assert jax.eval_shape(function, jnp.ones(3)).shape == (3,)
        assert function(2 * jnp.ones(3)).tolist() == [4.0, 4.0, 4.0]
    assert calls == [((3,), 2)]
    function(jnp.ones(4)), function(jnp.ones(3), power=3)
    assert calls == [((3,), 2), ((4,), 2), ((3,), 3)]

    def program(inner):
        return jax.jit(lambda x: 3 * inner(x) + 1).lower(jnp.ones(3)).as_text()

    assert program(function) == program(lambda x: x**2) != program(jax.jit(lambda x: x**2))
