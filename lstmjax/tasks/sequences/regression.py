"""Numbers from sequences: one, several, or some at every step."""

import csv
import dataclasses
import io
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from lstmjax import metrics
from lstmjax.errors import UserError
from lstmjax.files import decimal, write_text
from lstmjax.metrics import Sums
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Data, Shape
from lstmjax.tasks.sequences.examples import Part, Sequences
from lstmjax.tasks.sequences.floors import regressions, summarize
from lstmjax.tasks.sequences.task import SequenceTask
from lstmjax.tasks.series.heads import Error, Head, Kind, pinball


class Truth(NamedTuple):
    """What an example is scored by."""

    values: Array  # (batch, [time,] values), scaled
    spread: Array  # (batch, values): what the scaling divided by


class Measurement(NamedTuple):
    """What is said of an example, in the units of its target."""

    value: np.ndarray  # (values,), or at every step (steps, values): the median
    quantiles: np.ndarray | None = None  # (..., values, levels), unless the head is point


@dataclasses.dataclass(frozen=True)
class Regression(SequenceTask):
    """Numbers of a sequence, or of each of its steps, from what it holds.

    Targets are scaled to mean 0 and variance 1 in the training part, and the answers are in units.
    """

    head: Kind = "point"
    error: Error = "squared"  # that head point is trained on
    levels: tuple[float, ...] = setting((0.1, 0.5, 0.9), at_least=0.001, at_most=0.999)  # quantiles
    # of freedom of head student; none: learned, for each value
    degrees: float | None = setting(5.0, at_least=1.1)
    # what the sequences determine:
    values: int = setting(1, at_least=1)  # numbers of a sequence or of a step
    every_step: bool = False  # whether there are numbers at every step
    centre: tuple[float, ...] = ()  # what is subtracted from each number
    spread: tuple[float, ...] = ()  # what the difference is divided by

    @property
    def outputs(self) -> int:
        """The parameters of every number."""
        return self.values * self.read_as.width

    @property
    def read_as(self) -> Head:
        """What the outputs mean."""
        return Head(self.head, self.levels, self.degrees, self.error)

    def resolve(self) -> "Regression":
        """Checks the levels, and reads the sequences once."""
        if list(self.levels) != sorted(set(self.levels)) or 0.5 not in self.levels:
            raise UserError(f"task.levels must ascend and hold 0.5, got {self.levels}")
        return super().resolve()

    def batch(
        self, arrays: dict[str, Any], split: str, indices: Array, shape: Shape | None = None
    ) -> Batch:
        """Sequences as in SequenceTask, and the `Truth`; of numbers at every step, valid ones."""
        batch = super().batch(arrays, split, indices, shape)
        values, weights = batch.targets, batch.mask
        spread = jnp.broadcast_to(arrays["units"], (len(indices), self.values))
        mask = jnp.ones(len(indices)) if weights is None else weights
        if self.every_step:
            values = _in_steps(values, shape[0])
            valid = jnp.arange(shape[0]) < batch.lengths[:, None]
            mask = valid * (mask[:, None] if mask.ndim == 1 else _in_steps(mask, shape[0]))
        return batch._replace(targets=Truth(values, spread), mask=mask)

    def load(self) -> Data:
        """The sequences of the splits, and the scalings."""
        data = super().load()
        return data._replace(arrays=data.arrays | {"units": np.float32(self.spread)})

    def place(self, outputs: Array) -> Array:
        """A model's outputs as parameters (..., values, width) of the head, scaled."""
        outputs = outputs.reshape(*outputs.shape[:-1], self.values, -1)
        ones = jnp.ones(outputs.shape[:-1])
        return self.read_as.place(outputs, 0 * ones, ones)

    def together(self, outputs: Array, batch: Batch) -> Array:
        """The mean of several models' forecasts, from their outputs (models, batch, ...)."""
        return self.read_as.together(outputs)

    def loss(self, outputs: Array, batch: Batch) -> Array:
        """The head's loss of every number, (batch, [time,] values), in training deviations."""
        return self.read_as.loss(self.place(outputs), batch.targets.values)

    def metrics(self, outputs: Array, batch: Batch) -> Sums:
        """Errors of the median in units; with a distribution also pinball loss and coverage.

        Each number counts once, whatever it weighs in the loss.
        """
        head, parameters = self.read_as, self.place(outputs)
        values, spread = batch.targets
        spread = spread[:, None] if self.every_step else spread
        away = (head.median(parameters) - values) * spread
        errors = {"mae": jnp.abs(away), "mse": away**2, "rmse": away**2}
        if head.is_probabilistic:
            levels = head.quantiles(parameters, self.levels)
            errors["pinball"] = pinball(levels, values, self.levels).mean(-1) * spread
            errors["coverage"] = (levels[..., 0] <= values) & (values <= levels[..., -1])
        return {name: metrics.mean(each, batch.mask > 0) for name, each in errors.items()}

    def floors(self, data: Data) -> dict[str, dict[str, float]]:
        """The training mean, and least squares on evenly chosen steps, or on each step alone."""
        train, test = (self._features(data, split) for split in ("train", data.scored))
        return regressions(train, test, np.array(self.spread))

    def answer(self, outputs: Array, batch: Batch) -> list[Measurement]:
        """A measurement for each row, without the steps that are padding."""
        outputs = np.asarray(outputs, np.float32)
        quantiles = None
        if self.head == "point":
            median = outputs
        else:
            parameters = self.place(jnp.asarray(outputs))
            median = np.asarray(self.read_as.median(parameters))
            quantiles = np.asarray(self.read_as.quantiles(parameters, self.levels))
            quantiles = np.moveaxis(self._in_units(np.moveaxis(quantiles, -1, 0)), 0, -1)
        median = self._in_units(median)
        steps = np.asarray(batch.lengths) if self.every_step else [None] * len(median)
        return [
            Measurement(median[i][:end], None if quantiles is None else quantiles[i][:end])
            for i, end in enumerate(steps)
        ]

    def show(self, outputs: Array, batch: Batch) -> list[str]:
        """Lines like `29 steps: 3.21, in truth 3.3`; of numbers at every step the last."""
        truth = self._in_units(np.asarray(batch.targets.values))
        lines = []
        for i, answer in enumerate(self.answer(outputs, batch)):
            said, true = answer.value, truth[i]
            if self.every_step:
                said, true = said[-1], true[len(answer.value) - 1]
            said, true = (" ".join(f"{value:.4g}" for value in of) for of in (said, true))
            lines.append(f"{batch.lengths[i]} steps: {said}, in truth {true}")
        return lines

    def write(
        self, path: pathlib.Path, source: tuple[str, ...], answers: list[Measurement]
    ) -> None:
        """A CSV: where each sequence stands, the step, which value, the answer, its quantiles."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        levels = self.levels if self.head != "point" else ()
        step = ["step"] if self.every_step else []
        writer.writerow(["sequence", *step, "value", "answer", *levels])
        for sequence, answer in zip(source, answers, strict=True):
            for place in np.ndindex(answer.value.shape):
                numbers = [answer.value[place]]
                if answer.quantiles is not None:
                    numbers += list(answer.quantiles[place])
                names = [str(index + 1) for index in place]
                spread = self.spread[place[-1]]
                cells = (decimal(number, spread) for number in numbers)
                writer.writerow([sequence, *names, *cells])
        write_text(path, file.getvalue())

    def _in_units(self, values: np.ndarray) -> np.ndarray:
        return values * np.array(self.spread) + np.array(self.centre)

    def _features(self, data: Data, split: str) -> tuple[np.ndarray, np.ndarray]:
        """What least squares read (rows, features), and the scaled targets (rows, values)."""
        longest = int(np.max(data.arrays["train"].lengths))
        inputs, lengths, targets = (np.asarray(array) for array in data.arrays[split][:3])
        mean, deviation = data.arrays["scaling"]
        if not self.every_step:
            return summarize(inputs, lengths, mean, deviation, longest), targets
        valid = np.arange(inputs.shape[1]) < lengths[:, None]
        steps = inputs[valid].reshape(int(valid.sum()), -1)
        steps = np.nan_to_num((steps.astype(np.float64) - mean) / deviation)
        return np.column_stack([steps, np.ones(len(steps))]), targets[valid]

    def _kind(self) -> str:
        each = " at every step" if self.every_step else ""
        return f"{self.values} number{'s' if self.values > 1 else ''} to foretell{each}"

    def _check(self, sequences: Sequences, train: Sequences, where: str) -> None:
        targets = sequences.targets
        if targets is None:
            raise UserError(
                f"{where}: no numbers to foretell; a .ts file has @targetLabel true and a number "
                "at the end of each line, a .npz file an array targets"
            )
        if targets.ndim == 3 and self.frame > 1:
            raise UserError(f"task.frame is {self.frame}: numbers at every step need task.frame 1")
        if train.targets is not None and (
            targets.ndim != train.targets.ndim or targets.shape[-1] != train.targets.shape[-1]
        ):
            raise UserError(
                f"{where}: targets of shape {targets.shape}, where training has "
                f"{train.targets.shape}; give as many for each sequence"
            )

    def _known(self, sequences: Mapping[str, Sequences]) -> "Regression":
        targets = sequences["train"].targets
        return dataclasses.replace(self, values=targets.shape[-1], every_step=targets.ndim == 3)

    def _targets(self, sequences: Sequences) -> np.ndarray:
        return sequences.targets

    def _measured(self, train: Part) -> "Regression":
        targets = train.targets
        if self.every_step:
            targets = targets[np.arange(targets.shape[1]) < train.lengths[:, None]]
        spread = targets.std(0)
        return dataclasses.replace(
            self,
            centre=tuple(targets.mean(0).tolist()),
            spread=tuple(np.where(spread > 0, spread, 1).tolist()),
        )

    def _scaled(self, part: Part) -> Part:
        scaled = (part.targets - np.array(self.centre)) / np.array(self.spread)
        return part._replace(targets=scaled.astype(np.float32))


def _in_steps(array: Array, time: int) -> Array:
    """(batch, any time, ...) with exactly `time` steps."""
    array = array[:, :time]
    return jnp.pad(array, [(0, 0), (0, time - array.shape[1])] + [(0, 0)] * (array.ndim - 2))
