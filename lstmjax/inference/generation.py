"""Drawing sequences from a generative model, in one compiled loop."""

import codecs
import dataclasses
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax.errors import UserError
from lstmjax.models.base import Model
from lstmjax.runs.checkpoints import restore_best
from lstmjax.settings import check, setting
from lstmjax.tasks.text.next_symbol import NextSymbol

CHUNK = 64  # symbols drawn between two visits to the host
COLDEST = 1e-30  # temperature: only the likeliest is left there, and no score is infinite


@dataclasses.dataclass(frozen=True)
class Extent:
    """How much is drawn, and from which numbers."""

    length: int = setting(500, at_least=1)  # symbols
    seed: int = setting(0, at_least=0)


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How the next symbol is drawn from its distribution."""

    temperature: float = setting(1.0, at_least=0)  # divides the logits; 0 takes the likeliest
    top_k: int | None = setting(None, at_least=1)  # draw among the k likeliest (Fan et al. 2018)
    top_p: float | None = setting(None, at_least=0, at_most=1)  # nucleus (Holtzman et al. 2020)

    def keep(self, logits: Array) -> Array:
        """Logits (rows, symbols) over the temperature, -inf where a symbol is ruled out."""
        logits = logits.astype(jnp.float32) / max(self.temperature, COLDEST)
        if self.top_k is not None:
            least = jax.lax.top_k(logits, min(self.top_k, logits.shape[-1]))[0][:, -1:]
            logits = jnp.where(logits < least, -jnp.inf, logits)
        if self.top_p is not None:
            ordered = jnp.sort(logits, descending=True)
            probability = jax.nn.softmax(ordered)
            before = jnp.cumsum(probability, -1) - probability
            # the smallest set of likeliest symbols whose probability reaches top_p, never empty
            inside = (before < self.top_p).at[:, 0].set(True)
            least = jnp.min(jnp.where(inside, ordered, jnp.inf), -1, keepdims=True)
            logits = jnp.where(logits < least, -jnp.inf, logits)
        return logits


def generate(
    model: Model, params: Any, prompt: np.ndarray, rows: int, length: int, seed: int, how: Sampling
) -> Iterator[np.ndarray]:
    """Draws `rows` continuations of a prompt, each independent of how many there are.

    Args:
      model: a model with `step` and an explicit carry, such as Generative.
      params: its parameters.
      prompt: codes (prompt length,), at least one; read before the first draw.
      rows: how many continuations.
      length: symbols of each.
      seed: of the draws.
      how: temperature, top_k and top_p.

    Yields:
      Codes (rows, CHUNK) and at the end the rest, as they are drawn.
    """
    symbols = model.outputs

    @jax.jit
    def read(params: Any, prompt: Array, prompt_length: Array) -> tuple[Array, Any]:
        lengths = prompt_length[None]
        logits, carry = model.apply({"params": params}, prompt[None], lengths=lengths)
        spread = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (rows, *leaf.shape[1:])), carry)
        return jnp.broadcast_to(logits[:, prompt_length - 1], (rows, symbols)), spread

    @jax.jit
    def draw(params: Any, logits: Array, carry: Any, chunk: Array) -> tuple[Array, Any, Array]:
        def noise_of_row(row: Array) -> Array:
            key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), row), chunk)
            return jax.random.gumbel(key, (CHUNK, symbols))

        def one(state: tuple[Array, Any], noise: Array | None) -> tuple[tuple[Array, Any], Array]:
            logits, carry = state
            # the likeliest after adding Gumbel noise is a draw from the softmax
            scores = logits if noise is None else how.keep(logits) + noise
            drawn = scores.argmax(-1)
            after = model.apply({"params": params}, drawn, carry, method="step")
            return after, drawn

        greedy = how.temperature == 0
        noise = None if greedy else jax.vmap(noise_of_row, out_axes=1)(jnp.arange(rows))
        (logits, carry), drawn = jax.lax.scan(one, (logits, carry), noise, length=CHUNK)
        return logits, carry, drawn.T

    # powers of two: few shapes to compile
    padded = np.zeros(max(64, 1 << (len(prompt) - 1).bit_length()), np.int32)
    padded[: len(prompt)] = prompt
    logits, carry = read(params, padded, np.int32(len(prompt)))
    for chunk, start in enumerate(range(0, length, CHUNK)):
        logits, carry, drawn = draw(params, logits, carry, np.int32(chunk))
        yield np.asarray(drawn)[:, : length - start]


def restore_text_model(workdir: pathlib.Path) -> tuple[NextSymbol, Model, Any]:
    """The task, the model and the best parameters of a directory; of several seeds the first.

    Raises:
      UserError: the run is not of a text model, or not there.
    """
    experiment, params, _ = restore_best(workdir)
    if not isinstance(experiment.task, NextSymbol):
        task = type(experiment.task).__name__
        raise UserError(f"--workdir {workdir}: its task is {task}, which does not write text")
    return experiment.task, experiment.model, experiment.first_seed(params)


def write_samples(
    workdir: pathlib.Path, prompt: str, length: int, rows: int, seed: int, how: Sampling
) -> None:
    """Writes continuations of a prompt, from a directory's best checkpoint, to standard output.

    One is written as it is drawn, several one after the other.

    Raises:
      UserError: the run is not of a text model, or the prompt has characters unknown to it.
    """
    check(how, "--")
    if not prompt:
        raise UserError("--prompt is empty: give at least one character to start from")
    if rows > 1:
        for row, text in enumerate(draw_texts(workdir, prompt, length, rows, seed, how)):
            print(f"--- {row + 1} of {rows}\n{prompt}{text}")
        return
    task, model, params = restore_text_model(workdir)
    read = task.encode(prompt)
    before = read[-1]
    chunks = generate(model, params, read, 1, length, seed, how)
    # a chunk may end inside a character of several bytes
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    sys.stdout.write(prompt)
    for chunk in chunks:
        sys.stdout.write(decoder.decode(task.decode_bytes(chunk[0], before)))
        before = chunk[0, -1]
        sys.stdout.flush()
    sys.stdout.write("\n")


def draw_texts(
    workdir: pathlib.Path, prompt: str, length: int, rows: int, seed: int, how: Sampling
) -> list[str]:
    """Continuations of a prompt, from a directory's best checkpoint, without the prompt."""
    task, model, params = restore_text_model(workdir)
    read = task.encode(prompt)
    drawn = np.concatenate(list(generate(model, params, read, rows, length, seed, how)), 1)
    return [task.decode_bytes(codes, read[-1]).decode(errors="replace") for codes in drawn]
