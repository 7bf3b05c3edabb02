"""How well programs are executed, by how hard they are: whole outputs, and single characters."""

import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from lstmjax import devices, metrics
from lstmjax.experiment import Experiment
from lstmjax.figures import style
from lstmjax.tasks.base import SPLITS, Batch, Data

Run = tuple[Experiment, Data, Any]  # with the parameters of one seed
ROWS = 256  # programs that are executed at once
CURRICULA = ("baseline", "naive", "mix", "combined")


class Judged(NamedTuple):
    """Of every test program, in the order of the examples."""

    whole: np.ndarray  # bool (programs,): whether the model writes the output right by itself
    right: np.ndarray  # (programs,): characters that are right after the true ones before them
    count: np.ndarray  # (programs,): characters of the output, and its end


def levels(experiment: Experiment, data: Data, params: Any, path: pathlib.Path) -> str:
    """Test programs by length and nesting, of one run; see `curricula`."""
    return curricula({experiment.task.curriculum: (experiment, data, params)}, path)


def curricula(runs: Mapping[str, Run], path: pathlib.Path) -> str:
    """Test programs by length and nesting, of runs whose task Programs differs in the curriculum.

    Args:
      runs: of each curriculum the experiment, its data and the parameters of one seed.
      path: the PNG file to write.
    """
    task = next(iter(runs.values()))[0].task
    programs = task.programs()["test"]
    level = np.array([program.level for program in programs])  # (programs, 2)
    alone = np.array([program.alone for program in programs])
    digits, nestings = np.arange(1, task.length + 1), range(1, task.nesting + 1)
    judged = {name: judge(*run) for name, run in runs.items()}

    def by_length(values: np.ndarray, weights: np.ndarray, nesting: int) -> list[float]:
        chosen = [(level[:, 0] == n) & (level[:, 1] == nesting) for n in digits]
        return [values[of].sum() / max(weights[of].sum(), 1) for of in chosen]

    ones = np.ones(len(programs))
    with style.picture(path, 5.4) as figure:
        rows = figure.subplots(2, task.nesting, squeeze=False, sharex=True, sharey=True)
        for column, nesting in enumerate(nestings):
            above, below = rows[:, column]
            above.plot(
                digits, by_length(alone, ones, nesting), color=style.MUTED, linestyle=":",
                label="last line, exactly",
            )  # fmt: skip
            for name, of in judged.items():
                look = {"color": style.COLOURS[CURRICULA.index(name)], "label": name}
                look |= {"linestyle": style.DASHES[CURRICULA.index(name)], "marker": "o"}
                above.plot(digits, by_length(of.whole, ones, nesting), markersize=4, **look)
                below.plot(digits, by_length(of.right, of.count, nesting), markersize=4, **look)
            above.set(ylim=(-0.03, 1.03), title=f"nesting {nesting}")
            below.set(xticks=digits, xlabel="digits of the constants")
            for axes in (above, below):
                style.grid(axes)
        rows[0, 0].set_ylabel("whole outputs right")
        rows[1, 0].set_ylabel("characters right,\nthe true ones given")
        figure.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    told = [
        f"{name} {of.whole.mean():.3f} ({of.whole[alone].mean():.3f} where the last line says it "
        f"all, {of.whole[~alone].mean():.3f} elsewhere), characters "
        f"{of.right.sum() / of.count.sum():.3f}"
        for name, of in judged.items()
    ]
    return (
        f"Outputs of {len(programs):,} test programs by the digits of their constants and the "
        f"nesting of their operations: whole outputs that a model writes by itself, and characters "
        f"with the true ones before them given. All levels together: {'; '.join(told)}."
    )


def judge(experiment: Experiment, data: Data, params: Any) -> Judged:
    """What a model makes of every test program, in the order of the examples."""
    task, size = experiment.task, data.sizes["test"]
    judged = Judged(np.empty(size, bool), np.empty(size), np.empty(size))

    def one(params: Any, arrays: Any, indices: jnp.ndarray) -> tuple:
        batch: Batch = task.batch(arrays, SPLITS[2], indices, data.shapes[-1])
        truth = batch.targets[:, 0]
        free = experiment.apply(params, batch)[0].argmax(-1)
        forced = experiment.apply(params, batch, forced=True)[0].argmax(-1)
        whole = metrics.edit_distance(free, truth, task.stop) == 0
        return whole, ((forced == truth) * batch.mask).sum(-1), batch.mask.sum(-1)

    program = devices.jit(one)
    for start in range(0, size, ROWS):
        rows = np.minimum(np.arange(start, start + ROWS), size - 1)  # the last ones once more
        for kept, found in zip(judged, program(params, data.arrays, rows), strict=True):
            kept[rows] = np.asarray(found)
    return judged
