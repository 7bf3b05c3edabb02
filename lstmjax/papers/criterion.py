"""When a run was done, as the papers count it: in training sequences."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lstmjax import devices
from lstmjax.experiment import Experiment
from lstmjax.tasks.papers.symbols import NextSets, right_examples

ROWS = 64  # test examples that are scored at once


def sequences_until(
    log: Sequence[Mapping[str, Any]],
    metric: str,
    solved: float,
    batch_size: int,
    lower_is_better: bool = False,
) -> list[int | None]:
    """How many sequences each seed had been trained on at the first validation that was as good.

    Args:
      log: the lines of metrics.jsonl.
      metric: a validation score.
      solved: the score that is good enough.
      batch_size: sequences an update.
      lower_is_better: whether the score is an error.

    Returns:
      For each seed the sequences, None where it never was.
    """
    lines = [line for line in log if "valid" in line]
    scores = np.array([np.atleast_1d(line["valid"][metric]) for line in lines])  # (lines, seeds)
    good = scores <= solved if lower_is_better else scores >= solved
    return [
        lines[int(seed.argmax())]["step"] * batch_size if seed.any() else None for seed in good.T
    ]


def largest_counted(experiment: Experiment, params: Any) -> list[int]:
    """Up to which n each seed has every test sequence of `Counting` right.

    Args:
      experiment: with the task Counting.
      params: of all seeds.
    """
    task: NextSets = experiment.task

    def right(params: Any, indices: jax.Array) -> jax.Array:
        batch = task.batch((), "test", indices)
        outputs, _ = experiment.apply(params, batch)
        return right_examples(((outputs > 0) == (batch.targets > 0)).all(-1), batch)

    program = devices.jit(right if experiment.seeds == 1 else jax.vmap(right, (0, None)))
    parts = [
        np.atleast_2d(program(params, jnp.arange(begin, begin + ROWS)))
        for begin in range(0, task.test_examples, ROWS)
    ]
    together = np.concatenate(parts, 1)[:, : task.test_examples]
    return np.cumprod(together, 1).sum(1).tolist()
