"""The plane of opinions: the two axes along which answers differ most, and everybody's place on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.population import Population
from persona_db.chains.fit.scale import on_scale

__all__ = ["AXES", "axes_of", "places_on"]

Floats = NDArray[np.float64]
AXES = 2
_NOISE = 0.6  # as in the scores of traits


def axes_of(population: Population) -> Floats:
    """Return the loadings of the questions on the two strongest principal axes of their links, the first strongest.

    An axis points to where its loadings are most extreme, so that the same links always give the same axes.
    """
    axes = population.factors[:, :AXES]
    return np.asarray(axes * np.where((axes**3).sum(axis=0) < 0, -1.0, 1.0))


def places_on(axes: Floats, population: Population, choice: NDArray[np.int16]) -> Floats:
    """Return everybody's place (people x axes): the posterior mean of a factor model, as for traits.

    Few answers give a place near the middle. The second axis is as much shorter as it tells less.
    """
    answered = on_scale(population.off_scale, choice).astype(np.float64)
    products = np.einsum("qi,qj->qij", axes, axes).reshape(len(axes), AXES * AXES)
    known = (answered @ products).reshape(-1, AXES, AXES) + _NOISE * np.eye(AXES)
    scores = np.linalg.solve(known, (population.standardise(choice) @ axes)[..., None])[..., 0]
    strength = (axes**2).sum(axis=0)
    return np.asarray(scores * np.sqrt(strength / max(strength[0], 1e-12)))
