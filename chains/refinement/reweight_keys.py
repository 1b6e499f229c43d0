"""Settling a Fit that a language model refines: what its keys count for, from everybody who holds them.

Keys appear as users are refined, in whatever order that is. Once all are there, how rare each one is, what its
holders answered, and its part in everybody's score are computed anew: the same whatever the order was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.keys import CacheKey, idf, make_keys, units
from persona_db.chains.fit.leanings import Leaning
from persona_db.chains.fit.learn import collaboration
from persona_db.chains.fit.population import Population
from persona_db.chains.fit.store import read_keys, store_keys, store_summaries
from persona_db.chains.fit.summaries import summarise
from persona_db.chains.language.facts_and_keys import opposite_of
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from persona_db.chains.fit.settings import FittedSettings
    from persona_db.graph.session import Graph

__all__ = ["reweight_keys"]

_USERS_AT_ONCE = 1_000
_KEYS_AT_ONCE = 5_000


@dataclass(frozen=True)
class _Holding:
    """The keys that a user holds, with their weights, by id of the key."""

    user: str
    counted: bool
    traits: tuple[float, ...]
    keys: tuple[tuple[str, float], ...]


def reweight_keys(
    graph: Graph,
    dataset: str,
    fit: str,
    population: Population,
    table: AnswerTable,
    *,
    seed: int,
    progress: Progress = no_progress,
) -> FittedSettings:
    """Write what the keys of a Fit count for, and return the Fit's settings; doing it again changes nothing.

    *table* has the answers of those who share. Only those who are refined by now are counted.
    """
    stored = read_keys(graph, dataset, fit)
    holdings = list(_holdings(graph, dataset, fit))
    row = {user: index for index, user in enumerate(table.users)}
    counted = [one for one in holdings if one.counted and one.user in row]
    answers = AnswerTable(
        tuple(one.user for one in counted), table.questions, table.choice[[row[one.user] for one in counted]]
    )
    held = [[Leaning(key, stored[key].kind, weight) for key, weight in one.keys] for one in counted]
    keys = _reweighted(population, stored, counted, held)
    store_keys(graph, dataset, fit, keys)
    ids = list(keys)
    for start in range(0, len(ids), _KEYS_AT_ONCE):
        graph.write("drop_summaries", dataset=dataset, fit=fit, rows=ids[start : start + _KEYS_AT_ONCE])
    if answers.questions and counted:
        summaries = summarise(answers, population, keys, held, most=population.settings.links)
        store_summaries(graph, dataset, fit, summaries)
    for start in range(0, len(holdings), _USERS_AT_ONCE):
        rows = [_row(one, keys) for one in holdings[start : start + _USERS_AT_ONCE]]
        graph.write("settle_holds", dataset=dataset, fit=fit, rows=rows)
        progress("settling keys", min(start + _USERS_AT_ONCE, len(holdings)), len(holdings))
    found = collaboration(answers, population, keys, held, seed=seed)
    return population.settings.model_copy(update={"collaboration": found})


def _holdings(graph: Graph, dataset: str, fit: str) -> Iterator[_Holding]:
    after = ""
    while rows := graph.read("holdings", dataset=dataset, fit=fit, after=after, limit=_USERS_AT_ONCE):
        for row in rows:
            if row["traits"] is not None:
                yield _Holding(
                    row["user"],
                    row["sharing_rank"] > 0,
                    tuple(row["traits"]),
                    tuple((key, weight) for key, weight in row["keys"]),
                )
        after = rows[-1]["user"]


def _reweighted(
    population: Population,
    stored: Mapping[str, CacheKey],
    counted: Sequence[_Holding],
    held: Sequence[Sequence[Leaning]],
) -> dict[str, CacheKey]:
    """The keys as those who share hold them, with their opposites; keys of nobody who shares count as held by none."""
    traits = np.array([one.traits for one in counted], dtype=np.float64)
    traits = traits.reshape(len(counted), population.loadings.shape[1])
    names = {key.id: key.name for key in stored.values()}
    found = make_keys(population, held, traits, names)
    nobody = idf(0, len(counted))
    settled: dict[str, CacheKey] = {}
    for id_, key in stored.items():
        one = found.get(id_) or replace(key, n_holders=0, share=0.0, idf=nobody, loadings=())
        settled[id_] = replace(one, opposite=one.opposite or opposite_of(id_))
    return settled


def _row(one: _Holding, keys: Mapping[str, CacheKey]) -> dict[str, Any]:
    """What a user's keys count for."""
    parts = units([(weight, keys[key].idf) for key, weight in one.keys])
    return {"user": one.user, "keys": [[key, part] for (key, _), part in zip(one.keys, parts, strict=True)]}
