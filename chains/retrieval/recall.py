"""Recall: the r items that a prediction may read, own and borrowed (paper section 2.4).

Of r places ceil(x r) are for what is borrowed: what holders of the user's keys answered (key summaries), and what
collaborators said. Places that one side cannot fill go to the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

import numpy as np
from pydantic import Field

from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.settings import USUAL_RATIO
from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.results import Context, Recalled
from persona_db.chains.retrieval.collaborator_items import LEAST_RELEVANCE, CollaboratorItems
from persona_db.chains.retrieval.join import TOP_K, join_many
from persona_db.chains.retrieval.own_items import Candidate, Layer, Own, read_own_items
from persona_db.chains.retrieval.text_similarity import TextSimilarity
from persona_db.graph.errors import UnknownUserError
from persona_db.graph.ids import summary_id
from persona_db.graph.models import Model, Question, Sharing
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["RecallSettings", "fill", "recall", "recall_many"]

_USERS_AT_ONCE = 200


class RecallSettings(Model):
    """How the places are filled."""

    size: int = Field(default=40, ge=0, le=100_000, description="Places in all (retrieval size r).")
    ratio: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of them for borrowed items (composition ratio x); None: as the Fit found that the JOIN "
        "helps those of whom as much is known, 0.4 where it did not measure it.",
    )
    top_k: int = Field(default=TOP_K, ge=0, description="Collaborators that may be borrowed from.")
    summaries: float = Field(default=0.8, ge=0, le=1, description="Share of the borrowed places for key summaries.")
    one_share: float = Field(
        default=0.2, gt=0, le=1, description="Most of the borrowed places that one collaborator fills, one at least."
    )
    layers: frozenset[Layer] = Field(
        default=frozenset({"history", "distilled", "induced", "cache"}), description="Layers of own items used."
    )
    order: Literal["relevance", "newest"] = Field(
        default="relevance", description="Which own items come first; by date also those that tell nothing are used."
    )

    @property
    def borrows(self) -> bool:
        """Whether collaborators are joined; a ratio that is left to the Fit can still turn out to be 0."""
        return self.ratio != 0 and self.size > 0 and self.top_k > 0


def recall(
    graph: Graph,
    user: str,
    question: str,
    *,
    dataset: str,
    options: Sequence[str] = (),
    settings: RecallSettings | None = None,
    as_of: str | None = None,
    embedder: Embedder | None = None,
) -> Context:
    """Return the items recalled for one question: an id of the dataset, or the text of a new one with its *options*.

    Own items first, then borrowed ones, each side most telling first; ties by id. *embedder* is for new questions,
    that of the graph's settings unless given.

    >>> context = recall(graph, "ada", "buses", dataset="town", settings=RecallSettings(size=6))
    >>> [item.source for item in context.items]
    ['own', 'own', 'own', 'summary', 'summary', 'summary']
    >>> context.items[0].text
    'For bike lanes instead of parking'
    """
    from persona_db.chains.retrieval.questions import prepare

    require_user(graph, dataset, user)
    snapshot = open_snapshot(graph, dataset, as_of=as_of)
    asked, correlations = prepare(snapshot, [(user, question)], options=options, embedder=embedder)
    return recall_many(correlations, asked, settings=settings or RecallSettings(), texts=True)[0]


def recall_many(
    correlations: CorrelationModel,
    asked: Sequence[tuple[str, Question]],
    *,
    settings: RecallSettings,
    texts: bool,
    collaborators: Sequence[Sequence[Mapping[str, Any]]] | None = None,
    keys: Sequence[Sequence[str]] | None = None,
    own: Mapping[str, Own] | None = None,
    collaborator_items: CollaboratorItems | None = None,
    progress: Progress = no_progress,
) -> list[Context]:
    """Return a context for each (user, question), in their order; a fixed number of queries for 200 users.

    *collaborators* are rows of `join_many` for each pair; they are joined here when not given. *keys* are for each pair
    those whose summaries are borrowed, the user's own when not given. *own* is what `read_own_items` found with the
    same correlations and layers, *collaborator_items* are those of an earlier call, so that nobody is read twice.
    Without *texts* items carry none: enough for the statistical engine.
    UnknownUserError for a user there is not.
    """
    snapshot = correlations.snapshot
    by_user: dict[str, list[int]] = {}
    for index, (user, _) in enumerate(asked):
        by_user.setdefault(user, []).append(index)
    contexts: dict[int, Context] = {}
    collaborator_items = collaborator_items or CollaboratorItems(correlations)
    users = list(by_user)
    for start in range(0, len(users), _USERS_AT_ONCE):
        chunk = users[start : start + _USERS_AT_ONCE]
        mine = read_own_items(correlations, chunk, settings.layers) if own is None else own
        for user in chunk:
            if user not in mine:
                raise UnknownUserError(user, dataset=snapshot.dataset)
        joined: Mapping[str, Sequence[Mapping[str, Any]]] = {}
        if settings.borrows and collaborators is None:
            joined = join_many(snapshot, chunk, top_k=settings.top_k, sharing=Sharing.INDUCED)
        close = {
            index: joined.get(user, ()) if collaborators is None or not settings.borrows else collaborators[index]
            for user in chunk
            for index in by_user[user]
        }
        collaborator_items.fetch({row["collaborator"] for rows in close.values() for row in rows})
        wanted: dict[str, set[str]] = {}
        for index, rows in close.items():
            user, question = asked[index]
            wanted.setdefault(question.id, set()).update(mine[user].texts, collaborator_items.texts(rows))
        similarity = TextSimilarity(correlations)
        similarity.fetch(wanted)
        snapshot.check()
        for index, rows in close.items():
            user, question = asked[index]
            held = mine[user].held if keys is None else keys[index]
            ratio, decided = _decided(settings, correlations, mine[user])
            items = fill(
                correlations, mine[user], question, rows, held, collaborator_items, similarity, settings, ratio=ratio
            )
            contexts[index] = Context.model_construct(
                user=user,
                question=question,
                items=tuple(items),
                size=settings.size,
                ratio=ratio,
                decided=decided,
                borrowed=sum(item.source != "own" for item in items),
            )
        progress("recalling", min(start + _USERS_AT_ONCE, len(users)), len(users))
    done = [contexts[index] for index in range(len(asked))]
    return _with_texts(correlations, done) if texts else done


def _decided(settings: RecallSettings, correlations: CorrelationModel, own: Own) -> tuple[float, str]:
    """Return the composition ratio and, where it was left to the Fit, why it is that."""
    if settings.ratio is not None:
        return settings.ratio, ""
    lift = correlations.snapshot.settings.join_gain_of(len(own.answers))
    return (USUAL_RATIO, "") if lift is None else (lift.ratio, lift.told)


def fill(
    correlations: CorrelationModel,
    own: Own,
    question: Question,
    collaborators: Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    collaborator_items: CollaboratorItems,
    similarity: TextSimilarity,
    settings: RecallSettings,
    *,
    ratio: float,
) -> list[Recalled]:
    """Fill the places: own ones, summaries and collaborators' items, each by how much it tells.

    *collaborators* are rows of `join_many`, *keys* those whose summaries are borrowed, *ratio* the share of the
    places for what is borrowed, whatever the settings say.
    """
    for_borrowed = math.ceil(round(ratio * settings.size, 9))  # 0.07 x 100 is a little over 7
    relevance = own.relevance(correlations, question.id, similarity)
    order = _most_relevant(own, relevance) if settings.order == "relevance" else _newest(own)
    borrowed: list[Recalled] = []
    if for_borrowed:
        first = [own.items[i] for i in order[: settings.size - for_borrowed]]
        places = max(for_borrowed, settings.size - len(order))
        taken = {item.key for item in first if item.layer == "cache"}
        summaries = list(_summaries(correlations, own, question, keys, taken))
        cap = max(1, math.floor(settings.one_share * for_borrowed))
        known = {own.items[i].statement for i in order[: settings.size]}
        said = list(
            islice(
                collaborator_items.said(question.id, collaborators, cap=cap, known=known, similarity=similarity), places
            )
        )
        for_summaries = min(len(summaries), math.ceil(settings.summaries * places))
        for_said = min(len(said), places - for_summaries)
        borrowed = summaries[: places - for_said] + said[:for_said]
    kept = order[: settings.size - len(borrowed)]
    return [_recalled(own.items[i], float(relevance[i])) for i in kept] + borrowed


def _most_relevant(own: Own, relevance: NDArray[np.float64]) -> list[int]:
    """Places of the items that tell something, most telling first, ties by id; equal statements once."""
    return _once(own, [int(i) for i in np.argsort(-relevance, kind="stable") if relevance[i] >= LEAST_RELEVANCE])


def _newest(own: Own) -> list[int]:
    """Places of all items, newest first, those of one date in an order that is arbitrary but always the same."""
    dates = sorted(range(len(own.items)), key=lambda i: crc32(own.items[i].id.encode()))
    return _once(own, sorted(dates, key=lambda i: own.items[i].at, reverse=True))


def _once(own: Own, order: list[int]) -> list[int]:
    """Leave out what says the same as an earlier one."""
    if not own.repeats:
        return order
    first: dict[str, int] = {}
    for i in order:
        first.setdefault(own.items[i].statement, i)
    return list(first.values())


def _recalled(item: Candidate, relevance: float) -> Recalled:
    return Recalled.model_construct(
        id=item.id,
        source="own",
        layer=item.layer,
        text="",
        user=None,
        question=item.question,
        option=item.option,
        counts=(),
        key=item.key,
        score=relevance,
        value=item.value,
        at=item.at,
    )


def _summaries(
    correlations: CorrelationModel, own: Own, question: Question, keys: Sequence[str], taken: set[str | None]
) -> Iterator[Recalled]:
    """What holders of the keys answered, most telling first; the user's own answer is left out, who holds one."""
    least = correlations.snapshot.settings.min_holders
    mine = own.answers.get(question.id) if own.counted else None
    asked: dict[str, tuple[int, ...]] = {}
    for key in keys:
        counts = correlations.counts.get((key, question.id))
        if counts is None or key in taken:
            continue
        if mine is not None and key in own.held:
            counts = tuple(count - (option == mine and count > 0) for option, count in enumerate(counts))
        if sum(counts) >= least:
            asked[key] = counts
    strengths = np.abs(correlations.key_relevance(question.id, list(asked), list(asked.values())))
    for relevance, key in sorted(zip(strengths.tolist(), asked, strict=True), key=lambda entry: (-entry[0], entry[1])):
        if relevance < LEAST_RELEVANCE:
            return
        counts = asked[key]
        yield Recalled.model_construct(
            id=summary_id(key, question.id),
            source="summary",
            layer="cache",
            text="",
            user=None,
            question=question.id,
            option=None,
            counts=tuple(5 * round(count / 5) for count in counts),
            key=key,
            score=relevance,
            value=correlations.value_of_holding(key),
            at="",
        )


def _with_texts(correlations: CorrelationModel, contexts: Sequence[Context]) -> list[Context]:
    """Give every item its words."""
    snapshot = correlations.snapshot
    items = {item.id for context in contexts for item in context.items if item.layer == "history"}
    facts = {item.id for context in contexts for item in context.items if item.layer in ("distilled", "induced")}
    found: dict[str, str] = {}
    if items:
        for row in snapshot.graph.read("item_texts", dataset=snapshot.dataset, ids=sorted(items)):
            found[row["id"]] = row["text"]
    if facts:
        for row in snapshot.graph.read("fact_texts", dataset=snapshot.dataset, fit=snapshot.fit, ids=sorted(facts)):
            found[row["id"]] = row["text"]
    return [
        context.model_copy(
            update={
                "items": tuple(
                    item.model_copy(update={"text": found.get(item.id) or _key_text(correlations, item)})
                    for item in context.items
                )
            }
        )
        for context in contexts
    ]


def _key_text(correlations: CorrelationModel, item: Recalled) -> str:
    key = correlations.keys[str(item.key)]
    if item.source == "own":
        return f"{key.kind}: {key.name}"
    question = correlations.questions[str(item.question)]
    total = sum(item.counts) or 1
    shares = ", ".join(
        f"{100 * count // total} % {option!r}"
        for option, count in zip(question.options, item.counts, strict=True)
        if count
    )
    return f"Of about {total} who hold {key.name!r}: {shares}"
