"""Writing sequences from a model that has a step: beam search, greedy with a beam of one."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax.experiment import Experiment
from lstmjax.models.encoder_decoder import START
from lstmjax.tasks.base import Batch, Written

Step = Callable[[Array, Any], tuple[Array, Any]]


def beam_search(
    step: Step, state: Any, *, start: int, length: int, beam: int, stop: int | None = None
) -> tuple[Array, Array]:
    """The likeliest sequences that a beam of partial ones leads to, in one compiled loop.

    A beam of one is greedy decoding (Sutskever et al. 2014, section 3.2). Scores are sums of log
    probabilities, without a bonus for length. A sequence that has written `stop` is kept as it is,
    filled up with `stop`; once all have, the loop ends.

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

    def unfinished(loop: tuple) -> Array:
        position, last, *_ = loop
        ended = jnp.bool_(False) if stop is None else jnp.all(last == stop) & (position > 0)
        return (position < length) & ~ended

    def one(loop: tuple) -> tuple:
        position, last, total, written, state = loop
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
        state = jax.tree.map(lambda leaf: leaf[taken], state)
        return position + 1, last, total, written, state

    # one partial sequence a row at first: the others would be its copies
    total = jnp.full((rows, beam), -jnp.inf).at[:, 0].set(0.0)
    written = jnp.full((rows, beam, length), 0 if stop is None else stop, jnp.int32)
    spread = jax.tree.map(lambda leaf: jnp.repeat(leaf, beam, 0), state)
    begin = (jnp.int32(0), jnp.full((rows, beam), start, jnp.int32), total, written, spread)
    _, _, total, written, _ = jax.lax.while_loop(unfinished, one, begin)
    return written, total


def respond(
    experiment: Experiment, params: Any, batch: Batch, carry: Any = None, beam: int | None = None
) -> tuple[Any, Any, Any]:
    """What a trained model says of a batch: what the task's loss reads, what its metrics do, carry.

    The two are the same, the model's outputs, unless the task has models write. Then the metrics
    read what is written by beam search, without a look at the targets, and the loss reads scores of
    the true symbols, each after the true ones before it, or None where the batch has no targets.

    Args:
      experiment: whose model.
      params: one seed's.
      batch: inputs, with or without targets.
      carry: of a stream.
      beam: width of the search where the task has models write; none: the task's own.
    """
    if not experiment.task.writes:
        outputs, carry = experiment.apply(params, batch, carry)
        return outputs, outputs, carry
    logits = None
    if batch.targets is not None:
        logits, _ = experiment.apply(params, batch, forced=True)
    written = beam_search(
        functools.partial(experiment.step_writing, params),
        experiment.start_writing(params, batch),
        start=START,
        length=experiment.task.longest,
        beam=beam or experiment.task.beam,
        stop=experiment.task.stop,
    )
    return logits, Written(*written, logits), None
