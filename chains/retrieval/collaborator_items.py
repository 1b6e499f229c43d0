"""What may be borrowed from collaborators: what they said, or are known to lean to, as far as each one shares it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.conditioning import residuals
from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.results import Recalled
from persona_db.chains.retrieval.own_items import Candidate, Layer, free_texts
from persona_db.chains.retrieval.text_similarity import TextSimilarity
from persona_db.graph.ids import is_pole, trait_of

__all__ = ["LEAST_RELEVANCE", "CollaboratorItems", "SharedItems"]

LEAST_RELEVANCE = 0.01
"""Correlation with the question below which an item takes no place."""


_SHARED_LAYERS: frozenset[Layer] = frozenset({"history", "distilled", "induced"})


_RESIDUAL_ITEMS = 20
_USERS_AT_ONCE = 200
_MOST_KEPT = 5_000


@dataclass(frozen=True)
class SharedItems:
    """A collaborator's items, answers before traits, and by question how surprising each answer is for them."""

    items: tuple[Candidate, ...]
    variables: NDArray[np.int64]
    answers: Mapping[str, int]
    residuals: NDArray[np.float64]
    texts: tuple[Candidate, ...]
    """What they lend that is recalled by meaning."""


class CollaboratorItems:
    """What may be borrowed from collaborators, each read once, the 5,000 read last kept."""

    def __init__(self, correlations: CorrelationModel) -> None:
        self._correlations = correlations
        self._found: dict[str, SharedItems] = {}

    def fetch(self, users: Collection[str]) -> None:
        """Read the users that were not read before; one query for 200 of them."""
        wanted = set(users)
        missing = sorted(wanted - self._found.keys())
        spare = [user for user in self._found if user not in wanted]
        for user in spare[: max(len(self._found) + len(missing) - _MOST_KEPT, 0)]:
            del self._found[user]
        snapshot = self._correlations.snapshot
        for start in range(0, len(missing), _USERS_AT_ONCE):
            self.take(
                snapshot.graph.read(
                    "borrowable",
                    dataset=snapshot.dataset,
                    fit=snapshot.fit,
                    users=missing[start : start + _USERS_AT_ONCE],
                    as_of=snapshot.as_of,
                )
            )

    def take(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in rows of `borrowable`."""
        for row in rows:
            self._found[row["user"]] = _shared_items(self._correlations, row)

    def texts(self, collaborators: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Yield the statements that collaborators (rows of `join_many`) lend and that are recalled by meaning."""
        for row in collaborators:
            if row["collaborator"] in self._found:
                yield from (item.statement for item in self._found[row["collaborator"]].texts)

    def said(
        self,
        question: str,
        collaborators: Sequence[Mapping[str, Any]],
        *,
        cap: int,
        known: Collection[str],
        similarity: TextSimilarity,
    ) -> Iterator[Recalled]:
        """Yield what collaborators (rows of `join_many`) said on the question, closest collaborator first; then on
        questions that tell about it, what they lean to, and what else they said, most telling first, ties by id.

        Nothing twice, no statement of *known*, and at most *cap* items of one collaborator.
        """
        close = [(row, self._found[row["collaborator"]]) for row in collaborators if row["collaborator"] in self._found]
        seen = set(known)
        given: dict[str, int] = {}
        for row, theirs in close:
            place = theirs.answers.get(question)
            if place is not None and theirs.items[place].statement not in seen:
                seen.add(theirs.items[place].statement)
                given[row["collaborator"]] = 1
                yield _recalled_item(row, theirs.items[place], row["score"], value=float(theirs.residuals[place]))
        for strength, row, item in self._on_others(question, close, similarity):
            if item.statement not in seen and given.get(row["collaborator"], 0) < cap:
                seen.add(item.statement)
                given[row["collaborator"]] = given.get(row["collaborator"], 0) + 1
                yield _recalled_item(row, item, strength, value=None)

    def _on_others(
        self, question: str, close: Sequence[tuple[Mapping[str, Any], SharedItems]], similarity: TextSimilarity
    ) -> Iterator[tuple[float, Mapping[str, Any], Candidate]]:
        """Yield what *close* collaborators lend beside their answers to the question, most telling first.

        Of equals free text comes last, then it goes by id. Sorted as far as it is asked for: mostly little is taken.
        """
        relevance = self._correlations.relevance(question)
        strengths, owners, places = [np.zeros(0)], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for owner, (row, theirs) in enumerate(close):
            told = row["score"] * relevance[theirs.variables]
            if theirs.texts:
                near = [row["score"] * similarity.relevance(question, item.statement) for item in theirs.texts]
                told = np.concatenate([told, near])
            here = np.flatnonzero(told >= LEAST_RELEVANCE)
            here = here[here != theirs.answers.get(question, -1)]
            strengths.append(told[here])
            owners.append(np.full(len(here), owner))
            places.append(here)
        strength = np.concatenate(strengths)
        order = np.argsort(-strength, kind="stable")
        told, owner_of = strength[order].tolist(), np.concatenate(owners)[order].tolist()
        place_of = np.concatenate(places)[order].tolist()
        start = 0
        while start < len(told):
            end = start + 1
            while end < len(told) and told[end] == told[start]:
                end += 1
            equals = []
            for at in range(start, end):
                row, theirs = close[owner_of[at]]
                text = place_of[at] - len(theirs.items)
                item = theirs.items[place_of[at]] if text < 0 else theirs.texts[text]
                equals.append((text >= 0, item.id, row, item))
            if len(equals) > 1:
                equals.sort(key=itemgetter(0, 1))
            for _, _, row, item in equals:
                yield told[start], row, item
            start = end


def _recalled_item(row: Mapping[str, Any], item: Candidate, score: float, *, value: float | None) -> Recalled:
    return Recalled.model_construct(
        id=item.id,
        source="collaborator",
        layer=item.layer,
        text="",
        user=row["collaborator"],
        question=item.question,
        option=item.option,
        counts=(),
        key=item.key,
        score=float(score),
        value=value,
        at=item.at,
    )


def _shared_items(correlations: CorrelationModel, row: Mapping[str, Any]) -> SharedItems:
    """Turn a row of `borrowable` into what can be borrowed on the questions that the knowledge covers."""
    said: dict[str, Candidate] = {}
    leans: list[Candidate] = []
    for id_, question, option, at, statement in sorted(row["items"], key=lambda item: (item[3], item[0])):
        if question is not None and option is not None:
            variable, value = correlations.of_question(question), correlations.value_of_answer(question, option)
            if variable is not None and value is not None:
                said[question] = Candidate(id_, "history", statement, variable, value, question, option, None, at)
    for id_, layer, key, question, option, at, statement in sorted(row["facts"]):
        if layer == "distilled" and question is not None:
            variable, value = correlations.of_question(question), correlations.value_of_answer(question, option)
            outdated = question in said and said[question].option != option
            if variable is not None and value is not None and not outdated:
                said[question] = Candidate(id_, "distilled", statement, variable, value, question, option, key, at)
        elif layer == "induced" and is_pole(key):
            variable = correlations.of_trait(trait_of(key))
            if variable is not None:
                leans.append(Candidate(id_, "induced", statement, variable, 0.0, key=key, at=at))
    variables = np.array([item.variable for item in said.values()], dtype=np.int64)
    surprising = residuals(
        correlations.matrix[np.ix_(variables, variables)],
        np.array([item.value for item in said.values()], dtype=np.float64),
        size=_RESIDUAL_ITEMS,
        ridge=correlations.snapshot.settings.ridge,
        linked=correlations.linked[np.ix_(variables, variables)],
    )
    return SharedItems(
        items=(*said.values(), *leans),
        variables=np.concatenate([variables, np.array([item.variable for item in leans], dtype=np.int64)]),
        answers={question: place for place, question in enumerate(said)},
        residuals=surprising,
        texts=tuple(free_texts(row["items"], row["facts"], _SHARED_LAYERS)),
    )
