"""Key summaries: the answers of a cache key's holders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.keys import CacheKey
from persona_db.chains.fit.leanings import Leaning
from persona_db.chains.fit.population import Population
from persona_db.graph.ids import is_stance_on

__all__ = ["Summary", "summarise"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """The answers of a key's holders to a question: `counts` by option, and their sum `n`."""

    key: str
    question: str
    counts: tuple[int, ...]

    @property
    def n(self) -> int:
        return sum(self.counts)


def summarise(
    table: AnswerTable,
    population: Population,
    keys: Mapping[str, CacheKey],
    held: Sequence[Sequence[Leaning]],
    *,
    most: int,
) -> list[Summary]:
    """Return the summaries of each key on the *most* relevant questions, of a demographic key on all questions.

    A summary counts `min_holders` answers or more; a stance has none of its own question.
    """
    from scipy.sparse import csr_array

    position = {key: row for row, key in enumerate(keys)}
    rows = [position[leaning.key] for own in held for leaning in own if leaning.key in position]
    columns = [person for person, own in enumerate(held) for leaning in own if leaning.key in position]
    holding = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(keys), len(held)))
    tables: list[NDArray[np.int64]] = []
    relevance: list[Floats] = []
    for column, scale in enumerate(population.scales):
        width = len(scale.rates)
        answered = np.flatnonzero(table.choice[:, column] >= 0)
        onehot = csr_array(
            (np.ones(len(answered)), (answered, table.choice[answered, column])), shape=(len(held), max(width, 1))
        )
        counts = np.asarray((holding @ onehot).toarray(), dtype=np.int64)
        n = counts.sum(axis=1)
        mean = counts @ np.nan_to_num(scale.values) / np.maximum(n, 1) if width else np.zeros(len(keys))
        tables.append(counts)
        relevance.append(np.where(n >= population.settings.min_holders, np.abs(mean) * np.sqrt(n), 0.0))
    strength = np.array(relevance).T if relevance else np.zeros((len(keys), 0))
    found: list[Summary] = []
    for row, key in enumerate(keys.values()):
        count = strength.shape[1] if key.kind == "demographic" else most
        for question in np.argsort(-strength[row], kind="stable")[:count]:
            name = population.questions[question].id
            if strength[row, question] > 0 and not is_stance_on(key.id, name):
                found.append(Summary(key.id, name, tuple(int(c) for c in tables[question][row])))
    return found
