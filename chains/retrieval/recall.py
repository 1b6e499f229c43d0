"""Recall: the r items that a prediction may read, own and borrowed (paper section 2.4).

ceil(x r) of the r slots are for borrowed items: what holders of the user's keys answered (key summaries), and items of
collaborators. Slots that one side cannot fill go to the other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.item_response import chances
from persona_db.chains.fit.settings import USUAL_RATIO
from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.fit.style import log_odds_off
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.results import Context, Recalled
from persona_db.chains.retrieval.collaborator_items import LEAST_RELEVANCE, CollaboratorItems
from persona_db.chains.retrieval.item_texts import with_texts
from persona_db.chains.retrieval.join import Match, join_many
from persona_db.chains.retrieval.own_items import Candidate, Own, read_own_items
from persona_db.chains.retrieval.questions import is_new, prepare
from persona_db.chains.retrieval.settings import RecallSettings
from persona_db.chains.retrieval.text_similarity import TextSimilarity
from persona_db.chains.retrieval.topic import recall_topic
from persona_db.graph.errors import UnknownUserError
from persona_db.graph.ids import position_id, summary_id
from persona_db.graph.models import Question, Sharing
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from persona_db.chains.fit.snapshot import Snapshot
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["BorrowFrom", "RecallSettings", "Sources", "fill", "recall", "recall_many"]

_USERS_AT_ONCE = 200


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

    Any other text is a topic: what the person said near it comes first, then what the closest collaborators said, as of
    `recall_topic`. Own items come first, then borrowed ones, each side by relevance; ties by id. *embedder* is for
    texts, that of the graph's settings unless given.

    >>> context = recall(graph, "ada", "buses", dataset="town", settings=RecallSettings(size=6))
    >>> [item.source for item in context.items]
    ['own', 'own', 'own', 'summary', 'summary', 'summary']
    >>> context.items[0].text
    'For bike lanes instead of parking'
    """
    holder = require_user(graph, dataset, user)
    snapshot = open_snapshot(graph, dataset, as_of=as_of)
    if not options and not graph.read("known_questions", dataset=dataset, ids=[question]):
        return recall_topic(snapshot, user, question, settings=settings or RecallSettings(), embedder=embedder)
    asked, correlations = prepare(snapshot, [(user, question)], options=options, embedder=embedder, holder=holder)
    return recall_many(correlations, asked, settings=settings or RecallSettings(), texts=True)[0]


@dataclass(frozen=True)
class Sources:
    """What items are recalled from, as far as it was read before, so that nobody is read twice."""

    correlations: CorrelationModel
    collaborator_items: CollaboratorItems
    similarity: TextSimilarity
    own: Mapping[str, Own] | None = None
    """What `read_own_items` found for everybody asked, with the same layers; None to read it."""

    @classmethod
    def of(cls, correlations: CorrelationModel, *, own: Mapping[str, Own] | None = None) -> Sources:
        """Return sources of which nothing but *own* is read yet."""
        return cls(correlations, CollaboratorItems(correlations), TextSimilarity(correlations), own)


@dataclass(frozen=True)
class BorrowFrom:
    """From whom items are borrowed for one question: *collaborators*, and the holders of *keys*, the user's own keys
    when None."""

    collaborators: Sequence[Match]
    keys: Sequence[str] | None = None


_NOBODY = BorrowFrom(())


@one_thread()
def recall_many(
    correlations: CorrelationModel,
    asked: Sequence[tuple[str, Question]],
    *,
    settings: RecallSettings,
    texts: bool,
    sources: Sources | None = None,
    borrow_from: Sequence[BorrowFrom] | None = None,
    progress: Progress = no_progress,
) -> list[Context]:
    """Return a context for each (user, question), in their order; a fixed number of queries for 200 users.

    *sources* keep what is read for a later call with the same correlations. *borrow_from* has an entry for each pair
    and takes the place of the JOIN. Without *texts* items carry no text: enough for the statistical engine.
    UnknownUserError for a user who does not exist.
    """
    snapshot = correlations.snapshot
    sources = sources or Sources.of(correlations)
    by_user: dict[str, list[int]] = {}
    for index, (user, _) in enumerate(asked):
        by_user.setdefault(user, []).append(index)
    contexts: dict[int, Context] = {}
    users = list(by_user)
    for start in range(0, len(users), _USERS_AT_ONCE):
        chunk = users[start : start + _USERS_AT_ONCE]
        own = read_own_items(correlations, chunk, settings.layers) if sources.own is None else sources.own
        for user in chunk:
            if user not in own:
                raise UnknownUserError(user, dataset=snapshot.dataset)
        indexes = [index for user in chunk for index in by_user[user]]
        decided = {index: _decided(settings, correlations, own[asked[index][0]]) for index in indexes}
        borrowing = {index for index in indexes if decided[index][0] > 0}
        counting = {index for index in indexes if texts and not is_new(asked[index][1])}
        lenders = _lenders(snapshot, asked, settings, borrow_from, sorted(borrowing | counting))
        sources.collaborator_items.fetch(_users(lenders, borrowing))
        voters = CollaboratorItems(correlations, questions={asked[index][1].id for index in counting})
        voters.fetch(_users(lenders, counting - borrowing))
        wanted: dict[str, set[str]] = {}
        for index in indexes:
            user, question = asked[index]
            wanted.setdefault(question.id, set()).update(own[user].texts)
            if index in borrowing:
                wanted[question.id].update(sources.collaborator_items.texts(lenders[index].collaborators))
        chunk_sources = replace(sources, similarity=TextSimilarity(correlations))
        chunk_sources.similarity.fetch(wanted)
        snapshot.check()
        for index in indexes:
            user, question = asked[index]
            ratio, told = decided[index]
            one = lenders.get(index, _NOBODY)
            counted = sources.collaborator_items if index in borrowing else voters
            items = next(fill(chunk_sources, own[user], question, one, settings, ratios=(ratio,)))
            contexts[index] = Context.model_construct(
                user=user,
                question=question,
                items=tuple(items),
                size=settings.size,
                ratio=ratio,
                decided=told,
                borrowed=sum(item.source != "own" for item in items),
                alike=counted.votes(question, one.collaborators) if index in counting else (),
                given=own[user].answers.get(question.id),
                given_at=own[user].answered_at.get(question.id, ""),
            )
        progress("recalling", min(start + _USERS_AT_ONCE, len(users)), len(users))
    ordered = [contexts[index] for index in range(len(asked))]
    return with_texts(correlations, ordered) if texts else ordered


def _lenders(
    snapshot: Snapshot,
    asked: Sequence[tuple[str, Question]],
    settings: RecallSettings,
    borrow_from: Sequence[BorrowFrom] | None,
    indexes: Collection[int],
) -> dict[int, BorrowFrom]:
    """Return from whom items are borrowed for each of the *indexes*; one JOIN for all of their users."""
    if not settings.borrows:
        return {
            index: _NOBODY if borrow_from is None else replace(borrow_from[index], collaborators=())
            for index in indexes
        }
    if borrow_from is not None:
        return {index: borrow_from[index] for index in indexes}
    users = list(dict.fromkeys(asked[index][0] for index in indexes))
    joined = join_many(snapshot, users, top_k=settings.top_k, sharing=Sharing.INDUCED) if users else {}
    return {index: BorrowFrom(joined.get(asked[index][0], ())) for index in indexes}


def _users(lenders: Mapping[int, BorrowFrom], indexes: Collection[int]) -> set[str]:
    """Return the collaborators for the *indexes*."""
    return {match.user for index in indexes for match in lenders[index].collaborators}


def _decided(settings: RecallSettings, correlations: CorrelationModel, own: Own) -> tuple[float, str]:
    """Return the composition ratio and, where the Fit decides it, the reason."""
    if settings.ratio is not None:
        return settings.ratio, ""
    gain = correlations.snapshot.settings.join_gain_of(len(own.answers))
    return (USUAL_RATIO, "") if gain is None else (gain.ratio, gain.told)


def fill(
    sources: Sources,
    own: Own,
    question: Question,
    borrow_from: BorrowFrom,
    settings: RecallSettings,
    *,
    ratios: Sequence[float],
) -> Iterator[list[Recalled]]:
    """Fill the slots with own items, key summaries and collaborators' items, each by relevance, once for each ratio.

    A ratio is the share of the slots for borrowed items, whatever the settings say. Own items are ranked once.
    """
    about = [*_style(sources.correlations, own, question), *_position(sources.correlations, own, question)]
    relevance = own.relevance(sources.correlations, question.id, sources.similarity)
    order = _most_relevant(own, relevance) if settings.order == "relevance" else _newest(own)
    if question.id in own.answers:  # what they answered is shown as given, and predicts nothing
        order = [i for i in order if own.items[i].question != question.id or own.items[i].option is None]
    ranked = [_recalled(own.items[i], float(relevance[i])) for i in order[: settings.size]]
    for ratio in ratios:
        for_borrowed = min(math.ceil(round(ratio * settings.size, 9)), settings.size)  # 0.07 x 100 is a little over 7
        computed = about[: settings.size - for_borrowed]
        size = settings.size - len(computed)
        borrowed: list[Recalled] = []
        if for_borrowed:
            first = [*computed, *(item for item in ranked[: size - for_borrowed] if item.layer == "cache")]
            slots = max(for_borrowed, size - len(order))
            keys = own.held if borrow_from.keys is None else borrow_from.keys
            summaries = list(_summaries(sources.correlations, own, question, keys, {item.key for item in first}))
            of_collaborators = sources.collaborator_items.recalled(
                question.id,
                borrow_from.collaborators,
                cap=max(1, math.floor(settings.one_share * for_borrowed)),
                known={own.items[i].statement for i in order[:size]},
                similarity=sources.similarity,
            )
            for_summaries = min(len(summaries), math.ceil(settings.summaries * slots))
            items = list(islice(of_collaborators, slots - for_summaries))
            borrowed = summaries[: slots - len(items)] + items
        of_own = computed + ranked[: size - len(borrowed)]
        if settings.order == "relevance":
            of_own.sort(key=lambda item: -item.score)
        yield of_own + borrowed


def _style(correlations: CorrelationModel, own: Own, question: Question) -> list[Recalled]:
    """Return the item of how often the user answers off the scale; none where the question has no such option.

    Its value is by how much it moves the log odds of such an answer from everybody's.
    """
    asked = correlations.off.get(question.id)
    if asked is None or own.style is None:
        return []
    id_, style = own.style
    value = log_odds_off(asked, style) - correlations.scales[question.id].log_odds_off
    relevance = abs(math.tanh(value / 2))
    if relevance < LEAST_RELEVANCE:
        return []
    return [_recalled(Candidate(id_, "induced", "", None, value, key=style.key), relevance)]


def _position(correlations: CorrelationModel, own: Own, question: Question) -> list[Recalled]:
    """Return the item of all the user's answers together; none for a question that they answered, that nobody did,
    or where it does not help.

    It says how likely each option is. Its relevance is how far that is from everybody's answers (total variation).
    """
    steps = correlations.steps.get(question.id)
    counts = correlations.snapshot.settings.together[1] > 0
    if steps is None or own.position is None or question.id in own.answers or not counts:
        return []
    id_, scores = own.position
    made = chances(correlations.scales[question.id], steps, scores)
    relevance = float(np.abs(made - correlations.scales[question.id].rates).sum() / 2)
    if relevance < LEAST_RELEVANCE:
        return []
    item = _recalled(Candidate(id_, "induced", "", None, None, key=position_id()), relevance)
    return [item.model_copy(update={"chances": tuple(made.tolist())})]


def _most_relevant(own: Own, relevance: NDArray[np.float64]) -> list[int]:
    """Return the indexes of the relevant items, most relevant first, ties by id; equal statements once."""
    return _once(own, [int(i) for i in np.argsort(-relevance, kind="stable") if relevance[i] >= LEAST_RELEVANCE])


def _newest(own: Own) -> list[int]:
    """Return the indexes of all items, newest first; those of one date in an arbitrary but constant order."""
    dates = sorted(range(len(own.items)), key=lambda i: crc32(own.items[i].id.encode()))
    return _once(own, sorted(dates, key=lambda i: own.items[i].at, reverse=True))


def _once(own: Own, order: list[int]) -> list[int]:
    """Leave out items with the same statement as an earlier one."""
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
    """Yield what holders of the keys answered, by relevance; the user's own answer is not counted."""
    least = correlations.snapshot.settings.min_holders
    own_answer = own.answers.get(question.id) if own.counted else None
    counts_of: dict[str, tuple[int, ...]] = {}
    for key in keys:
        counts = correlations.counts.get((key, question.id))
        if counts is None or key in taken:
            continue
        if own_answer is not None and key in own.held:
            counts = tuple(count - (option == own_answer and count > 0) for option, count in enumerate(counts))
        if sum(counts) >= least:
            counts_of[key] = counts
    strengths = np.abs(correlations.key_relevance(question.id, list(counts_of), list(counts_of.values())))
    for relevance, key in sorted(
        zip(strengths.tolist(), counts_of, strict=True), key=lambda entry: (-entry[0], entry[1])
    ):
        if relevance < LEAST_RELEVANCE:
            return
        counts = counts_of[key]
        yield Recalled.model_construct(
            id=summary_id(key, question.id),
            source="summary",
            layer="cache",
            text="",
            user=None,
            question=question.id,
            option=None,
            counts=tuple(5 * round(count / 5) for count in counts),
            shares=tuple(5 * round(20 * count / sum(counts)) for count in counts),
            holders=5 * round(sum(counts) / 5),
            key=key,
            score=relevance,
            value=correlations.value_of_holding(key),
            at="",
        )
