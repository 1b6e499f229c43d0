"""Collaborators' items: their answers, traits and texts, as far as each collaborator shares them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.conditioning import residuals
from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.results import Recalled
from persona_db.chains.retrieval.join import Match
from persona_db.chains.retrieval.own_items import Candidate, Layer, free_texts
from persona_db.chains.retrieval.rows import UserRow, read_shared
from persona_db.chains.retrieval.text_similarity import TextSimilarity
from persona_db.graph.ids import is_pole, trait_of
from persona_db.graph.models import Question

__all__ = ["LEAST_RELEVANCE", "CollaboratorItems", "SharedItems"]

LEAST_RELEVANCE = 0.01
"""Relevance below which an item takes no slot."""


_SHARED_LAYERS: frozenset[Layer] = frozenset({"history", "distilled", "induced"})


_RESIDUAL_ITEMS = 20
_MOST_VOTES = 20
_MOST_KEPT = 5_000


@dataclass(frozen=True)
class SharedItems:
    """A collaborator's items, answers before traits, with the residual of each answer."""

    items: tuple[Candidate, ...]
    variables: NDArray[np.int64]
    answers: Mapping[str, int]
    """The index of the answer to a question among the items."""
    residuals: NDArray[np.float64]
    texts: tuple[Candidate, ...]
    """Items that are recalled by text similarity."""


@dataclass(frozen=True)
class _Ranked:
    """Items of collaborators in the order of their strength, each as the places of its owner and of itself there."""

    of: tuple[str, tuple[tuple[str, float], ...], TextSimilarity]
    """The question, the collaborators and the similarity of texts for which it is the order."""
    strengths: list[float]
    owners: list[int]
    indexes: list[int]


class CollaboratorItems:
    """The items of collaborators: each collaborator is read once, and the 5,000 read last are kept.

    With *questions* answers to others are not read: enough to count votes on these.
    """

    def __init__(self, correlations: CorrelationModel, *, questions: Collection[str] | None = None) -> None:
        self._correlations = correlations
        self._questions = correlations.questions if questions is None else questions
        self._shared: dict[str, SharedItems] = {}
        self._ranked: _Ranked | None = None

    def fetch(self, users: Collection[str]) -> None:
        """Read the users that were not read before; one query for 200 of them."""
        wanted = set(users)
        missing = sorted(wanted - self._shared.keys())
        spare = [user for user in self._shared if user not in wanted]
        for user in spare[: max(len(self._shared) + len(missing) - _MOST_KEPT, 0)]:
            del self._shared[user]
        self.add(read_shared(self._correlations.snapshot, missing, self._questions))

    def add(self, rows: Iterable[UserRow]) -> None:
        """Keep what users share."""
        self._ranked = None
        for row in rows:
            self._shared[row.user] = _shared_items(self._correlations, row)

    def texts(self, collaborators: Sequence[Match]) -> Iterator[str]:
        """Yield the statements of collaborators that are recalled by text similarity."""
        for match in collaborators:
            if match.user in self._shared:
                yield from (item.statement for item in self._shared[match.user].texts)

    def votes(self, question: Question, collaborators: Sequence[Match]) -> tuple[int, ...]:
        """Return how many of the closest collaborators who answered the question chose each option; 20 at most."""
        counts = [0] * len(question.options)
        left = _MOST_VOTES
        for match in collaborators:
            shared = self._shared.get(match.user)
            index = None if shared is None else shared.answers.get(question.id)
            if shared is None or index is None or not left:
                continue
            option = shared.items[index].option
            if option is not None:
                counts[option] += 1
                left -= 1
        return tuple(counts) if any(counts) else ()

    def recalled(
        self,
        question: str,
        collaborators: Sequence[Match],
        *,
        cap: int,
        known: Collection[str],
        similarity: TextSimilarity,
    ) -> Iterator[Recalled]:
        """Yield collaborators' answers to the question, closest collaborator first; then their other items, those of
        highest relevance times JOIN score first, ties by id.

        No statement is yielded twice, none of *known*, and at most *cap* items of one collaborator.
        """
        close = [(match, self._shared[match.user]) for match in collaborators if match.user in self._shared]
        seen = set(known)
        taken: dict[str, int] = {}
        for match, shared in close:
            index = shared.answers.get(question)
            if index is not None and shared.items[index].statement not in seen:
                seen.add(shared.items[index].statement)
                taken[match.user] = 1
                residual = float(shared.residuals[index])
                yield _recalled_item(match, shared.items[index], match.score, value=residual)
        for strength, match, item in self._other_items(question, close, similarity, seen):
            if taken.get(match.user, 0) < cap:
                seen.add(item.statement)
                taken[match.user] = taken.get(match.user, 0) + 1
                yield _recalled_item(match, item, strength, value=None)

    def _other_items(
        self, question: str, close: Sequence[tuple[Match, SharedItems]], similarity: TextSimilarity, seen: Set[str]
    ) -> Iterator[tuple[float, Match, Candidate]]:
        """Yield the items of *close* collaborators beside their answers to the question, strongest first.

        Left out are statements that the caller has put into *seen* by then. Free text comes after other items of equal
        strength, then ties are broken by id. Ties are sorted only as far as the caller reads: most callers take few.
        """
        ranked = self._ranking(question, close, similarity)
        ordered, owner_of, index_of = ranked.strengths, ranked.owners, ranked.indexes
        start = 0
        while start < len(ordered):
            end = start + 1
            if end == len(ordered) or ordered[end] != ordered[start]:  # nearly always
                match, shared = close[owner_of[start]]
                text = index_of[start] - len(shared.items)
                item = shared.items[index_of[start]] if text < 0 else shared.texts[text]
                if item.statement not in seen:
                    yield ordered[start], match, item
                start = end
                continue
            while end < len(ordered) and ordered[end] == ordered[start]:
                end += 1
            equals = []
            for rank in range(start, end):
                match, shared = close[owner_of[rank]]
                text = index_of[rank] - len(shared.items)
                item = shared.items[index_of[rank]] if text < 0 else shared.texts[text]
                equals.append((text >= 0, item.id, match, item))
            equals.sort(key=itemgetter(0, 1))
            for _, _, match, item in equals:
                if item.statement not in seen:
                    yield ordered[start], match, item
            start = end

    def _ranking(
        self, question: str, close: Sequence[tuple[Match, SharedItems]], similarity: TextSimilarity
    ) -> _Ranked:
        """Return the relevant items of *close* collaborators, strongest first; asked for again, the same is at hand."""
        of = (question, tuple((match.user, match.score) for match, _ in close), similarity)
        if self._ranked is not None and self._ranked.of == of:
            return self._ranked
        relevance = self._correlations.relevance(question)
        strengths, owners, indexes = [np.zeros(0)], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for owner, (match, shared) in enumerate(close):
            strength = match.score * relevance[shared.variables]
            if shared.texts:
                of_texts = [match.score * similarity.relevance(question, item.statement) for item in shared.texts]
                strength = np.concatenate([strength, of_texts])
            kept = np.flatnonzero(strength >= LEAST_RELEVANCE)
            kept = kept[kept != shared.answers.get(question, -1)]
            strengths.append(strength[kept])
            owners.append(np.full(len(kept), owner))
            indexes.append(kept)
        unordered = np.concatenate(strengths)
        order = np.argsort(-unordered, kind="stable")
        self._ranked = _Ranked(
            of,
            unordered[order].tolist(),
            np.concatenate(owners)[order].tolist(),
            np.concatenate(indexes)[order].tolist(),
        )
        return self._ranked


def _recalled_item(match: Match, item: Candidate, score: float, *, value: float | None) -> Recalled:
    return Recalled.model_construct(
        id=item.id,
        source="collaborator",
        layer=item.layer,
        text="",
        user=match.user,
        question=item.question,
        option=item.option,
        counts=(),
        key=item.key,
        score=float(score),
        value=value,
        at=item.at,
    )


def _shared_items(correlations: CorrelationModel, row: UserRow) -> SharedItems:
    """Return what a user shares on the questions of *correlations*."""
    answers: dict[str, Candidate] = {}
    traits: list[Candidate] = []
    for item in sorted(row.items, key=lambda item: (item.at, item.id)):
        observed = None if item.question is None else correlations.observed(item.question, item.option)
        if item.question is not None and observed is not None:
            answers[item.question] = Candidate(
                item.id, "history", item.statement, *observed, item.question, item.option, None, item.at
            )
    for fact in sorted(row.facts, key=lambda fact: fact.id):
        if fact.layer == "distilled" and fact.question is not None:
            observed = correlations.observed(fact.question, fact.option)
            outdated = fact.question in answers and answers[fact.question].option != fact.option
            if observed is not None and not outdated:
                answers[fact.question] = Candidate(
                    fact.id, "distilled", fact.statement, *observed, fact.question, fact.option, fact.key, fact.at
                )
        elif fact.layer == "induced" and is_pole(fact.key):
            variable = correlations.of_trait(trait_of(fact.key))
            if variable is not None:
                traits.append(Candidate(fact.id, "induced", fact.statement, variable, 0.0, key=fact.key, at=fact.at))
    variables = np.array([item.variable for item in answers.values()], dtype=np.int64)
    of_answers = residuals(
        correlations.matrix[np.ix_(variables, variables)],
        np.array([item.value for item in answers.values()], dtype=np.float64),
        size=_RESIDUAL_ITEMS,
        ridge=correlations.snapshot.settings.ridge,
        linked=correlations.linked[np.ix_(variables, variables)],
    )
    return SharedItems(
        items=(*answers.values(), *traits),
        variables=np.concatenate([variables, np.array([item.variable for item in traits], dtype=np.int64)]),
        answers={question: index for index, question in enumerate(answers)},
        residuals=of_answers,
        texts=tuple(free_texts(row, _SHARED_LAYERS)),
    )
