"""The factor model with missing answers, against what made them and scikit-learn's where all is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import FactorAnalysis

from persona_db.chains.fit.factors import factor_loadings, factor_scores


def made(people: int, *, missing: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return standardised answers, which are known, and the correlations that made them."""
    rng = np.random.default_rng(3)
    loadings = rng.uniform(-0.6, 0.6, (12, 2))
    unique = 1 - (loadings**2).sum(axis=1)
    values = rng.normal(size=(people, 2)) @ loadings.T + rng.normal(size=(people, 12)) * np.sqrt(unique)
    return values, rng.random(values.shape) >= missing, loadings @ loadings.T


def test_complete_answers_give_what_scikit_learn_finds() -> None:
    values, _, _ = made(2_000, missing=0.0)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    loadings, _ = factor_loadings(values, np.ones(values.shape, dtype=bool), factors=2, prior=0.0)
    other = FactorAnalysis(2).fit(values).components_.T
    assert loadings @ loadings.T == pytest.approx(other @ other.T, abs=0.03)


def test_correlations_are_found_where_few_people_gave_both_answers() -> None:
    """With a tenth known, each pair was answered by 20 people; their own correlations are further off."""
    values, known, truth = made(2_000, missing=0.9)
    loadings, _ = factor_loadings(values, known, factors=2, prior=20.0)
    one, other = np.triu_indices(12, 1)
    given, both = np.where(known, values, 0.0), known.T.astype(float) @ known
    raw = (given.T @ given) / both
    errors = [np.sqrt(((found - truth)[one, other] ** 2).mean()) for found in (loadings @ loadings.T, raw)]
    assert errors[0] < 0.6 * errors[1]


def test_scores_are_posterior_means_of_what_is_known() -> None:
    values, known, _ = made(50, missing=0.5)
    loadings, unique = factor_loadings(values, known, factors=2, prior=1.0)
    scores = factor_scores(values, known, loadings, unique)
    for person in range(0, 50, 7):
        some = loadings[known[person]]
        among = some @ some.T + np.diag(unique[known[person]])
        assert scores[person] == pytest.approx(some.T @ np.linalg.solve(among, values[person, known[person]]))
    assert factor_scores(values[:1], known[:1] & False, loadings, unique).tolist() == [[0.0, 0.0]]


def test_a_second_run_and_unknown_values_change_nothing() -> None:
    values, known, _ = made(100, missing=0.5)
    first = factor_loadings(values, known, factors=2, prior=5.0)
    again = factor_loadings(np.where(known, values, 99.0), known, factors=2, prior=5.0)
    assert np.array_equal(first[0], again[0])
    assert factor_loadings(values[:0], known[:0], factors=2, prior=5.0)[0].shape == (12, 2)
