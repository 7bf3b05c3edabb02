"""Functions that are traced once."""

import functools
from collections.abc import Callable

import jax


def traced_once(*static: str) -> Callable[[Callable], Callable]:
    """A decorator: JAX traces the function once for each shape of its arguments, and remembers.

    A model asks for the same layer again and again: in training, in each evaluation, and for the
    shapes of its parameters in every call. A program that contains the function is the same as
    without. Called outside of one, it is one program instead of one an operation.

    Args:
      static: names of the arguments that are no arrays; their values must be hashable.
    """
    return functools.partial(jax.jit, static_argnames=static, inline=True)
