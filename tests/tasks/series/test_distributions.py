"""Quantiles and probabilities against SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats

from lstmjax.tasks.series.distributions import LEAST_DEGREES, student_quantiles
from lstmjax.tasks.series.heads import COUNTS, Head

LEVELS = (0.005, 0.1, 0.5, 0.9, 0.995)
MEAN = np.array([0.03, 0.8, 6.0, 40.0, 900.0])[:, None]
DISPERSION = np.array([0.002, 0.3, 2.5])


def counts():
    """The head, its parameters for each mean and dispersion, and SciPy's distributions."""
    read_as = Head(COUNTS, LEVELS, None, "absolute")
    wanted = np.stack(np.broadcast_arrays(MEAN, DISPERSION), -1)
    wanted = wanted - [0, 1e-3]
    outputs = wanted + np.log(-np.expm1(-wanted)) - [0.5413, 0]  # softplus makes it of these
    parameters = read_as.place(jnp.asarray(outputs), jnp.zeros(()), jnp.ones(()))
    size = 1 / DISPERSION
    return read_as, parameters, scipy.stats.nbinom(size, size / (size + MEAN))


def test_student_quantiles_are_scipys():
    degrees = LEAST_DEGREES + np.geomspace(1e-3, 1e3, 200)
    expected = scipy.stats.t.ppf(LEVELS, degrees[:, None])
    found = student_quantiles(jnp.asarray(degrees, jnp.float32), LEVELS)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_counts_are_scipys():
    read_as, parameters, scipys = counts()
    truth = np.array([0.0, 1.0, 9.0, 30.0, 1100.0])[:, None] + np.zeros(3)
    # gammaln in float32 leaves 1e-3 of thousands
    np.testing.assert_allclose(
        read_as.loss(parameters, jnp.asarray(truth)), -scipys.logpmf(truth), atol=3e-3, rtol=1e-3
    )
    found = np.asarray(jax.jit(lambda p: read_as.quantiles(p, LEVELS))(parameters))
    expected = np.stack([scipys.ppf(level) for level in LEVELS], -1)
    np.testing.assert_allclose(found[:4], expected[:4], atol=1)
    np.testing.assert_allclose(found[4], expected[4], rtol=0.02)
    assert (found == expected).mean() > 0.9


def test_draws_of_counts_have_their_mean_and_variance():
    read_as, parameters, scipys = counts()
    drawn = np.asarray(read_as.paths(parameters, jax.random.key(0), 20_000))
    assert (drawn >= 0).all() and (drawn == np.floor(drawn)).all()
    # five deviations of the mean of 20,000 draws; the variance of a skewed one is coarser
    away = 5 * scipys.std() / np.sqrt(20_000)
    assert (np.abs(drawn.mean(-1) - scipys.mean()) < away).all()
    np.testing.assert_allclose(drawn.var(-1)[2:], scipys.var()[2:], rtol=0.15)


def test_learned_degrees_are_read():
    read_as = Head("student", LEVELS, None, "absolute")
    assert read_as.width == 3
    outputs = jnp.array([[0.5, 1.0, -1.0], [0.0, -3.0, 4.0]])
    parameters = read_as.place(outputs, jnp.array([1.0, -2.0]), jnp.array(0.5))
    location, spread = np.array([1.25, -2.0]), 1e-3 + 0.5 * np.log1p(np.exp([1.0, -3.0]))
    scipys = scipy.stats.t(2 + np.log1p(np.exp([-1.0, 4.0])), location, spread)
    truth = np.array([0.3, -2.4])
    np.testing.assert_allclose(
        read_as.loss(parameters, jnp.asarray(truth)), -scipys.logpdf(truth), rtol=1e-4
    )
    expected = np.stack([scipys.ppf(level) for level in LEVELS], -1)
    np.testing.assert_allclose(read_as.quantiles(parameters, LEVELS), expected, rtol=1e-3)
    drawn = np.asarray(read_as.paths(parameters, jax.random.key(1), 20_000))
    np.testing.assert_allclose(
        np.quantile(drawn, LEVELS[1:4], 1).T, expected[:, 1:4], atol=5 * spread.max() / 100
    )
