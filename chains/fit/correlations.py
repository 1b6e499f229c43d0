"""The correlation model that a prediction reads of a Fit: scales, and correlations of all that can be recalled.

Questions, cache keys and latent traits are variables of one correlation matrix. It has the links and key summaries
that the Fit stores; other correlations are those that shared factors imply, and of keys those of shared traits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.item_response import ItemResponse
from persona_db.chains.fit.keys import CacheKey
from persona_db.chains.fit.population import Population, strongest_links
from persona_db.chains.fit.scale import Scale, low_to_high, widths
from persona_db.chains.fit.snapshot import Snapshot
from persona_db.chains.fit.store import read_keys
from persona_db.chains.fit.summaries import Summary
from persona_db.chains.fit.unseen import Alike, Near, _alike, _rates, nearest
from persona_db.graph.models import Question
from persona_db.graph.users import User, question_of

__all__ = ["CorrelationModel", "correlations_of", "load_correlations"]

Floats = NDArray[np.float64]
TRAIT_RELIABILITY = 0.9
"""Correlation of an estimated trait with the trait; estimates rest on tens of answers."""


LEAST_MEANING = 0.3
_SHOWN = 3  # similar questions that are named


@dataclass(frozen=True)
class CorrelationModel:
    """Scales and correlations of some questions, the keys and the traits of a Fit.

    `place` has the variable of each question. `linked[i, j]` says that question i has a stored link to question j.
    `vectors` are those of the questions to be predicted.
    """

    snapshot: Snapshot
    questions: Mapping[str, Question]
    scales: Mapping[str, Scale]
    place: Mapping[str, int]
    matrix: Floats
    linked: NDArray[np.bool_]
    keys: Mapping[str, CacheKey]
    counts: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    vectors: Mapping[str, Floats] = field(default_factory=dict)
    says: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What each answer of a question is called, where the Fit calls it something."""
    closest: Mapping[str, Sequence[tuple[str, float]]] = field(default_factory=dict)
    """Of each question that nobody answered, the labels of the known ones most similar to it, with the cosine."""
    off: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Of questions with options off the scale, what the Fit knows of who chooses them."""
    steps: Mapping[str, Floats] = field(default_factory=dict)
    """Of questions that people answered, the steps of the item response."""
    everybody: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Of questions that somebody of the Fit answered, how many chose each option."""

    def of_question(self, question: str) -> int | None:
        """Return the variable of a question; None for a question that was not read."""
        return self.place.get(question)

    def of_key(self, key: str) -> int | None:
        """Return the variable of a cache key; None for a key that was not read."""
        return self._key_place.get(key)

    def of_trait(self, trait: int) -> int | None:
        """Return the variable of a latent trait, counted from 0; None for a trait beyond those of the Fit."""
        variable = len(self.place) + len(self.keys) + trait
        return variable if variable < len(self.matrix) else None

    def relevance(self, question: str) -> Floats:
        """Return the relevance of each variable to *question*: its absolute correlation, 0 without a link.

        It is independent of the other questions of the batch.
        """
        if question not in self._relevance:
            row = self.place[question]
            strength = np.abs(self.matrix[row])
            strength[: len(self.place)] *= self.linked[row]
            self._relevance[question] = strength
        return self._relevance[question]

    @cached_property
    def _relevance(self) -> dict[str, Floats]:
        return {}

    @cached_property
    def _key_place(self) -> dict[str, int]:
        return {key: len(self.place) + row for row, key in enumerate(self.keys)}

    def value_of_answer(self, question: str, option: int) -> float | None:
        """Return an option's value on its question's standardised scale; None off the scale."""
        scale = self.scales.get(question)
        if scale is None or option >= len(scale.values) or np.isnan(scale.values[option]):
            return None
        return float(scale.values[option])

    def observed(self, question: str, option: int | None) -> tuple[int, float] | None:
        """Return the variable that an answer observes, and its value; None without one of them."""
        variable = self.place.get(question)
        value = None if option is None else self.value_of_answer(question, option)
        return None if variable is None or value is None else (variable, value)

    def value_of_holding(self, key: str) -> float:
        """Return the standardised observation that someone holds a key; it is higher for rare keys."""
        share = min(max(self.keys[key].share, 1e-3), 0.999)
        return float(np.sqrt((1 - share) / share))

    def key_relevance(self, question: str, keys: Sequence[str], counts: Sequence[Sequence[int]]) -> Floats:
        """Return the correlation of holding each of *keys* with the answer to *question*, from its holders' answers."""
        values = np.nan_to_num(self.scales[question].values)
        answered = np.array(counts, dtype=np.float64).reshape(len(keys), len(values))
        means = answered @ values / np.maximum(answered.sum(axis=1) + self.snapshot.settings.shrinkage, 1e-9)
        share = np.clip([self.keys[key].share for key in keys], 1e-3, 0.999)
        return np.asarray(np.clip(np.sqrt(share / (1 - share)) * means, -0.95, 0.95))

    def relevance_by_similarity(self, cosine: float) -> float:
        """Return the relevance of a text to a question of that cosine similarity, on the scale of correlations."""
        return self.strength_of_similarity * max(cosine, 0.0) ** 2

    @property
    def strength_of_similarity(self) -> float:
        """The correlation assumed for two texts of equal meaning: the setting `meaning`, 0.3 or more."""
        return max(self.snapshot.settings.meaning, LEAST_MEANING)


def load_correlations(
    snapshot: Snapshot,
    targets: Sequence[Question],
    *,
    vectors: Mapping[str, Floats],
    near: Mapping[str, Sequence[Near]] = MappingProxyType({}),
    holder: User | None = None,
) -> CorrelationModel:
    """Read the correlation model of *targets*: with the questions linked to them, and the key summaries of both.

    With *holder* only keys that this user holds, leans to or has facts of are read: a prediction for them reads no
    other, and is the same.

    A target that nobody of the Fit answered takes its base rates and links from similar questions with as many options,
    as weighted means, by its text (`vectors`, a unit vector by id; `near` is what `nearest` finds for them, where that
    was read before). A fixed number of queries.
    """
    graph, dataset, fit = snapshot.graph, snapshot.dataset, snapshot.fit
    ids = [question.id for question in targets]
    known = {row["question"] for row in graph.read("asked_in_fit", dataset=dataset, fit=fit, questions=ids)}
    asked = [id_ for id_ in ids if id_ in known]
    links = graph.read("links_around", dataset=dataset, fit=fit, questions=asked) if asked else []
    wanted = dict.fromkeys(asked)
    for row in links:
        if row["asked"]:
            wanted.update(dict.fromkeys(other for other, _ in row["links"]))
    new = [question for question in targets if question.id not in known]
    for question in new:
        wanted.pop(question.id, None)
    unread = {one.id: vectors[one.id] for one in new if one.id in vectors and one.id not in near}
    near = {**{one.id: near[one.id] for one in new if one.id in near}, **nearest(snapshot, unread)}
    wanted.update(dict.fromkeys(one.question for found in near.values() for one in found))
    rows = graph.read("base_rates", dataset=dataset, fit=fit, questions=list(wanted))
    keys = read_keys(graph, dataset, fit, least=snapshot.least_holders, holder=holder)
    traits = len(rows[0]["loadings"]) if rows else max((len(key.loadings) for key in keys.values()), default=0)
    linked = {row["question"] for row in links}
    beside = [row["id"] for row in rows if row["id"] not in linked]
    if beside:
        links += graph.read("links", dataset=dataset, fit=fit, questions=beside)
    read = _Read.of(rows, traits, [row for row in links if row["question"] in wanted])
    if new:
        read.add(new, _alike(snapshot, new, near, read.questions, vectors), most=snapshot.settings.links)
        read.keep_linked([question.id for question in targets])
    correlations = CorrelationModel(
        snapshot, read.questions, read.scales, read.place, np.zeros((0, 0)), read.linked, keys
    )
    counts: dict[tuple[str, str], tuple[int, ...]] = {}
    asked_of = {"dataset": dataset, "fit": fit, "questions": list(read.questions)}
    found = (
        graph.read("summaries", **asked_of, least=snapshot.least_holders)
        if holder is None
        else graph.read("summaries_of_keys", **asked_of, keys=list(keys))
    )
    for row in found:
        known_keys = sorted((key, numbers) for key, numbers in row["summaries"] if key in keys)  # others are newer
        counts.update({(key, row["question"]): tuple(numbers) for key, numbers in known_keys})
    return replace(
        correlations,
        matrix=_assemble(correlations, read.links, read.loadings, counts),
        counts=counts,
        vectors=vectors,
        says={row["id"]: tuple(row["says"]) for row in rows if row["says"]},
        off={row["id"]: tuple(row["off"]) for row in rows if row["off"]},
        steps=_steps(read.scales, {row["id"]: row["steps"] for row in rows if row["steps"] and row["id"] in known}),
        everybody={row["id"]: tuple(row["counts"]) for row in rows if any(row["counts"])},
        closest=read.closest,
    )


@dataclass
class _Read:
    """What is read of some questions, to which new ones are added."""

    questions: dict[str, Question]
    scales: dict[str, Scale]
    place: dict[str, int]
    links: Floats
    linked: NDArray[np.bool_]
    loadings: Floats
    closest: dict[str, tuple[tuple[str, float], ...]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], traits: int, links: Iterable[Mapping[str, Any]]) -> _Read:
        """Return what rows of `base_rates` and of `links` say."""
        questions = {row["id"]: question_of(row) for row in rows}
        scales = {
            row["id"]: Scale.of(np.array(row["rates"], dtype=np.float64), questions[row["id"]].ordinal) for row in rows
        }
        loadings = np.array([row["loadings"] for row in rows], dtype=np.float64).reshape(len(rows), traits)
        place = {row["id"]: index for index, row in enumerate(rows)}
        # a Fit of an earlier version has no factors: its traits stand for them
        found = [row["factors"] or row["loadings"] for row in rows]
        factors = np.array(found, dtype=np.float64).reshape(len(rows), len(found[0]) if found else 0)
        return cls(questions, scales, place, *_links(links, place, factors), loadings, {})

    def add(self, new: Sequence[Question], alike: Sequence[Sequence[Alike]], *, most: int) -> None:
        """Add questions that nobody answered, by the known ones that each is like; none of them by another new one."""
        known_links, known_loadings = self.links, self.loadings
        for question, like in zip(new, alike, strict=True):
            at = [self.place[one.question] for one in like]
            weights = np.array([one.weight * one.sign for one in like])
            to_others, on_traits = weights @ known_links[at], weights @ known_loadings[at]
            to_others = np.clip(np.concatenate([to_others, np.zeros(len(self.links) - len(to_others))]), -0.95, 0.95)
            self.links = np.block([[self.links, to_others[:, None]], [to_others[None, :], np.ones((1, 1))]])
            self.linked = np.pad(self.linked, (0, 1))
            strongest = [*np.argsort(-np.abs(to_others), kind="stable")[:most], len(self.place)]
            self.linked[-1, strongest] = self.linked[strongest, -1] = True
            self.loadings = np.vstack([self.loadings, on_traits[None, :]])
            self.place[question.id] = len(self.place)
            self.scales[question.id] = Scale.of(self._rates_of(question, like), question.ordinal)
            nearest_first = sorted(like, key=lambda one: -one.cosine)[:_SHOWN]
            called = [self.questions[one.question] for one in nearest_first]
            self.closest[question.id] = tuple(
                (asked.label or asked.text, one.cosine) for asked, one in zip(called, nearest_first, strict=True)
            )
            self.questions[question.id] = question

    def _rates_of(self, question: Question, like: Sequence[Alike]) -> Floats:
        """Return base rates by those of the known questions with as many options, from the same end."""
        same = [one for one in like if widths(self.questions[one.question]) == widths(question)]
        rates = [
            self.scales[one.question].rates[low_to_high(self.questions[one.question])][:: one.sign] for one in same
        ]
        return _rates(question, rates, np.array([one.weight for one in same]))

    def keep_linked(self, targets: Sequence[str]) -> None:
        """Drop the questions without a link to any of *targets*."""
        kept = np.flatnonzero(self.linked[[self.place[id_] for id_ in targets]].any(axis=0))
        ids = np.array(list(self.place))[kept].tolist()
        self.place = {id_: index for index, id_ in enumerate(ids)}
        self.questions, self.scales = {id_: self.questions[id_] for id_ in ids}, {id_: self.scales[id_] for id_ in ids}
        self.links, self.linked = self.links[np.ix_(kept, kept)], self.linked[np.ix_(kept, kept)]
        self.loadings = self.loadings[kept]


def correlations_of(
    snapshot: Snapshot, population: Population, keys: Mapping[str, CacheKey], summaries: Iterable[Summary]
) -> CorrelationModel:
    """Return the correlation model of all questions of a Fit in memory, equal to what `load_correlations` reads."""
    questions = {question.id: question for question in population.questions}
    place = {id_: row for row, id_ in enumerate(questions)}
    links, linked = _links(strongest_links(population), place, population.factors)
    scales = dict(zip(questions, population.scales, strict=True))
    counts = {(summary.key, summary.question): summary.counts for summary in summaries}
    correlations = CorrelationModel(snapshot, questions, scales, place, np.zeros((0, 0)), linked, keys)
    off = {id_: population.style.row(row) for id_, row in place.items()}
    return replace(
        correlations,
        matrix=_assemble(correlations, links, population.loadings, counts),
        counts=counts,
        off={id_: row for id_, row in off.items() if row},
        steps={id_: found for id_, found in zip(questions, population.response.steps, strict=False) if len(found)},
    )


def _steps(scales: Mapping[str, Scale], rows: Mapping[str, Sequence[float]]) -> dict[str, Floats]:
    found = ItemResponse.of_rows([scales[id_] for id_ in rows], list(rows.values()))
    return dict(zip(rows, found.steps, strict=True))


def _links(
    stored: Iterable[Mapping[str, Any]], place: Mapping[str, int], factors: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the correlations among the questions of *place*, and which of them are stored or on the diagonal.

    A correlation is that of a TELLS link in either direction, or what shared factors imply.
    """
    links = np.clip(factors @ factors.T, -0.95, 0.95)
    linked = np.eye(len(place), dtype=bool)
    for row in stored:
        column = place[row["question"]]
        for other, r, *_ in row["links"]:
            if other in place:
                linked[column, place[other]] = True
                links[column, place[other]] = links[place[other], column] = r
    np.fill_diagonal(links, 1.0)
    return np.asarray(links), linked


def _assemble(
    correlations: CorrelationModel, links: Floats, loadings: Floats, counts: Mapping[tuple[str, str], tuple[int, ...]]
) -> Floats:
    traits = loadings.shape[1]
    of_keys = np.array([key.loadings for key in correlations.keys.values()], dtype=np.float64)
    of_keys = of_keys.reshape(len(correlations.keys), traits)
    position = {key: row for row, key in enumerate(correlations.keys)}
    key_question = np.clip(of_keys @ loadings.T, -0.95, 0.95)
    held: dict[str, list[str]] = {}
    for key, question in counts:
        held.setdefault(question, []).append(key)
    for question, summarised in held.items():
        rows = [position[key] for key in summarised]
        tables = [counts[key, question] for key in summarised]
        key_question[rows, correlations.place[question]] = correlations.key_relevance(question, summarised, tables)
    key_key = np.clip(of_keys @ of_keys.T, -0.95, 0.95)
    np.fill_diagonal(key_key, 1.0)
    trait_question = TRAIT_RELIABILITY * loadings.T
    trait_key = TRAIT_RELIABILITY * of_keys.T
    return np.block(
        [
            [links, key_question.T, trait_question.T],
            [key_question, key_key, trait_key.T],
            [trait_question, trait_key, np.eye(traits)],
        ]
    )
