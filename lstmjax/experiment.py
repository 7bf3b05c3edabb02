"""An experiment: a task, a model, an optimizer and a budget, in one immutable object."""

import dataclasses
import difflib
import importlib.util
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from lstmjax import settings
from lstmjax.errors import UserError
from lstmjax.files import read_json, shipped
from lstmjax.models.base import Model
from lstmjax.optimizers import Optimizer
from lstmjax.settings import setting
from lstmjax.tasks.base import Batch, Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """Everything that determines a run. `--set` reaches each field; a checkpoint holds them all."""

    task: Task
    model: Model
    optimizer: Optimizer
    steps: int = setting(1_000, at_least=1, at_most=2**30)  # updates
    batch_size: int = setting(32, at_least=1)  # examples an update
    # Streams: the share of rows whose carry starts afresh at an update, so that the model also
    # learns to begin (Melis et al. 2018 reset the state with probability 0.01).
    carry_reset: float = setting(0.01, at_least=0, at_most=1)
    # Batches whose loss or gradient is not finite that are passed over before the run stops.
    skip_nonfinite: int = setting(0, at_least=0)
    # A directory whose best parameters this run starts from, and names of parameters that stay as
    # they are, each with all that is below it: LSTM_0, or LSTM_0.cell.hf
    start: str | None = None
    frozen: tuple[str, ...] = ()
    seed: int = setting(0, at_least=0, at_most=2**30)
    seeds: int = setting(1, at_least=1)  # runs trained side by side, from seed, seed + 1, ...
    log_every: int = setting(100, at_least=1)  # updates between log lines
    evaluate_every: int = setting(1_000, at_least=1)  # updates between evaluations and checkpoints
    # The validation score that is lowest in the best checkpoint; with a minus, as in -accuracy, the
    # one that is highest
    best_by: str = "loss"
    # Evaluations in a row without a better one that end the run; none: no number does
    patience: int | None = setting(None, at_least=1)
    evaluation_batch_size: int = setting(256, at_least=1)
    # Examples of a split that are scored, at most. Of more, evenly spaced ones are taken; of a
    # stream its beginning. The table says so.
    evaluation_examples: int = setting(50_000, at_least=1)

    def resolve(self) -> "Experiment":
        """Checks every setting and fills in those that files determine.

        The width of the output layer is the task's to say: whatever the model had is replaced.

        Raises:
          UserError: a setting is out of bounds, or a file is missing or malformed.
        """
        experiment = settings.typed(self)
        settings.check(experiment)
        model = experiment.model
        if not isinstance(model, Model):
            raise UserError(
                f"model {type(model).__name__} lacks the settings of every model: derive it from "
                "lstmjax.models.base.Model"
            )
        for name in ("dtype", "param_dtype"):
            if getattr(model, name) == "float64" and not jax.config.jax_enable_x64:
                raise UserError(
                    f"model.{name} is float64, which jax computes in float32: set "
                    "JAX_ENABLE_X64=1 in the environment"
                )
        task = experiment.task.resolve()
        lacking = task.sizes.keys() - {field.name for field in settings.fields(model)}
        if lacking:
            raise UserError(
                f"model {type(model).__name__} has no {', '.join(sorted(lacking))}, which "
                f"task {type(task).__name__} determines: choose another architecture"
            )
        if task.paired != model.paired:
            needs = "is no" if task.paired else "is an"
            raise UserError(
                f"model {type(model).__name__} {needs} encoder-decoder, task "
                f"{type(task).__name__} is {'' if task.paired else 'not '}for one: choose another "
                "architecture, or for series change task.decoder"
            )
        if task.stream and model.trainable_carry:
            raise UserError(
                "model.trainable_carry learns nothing from a text, which is read as one stream "
                "whose carry runs on: set it to false"
            )
        return dataclasses.replace(experiment, task=task, model=model.clone(**task.sizes))

    @property
    def kind(self) -> "Experiment":
        """What compiled programs depend on: the rest of the settings has its defaults.

        The learning rate and the seed are arguments of programs; `task.untraced` names what is
        among the task's arrays.
        """
        task = {
            field.name: field.default
            for field in dataclasses.fields(self.task)
            if field.name in self.task.untraced
        }
        return dataclasses.replace(
            self,
            task=dataclasses.replace(self.task, **task),
            optimizer=dataclasses.replace(self.optimizer, learning_rate=0.0),
            seed=0,
            evaluate_every=1,
            best_by="loss",
            patience=None,
        )

    def override(self, assignments: Sequence[str]) -> "Experiment":
        """A copy with each `path.to.field=value` applied, in order."""
        experiment = self
        for assignment in assignments:
            experiment = settings.override(experiment, assignment)
        return experiment

    def with_options(self, **options: int | None) -> "Experiment":
        """A copy whose task has a command's options, as beam=8; those that are None stay."""
        given = {name: value for name, value in options.items() if value is not None}
        for name in given:
            if all(field.name != name for field in settings.fields(self.task)):
                raise UserError(
                    f"--{name}: task {type(self.task).__name__} has no such choice; leave it out"
                )
        experiment = self.override([f"task.{name}={value}" for name, value in given.items()])
        settings.check(experiment)
        return experiment

    def apply(
        self, params: Any, batch: Batch, carry: Any = None, train: bool = False, **settings: Any
    ) -> tuple[Any, Any]:
        """Runs the model once in training, else as the task has it: (outputs, carry)."""

        def model(batch: Batch) -> tuple[Any, Any]:
            given = {name: getattr(batch, name) for name in ("lengths", "resets")}
            given = {name: value for name, value in given.items() if value is not None}
            return self.model.apply(
                {"params": params}, batch.inputs, carry=carry, train=train, **given, **settings
            )

        return model(batch) if train else self.task.rollout(model, batch)

    def start_writing(self, params: Any, batch: Batch) -> Any:
        """The state of a model that writes, before its first symbol: arrays (batch, ...)."""
        inputs = batch.inputs[0], batch.lengths
        return self.model.apply({"params": params}, *inputs, method="start")

    def step_writing(self, params: Any, symbols: Array, state: Any) -> tuple[Array, Any]:
        """Reads one symbol a row: the scores of the next (rows, outputs), and the state."""
        return self.model.apply({"params": params}, symbols, state, method="step")

    def zero_carry(self, params: Any, batch: Batch) -> Any:
        """The carry of a stream's beginning, or None where the task is not a stream."""
        if not self.task.stream:
            return None
        _, carry = jax.eval_shape(self.apply, params, batch)
        return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), carry)

    def first_seed(self, params: Any) -> Any:
        """The parameters of one seed: of several side by side, the first's."""
        return params if self.seeds == 1 else jax.tree.map(lambda leaf: leaf[0], params)

    def to_json(self) -> dict[str, Any]:
        """A JSON value from which `from_json` builds an equal experiment."""
        return settings.to_json(self)

    @classmethod
    def from_json(cls, value: Any, where: str = "experiment") -> "Experiment":
        """The experiment that `to_json` wrote; UserError names what does not fit."""
        if not isinstance(value, dict):
            raise UserError(f"{where} holds no experiment: {str(value)[:40]!r}")
        try:
            return settings.from_json(value, cls, where)
        except TypeError as error:
            raise UserError(f"{where}: {error}") from error


def read_experiment(path: pathlib.Path) -> Experiment:
    """Reads `experiment.json`; UserError if it is missing, cut short or of another layout."""
    return Experiment.from_json(read_json(path), str(path))


def load_config(path: str | pathlib.Path) -> Experiment:
    """The experiment that `get_config()` of a Python file returns.

    Args:
      path: the file, or the name of a config that comes with the package: `vanilla_echo`, or
        `configs/vanilla_echo.py` where there is no such file; `papers/adding` for one of papers.

    Raises:
      UserError: no such file, it fails to run, or it has no get_config.
    """
    file = pathlib.Path(path)
    folder = file.parent.name
    if not file.is_file() and folder in ("", "configs", "papers") and file.suffix in ("", ".py"):
        ours = shipped("configs") / folder.removeprefix("configs") / f"{file.stem}.py"
        file = ours if ours.is_file() else file
    if not file.is_file():
        known = {
            p.stem: p for place in (shipped("configs"), file.parent) for p in place.glob("*.py")
        }
        close = difflib.get_close_matches(file.stem, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
        raise UserError(f"--config {path}: no such file; {hint}")
    spec = importlib.util.spec_from_file_location(f"config_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise UserError(f"--config {path}: not a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # so that classes it defines can be found by name
    try:
        spec.loader.exec_module(module)
        experiment = module.get_config()
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"--config {path}: {type(error).__name__}: {error}") from error
    if not isinstance(experiment, Experiment):
        raise UserError(
            f"--config {path}: get_config() returned {type(experiment).__name__}, not an Experiment"
        )
    return experiment
