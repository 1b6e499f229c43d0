"""Combining recalled items: the conditional Gaussian, and what is left of an answer after the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

from persona_db.chains.fit.conditioning import CellItems, condition, log_loss, residuals
from persona_db.chains.fit.population import fit_population
from persona_db.chains.fit.settings import FittedSettings
from tests.synthetic import make_world, signals_of

Floats = NDArray[np.float64]


def correlations(size: int, seed: int) -> Floats:
    """A random correlation matrix."""
    factors = np.random.default_rng(seed).normal(size=(size, size + 2))
    covariance = factors @ factors.T
    scale = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(scale, scale))


@given(st.integers(1, 6), st.integers(0, 10_000), st.floats(0.05, 2))
def test_condition_is_the_conditional_gaussian(items: int, seed: int, ridge: float) -> None:
    """Mean and variance are those of the target given noisy observations, as the density itself says."""
    whole = correlations(items + 1, seed)
    values = np.random.default_rng(seed + 1).normal(size=items)
    noise = np.linspace(ridge, items * ridge, items, dtype=np.float64)
    found = condition(whole[0, 1:], whole[1:, 1:], values, ridge=noise)

    joint = whole.copy()
    joint[1:, 1:] += np.diag(noise)
    density: Any = multivariate_normal(mean=np.zeros(items + 1), cov=joint)
    # log p(t, values) as a function of t is a parabola: its top is the mean, its curvature one over the variance
    low, middle, high = (density.logpdf(np.concatenate([[t], values])) for t in (-1.0, 0.0, 1.0))
    curvature = 2 * middle - low - high
    assert found.variance == pytest.approx(1 / curvature, rel=1e-6)
    assert found.mean == pytest.approx((high - low) / 2 / curvature, rel=1e-6, abs=1e-8)
    assert found.pushes.sum() == pytest.approx(found.mean)


def test_nothing_observed_leaves_the_prior() -> None:
    """No items: mean 0, variance 1."""
    found = condition(np.zeros(0), np.zeros((0, 0)), np.zeros(0), ridge=0.2)
    assert (found.mean, found.variance, len(found.pushes)) == (0.0, 1.0, 0)


def test_the_same_item_twice_counts_hardly_more_than_once() -> None:
    """Correlated items are not counted twice."""
    once = condition(np.array([0.6]), np.eye(1), np.array([1.0]), ridge=0.1)
    twice = condition(np.array([0.6, 0.6]), np.ones((2, 2)), np.array([1.0, 1.0]), ridge=0.1)
    alone = condition(np.array([0.6, 0.6]), np.eye(2), np.array([1.0, 1.0]), ridge=0.1)
    assert once.mean < twice.mean < 1.05 * once.mean
    assert alone.mean > 1.9 * once.mean


@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 12), st.floats(0.05, 1), st.sampled_from([1, 0.5]))
def test_residuals_equal_a_loop(seed: int, answers: int, size: int, ridge: float, share: float) -> None:
    """Each answer less what conditioning on the strongest of those linked to it gives."""
    links = correlations(answers, seed)
    values = np.random.default_rng(seed + 1).normal(size=answers)
    expected = values.copy()
    linked = np.random.default_rng(seed + 2).random((answers, answers)) < share
    for this in range(answers):
        others = [other for other in range(answers) if other != this and linked[this, other]]
        kept = sorted(others, key=lambda other: -abs(links[this, other]))[:size]
        expected[this] -= condition(links[this, kept], links[np.ix_(kept, kept)], values[kept], ridge=ridge).mean
    assert residuals(links, values, size=size, ridge=ridge, linked=linked) == pytest.approx(expected)
    if share == 1:
        assert residuals(links, values, size=size, ridge=ridge) == pytest.approx(expected)


@settings(max_examples=10)
@given(st.integers(0, 100), st.integers(3, 40))
def test_predicted_cells_equal_conditioning_one_by_one(seed: int, size: int) -> None:
    """Each cell from the person's own strongest other answers, its own never among them; of equal ones any."""
    table = signals_of(make_world(seed=seed, people=12, questions=10)).table
    population = fit_population(table, wording=None, settings=FittedSettings())
    cells = np.argwhere(table.choice >= 0)[::5]
    means, variances = CellItems.of(population, table, cells, size=size).estimate(0.3)
    values = population.standardise(table.choice)
    for row, (user, question) in enumerate(cells):
        others = [column for column in np.flatnonzero(table.choice[user] >= 0) if column != question]
        strongest = sorted(others, key=lambda o: -abs(population.links[question, o]))
        kept, left = strongest[:size], strongest[size:]
        if left and np.isclose(*np.abs(population.links[question, [kept[-1], left[0]]])):
            continue
        found = condition(
            population.links[question, kept], population.links[np.ix_(kept, kept)], values[user, kept], ridge=0.3
        )
        assert (means[row], variances[row]) == pytest.approx((found.mean, found.variance))


@settings(max_examples=10)
@given(st.integers(0, 100), st.floats(0.5, 2), st.sampled_from([0.0, 0.5, 1.0]))
def test_the_loss_is_that_of_each_cell_s_distribution(seed: int, spread: float, disattenuation: float) -> None:
    """Cells of all questions together, in any order, as one by one."""
    rng = np.random.default_rng(seed)
    table = signals_of(make_world(seed=seed, people=12, questions=10)).table
    settings = FittedSettings(spread=spread, disattenuation=disattenuation)
    population = fit_population(table, wording=None, settings=settings)
    cells = rng.permutation(np.argwhere(table.choice >= 0))
    means, variances = rng.normal(size=len(cells)), rng.uniform(0, 1, size=len(cells))
    truth = table.choice[cells[:, 0], cells[:, 1]].astype(np.int64)
    told = [
        -np.log(
            population.scales[question].distribution(mean, variance, spread=spread, disattenuation=disattenuation)[
                option
            ]
        )
        for (_, question), option, mean, variance in zip(cells, truth, means, variances, strict=True)
    ]
    assert log_loss(population.scales, settings, cells, truth, means, variances) == pytest.approx(np.mean(told))
