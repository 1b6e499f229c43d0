"""Choosing a Fit's settings on validation folds: answers held out of the history, everything learned without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable, Wording
from persona_db.chains.fit.conditioning import CellItems, log_loss
from persona_db.chains.fit.population import Moments, population_of
from persona_db.chains.fit.settings import EngineSettings, FittedSettings

__all__ = ["choose_settings", "inner_folds"]

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
