"""One estimate from recalled items, which counts correlated items once.

A recalled item is a noisy standardised observation; with its correlation to the question, and the items'
correlations to each other, the best linear estimate is that of ridge regression on those correlations
(Gaussian conditioning, known as kriging).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.population import Population

__all__ = ["Estimate", "condition", "log_loss", "predict_cells", "residuals"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_CELLS_AT_ONCE = 500


@dataclass(frozen=True)
class Estimate:
    """Latent mean and variance for the question, and each item's push on the mean."""

    mean: float
    variance: float
    pushes: Floats


def condition(to_target: Floats, among: Floats, values: Floats, *, ridge: float | Floats) -> Estimate:
    """Return the best linear estimate of a standardised target from standardised items.

    `to_target[i]` is item i's correlation with the target, `among[i, j]` that of items i and j,
    `values[i]` what was observed; `ridge` is the noise variance of an observation, one for all or one each.
    No items: mean 0, variance 1.
    """
    if len(values) == 0:
        return Estimate(0.0, 1.0, np.zeros(0))
    weights = np.linalg.solve(among + np.diag(np.broadcast_to(ridge, len(values))), to_target)
    pushes = weights * values
    return Estimate(float(pushes.sum()), float(1 - weights @ to_target), pushes)


def predict_cells(
    population: Population, table: AnswerTable, cells: Integers, *, size: int, ridge: float
) -> tuple[Floats, Floats]:
    """Estimate the (user, question) pairs of *cells* from the user's *size* most relevant other answers.

    Return the latent means and variances, one of each a cell.
    """
    values = population.standardise(table.choice)
    strength = np.abs(population.links)
    size = min(size, len(population.questions))
    means, variances = np.zeros(len(cells)), np.ones(len(cells))
    for start in range(0, len(cells) if size else 0, _CELLS_AT_ONCE):
        chunk = slice(start, start + _CELLS_AT_ONCE)
        users, questions = cells[chunk, 0], cells[chunk, 1]
        known = table.choice[users] >= 0
        known[np.arange(len(users)), questions] = False
        relevance = np.where(known, strength[questions], -1.0)
        chosen = np.argpartition(-relevance, size - 1, axis=1)[:, :size]
        used = np.take_along_axis(known, chosen, axis=1)
        weights, to_target = _weights(population.links, questions, chosen, used, ridge=ridge)
        means[chunk] = (weights * np.where(used, values[users[:, None], chosen], 0.0)).sum(axis=1)
        variances[chunk] = 1 - (weights * to_target).sum(axis=1)
    return means, variances


def residuals(
    links: Floats, values: Floats, *, size: int, ridge: float, linked: NDArray[np.bool_] | None = None
) -> Floats:
    """Return the residuals of one person's answers: each answer minus its prediction from their other answers.

    `links` are the correlations of the questions answered, `values` the standardised answers. Each answer is predicted
    from the *size* most relevant others among those `linked` to it, or among all when None. One batched solve.
    """
    answered = len(values)
    most = min(size, answered - 1)
    if most < 1:
        return values.copy()
    strength = np.abs(links) if linked is None else np.where(linked, np.abs(links), -1.0)
    np.fill_diagonal(strength, -2.0)
    chosen = np.argpartition(-strength, most - 1, axis=1)[:, :most]
    used = np.take_along_axis(strength, chosen, axis=1) >= 0
    weights, _ = _weights(links, np.arange(answered), chosen, used, ridge=ridge)
    return np.asarray(values - (weights * values[chosen]).sum(axis=1))


def _weights(
    links: Floats, targets: Integers, chosen: Integers, used: NDArray[np.bool_], *, ridge: float
) -> tuple[Floats, Floats]:
    """Return the weight of each *chosen* item for its target, and its correlation with it (targets x items).

    Both are 0 for items that are not *used*; *ridge* is above 0. One batched solve.
    """
    among = links[chosen[:, :, None], chosen[:, None, :]] * (used[:, :, None] & used[:, None, :])
    to_target = links[targets[:, None], chosen] * used
    weights = np.linalg.solve(among + ridge * np.eye(chosen.shape[1]), to_target[:, :, None])[:, :, 0]
    return np.asarray(weights, dtype=np.float64), to_target


def log_loss(population: Population, cells: Integers, truth: Integers, means: Floats, variances: Floats) -> float:
    """Return the mean negative log probability of the true options."""
    spread = population.settings.spread
    total = 0.0
    for question in np.unique(cells[:, 1]):
        rows = np.flatnonzero(cells[:, 1] == question)
        likely = population.scales[question].distribution(means[rows], variances[rows], spread=spread)
        total -= float(np.log(likely[np.arange(len(rows)), truth[rows]]).sum())
    return total / max(len(cells), 1)
