"""The seeds of a run as one model."""

import dataclasses
from typing import Any

import jax
from jax import Array

from lstmjax.errors import UserError
from lstmjax.experiment import Experiment
from lstmjax.tasks.base import Batch


class Together(Experiment):
    """An experiment of one seed whose parameters are those of several, (models, ...).

    It says the mean of what they say: of probabilities, or of forecasts. Each model has a carry of
    its own, on the second axis of every array: (batch, models, ...).
    """

    def apply(
        self, params: Any, batch: Batch, carry: Any = None, train: bool = False, **settings: Any
    ) -> tuple[Any, Any]:
        """What the models say of a batch, and their carries."""

        def one(params: Any, carry: Any) -> tuple[Any, Any]:
            return super(Together, self).apply(params, batch, carry, train, **settings)

        outputs, carry = jax.vmap(one, (0, 1), (0, 1))(params, carry)
        return self.task.together(outputs, batch), carry

    def start_writing(self, params: Any, batch: Batch) -> Any:
        """The states of models that write, before the first symbol."""
        return jax.vmap(super().start_writing, (0, None), 1)(params, batch)

    def step_writing(self, params: Any, symbols: Array, state: Any) -> tuple[Array, Any]:
        """Reads one symbol a row: the models' scores of the next, and their states."""
        outputs, state = jax.vmap(super().step_writing, (0, None, 1), (0, 1))(
            params, symbols, state
        )
        return self.task.together(outputs, Batch(symbols)), state


def together(experiment: Experiment) -> Together:
    """The experiment whose model is all seeds of a run; UserError if there is one."""
    if experiment.seeds == 1:
        raise UserError("--together: the run trained one seed; train again with --seeds=3, say")
    fields = {f.name: getattr(experiment, f.name) for f in dataclasses.fields(experiment)}
    return Together(**fields | {"seeds": 1})
