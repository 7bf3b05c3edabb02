"""How the numbers that a model puts out are read as a forecast: point, quantiles, distributions."""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jax import Array

from lstmjax.tasks.series.distributions import (
    LEAST_DEGREES,
    count_log_probability,
    count_quantiles,
    student_quantiles,
)

Kind = Literal["point", "quantile", "gaussian", "student"]
COUNTS = "negative_binomial"  # of whole numbers; only panels, which know their level, offer it
PanelKind = Literal["point", "quantile", "gaussian", "student", "negative_binomial"]
SAMPLES = "samples"  # no head of a model: draws in ascending order, read as quantiles
Error = Literal["absolute", "squared", "huber"]

LEAST_SPREAD = 1e-3  # of a distribution, in deviations of the training part: bounds the likelihood
LEAST_DISPERSION = 1e-3  # of counts: close to Poisson's
UNIT = 0.5413  # softplus of it is 1
# Levels whose pinball loss is averaged for the CRPS of a distribution: midpoints of a grid.
GRID = tuple(((np.arange(100) + 0.5) / 100).tolist())


@dataclasses.dataclass(frozen=True)
class Head:
    """A kind of forecast. Its parameters stand on the last axis, `width` of them for a value."""

    kind: str  # a PanelKind or SAMPLES
    levels: tuple[float, ...]  # of quantiles, ascending, with 0.5 among them unless SAMPLES
    degrees: float | None  # of freedom of Student's t; none: learned, one more parameter
    error: Error  # that a point is trained on

    @property
    def width(self) -> int:
        """A value; one a level; location, spread and degrees; or mean and dispersion."""
        if self.kind in ("quantile", SAMPLES):
            return len(self.levels)
        student = 3 if self.degrees is None else 2
        return {"point": 1, "gaussian": 2, "student": student, COUNTS: 2}[self.kind]

    @property
    def is_probabilistic(self) -> bool:
        """Whether there are bands."""
        return self.kind != "point"

    @property
    def grid(self) -> tuple[float, ...]:
        """The levels whose pinball losses make up the CRPS."""
        return self.levels if self.kind in ("quantile", SAMPLES) else GRID

    def sampled(self, draws: int) -> "Head":
        """The head that reads `draws` sorted samples as quantiles at the middles of their ranks."""
        levels = (np.arange(draws) + 0.5) / draws
        return dataclasses.replace(self, kind=SAMPLES, levels=tuple(levels.tolist()))

    def place(self, outputs: Array, shift: Array, scale: Array) -> Array:
        """A model's outputs (..., width) as parameters, moved by `shift` and `scale` (...)."""
        outputs = outputs.astype(jnp.float32)
        shift, scale = shift[..., None], scale[..., None]
        if self.kind == COUNTS:  # of DeepAR (Salinas et al. 2020, section 3.1); scale: the level
            mean = jax.nn.softplus(outputs[..., :1] + UNIT) * scale
            dispersion = LEAST_DISPERSION + jax.nn.softplus(outputs[..., 1:])
            return jnp.concatenate([mean, dispersion], -1)
        if self.kind in ("gaussian", "student"):
            spread = LEAST_SPREAD + jax.nn.softplus(outputs[..., 1:2]) * scale
            degrees = LEAST_DEGREES + jax.nn.softplus(outputs[..., 2:])  # none, unless learned
            return jnp.concatenate([outputs[..., :1] * scale + shift, spread, degrees], -1)
        return outputs * scale + shift

    def together(self, outputs: Array) -> Array:
        """Outputs (models, ..., values x width) as one model's, with the mean of each quantile."""
        shape = outputs.shape[1:]
        outputs = outputs.reshape(*outputs.shape[:-1], -1, self.width).astype(jnp.float32)
        if self.kind == "quantile":
            outputs = jnp.sort(outputs, -1)  # as they are read
        if self.kind in ("gaussian", "student"):
            spread = jax.nn.softplus(outputs[..., 1:]).mean(0)
            before = spread + jnp.log(-jnp.expm1(-spread))  # what softplus makes a spread of
            return jnp.concatenate([outputs[..., :1].mean(0), before], -1).reshape(shape)
        return outputs.mean(0).reshape(shape)

    def loss(self, parameters: Array, truth: Array) -> Array:
        """What training minimizes, (...): an error, mean pinball loss, or nats of the density."""
        if self.kind in ("quantile", SAMPLES):
            return pinball(parameters, truth, self.levels).mean(-1)
        if self.kind == "point":
            away = jnp.abs(parameters[..., 0] - truth)
            if self.error == "absolute":
                return away
            if self.error == "squared":
                return away**2
            return jnp.where(away < 1, away**2 / 2, away - 0.5)
        location, spread = parameters[..., 0], parameters[..., 1]
        if self.kind == "gaussian":
            return -jax.scipy.stats.norm.logpdf(truth, location, spread)
        if self.kind == COUNTS:
            return -count_log_probability(truth, location, spread)
        return -jax.scipy.stats.t.logpdf(truth, self._degrees(parameters), location, spread)

    def median(self, parameters: Array) -> Array:
        """The forecast in one number, (...)."""
        if self.kind == "quantile":
            return jnp.sort(parameters, -1)[..., self.levels.index(0.5)]
        if self.kind in (COUNTS, SAMPLES):
            return self.quantiles(parameters, (0.5,))[..., 0]
        return parameters[..., 0]

    def draw(self, parameters: Array, key: Array) -> Array:
        """A draw from each distribution, (batch, ...), with the same luck for the whole batch."""
        location, shape = parameters[..., 0], parameters.shape[1:-1]
        if self.kind == "point":
            return location
        if self.kind == "gaussian":
            return location + parameters[..., 1] * jax.random.normal(key, shape)
        if self.kind == COUNTS:
            size, keys = 1 / parameters[..., 1], jax.random.split(key)
            rate = jax.vmap(lambda one: jax.random.gamma(keys[0], one))(size) / size * location
            drawn = jax.vmap(lambda one: jax.random.poisson(keys[1], one))(rate)
            return drawn.astype(location.dtype)
        if self.degrees is not None:
            return location + parameters[..., 1] * jax.random.t(key, self.degrees, shape)
        each = jax.vmap(lambda degrees: jax.random.t(key, degrees))(parameters[..., 2])
        return location + parameters[..., 1] * each

    def paths(self, parameters: Array, key: Array, count: int) -> Array:
        """Draws, each with luck of its own: (batch, ..., count)."""
        many = jnp.repeat(parameters[..., None, :], count, -2)
        keys = jax.random.split(key, len(many))
        return jax.vmap(lambda one, luck: self.draw(one[None], luck)[0])(many, keys)

    def quantiles(self, parameters: Array, levels: tuple[float, ...]) -> Array:
        """The forecast's quantiles (..., levels), ascending; a quantile head has only its own.

        Quantiles that cross are put in order (Chernozhukov et al. 2010).
        """
        if self.kind == "quantile":
            return jnp.sort(parameters, -1)
        if self.kind == SAMPLES:
            count = len(self.levels)
            ranks = np.clip(np.array(levels) * count - 0.5, 0, count - 1)
            low = np.floor(ranks).astype(int)
            high, share = np.minimum(low + 1, count - 1), (ranks - low).astype(np.float32)
            return parameters[..., low] * (1 - share) + parameters[..., high] * share
        if self.kind == COUNTS:
            return count_quantiles(parameters[..., 0], parameters[..., 1], levels)
        if self.kind == "student" and self.degrees is None:
            standard = student_quantiles(parameters[..., 2], levels)
        else:
            family = scipy.stats.norm if self.kind == "gaussian" else scipy.stats.t(self.degrees)
            standard = jnp.asarray(family.ppf(levels), jnp.float32)
        return parameters[..., :1] + parameters[..., 1:2] * standard

    def _degrees(self, parameters: Array) -> Array | float:
        return parameters[..., 2] if self.degrees is None else self.degrees


def pinball(quantiles: Array, truth: Array, levels: tuple[float, ...]) -> Array:
    """The pinball loss of each quantile (..., levels) (Koenker & Bassett 1978).

    Its mean over all levels, doubled, is the CRPS (Gneiting & Ranjan 2011, equation 13).
    """
    under = truth[..., None] - quantiles
    at = jnp.asarray(levels, jnp.float32)
    return jnp.maximum(at * under, (at - 1) * under)
