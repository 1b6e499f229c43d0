"""Choosing a Fit's settings on validation folds: answers held out of the history, everything learned without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable, Wording
from persona_db.chains.fit.conditioning import CellItems, log_loss
from persona_db.chains.fit.item_response import chances
from persona_db.chains.fit.population import Moments, Population, fit_population, population_of
from persona_db.chains.fit.scale import LEAST_PROBABILITY
from persona_db.chains.fit.settings import EngineSettings, FittedSettings
from persona_db.chains.fit.style import log_odds_off

__all__ = ["choose_settings", "choose_together", "inner_folds"]

Floats = NDArray[np.float64]


_GRID: Mapping[str, Sequence[float]] = {
    "disattenuation": (0.0, 0.5, 1.0),
    "shrinkage": (5.0, 10.0, 30.0, 100.0, 300.0, 1_000.0),
    "smoothing": (1.0, 2.0, 4.0),
    "structure": (0.0, 0.4, 0.8, 1.0),
    "ridge": (0.05, 0.1, 0.2, 0.5),
    "spread": (0.85, 1.0, 1.15, 1.3),
}


_LEAST_ANSWERS = 200
_MOST_WEIGHT = 1.5
_MOST_CELLS = 8_000
_OWN_SIZE = 30
_ROUNDS = 3


def inner_folds(table: AnswerTable, *, seed: int) -> list[NDArray[np.int64]]:
    """Return one to five disjoint folds of (user, question) cells, a tenth of the answers each, drawn by *seed*.

    There are as many as give 8,000 cells in all, and never more cells.
    """
    known = np.argwhere(table.choice >= 0)
    size = max(min(_MOST_CELLS, len(known) // 10), 1)
    count = min(5, -(-_MOST_CELLS // size))
    drawn = np.random.default_rng(seed).permutation(len(known))
    return [known[np.sort(drawn[fold * size : (fold + 1) * size])] for fold in range(count)]


def choose_settings(
    table: AnswerTable, *, wording: Wording | None, settings: EngineSettings, seed: int
) -> FittedSettings:
    """Return the settings of least log loss on the validation folds, searched one setting after the other.

    The search repeats while a round changes a setting, three times at most: one round alone depends on its start. A
    search of its own, without factors, gives the shrinkage of the links that traits are found in.
    Fewer than 200 answers leave the settings as they are. Ties keep the earlier value. Deterministic.
    """
    if (table.choice >= 0).sum() < _LEAST_ANSWERS:
        return FittedSettings.of(settings)
    drawn = inner_folds(table, seed=seed)
    folds = [(cells, table.without(cells), table.choice[cells[:, 0], cells[:, 1]].astype(np.int64)) for cells in drawn]
    seen: dict[float, list[Moments]] = {}
    estimated: dict[tuple[float, ...], list[tuple[Floats, Floats]]] = {}

    @lru_cache(maxsize=1)  # links and items are large, and steps that change neither follow each other
    def items_of(shrinkage: float, smoothing: float, structure: float) -> list[CellItems]:
        using = {"shrinkage": shrinkage, "smoothing": smoothing, "structure": structure}
        settings = FittedSettings().model_copy(update=using)
        learned = (population_of(one, settings=settings, with_traits=False) for one in seen[smoothing])
        return [
            CellItems.of(population, outer, cells, size=_OWN_SIZE)
            for (cells, outer, _), population in zip(folds, learned, strict=True)
        ]

    @cache
    def loss(candidate: FittedSettings) -> float:
        smoothing = candidate.smoothing
        if smoothing not in seen:
            seen[smoothing] = [Moments.of(outer, wording=wording, smoothing=smoothing) for _, outer, _ in folds]
        key = (candidate.shrinkage, smoothing, candidate.structure)
        with_ridge = (*key, candidate.ridge)  # how wide answers spread does not move the estimates
        if with_ridge not in estimated:
            estimated[with_ridge] = [items.estimate(candidate.ridge) for items in items_of(*key)]
        total = 0.0
        for (cells, _, truth), moments, (means, variances) in zip(
            folds, seen[smoothing], estimated[with_ridge], strict=True
        ):
            total += log_loss(moments.scales, candidate, cells, truth, means, variances)
        return total / len(folds)

    def search(best: FittedSettings, grid: Mapping[str, Sequence[float]]) -> FittedSettings:
        least = loss(best)
        for _ in range(_ROUNDS):
            before = best
            for name, values in grid.items():
                for value in values:
                    candidate = best.model_copy(update={name: value})
                    found = loss(candidate)
                    if found < least - 1e-6:
                        best, least = candidate, found
            if best == before:
                break
        return best

    without_factors = {name: values for name, values in _GRID.items() if name != "structure"}
    asked = EngineSettings.model_validate(settings.model_dump(include=set(EngineSettings.model_fields)))
    traits = search(FittedSettings.of(asked), without_factors)
    start = FittedSettings.of(settings).model_copy(update={"trait_shrinkage": traits.shrinkage})
    return search(start, _GRID)


def choose_together(
    table: AnswerTable, *, wording: Wording | None, settings: FittedSettings, seed: int
) -> tuple[float, float]:
    """Return the weights of a person's items and of all their answers together, in the logs of a prediction.

    They have the least log loss on the validation folds, a convex problem. (1, 0) for fewer than 200 answers.
    Deterministic.
    """
    from scipy.optimize import minimize

    if (table.choice >= 0).sum() < _LEAST_ANSWERS:
        return 1.0, 0.0
    folds = inner_folds(table, seed=seed)
    parts = []
    for cells in folds:
        outer = table.without(cells)
        population = fit_population(outer, wording=wording, settings=settings, with_traits=False)
        parts.append(_both(population.with_responses(outer.choice), outer, cells))
    logs = np.concatenate([both for both, _ in parts])
    offered = np.concatenate([known for _, known in parts])
    truth = np.concatenate([table.choice[cells[:, 0], cells[:, 1]] for cells in folds])
    at = np.arange(len(truth))

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = np.where(offered, logs @ weights, -np.inf)
        likely = np.exp(odds - odds.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        slope = (likely[:, :, None] * logs).sum(axis=1) - logs[at, truth]
        return -float(np.log(np.maximum(likely[at, truth], 1e-12)).mean()), slope.mean(axis=0)

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.0, _MOST_WEIGHT)] * 2)
    return round(float(found.x[0]), 2), round(float(found.x[1]), 2)


def _both(population: Population, table: AnswerTable, cells: NDArray[np.int64]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the logs of both distributions for each cell (cells x options x 2), and which options there are."""
    settings = population.settings
    means, variances = CellItems.of(population, table, cells, size=_OWN_SIZE).estimate(settings.ridge)
    people = {person: place for place, person in enumerate(np.unique(cells[:, 0]).tolist())}
    scores = [population.response.scores(table.choice[person]) for person in people]
    styles = population.style.of(population.off_scale, table.choice[list(people)])
    rows = [population.style.row(question) for question in range(len(population.questions))]
    logs = np.zeros((len(cells), population.off_scale.shape[1], 2))
    offered = np.zeros(logs.shape[:2], dtype=bool)
    for place, ((person, question), mean, variance) in enumerate(zip(cells.tolist(), means, variances, strict=True)):
        scale, style = population.scales[question], styles[people[person]]
        alone = scale.distribution(mean, variance, spread=settings.spread, disattenuation=settings.disattenuation)
        if rows[question] and style.asked:
            alone = scale.with_off(alone, log_odds_off(rows[question], style))
        size = len(scale.rates)
        offered[place, :size] = True
        logs[place, :size, 0] = np.log(np.maximum(alone, LEAST_PROBABILITY))
        if len(population.response.steps[question]):
            logs[place, :size, 1] = np.log(chances(scale, population.response.steps[question], scores[people[person]]))
        else:
            logs[place, :size, 1] = np.log(np.maximum(scale.rates, LEAST_PROBABILITY))
    return logs, offered
