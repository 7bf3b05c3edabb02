"""Distributions that JAX has no quantiles of: Student's t by its degrees, and negative binomial."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jax import Array
from jax.scipy.special import betainc, gammaln

LEAST_DEGREES = 2.0  # of freedom, so that there is a variance
KNOTS = np.linspace(0, 1 / LEAST_DEGREES, 257)  # of 1 / degrees
MOST_STEPS = 10_000  # of the search for a quantile among counts


def student_quantiles(degrees: Array, levels: tuple[float, ...]) -> Array:
    """Standard quantiles (..., levels) of Student's t for degrees (...) of LEAST_DEGREES or more.

    Between knots over 1 / degrees a straight line is within 1e-3 of the quantile.
    """
    with np.errstate(divide="ignore"):
        table = scipy.stats.t.ppf(np.array(levels), np.divide(1, KNOTS[1:, None]))
    table = np.concatenate([scipy.stats.norm.ppf(levels)[None], table]).astype(np.float32)
    place = jnp.clip(1 / degrees / KNOTS[1], 0, len(KNOTS) - 1)
    below = jnp.minimum(place.astype(int), len(KNOTS) - 2)
    share = (place - below)[..., None]
    table = jnp.asarray(table)
    return table[below] * (1 - share) + table[below + 1] * share


def count_log_probability(count: Array, mean: Array, dispersion: Array) -> Array:
    """Log P(count) of a negative binomial whose variance is mean + dispersion * mean ** 2."""
    size = 1 / dispersion
    ways = gammaln(count + size) - gammaln(size) - gammaln(count + 1)
    return ways - size * jnp.log1p(mean / size) - count * jnp.log1p(size / mean)


def count_quantiles(mean: Array, dispersion: Array, levels: tuple[float, ...]) -> Array:
    """The least counts (..., levels) that a negative binomial is at or below so often.

    A guess, the quantile of a gamma distribution of this mean and variance (Wilson & Hilferty
    1931), and from there count by count. In float32 they are exact, or off by one, to some
    hundreds, and to some per cent in the ten thousands.
    """
    at = jnp.asarray(levels, jnp.float32)
    mean, dispersion = mean[..., None], dispersion[..., None]
    size, shape = 1 / dispersion, mean / (1 + dispersion * mean)
    normal = jnp.asarray(scipy.stats.norm.ppf(levels), jnp.float32)
    root = jnp.maximum(1 - 1 / (9 * shape) + normal / (3 * jnp.sqrt(shape)), 0)
    guess = jnp.floor(mean * root**3)
    share = mean / (size + mean)

    def unfinished(state: tuple) -> Array:
        steps, _, _, _, move = state
        return (steps < MOST_STEPS) & (move != 0).any()

    def towards(below: Array, log: Array) -> Array:
        """1 where the quantile is above, -1 where it is below."""
        return jnp.where(below < at, 1, jnp.where(below - jnp.exp(log) >= at, -1, 0))

    def one(state: tuple) -> tuple:
        steps, count, below, log, move = state
        up = log + jnp.log((count + size) / (count + 1) * share)
        down = log + jnp.log(jnp.maximum(count, 1) / (jnp.maximum(count, 1) - 1 + size) / share)
        below = jnp.where(move > 0, below + jnp.exp(up), below)
        below = jnp.where(move < 0, below - jnp.exp(log), below)
        log = jnp.where(move > 0, up, jnp.where(move < 0, down, log))
        count = count + move
        # who has arrived stays; who passed zero does, too
        move = jnp.where(move == towards(below, log), move, 0) * (count > 0)
        return steps + 1, count, below, log, move

    below = betainc(size, guess + 1, size / (size + mean))
    log = count_log_probability(guess, mean, dispersion)
    move = towards(below, log) * jnp.where((guess == 0) & (below >= at), 0, 1)
    return jax.lax.while_loop(unfinished, one, (0, guess, below, log, move))[1]
