"""Latent traits: the scores of people, and the names of the poles."""

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
    """Return the weight of each answer for each trait (traits x answers).

    `loadings` (answers x traits) are those of the questions answered. The weights times the standardised answers are
    the posterior mean of a factor model with unit-variance traits, so that few answers give scores near 0.
    """
    traits = loadings.shape[1]
    return np.asarray(np.linalg.solve(loadings.T @ loadings + _NOISE * np.eye(traits), loadings.T))


def trait_scores(loadings: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a person's score on each trait, in standard deviations; 0 without answers."""
    if loadings.size == 0:
        return np.zeros(loadings.shape[1])
    return np.asarray(trait_weights(loadings) @ values)


def pole_names(population: Population, statements: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the name of each pole: the statements of the extreme options of its two strongest questions.

    `statements[question][option]` are the texts. Ties by question order; a question without a scale names no pole.
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
    """Return *text* cut at words to about *longest* characters, with its end, where an answer stands."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half].rsplit(' ', 1)[0]} … {text[-half:].split(' ', 1)[-1]}"
