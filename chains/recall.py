"""Recall: the r items that a prediction may read, own and borrowed (paper section 2.4).

Of r places ceil(x r) are for what is borrowed: what holders of the user's keys answered (key summaries), and what
collaborators said. Places that one side cannot fill go to the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from persona_db.chains.join import TOP_K, join_many
from persona_db.chains.reading import Reading, open_reading
from persona_db.chains.statistical.estimate import residuals
from persona_db.chains.statistical.knowledge import Knowledge
from persona_db.chains.statistical.traits import trait_of
from persona_db.graph.models import Context, Model, Question, Recalled, Sharing
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["RecallSettings", "recall", "recall_many"]

Layer = Literal["history", "distilled", "induced", "cache"]

_RESIDUAL_ITEMS = 20
_LEAST_TELLING = 0.01
_USERS_AT_ONCE = 200


class RecallSettings(Model):
    """How the places are filled."""

    size: int = Field(default=40, ge=0, le=1_000, description="Places in all (retrieval size r).")
    ratio: float = Field(
        default=0.25, ge=0, le=1, description="Share of them for borrowed items (composition ratio x)."
    )
    top_k: int = Field(default=TOP_K, ge=0, description="Collaborators that may be borrowed from.")
    summaries: float = Field(default=0.8, ge=0, le=1, description="Share of the borrowed places for key summaries.")
    one_share: float = Field(
        default=0.2, gt=0, le=1, description="Most of the borrowed places that one collaborator fills, one at least."
    )
    layers: frozenset[Layer] = Field(
        default=frozenset({"history", "distilled", "induced", "cache"}), description="Layers of own items used."
    )


_Item = tuple[str, Layer, str | None, int | None, str | None, str]
"""(id, layer, question, option, key, at)"""
_Candidate = tuple[int, float, _Item]
"""(variable, what was observed, item)"""


@dataclass(frozen=True)
class _Own:
    """A user's own candidates as arrays: which variable each observes, what was observed, how it reads."""

    variables: NDArray[np.int64]
    values: NDArray[np.float64]
    items: tuple[_Item, ...]
    answers: Mapping[str, int]
    held: tuple[str, ...]


@dataclass(frozen=True)
class _Lender:
    """What may be borrowed from one collaborator: answer items by question, and how surprising each is."""

    name: str
    answers: Mapping[str, tuple[str, Layer, int | None, str]]
    surprise: Mapping[str, float]
    induced: tuple[tuple[str, str, float, str], ...]


def recall(
    graph: Graph,
    user: str,
    question: str,
    *,
    dataset: str,
    options: Sequence[str] = (),
    settings: RecallSettings | None = None,
    as_of: str | None = None,
) -> Context:
    """Return the items recalled for one question: an id of the dataset, or the text of a new one.

    Own items first, then borrowed ones, each side most telling first; ties by id.
    """
    from persona_db.chains.asking import prepare

    require_user(graph, dataset, user)
    reading = open_reading(graph, dataset, as_of=as_of)
    asked, knowledge = prepare(reading, [(user, question)], options=options)
    return recall_many(knowledge, asked, settings=settings or RecallSettings(), texts=True)[0]


def recall_many(
    knowledge: Knowledge,
    asked: Sequence[tuple[str, Question]],
    *,
    settings: RecallSettings,
    texts: bool,
    collaborators: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    progress: Progress = no_progress,
) -> list[Context]:
    """Return a context for each (user, question), in their order; a fixed number of queries for 200 users.

    *collaborators* are rows of `join_many` by user; they are joined here when not given. Without *texts* items carry
    none: enough for the statistical engine.
    """
    reading = knowledge.reading
    by_user: dict[str, list[int]] = {}
    for index, (user, _) in enumerate(asked):
        by_user.setdefault(user, []).append(index)
    contexts: list[Context | None] = [None] * len(asked)
    lenders = _Lenders(knowledge)
    users = list(by_user)
    borrows = settings.ratio > 0 and settings.size > 0
    for start in range(0, len(users), _USERS_AT_ONCE):
        chunk = users[start : start + _USERS_AT_ONCE]
        own = {row["user"]: _own(knowledge, row, settings.layers) for row in _personas(reading, chunk)}
        found: Mapping[str, Sequence[Mapping[str, Any]]] = {}
        if borrows and settings.top_k:
            found = collaborators or join_many(reading, chunk, top_k=settings.top_k, sharing=Sharing.INDUCED)
            lenders.fetch({row["collaborator"] for user in chunk for row in found.get(user, ())})
        for user in chunk:
            for index in by_user[user]:
                question = asked[index][1]
                items = _fill(knowledge, own[user], question, found.get(user, ()), lenders, settings)
                contexts[index] = Context.model_construct(
                    user=user,
                    question=question,
                    items=tuple(items),
                    size=settings.size,
                    borrowed=sum(item.source != "own" for item in items),
                )
        progress("recalling", min(start + _USERS_AT_ONCE, len(users)), len(users))
    done = [context for context in contexts if context is not None]
    return _with_texts(knowledge, done) if texts else done


def _personas(reading: Reading, users: Sequence[str]) -> list[dict[str, Any]]:
    return reading.graph.read(
        "personas", dataset=reading.dataset, fit=reading.fit, users=list(users), as_of=reading.as_of
    )


def _own(knowledge: Knowledge, row: Mapping[str, Any], layers: frozenset[Layer]) -> _Own:
    """A user's candidates: answers (distilled where a fact says so), traits, and the groups they belong to."""
    newest: dict[str, Sequence[Any]] = {}
    for item in sorted(row["items"], key=lambda item: (item[3], item[0])):
        if item[1] is not None and item[2] is not None:
            newest[item[1]] = item
    held = tuple(sorted(key for key, _, _ in row["keys"] if key in knowledge.keys))
    groups = [f"demographic:{name}" for name in row["attributes"] if f"demographic:{name}" in knowledge.keys]
    found = [
        *_own_answers(knowledge, newest, row["facts"], layers),
        *(_own_traits(knowledge, row["traits"] or (), row["facts"]) if "induced" in layers else ()),
        *(_own_groups(knowledge, groups) if "cache" in layers else ()),
    ]
    return _Own(
        np.array([variable for variable, _, _ in found], dtype=np.int64),
        np.array([value for _, value, _ in found]),
        tuple(item for _, _, item in found),
        {question: item[2] for question, item in newest.items()},
        held or tuple(groups),
    )


def _own_answers(
    knowledge: Knowledge, newest: Mapping[str, Sequence[Any]], facts: Sequence[Sequence[Any]], layers: frozenset[Layer]
) -> Iterator[_Candidate]:
    distilled = {fact[3]: fact for fact in facts if fact[1] == "distilled" and fact[3] is not None}
    for question, (id_, _, option, at) in newest.items():
        variable = knowledge.of_question(question)
        value = knowledge.value_of_answer(question, option)
        if variable is None or value is None:
            continue
        fact = distilled.get(question)
        if fact is not None and fact[4] == option and "distilled" in layers:
            yield variable, value, (fact[0], "distilled", question, option, fact[2], at)
        elif "history" in layers:
            yield variable, value, (id_, "history", question, option, None, at)


def _own_traits(knowledge: Knowledge, traits: Sequence[float], facts: Sequence[Sequence[Any]]) -> Iterator[_Candidate]:
    for id_, layer, key, _, _, at, _ in facts:
        if layer == "induced" and key.startswith("trait:"):
            trait = trait_of(key)
            if trait < len(traits):
                yield knowledge.of_trait(trait), float(traits[trait]), (id_, "induced", None, None, key, at)


def _own_groups(knowledge: Knowledge, groups: Sequence[str]) -> Iterator[_Candidate]:
    for key in groups:
        variable = knowledge.of_key(key)
        if variable is not None:
            yield variable, knowledge.value_of_holding(key), (key, "cache", None, None, key, "")


class _Lenders:
    """What may be borrowed from collaborators, each read once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._found: dict[str, _Lender] = {}

    def fetch(self, users: set[str]) -> None:
        missing = sorted(users - self._found.keys())
        reading = self._knowledge.reading
        for start in range(0, len(missing), _USERS_AT_ONCE):
            for row in reading.graph.read(
                "borrowable",
                dataset=reading.dataset,
                fit=reading.fit,
                users=missing[start : start + _USERS_AT_ONCE],
                as_of=reading.as_of,
            ):
                self._found[row["user"]] = _lender(self._knowledge, row)

    def get(self, user: str) -> _Lender | None:
        return self._found.get(user)


def _lender(knowledge: Knowledge, row: Mapping[str, Any]) -> _Lender:
    answers: dict[str, tuple[str, Layer, int | None, str]] = {}
    for id_, question, option, at in sorted(row["items"], key=lambda item: (item[3], item[0])):
        if question is not None and option is not None:
            answers[question] = (id_, "history", option, at)
    for fact in row["facts"]:
        if fact[1] == "distilled" and fact[3] is not None:
            answers[fact[3]] = (fact[0], "distilled", fact[4], fact[5])
    known: list[str] = []
    observed: list[float] = []
    for question, (_, _, option, _) in answers.items():
        value = knowledge.value_of_answer(question, option) if option is not None else None
        if value is not None and knowledge.of_question(question) is not None:
            known.append(question)
            observed.append(value)
    variables = [knowledge.place[question] for question in known]
    left = residuals(
        knowledge.matrix[np.ix_(variables, variables)],
        np.array(observed, dtype=np.float64),
        size=_RESIDUAL_ITEMS,
        ridge=knowledge.reading.settings.ridge,
    )
    induced = tuple((fact[0], fact[2], fact[6], fact[5]) for fact in row["facts"] if fact[1] == "induced")
    return _Lender(row["name"], answers, dict(zip(known, (float(e) for e in left), strict=True)), induced)


def _fill(
    knowledge: Knowledge,
    own: _Own,
    question: Question,
    collaborators: Sequence[Mapping[str, Any]],
    lenders: _Lenders,
    settings: RecallSettings,
) -> list[Recalled]:
    """Fill the places: own ones, summaries and collaborators' items, each by how much it tells."""
    target = knowledge.place[question.id]
    for_borrowed = math.ceil(settings.ratio * settings.size)
    telling = np.abs(knowledge.matrix[target, own.variables]) if len(own.variables) else np.zeros(0)
    order = [int(i) for i in np.argsort(-telling, kind="stable") if telling[i] >= _LEAST_TELLING]
    first = order[: settings.size - for_borrowed]
    borrowed: list[Recalled] = []
    if for_borrowed:
        taken = {own.items[i][4] for i in first if own.items[i][1] == "cache"}
        places = max(for_borrowed, settings.size - len(order))
        summaries = list(_summaries(knowledge, own, question, taken))
        lent = _said(knowledge, question, collaborators, lenders, most=for_borrowed, settings=settings)
        said = list(islice(lent, places))
        for_summaries = min(len(summaries), math.ceil(settings.summaries * places))
        for_said = min(len(said), places - for_summaries)
        borrowed = summaries[: places - for_said] + said[:for_said]
    kept = order[: settings.size - len(borrowed)]
    return [
        Recalled.model_construct(
            id=own.items[i][0],
            source="own",
            layer=own.items[i][1],
            text="",
            user=None,
            question=own.items[i][2],
            option=own.items[i][3],
            counts=(),
            key=own.items[i][4],
            score=float(telling[i]),
            value=float(own.values[i]),
            at=own.items[i][5],
        )
        for i in kept
    ] + borrowed


def _summaries(knowledge: Knowledge, own: _Own, question: Question, taken: set[str | None]) -> Iterator[Recalled]:
    """What holders of the user's keys answered, most telling first; the user's own answer is left out."""
    least = knowledge.reading.settings.min_holders
    mine = own.answers.get(question.id)
    found = []
    for key in own.held:
        counts = knowledge.counts.get((key, question.id))
        if counts is None or key in taken:
            continue
        if mine is not None:
            counts = tuple(count - (option == mine and count > 0) for option, count in enumerate(counts))
        if sum(counts) < least:
            continue
        found.append((abs(knowledge.telling(key, question.id, counts)), key, counts))
    for telling, key, counts in sorted(found, key=lambda entry: (-entry[0], entry[1])):
        if telling < _LEAST_TELLING:
            return
        yield Recalled.model_construct(
            id=f"{key} -> {question.id}",
            source="summary",
            layer="cache",
            text="",
            user=None,
            question=question.id,
            option=None,
            counts=tuple(5 * round(count / 5) for count in counts),
            key=key,
            score=telling,
            value=knowledge.value_of_holding(key),
            at="",
        )


def _said(
    knowledge: Knowledge,
    question: Question,
    collaborators: Sequence[Mapping[str, Any]],
    lenders: _Lenders,
    *,
    most: int,
    settings: RecallSettings,
) -> Iterator[Recalled]:
    """What collaborators said on the question, closest collaborator first; then on the questions that tell about it."""
    target = knowledge.place[question.id]
    cap = max(1, math.floor(settings.one_share * most))
    close = [(row, lender) for row in collaborators if (lender := lenders.get(row["collaborator"])) is not None]
    given: dict[str, int] = {}
    for row, lender in close:
        if question.id in lender.surprise:
            given[row["collaborator"]] = 1
            yield _lent(row, lender, question.id, row["score"])
    later = []
    for row, lender in close:
        for about in lender.surprise:
            strength = row["score"] * abs(float(knowledge.matrix[target, knowledge.place[about]]))
            if about != question.id and strength >= _LEAST_TELLING:
                later.append((-strength, lender.answers[about][0], row, lender, about))
    for strength, _, row, lender, about in sorted(later, key=lambda entry: entry[:2]):
        if given.get(row["collaborator"], 0) < cap:
            given[row["collaborator"]] = given.get(row["collaborator"], 0) + 1
            yield _lent(row, lender, about, -strength)


def _lent(row: Mapping[str, Any], lender: _Lender, about: str, score: float) -> Recalled:
    id_, layer, option, at = lender.answers[about]
    return Recalled.model_construct(
        id=id_,
        source="collaborator",
        layer=layer,
        text="",
        user=row["collaborator"],
        question=about,
        option=option,
        counts=(),
        key=None,
        score=float(score),
        value=lender.surprise[about],
        at=at,
    )


def _with_texts(knowledge: Knowledge, contexts: Sequence[Context]) -> list[Context]:
    """Give every item its words."""
    reading = knowledge.reading
    items = {item.id for context in contexts for item in context.items if item.layer == "history"}
    facts = {item.id for context in contexts for item in context.items if item.layer in ("distilled", "induced")}
    found: dict[str, str] = {}
    if items:
        for row in reading.graph.read("item_texts", dataset=reading.dataset, ids=sorted(items)):
            found[row["id"]] = row["text"]
    if facts:
        for row in reading.graph.read("fact_texts", dataset=reading.dataset, fit=reading.fit, ids=sorted(facts)):
            found[row["id"]] = row["text"]
    return [
        context.model_copy(
            update={
                "items": tuple(
                    item.model_copy(update={"text": found.get(item.id) or _key_text(knowledge, item)})
                    for item in context.items
                )
            }
        )
        for context in contexts
    ]


def _key_text(knowledge: Knowledge, item: Recalled) -> str:
    key = knowledge.keys[str(item.key)]
    if item.source == "own":
        return f"{key.kind}: {key.name}"
    question = knowledge.questions[str(item.question)]
    total = sum(item.counts) or 1
    shares = ", ".join(
        f"{100 * count // total} % {option!r}"
        for option, count in zip(question.options, item.counts, strict=True)
        if count
    )
    return f"Of about {total} who hold {key.name!r}: {shares}"
