"""Scores of a state on a split: metrics of every seed, means and deviations, floors beside them."""

import pathlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import devices, metrics, programs
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.inference.decoding import respond
from lstmjax.inference.together import together as as_one
from lstmjax.runs.checkpoints import restore_best
from lstmjax.tasks.base import Batch, Data, Shape


class Evaluation:
    """The metrics of parameters on a whole split, in one compiled program.

    Besides the task's metrics there is `loss`, the mean of what training minimizes. A stream is
    read in `evaluation_batch_size` contiguous rows, each with its carry running on. Where models
    write, they do so by a beam: unless told otherwise the task's on the test split, and one, which
    is greedy, on the others.
    """

    def __init__(
        self,
        experiment: Experiment,
        data: Data,
        split: str,
        params: Any,
        beam: int | None = None,
    ):
        """Compiles the program for parameters like `params`."""
        data = data.placed(experiment.batch_size)
        task, size, mesh = experiment.task, data.sizes[split], data.mesh
        self._everywhere = devices.everywhere(mesh)
        params = self._placed(params)
        beam = beam or (None if split == "test" else 1)
        scored = _scored(size, task.stream, experiment.evaluation_examples)
        parts = [(None, scored)]  # the examples of each shape
        if data.buckets is not None:
            of = data.buckets.of[split][scored]
            parts = [(shape, scored[of == i]) for i, shape in enumerate(data.shapes)]
        shapes, examples = zip(*((shape, of) for shape, of in parts if len(of)), strict=True)
        batches = [
            _in_batches(of, task.stream, experiment.evaluation_batch_size) for of in examples
        ]
        indices, valid = zip(*batches, strict=True)
        self._arrays, indices = data.picked(task.gather, split, *indices)
        self._batches = devices.put([*zip(indices, valid, strict=True)], self._everywhere)

        def sums(params: Any, arrays: Any, batches: Any) -> dict[str, tuple[Array, Array]]:
            def of_shape(shape: Shape | None, indices: Array, valid: Array) -> dict:
                def one_batch(carry: Any, now: tuple[Array, Array]) -> tuple[Any, dict]:
                    indices, valid = (devices.spread_if_even(array, mesh) for array in now)
                    batch = only(task.batch(arrays, split, indices, shape), valid)
                    scored, outputs, after = respond(experiment, params, batch, carry, beam)
                    loss = metrics.mean(task.loss(scored, batch), batch.mask)
                    scores = {"loss": loss} | dict(task.metrics(outputs, batch))
                    return after if task.stream else None, scores

                example = jax.eval_shape(lambda: task.batch(arrays, split, indices[0], shape))
                carry = experiment.zero_carry(params, example)
                return jax.lax.scan(one_batch, carry, (indices, valid))[1]

            scores = [of_shape(shape, *of) for shape, of in zip(shapes, batches, strict=True)]
            return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *scores)

        def build() -> Any:
            row, arrays = np.zeros(1, np.int32), self._arrays
            example = jax.eval_shape(lambda a: task.batch(a, split, row, shapes[-1]), arrays)
            many = sums if experiment.seeds == 1 else jax.vmap(sums, (0, None, None))
            # a third of a training step's work, some thirty times
            short = devices.is_short(params, example.inputs, 10 * len(scored))
            program = devices.jit(many, short=short, out_shardings=self._everywhere)
            return program.lower(params, self._arrays, self._batches).compile()

        arguments = programs.signature((params, self._arrays, self._batches))
        key = ("evaluation", experiment.kind, split, beam, shapes, mesh, arguments)
        self._program = programs.keep(key, build)

    def __call__(self, params: Any) -> dict[str, np.ndarray]:
        """{metric: value}, with several seeds {metric: (seeds,) values}."""
        scored = self._program(self._placed(params), self._arrays, self._batches)
        # (batches,) or (seeds, batches): added up here, in float64
        sums = jax.tree.map(lambda leaf: np.float64(leaf).sum(-1), jax.device_get(scored))
        return metrics.divide(sums)

    def _placed(self, params: Any) -> Any:
        """Parameters as training has them, also those of a checkpoint: one program for both."""

        def placed(leaf: Any) -> Any:
            on_host = isinstance(leaf, np.ndarray)
            return devices.put(leaf, self._everywhere) if on_host else leaf

        return jax.tree.map(placed, params)


def evaluation_indices(size: int, stream: bool, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Every example of a split once, in batches, and which entries are examples.

    Returns:
      int32 and bool (batches, batch_size). Of a stream, row r is one contiguous stretch.
    """
    batch_size = min(batch_size, size)
    batches = -(-size // batch_size)
    places = np.arange(batches * batch_size, dtype=np.int32)
    order = places.reshape(batch_size, batches).T if stream else places.reshape(batches, batch_size)
    return np.minimum(order, size - 1), order < size


def _in_batches(
    examples: np.ndarray, stream: bool, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Some examples (size,) in batches, and which entries are examples."""
    places, valid = evaluation_indices(len(examples), stream, batch_size)
    return examples.astype(np.int32)[places], valid


def only(batch: Batch, valid: Array) -> Batch:
    """The batch with the examples that are not `valid` (batch,) masked out."""
    if batch.mask is None:
        return batch._replace(mask=valid)
    return batch._replace(mask=batch.mask * valid.reshape(-1, *[1] * (batch.mask.ndim - 1)))


def _scored(size: int, stream: bool, most: int) -> np.ndarray:
    """The examples of a split that are scored: all, or as many as `most`."""
    if size <= most or stream:
        return np.arange(min(size, most), dtype=np.int32)
    return np.linspace(0, size - 1, most).round().astype(np.int32)


def sampled(experiment: Experiment, data: Data, split: str) -> dict[str, dict[str, list[int]]]:
    """What a report says if not all of a split was scored: how many of how many."""
    size, most = data.sizes[split], experiment.evaluation_examples
    return {"sampled": {split: [most, size]}} if size > most else {}


def summarize(scores: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """{metric: {"mean", "deviation", "each"}}; the deviation is the sample's, 0 for one seed."""
    summary = {}
    for name, values in scores.items():
        each = np.atleast_1d(values)
        deviation = each.std(ddof=1) if len(each) > 1 else 0.0
        summary[name] = {
            "mean": float(each.mean()),
            "deviation": float(deviation),
            "each": [float(value) for value in each],
        }
    return summary


def answers(experiment: Experiment, data: Data, params: Any, count: int = 10) -> list[str]:
    """What `task.show` says of the first test examples; of several seeds, the first's answers."""
    params = experiment.first_seed(params)
    indices = jnp.arange(min(count, data.sizes["test"]))
    draw = devices.jit(lambda a: experiment.task.batch(a, "test", indices, data.shapes[-1]))
    batch = draw(data.arrays)
    outputs = devices.jit(lambda p, b: respond(experiment, p, b)[1])(params, batch)
    return experiment.task.show(outputs, batch)


def count_parameters(experiment: Experiment, params: Any) -> int:
    """How many numbers one seed's parameters are."""
    return sum(leaf.size for leaf in jax.tree.leaves(params)) // experiment.seeds


def evaluate_workdir(
    workdir: pathlib.Path, split: str, beam: int | None = None, together: bool = False
) -> dict[str, Any]:
    """Scores the best checkpoint of a training directory: what its report says, for any split.

    Of the test split there are also `answers`, lines of `task.show`.

    Args:
      workdir: the directory of the run.
      split: which examples.
      beam: answers followed side by side, where the task has models write; none: as in the run.
      together: whether all seeds of the run are scored as one, by the mean of what they say.
    """
    experiment, params, step = restore_best(workdir)
    experiment = experiment.with_options(beam=beam)
    scored = as_one(experiment) if together else experiment
    data = experiment.task.load()
    if not data.sizes.get(split):
        raise UserError(f"--split {split}: its examples never run out or there are none; take test")
    return {
        "experiment": experiment.to_json(),
        "best_step": step,
        "seeds": experiment.seeds,
        split: summarize(Evaluation(scored, data, split, params, beam)(params)),
        "together": together,
        **sampled(experiment, data, split),
        "floors": experiment.task.floors(data) if split == "test" else {},
        "answers": answers(scored, data, params) if split == "test" else [],
    }
