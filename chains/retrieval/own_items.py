"""A user's own items that can be recalled: answers (distilled where a fact states them), traits, groups, free text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.style import PersonStyle
from persona_db.chains.retrieval.rows import FactRow, ItemRow, Layer, UserRow, read_personas
from persona_db.chains.retrieval.text_similarity import TextSimilarity
from persona_db.graph.ids import demographic_id, is_computed, is_pole, is_style, position_id, trait_of

__all__ = ["Candidate", "Layer", "Own", "free_texts", "own_items_of", "read_own_items"]


class Candidate(NamedTuple):
    """An item that can be recalled: which variable it observes, and the value observed.

    Free text observes no variable and has no value: its relevance is its similarity to the question.
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
    """A user's own candidates by id with free text last, their newest answers, and the keys they hold."""

    items: tuple[Candidate, ...]
    answers: Mapping[str, int]
    held: tuple[str, ...]
    answered_at: Mapping[str, str]
    """The dates of `answers`."""
    style: tuple[str, PersonStyle] | None
    """The fact of how often they answer off the scale, by its id, and its numbers."""
    position: tuple[str, tuple[float, ...]] | None
    """The fact of all their answers together, by its id, and their scores."""
    counted: bool
    """Whether the user shares anything, and so is counted in key summaries."""

    @cached_property
    def variables(self) -> NDArray[np.int64]:
        return np.array([item.variable for item in self.items if item.variable is not None], dtype=np.int64)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The statements of free text, in the order of their items."""
        return tuple(item.statement for item in self.items if item.variable is None)

    def relevance(
        self, correlations: CorrelationModel, question: str, similarity: TextSimilarity
    ) -> NDArray[np.float64]:
        """Return the relevance of each item to the question."""
        relevance = correlations.relevance(question)[self.variables]
        if not self.texts:
            return relevance
        return np.concatenate([relevance, [similarity.relevance(question, text) for text in self.texts]])

    @cached_property
    def repeats(self) -> bool:
        """Whether two of the items have the same text."""
        return len({item.statement for item in self.items}) < len(self.items)


def read_own_items(correlations: CorrelationModel, users: Sequence[str], layers: frozenset[Layer]) -> dict[str, Own]:
    """Read the own items of each user that exists; one query for 200 of them."""
    return {row.user: own_items_of(correlations, row, layers) for row in read_personas(correlations.snapshot, users)}


def own_items_of(correlations: CorrelationModel, row: UserRow, layers: frozenset[Layer]) -> Own:
    """Turn what the graph stores of a user into candidates of some layers."""
    newest: dict[str, ItemRow] = {}
    for item in sorted(row.items, key=lambda item: (item.at, item.id)):
        if item.question is not None and item.option is not None:
            newest[item.question] = item
    held = tuple(sorted(key for key in row.keys if key in correlations.keys))
    groups = [key for key in map(demographic_id, row.attributes) if key in correlations.keys]
    found = [
        *_answers(correlations, newest, row.facts, layers),
        *(_traits(correlations, row.traits, row.facts) if "induced" in layers else ()),
        *(_groups(correlations, groups) if "cache" in layers else ()),
    ]
    return Own(
        items=(*sorted(found, key=lambda item: item.id), *free_texts(row, layers)),
        answers={question: item.option for question, item in newest.items() if item.option is not None},
        answered_at={question: item.at for question, item in newest.items()},
        held=held or tuple(sorted(groups)),
        style=_style(row) if "induced" in layers else None,
        position=_position(row) if "induced" in layers else None,
        counted=row.shares,
    )


def _answers(
    correlations: CorrelationModel,
    newest: Mapping[str, ItemRow],
    facts: Sequence[FactRow],
    layers: frozenset[Layer],
) -> Iterator[Candidate]:
    distilled = {fact.question: fact for fact in facts if fact.layer == "distilled" and fact.question is not None}
    for question, item in newest.items():
        observed = correlations.observed(question, item.option)
        if observed is None:
            continue
        variable, value = observed
        fact = distilled.get(question)
        if fact is not None and fact.option == item.option and "distilled" in layers:
            yield Candidate(
                fact.id, "distilled", fact.statement, variable, value, question, item.option, fact.key, item.at
            )
        elif "history" in layers:
            yield Candidate(item.id, "history", item.statement, variable, value, question, item.option, None, item.at)


def _traits(correlations: CorrelationModel, traits: Sequence[float], facts: Sequence[FactRow]) -> Iterator[Candidate]:
    for fact in facts:
        if fact.layer == "induced" and is_pole(fact.key):
            trait = trait_of(fact.key)
            variable = correlations.of_trait(trait)
            if variable is not None and trait < len(traits):
                score = float(traits[trait])
                yield Candidate(fact.id, "induced", fact.statement, variable, score, key=fact.key, at=fact.at)


def _style(row: UserRow) -> tuple[str, PersonStyle] | None:
    style = PersonStyle.of_row(row.style)
    told = [fact.id for fact in row.facts if fact.layer == "induced" and is_style(fact.key)]
    return (min(told), style) if told and style.is_told else None


def _position(row: UserRow) -> tuple[str, tuple[float, ...]] | None:
    told = [fact.id for fact in row.facts if fact.layer == "induced" and fact.key == position_id()]
    return (min(told), tuple(row.scores)) if told and row.scores else None


def _groups(correlations: CorrelationModel, groups: Sequence[str]) -> Iterator[Candidate]:
    for key in groups:
        variable = correlations.of_key(key)
        if variable is not None:
            yield Candidate(key, "cache", key, variable, correlations.value_of_holding(key), key=key)


def free_texts(row: UserRow, layers: frozenset[Layer]) -> list[Candidate]:
    """Return what is recalled by text similarity, by id: facts without question or pole, then items without option."""
    facts = [
        Candidate(fact.id, fact.layer, fact.statement, None, None, key=fact.key, at=fact.at)
        for fact in row.facts
        if fact.question is None and fact.layer in layers and not is_computed(fact.key)
    ]
    items = [
        Candidate(item.id, "history", item.statement, None, None, item.question, at=item.at)
        for item in row.items
        if item.option is None and "history" in layers
    ]
    return [*sorted(facts, key=lambda fact: fact.id), *sorted(items, key=lambda item: item.id)]
