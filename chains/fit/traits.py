"""Latent traits: where a person stands on them, and what their poles are called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.population import Population
from persona_db.graph.ids import pole_id

__all__ = ["pole_names", "shortened", "trait_scores", "trait_weights"]

_NOISE = 0.6
_NAMED_BY = 2
_LONGEST_PART = 90


def trait_weights(loadings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much each answered question moves each trait (traits x answers).

    `loadings` (answers x traits) are of the questions answered: the posterior mean of a factor model with
    unit-variance traits is these weights times the standardised answers, so few answers stay near 0.
    """
    traits = loadings.shape[1]
    return np.asarray(np.linalg.solve(loadings.T @ loadings + _NOISE * np.eye(traits), loadings.T))


def trait_scores(loadings: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a person's expected place on each trait, in standard deviations; 0 without answers."""
    if loadings.size == 0:
        return np.zeros(loadings.shape[1])
    return np.asarray(trait_weights(loadings) @ values)


def pole_names(population: Population, statements: Sequence[Sequence[str]]) -> dict[str, str]:
    """Name each pole by the statements that mark it most: the two strongest questions' extreme options.

    `statements[question][option]` are the texts. Ties by question order; a question without a scale names none.
    """
    names: dict[str, str] = {}
    for trait in range(population.loadings.shape[1]):
        column = population.loadings[:, trait]
        strongest = [q for q in np.argsort(-np.abs(column), kind="stable") if population.scales[q].order][:_NAMED_BY]
        for positive in (True, False):
            parts = []
            for question in strongest:
                order = population.scales[question].order
                high = (column[question] > 0) == positive
                parts.append(shortened(statements[question][order[-1] if high else order[0]], _LONGEST_PART))
            names[pole_id(trait, positive=positive)] = "; ".join(parts)
    return names


def shortened(text: str, longest: int) -> str:
    """Cut *text* at words to *longest* characters about, keeping the end, where an answer stands."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half].rsplit(' ', 1)[0]} … {text[-half:].split(' ', 1)[-1]}"
