"""Writing sequences from a model that has a step: beam search, greedy with a beam of one."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

Step = Callable[[Array, Any], tuple[Array, Any]]


def beam_search(
    step: Step, state: Any, *, start: int, length: int, beam: int, stop: int | None = None
) -> tuple[Array, Array]:
    """The likeliest sequences that a beam of partial ones leads to, in one compiled loop.

    A beam of one is greedy decoding (Sutskever et al. 2014, section 3.2). Scores are sums of log
    probabilities, without a bonus for length. A sequence that has written `stop` is kept as it is,
    filled up with `stop`.

    Args:
      step: (symbols (rows,), state) -> (logits (rows, symbols), state).
      state: before the first step, a pytree of arrays (rows, ...).
      start: the symbol read first.
      length: symbols to write.
      beam: partial sequences kept for each row.
      stop: the symbol that ends a sequence, or None: all have the same length.

    Returns:
      Symbols (rows, beam, length), likeliest first, and their log probabilities (rows, beam).
    """
    rows = jax.tree.leaves(state)[0].shape[0]

    def one(loop: tuple, position: Array) -> tuple[tuple, None]:
        last, total, written, state = loop
        logits, state = step(last.reshape(-1), state)
        symbols = logits.shape[-1]
        scores = jax.nn.log_softmax(logits.astype(jnp.float32)).reshape(rows, beam, symbols)
        if stop is not None:
            only_stop = jnp.where(jnp.arange(symbols) == stop, 0.0, -jnp.inf)
            ended = (last == stop) & (position > 0)
            scores = jnp.where(ended[..., None], only_stop, scores)
        candidates = (total[..., None] + scores).reshape(rows, beam * symbols)
        total, places = jax.lax.top_k(candidates, beam)
        parents, last = places // symbols, places % symbols
        written = jnp.take_along_axis(written, parents[..., None], 1)
        written = written.at[:, :, position].set(last)
        taken = (jnp.arange(rows)[:, None] * beam + parents).reshape(-1)
        return (last, total, written, jax.tree.map(lambda leaf: leaf[taken], state)), None

    # one partial sequence a row at first: the others would be its copies
    total = jnp.full((rows, beam), -jnp.inf).at[:, 0].set(0.0)
    written = jnp.zeros((rows, beam, length), jnp.int32)
    spread = jax.tree.map(lambda leaf: jnp.repeat(leaf, beam, 0), state)
    begin = (jnp.full((rows, beam), start, jnp.int32), total, written, spread)
    (_, total, written, _), _ = jax.lax.scan(one, begin, jnp.arange(length))
    return written, total
