"""One estimate from recalled items, which counts correlated items once.

A recalled item is a noisy standardised observation; with its correlation to the question, and the items'
correlations to each other, the best linear estimate is that of ridge regression on those correlations
(Gaussian conditioning, known as kriging).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.population import Population
from persona_db.chains.fit.scale import LEAST_PROBABILITY, LEAST_VARIANCE, Scale
from persona_db.chains.fit.settings import FittedSettings

__all__ = ["CellItems", "Estimate", "condition", "log_loss", "residuals"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_CELLS_AT_ONCE = 500
_LOSSES_AT_ONCE = 20_000


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


@dataclass(frozen=True)
class CellItems:
    """The most relevant other answers of the user of each of some cells, of whatever ridge.

    `among[cell, i, j]` is the correlation of items i and j, `to_target[cell, i]` that of item i with the question,
    `values[cell, i]` what was answered; all 0 for items that are not there.
    """

    among: Floats
    to_target: Floats
    values: Floats

    @classmethod
    def of(cls, population: Population, table: AnswerTable, cells: Integers, *, size: int) -> CellItems:
        """Return the *size* most relevant items of each of the (user, question) pairs of *cells*."""
        strength = np.abs(population.links)
        size = min(size, len(population.questions))
        parts = [(np.zeros((0, size, size)), np.zeros((0, size)), np.zeros((0, size)))]
        values = population.standardise(table.choice)
        for start in range(0, len(cells) if size else 0, _CELLS_AT_ONCE):
            users, questions = cells[start : start + _CELLS_AT_ONCE].T
            known = table.choice[users] >= 0
            known[np.arange(len(users)), questions] = False
            relevance = np.where(known, strength[questions], -1.0)
            chosen = np.argpartition(-relevance, size - 1, axis=1)[:, :size]
            used = np.take_along_axis(known, chosen, axis=1)
            given = np.where(used, values[users[:, None], chosen], 0.0)
            parts.append((*_correlations(population.links, questions, chosen, used), given))
        among, to_target, given = map(np.concatenate, zip(*parts, strict=True))
        return cls(among, to_target, given)

    def estimate(self, ridge: float) -> tuple[Floats, Floats]:
        """Return the latent means and variances, one of each a cell; *ridge* is above 0."""
        weights = np.zeros(self.to_target.shape)
        for start in range(0, len(weights), _CELLS_AT_ONCE):
            some = slice(start, start + _CELLS_AT_ONCE)
            weights[some] = _solved(self.among[some], self.to_target[some], ridge=ridge)
        return (weights * self.values).sum(axis=1), 1 - (weights * self.to_target).sum(axis=1)


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
    weights = _solved(*_correlations(links, np.arange(answered), chosen, used), ridge=ridge)
    return np.asarray(values - (weights * values[chosen]).sum(axis=1))


def _correlations(links: Floats, targets: Integers, chosen: Integers, used: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the correlations of the *chosen* items with each other, and with their target; 0 of items not *used*."""
    among = np.take(links, chosen[:, :, None] * len(links) + chosen[:, None, :])
    if not used.all():
        among *= used[:, :, None] & used[:, None, :]
    return among, links[targets[:, None], chosen] * used


def _solved(among: Floats, to_target: Floats, *, ridge: float) -> Floats:
    """Return the weight of each item for its target (targets x items). One batched solve."""
    noisy = among + ridge * np.eye(among.shape[1])
    return np.asarray(np.linalg.solve(noisy, to_target[:, :, None])[:, :, 0], dtype=np.float64)


def log_loss(
    scales: Sequence[Scale],
    settings: FittedSettings,
    cells: Integers,
    truth: Integers,
    means: Floats,
    variances: Floats,
) -> float:
    """Return the mean negative log probability of the true options of *cells*, as `Scale.distribution` has them."""
    from scipy.special import ndtr

    if not len(cells):
        return 0.0
    size = max(len(scale.rates) for scale in scales)
    below, above, rates = (np.full((len(scales), size), filler) for filler in (np.nan, np.nan, 0.0))
    for row, scale in enumerate(scales):
        rates[row, : len(scale.rates)] = scale.rates
        if len(scale.order) > 1:
            order = list(scale.order)
            below[row, order] = [-np.inf, *scale.cuts]
            above[row, order] = [*scale.cuts, np.inf]
    mass = np.where(np.isnan(below), 0.0, rates).sum(axis=1)
    attenuation = np.array([scale.attenuation for scale in scales]) ** settings.disattenuation
    total = 0.0
    for start in range(0, len(cells), _LOSSES_AT_ONCE):
        some = slice(start, start + _LOSSES_AT_ONCE)
        questions = cells[some, 1]
        middle = (means[some] / attenuation[questions])[:, None]
        deviation = settings.spread * np.sqrt(np.maximum(variances[some], LEAST_VARIANCE))[:, None]
        likely = ndtr((above[questions] - middle) / deviation) - ndtr((below[questions] - middle) / deviation)
        likely = np.where(np.isnan(likely), rates[questions], likely * mass[questions, None])
        likely = np.where(rates[questions] > 0, np.maximum(likely, LEAST_PROBABILITY), 0.0)
        likely /= likely.sum(axis=1, keepdims=True)
        total -= float(np.log(likely[np.arange(len(questions)), truth[some]]).sum())
    return total / len(cells)
