"""Distributions that JAX has no quantiles of: Student's t by its degrees, and negative binomial."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jax import Array
from jax.scipy.special import betainc, gammainc, gammaln

LEAST_DEGREES = 2.0  # of freedom, so that there is a variance
KNOTS = np.linspace(0, 1 / LEAST_DEGREES, 257)  # of 1 / degrees
HALVINGS = 32  # of the search for a quantile among counts


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

    The distribution function is an incomplete beta function. Far from zero a gamma function comes
    near it (Wise 1950), which float32 computes better. So counts are exact into the hundreds, and
    within 1 % above.
    """
    at = jnp.asarray(levels, jnp.float32)
    mean, size = mean[..., None], 1 / dispersion[..., None]

    def at_or_below(count: Array) -> Array:
        gamma = gammainc(size, (count + (size + 1) / 2) * jnp.log1p(size / mean))
        beta = betainc(size, count + 1, size / (size + mean))
        return jnp.where(count > 30 * size, gamma, beta)

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = jnp.floor((low + high) / 2)
        enough = at_or_below(middle) >= at
        return jnp.where(enough, low, middle), jnp.where(enough, middle, high)

    low = jnp.full(jnp.broadcast_shapes(mean.shape, at.shape), -1.0)
    return jax.lax.fori_loop(0, HALVINGS, halve, (low, low + 1000 * (mean + 1)))[1]
