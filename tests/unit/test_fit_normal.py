"""Quantiles of the normal distribution are those of scipy, to the last bit, and its shares nearly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from persona_db.chains.fit.normal import normal_distribution, normal_quantiles

rng = np.random.default_rng(0)


@pytest.mark.parametrize(
    "probabilities",
    [
        rng.random(5_000),
        10.0 ** rng.uniform(-13.6, -1, 20_000),
        1 - 10.0 ** rng.uniform(-13.6, -1, 20_000),
        np.array([0.5, 1e-6, 1e-4, 1 - 1e-4, 1 - 1e-6, np.exp(-2), 1 - np.exp(-2)]),
        np.zeros(0),
    ],
    ids=["anywhere", "lower tail", "upper tail", "where the approximation changes", "none"],
)
def test_quantiles_are_those_of_scipy(probabilities: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """A Fit's id and predictions depend on each bit: a last digit that differs is another Fit."""
    np.testing.assert_array_equal(normal_quantiles(probabilities), ndtri(probabilities))


def test_shares_are_those_of_scipy() -> None:
    values = rng.normal(0, 4, (50, 40))
    assert normal_distribution(values) == pytest.approx(ndtr(values), rel=1e-13, abs=1e-300)
    assert normal_distribution(np.zeros((0, 3))).shape == (0, 3)
