"""What of a user's own can be recalled: answers, distilled where a fact says so, traits, groups, free text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.retrieval.text_similarity import TextSimilarity
from persona_db.graph.ids import demographic_id, is_pole, trait_of

__all__ = ["Candidate", "Layer", "Own", "free_texts", "own_items_of", "read_own_items"]

Layer = Literal["history", "distilled", "induced", "cache"]
_USERS_AT_ONCE = 200


class Candidate(NamedTuple):
    """An item that can be recalled: which variable it observes, and what was observed.

    Free text observes none, and has no value: what it tells about a question is a matter of meaning.
    """

    id: str
    layer: Layer
    statement: str
    variable: int | None
    value: float | None
    question: str | None = None
    option: int | None = None
    key: str | None = None
    at: str = ""


@dataclass(frozen=True)
class Own:
    """A user's own candidates by id, free text last, their newest answers, and the keys they hold."""

    items: tuple[Candidate, ...]
    answers: Mapping[str, int]
    held: tuple[str, ...]
    counted: bool
    """Whether the user shares anything, and so is counted in key summaries."""

    @cached_property
    def variables(self) -> NDArray[np.int64]:
        return np.array([item.variable for item in self.items if item.variable is not None], dtype=np.int64)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The statements of free text, in the order of the items that say them."""
        return tuple(item.statement for item in self.items if item.variable is None)

    def relevance(
        self, correlations: CorrelationModel, question: str, similarity: TextSimilarity
    ) -> NDArray[np.float64]:
        """How much each item tells about the question."""
        relevance = correlations.relevance(question)[self.variables]
        if not self.texts:
            return relevance
        return np.concatenate([relevance, [similarity.relevance(question, text) for text in self.texts]])

    @cached_property
    def repeats(self) -> bool:
        """Whether two of the items read the same."""
        return len({item.statement for item in self.items}) < len(self.items)


def read_own_items(correlations: CorrelationModel, users: Sequence[str], layers: frozenset[Layer]) -> dict[str, Own]:
    """Read what some users have themselves; one query for 200 of them. Those that there are not are left out."""
    snapshot = correlations.snapshot
    found: dict[str, Own] = {}
    for start in range(0, len(users), _USERS_AT_ONCE):
        some = list(users[start : start + _USERS_AT_ONCE])
        rows = snapshot.graph.read(
            "personas", dataset=snapshot.dataset, fit=snapshot.fit, users=some, as_of=snapshot.as_of
        )
        found.update((row["user"], own_items_of(correlations, row, layers)) for row in rows)
    return found


def own_items_of(correlations: CorrelationModel, row: Mapping[str, Any], layers: frozenset[Layer]) -> Own:
    """Turn a row of `personas` into candidates."""
    newest: dict[str, Sequence[Any]] = {}
    for item in sorted(row["items"], key=lambda item: (item[3], item[0])):
        if item[1] is not None and item[2] is not None:
            newest[item[1]] = item
    held = tuple(sorted(key for key, _, _ in row["keys"] if key in correlations.keys))
    groups = [key for key in map(demographic_id, row["attributes"]) if key in correlations.keys]
    found = [
        *_answers(correlations, newest, row["facts"], layers),
        *(_traits(correlations, row["traits"] or (), row["facts"]) if "induced" in layers else ()),
        *(_groups(correlations, groups) if "cache" in layers else ()),
    ]
    texts = free_texts(row["items"], row["facts"], layers)
    return Own(
        items=(*sorted(found, key=lambda item: item.id), *texts),
        answers={question: item[2] for question, item in newest.items()},
        held=held or tuple(sorted(groups)),
        counted=row["sharing_rank"] > 0,
    )


def _answers(
    correlations: CorrelationModel,
    newest: Mapping[str, Sequence[Any]],
    facts: Sequence[Sequence[Any]],
    layers: frozenset[Layer],
) -> Iterator[Candidate]:
    distilled = {fact[3]: fact for fact in facts if fact[1] == "distilled" and fact[3] is not None}
    for question, (id_, _, option, at, statement) in newest.items():
        variable = correlations.of_question(question)
        value = correlations.value_of_answer(question, option)
        if variable is None or value is None:
            continue
        fact = distilled.get(question)
        if fact is not None and fact[4] == option and "distilled" in layers:
            yield Candidate(fact[0], "distilled", statement, variable, value, question, option, fact[2], at)
        elif "history" in layers:
            yield Candidate(id_, "history", statement, variable, value, question, option, None, at)


def _traits(
    correlations: CorrelationModel, traits: Sequence[float], facts: Sequence[Sequence[Any]]
) -> Iterator[Candidate]:
    for id_, layer, key, _, _, at, statement in facts:
        if layer == "induced" and is_pole(key):
            trait = trait_of(key)
            variable = correlations.of_trait(trait)
            if variable is not None and trait < len(traits):
                yield Candidate(id_, "induced", statement, variable, float(traits[trait]), key=key, at=at)


def _groups(correlations: CorrelationModel, groups: Sequence[str]) -> Iterator[Candidate]:
    for key in groups:
        variable = correlations.of_key(key)
        if variable is not None:
            yield Candidate(key, "cache", key, variable, correlations.value_of_holding(key), key=key)


def free_texts(
    items: Sequence[Sequence[Any]], facts: Sequence[Sequence[Any]], layers: frozenset[Layer]
) -> list[Candidate]:
    """What is recalled by meaning, by id: facts of no question and no trait, then texts that choose no option.

    `items` and `facts` are those of rows of `personas` or `borrowable`.
    """
    found = [
        Candidate(id_, layer, statement, None, None, key=key, at=at)
        for id_, layer, key, question, _, at, statement in facts
        if question is None and layer in layers and not is_pole(key)
    ]
    said = [
        Candidate(id_, "history", statement, None, None, question, at=at)
        for id_, question, option, at, statement in items
        if option is None and "history" in layers
    ]
    return [*sorted(found, key=lambda one: one.id), *sorted(said, key=lambda one: one.id)]
