"""Drawing music from a model of piano rolls, in one compiled loop."""

import pathlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import figures
from lstmjax.errors import UserError
from lstmjax.files import check_writable
from lstmjax.models.base import Model
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.music import PianoRoll
from lstmjax.tasks.music.files import write_midi


def compose(
    model: Model, params: Any, first: np.ndarray, length: int, seed: int, temperature: float = 1.0
) -> np.ndarray:
    """Goes on from the first frames of a piece, every key of a frame drawn by itself.

    Args:
      model: a causal model with an output at every step.
      params: its parameters.
      first: bool (frames, keys), at least one.
      length: frames that are drawn.
      seed: of the draws.
      temperature: divides the logits; 0 takes what is likelier.

    Returns:
      The first frames and those drawn, bool (frames + length, keys).
    """

    @jax.jit
    def draw(params: Any, first: Array) -> Array:
        def one(state: tuple[Array, Any], key: Array) -> tuple[tuple[Array, Any], Array]:
            logits, carry = state
            noise = temperature * jax.random.logistic(key, logits.shape)
            drawn = logits + noise > 0
            frame = drawn.astype(first.dtype)[:, None]
            logits, carry = model.apply({"params": params}, frame, carry=carry)
            return (logits[:, -1], carry), drawn[0]

        logits, carry = model.apply({"params": params}, first[None])
        keys = jax.random.split(jax.random.key(seed), length)
        return jax.lax.scan(one, (logits[:, -1], carry), keys)[1]

    drawn = np.asarray(draw(params, jnp.asarray(first, jnp.float32)))
    return np.concatenate([first, drawn])


def write_music(
    workdir: pathlib.Path,
    output: pathlib.Path,
    length: int,
    seed: int,
    temperature: float = 1.0,
    frames: int = 4,
) -> np.ndarray:
    """Writes music that goes on from the first frames of a test piece: MIDI, or a picture of it.

    Args:
      workdir: of a run on piano rolls; of several seeds the first composes.
      output: the file; one that ends in .png shows the notes.
      length: frames of it that are drawn.
      seed: of the draws, and which test piece begins.
      temperature: see `compose`.
      frames: that are the test piece's.

    Returns:
      What was written, bool (frames + length, keys).

    Raises:
      UserError: the run is of another task, or not there.
    """
    check_writable(output, "--output")
    experiment, params, _ = restore_best(workdir)
    if not isinstance(experiment.task, PianoRoll):
        task = type(experiment.task).__name__
        raise UserError(f"--workdir {workdir}: its task is {task}, which does not write music")
    rolls, starts, times = experiment.task.load().arrays["test"]
    piece = seed % len(starts)
    first = rolls[starts[piece] : starts[piece] + min(frames, times[piece])]
    params = experiment.first_seed(params)
    roll = compose(experiment.model, params, first, length, seed, temperature)
    if output.suffix == ".png":
        figures.piano_rolls({f"after test piece {piece + 1}": roll}, output, len(first))
    else:
        write_midi(output, roll)
    return roll
