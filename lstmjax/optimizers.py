"""Optimizers as settings: each builds the optax transformation it describes."""

import dataclasses
from typing import Any, Literal

import jax
import jax.numpy as jnp
import optax

from lstmjax.errors import UserError
from lstmjax.settings import setting

Schedule = Literal["constant", "cosine", "exponential", "plateau", "epochs"]


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """What all optimizers share: a learning rate, its schedule, and clipping."""

    learning_rate: float = setting(1e-3, at_least=0)  # the highest rate of the schedule
    schedule: Schedule = "constant"
    warmup_steps: int = setting(0, at_least=0)  # updates of linear warm-up from 0, any schedule
    final_fraction: float = setting(0.0, at_least=0, at_most=1)  # cosine, exponential: last/highest
    plateau_factor: float = setting(0.5, at_least=0.001, at_most=0.999)  # plateau: of the rate
    plateau_window: int = setting(100, at_least=1)  # plateau: updates whose mean loss is compared
    plateau_patience: int = setting(10, at_least=1)  # plateau: windows without a new lowest loss
    epochs_constant: int = setting(4, at_least=0)  # epochs: at the highest rate
    epoch_factor: float = setting(0.5, at_least=0.001, at_most=1)  # epochs: each later one, times
    clip_norm: float | None = setting(None, at_least=0)  # of the whole gradient; none: no clipping
    # An average of the parameters over the updates is what is evaluated and kept. `moving`: with
    # exponential weights (Polyak & Juditsky 1992, in today's form). `triggered`: the mean since the
    # validation loss stopped falling, for SGD (NT-ASGD, Merity et al. 2018, algorithm 1).
    average: Literal["none", "moving", "triggered"] = "none"
    average_decay: float = setting(0.999, at_least=0, at_most=0.999999)  # moving: an update
    average_patience: int = setting(5, at_least=0)  # triggered: evaluations that may be worse

    def build(self, steps: int, epoch: int | None = None) -> optax.GradientTransformationExtraArgs:
        """The transformation for a run; `update` takes `value`, the loss.

        Args:
          steps: updates of the run.
          epoch: updates of an epoch; None where examples never run out.
        """
        rate = self.rate(steps, epoch) if self.schedule == "epochs" else self.rate(steps)
        parts = [self.scale(), optax.scale_by_learning_rate(rate)]
        if self.clip_norm is not None:
            parts.insert(0, optax.clip_by_global_norm(self.clip_norm))
        if self.schedule == "plateau":
            parts.append(
                optax.contrib.reduce_on_plateau(
                    factor=self.plateau_factor,
                    patience=self.plateau_patience,
                    accumulation_size=self.plateau_window,
                )
            )
        return optax.with_extra_args_support(optax.chain(*parts))

    def rate(self, steps: int, epoch: int | None = None) -> optax.Schedule:
        """The learning rate as a function of the number of updates done.

        Raises:
          UserError: the schedule goes by epochs, and there are none.
        """
        rest = max(steps - self.warmup_steps, 1)
        if self.schedule == "cosine":
            after = optax.cosine_decay_schedule(self.learning_rate, rest, self.final_fraction)
        elif self.schedule == "exponential":
            last = max(self.final_fraction, 1e-8)  # decays by a constant factor, never to zero
            after = optax.exponential_decay(self.learning_rate, rest, last)
        elif self.schedule == "epochs":
            after = self._by_epochs(epoch)
        else:
            after = optax.constant_schedule(self.learning_rate)
        if not self.warmup_steps:
            return after
        warmup = optax.linear_schedule(0.0, self.learning_rate, self.warmup_steps)
        return optax.join_schedules([warmup, after], [self.warmup_steps])

    def _by_epochs(self, epoch: int | None) -> optax.Schedule:
        """Constant at first, then smaller by a factor each epoch (Zaremba et al. 2014, section 4).

        Warm-up is not counted among the epochs.
        """
        if epoch is None:
            raise UserError(
                "optimizer.schedule epochs: the examples of this task never run out, so there are "
                "no epochs: choose another schedule"
            )

        def rate(step: Any) -> Any:
            smaller = jnp.maximum(step // epoch + 1 - self.epochs_constant, 0)
            return self.learning_rate * self.epoch_factor**smaller

        return rate

    def scale(self) -> optax.GradientTransformation:
        """From gradients to directions of descent, before the learning rate."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked for."""

    momentum: float = setting(0.0, at_least=0, at_most=1)
    nesterov: bool = False
    weight_decay: float = setting(0.0, at_least=0)  # times the parameters, part of the gradient

    def scale(self) -> optax.GradientTransformation:
        """The gradient, with the decay if there is any, or its running sum."""
        parts = [optax.add_decayed_weights(self.weight_decay)] if self.weight_decay else []
        parts += [optax.trace(self.momentum, self.nesterov)] if self.momentum else []
        return optax.chain(*parts) if parts else optax.identity()


@dataclasses.dataclass(frozen=True)
class RMSProp(Optimizer):
    """RMSProp (Tieleman & Hinton 2012)."""

    decay: float = setting(0.9, at_least=0, at_most=1)
    epsilon: float = setting(1e-7, at_least=0)

    def scale(self) -> optax.GradientTransformation:
        """The gradient over the root of its running mean square."""
        return optax.scale_by_rms(self.decay, self.epsilon)


@dataclasses.dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (Kingma & Ba 2015)."""

    beta1: float = setting(0.9, at_least=0, at_most=1)
    beta2: float = setting(0.999, at_least=0, at_most=1)
    epsilon: float = setting(1e-8, at_least=0)

    def scale(self) -> optax.GradientTransformation:
        """The running mean gradient over the root of the running mean square."""
        return optax.scale_by_adam(self.beta1, self.beta2, self.epsilon)


@dataclasses.dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay on matrices, not biases (Loshchilov & Hutter 2019)."""

    weight_decay: float = setting(0.01, at_least=0)

    def scale(self) -> optax.GradientTransformation:
        """Adam's direction plus the decay, both times the learning rate later on."""
        decay = optax.add_decayed_weights(self.weight_decay, mask=_matrices)
        return optax.chain(super().scale(), decay)


def _matrices(params: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf.ndim >= 2, params)
