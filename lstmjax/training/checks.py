"""What is looked at before a run makes its directory: sizes, shapes, and what the model returns."""

import dataclasses
from typing import Any

import jax
import numpy as np

from lstmjax import devices, programs
from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.tasks.base import Batch, Data
from lstmjax.training.steps import make_init

ROWS = 7919  # of a batch of which only the shapes are of interest: a number that no other axis has


def check_sizes(experiment: Experiment, data: Data) -> None:
    """Raises UserError where a split is too small for the batch, or devices do not divide it."""
    devices.check_batch_size(experiment.batch_size)
    for split, size in data.sizes.items():
        if size == 0:
            raise UserError(f"the {split} split is empty: give task more data or a larger share")
    size = data.sizes["train"]
    if experiment.task.stream and size is not None and size < experiment.batch_size:
        raise UserError(
            f"the training text holds {size} windows, batch_size asks for {experiment.batch_size} "
            "side by side: lower batch_size or task.window"
        )


def check_shapes(experiment: Experiment, data: Data) -> None:
    """Raises UserError where the model is at fault, or its outputs do not fit the targets.

    Traces one forward pass and computes nothing. A loss that came to its shape by broadcasting
    would hold the batch's axis twice, or not in the first place.
    """
    key = ("shapes", experiment.kind, data.shapes, programs.signature(data.arrays))
    programs.keep(key, lambda: _check_shapes(experiment, data))


def _check_shapes(experiment: Experiment, data: Data) -> None:
    alone = dataclasses.replace(experiment, seeds=1, batch_size=ROWS)
    task, model = experiment.task, type(experiment.model).__name__

    def forward(arrays: Any) -> tuple[Any, Batch]:
        state = make_init(alone, data)(np.int32(0))
        batch = task.batch(arrays, "train", np.zeros(ROWS, np.int32), data.shapes[0])
        given = experiment.apply(
            state.params, batch, state.carry, train=True, rngs={"dropout": state.key}
        )
        if not isinstance(given, tuple) or len(given) != 2:
            raise UserError(
                f"model {model} returns {type(given).__name__}: let it return (outputs, carry)"
            )
        return given[0], batch

    outputs, batch = jax.eval_shape(forward, data.arrays)
    expected = (ROWS,) if batch.mask is None else batch.mask.shape
    try:
        loss = jax.eval_shape(task.loss, outputs, batch).shape
        fits = loss[: len(expected)] == expected and ROWS not in loss[1:]
    except (AttributeError, TypeError, ValueError):
        fits = False
    if not fits:
        given = jax.tree.map(lambda leaf: leaf.shape[1:], outputs)
        wanted = (batch.targets if batch.mask is None else batch.mask).shape[1:]
        raise UserError(
            f"model {model} puts out {given} for an example, which does not fit the targets of "
            f"task {type(task).__name__}, {wanted}: change whether it has an output at every step "
            "(model.every_step), or choose another architecture"
        )
    if task.outputs_are == "logits" and outputs.shape[-1] != task.outputs:
        raise UserError(
            f"model {model} puts out {outputs.shape[-1]} scores, task {type(task).__name__} has "
            f"{task.outputs} classes: give the output layer the width self.outputs"
        )
