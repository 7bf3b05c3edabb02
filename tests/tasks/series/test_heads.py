import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from lstmjax.tasks.series.heads import Head, pinball

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)


def head(kind, **changes):
    return Head(**dict(kind=kind, levels=LEVELS, degrees=4.0, error="absolute") | changes)


def placed(kind, outputs, **changes):
    read_as = head(kind, **changes)
    return read_as, read_as.place(jnp.asarray(outputs), jnp.array([1.0, -2.0]), jnp.array(0.5))


def test_point_errors():
    for error, expected in (
        ("absolute", [0.75, 2.5]),
        ("squared", [0.75**2, 6.25]),
        ("huber", [0.75**2 / 2, 2.0]),
    ):
        read_as, parameters = placed("point", [[0.5], [1.0]], error=error)
        np.testing.assert_allclose(read_as.median(parameters), [1.25, -1.5])
        loss = read_as.loss(parameters, jnp.array([0.5, 1.0]))
        np.testing.assert_allclose(loss, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["gaussian", "student"])
def test_distributions_are_scipys(kind):
    read_as, parameters = placed(kind, [[0.5, 1.0], [0.0, -3.0]])
    spread = 1e-3 + 0.5 * np.log1p(np.exp([1.0, -3.0]))
    family = scipy.stats.norm if kind == "gaussian" else scipy.stats.t(4.0)
    truth = np.array([0.3, -2.4])
    standard = (truth - [1.25, -2.0]) / spread
    expected = -family.logpdf(standard) + np.log(spread)
    np.testing.assert_allclose(read_as.loss(parameters, jnp.asarray(truth)), expected, rtol=1e-4)
    quantiles = np.array([1.25, -2.0])[:, None] + spread[:, None] * family.ppf(LEVELS)
    np.testing.assert_allclose(read_as.quantiles(parameters, LEVELS), quantiles, rtol=1e-5)


@pytest.mark.parametrize("kind", ["gaussian", "student"])
def test_the_crps_is_that_of_its_closed_form(kind):
    """Gneiting & Raftery (2007), equation 21; for t, Jordan et al. (2019), appendix A."""
    read_as, parameters = placed(kind, [[0.5, 1.0], [0.0, -1.0]])
    truth = np.array([0.3, -2.9])
    location, spread = np.asarray(parameters).T.astype(float)
    z = (truth - location) / spread
    if kind == "gaussian":
        normal = scipy.stats.norm
        closed = z * (2 * normal.cdf(z) - 1) + 2 * normal.pdf(z) - 1 / np.sqrt(np.pi)
    else:
        n, beta = 4.0, scipy.special.beta
        closed = z * (2 * scipy.stats.t.cdf(z, n) - 1)
        closed += 2 * scipy.stats.t.pdf(z, n) * (n + z**2) / (n - 1)
        closed -= 2 * np.sqrt(n) / (n - 1) * beta(0.5, n - 0.5) / beta(0.5, n / 2) ** 2
    grid = read_as.quantiles(parameters, read_as.grid)
    crps = 2 * pinball(grid, jnp.asarray(truth), read_as.grid).mean(-1)
    # 100 levels leave out half a hundredth of each tail
    np.testing.assert_allclose(crps, spread * closed, rtol=0.01)


def test_crossing_quantiles_are_put_in_order():
    outputs = np.array([[3.0, 1.0, 2.0, 4.0, 5.0]] * 2, np.float32)
    read_as, parameters = placed("quantile", outputs)
    expected = np.sort(outputs) * 0.5 + np.array([[1.0], [-2.0]])
    np.testing.assert_allclose(read_as.quantiles(parameters, LEVELS), expected)
    np.testing.assert_allclose(read_as.median(parameters), expected[:, 2])
    # in training each output keeps its level, or none would learn it
    truth = jnp.array([2.0, -1.0])
    by_hand = [
        np.mean([max(q * (y - x), (q - 1) * (y - x)) for q, x in zip(LEVELS, row, strict=True)])
        for y, row in zip(truth, outputs * 0.5 + np.array([[1.0], [-2.0]]), strict=True)
    ]
    np.testing.assert_allclose(read_as.loss(parameters, truth), by_hand, rtol=1e-6)


@pytest.mark.parametrize("kind", ["gaussian", "student"])
def test_draws_have_the_quantiles_of_their_distribution(kind):
    read_as, parameters = placed(kind, [[0.5, 1.0], [0.0, -1.0]])
    many = jnp.broadcast_to(parameters, (1, 40_000, *parameters.shape))
    drawn = read_as.draw(many, jax.random.key(0))[0]
    samples = read_as.sampled(40_000)
    found = samples.quantiles(jnp.sort(drawn, 0).T, LEVELS)
    # the density at the outer quantiles is 0.1 or more: deviations below 0.003 / 0.1
    np.testing.assert_allclose(found, read_as.quantiles(parameters, LEVELS), atol=0.05)


def test_quantiles_of_samples_are_between_ranks():
    samples = head("gaussian").sampled(10)
    sorted_draws = jnp.arange(10.0)
    np.testing.assert_allclose(
        samples.quantiles(sorted_draws, (0.001, 0.05, 0.1, 0.5, 0.95, 0.999)),
        [0, 0, 0.5, 4.5, 9, 9],
        atol=1e-6,
    )
    assert samples.width == 10
