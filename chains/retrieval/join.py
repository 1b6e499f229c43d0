"""The collaborative JOIN: who shares cache keys with a user, as a traversal in the graph (paper section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from persona_db.chains.fit.snapshot import Snapshot, open_snapshot
from persona_db.chains.results import Collaborator, SharedKey
from persona_db.graph.errors import UnknownQuestionError
from persona_db.graph.models import Sharing
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["TOP_K", "Match", "explained", "join", "join_many"]

TOP_K = 50
_USERS_AT_ONCE = 200
_WIDER_FOR_A_QUESTION = 4


class Match(NamedTuple):
    """A collaborator whom the JOIN found, with the score."""

    user: str
    name: str
    score: float


def join(
    graph: Graph,
    user: str,
    *,
    dataset: str,
    question: str | None = None,
    top_k: int = TOP_K,
    as_of: str | None = None,
    exact: bool = False,
    sharing: Sharing = Sharing.KEYS,
) -> list[Collaborator]:
    """Return the users who share most with *user*, best first, ties by id, each with the keys that make the score.

    The score is the sum over shared keys of inverse user frequency times both weights, opposite keys subtracting,
    normalised to at most 1; users of positive score are returned. With *question*, only those who answered it or one
    linked to it. *sharing* is the least that a collaborator shares. *exact* scores every holder of a shared key instead
    of the candidates that the index of profiles proposes: 140, or twice *top_k* where that is more.

    >>> best = join(graph, "ada", dataset="town", top_k=3)[0]
    >>> best.user, best.shared[0].name
    ('ulf', 'For higher library fees · Against a loan for the school')
    """
    require_user(graph, dataset, user)
    snapshot = open_snapshot(graph, dataset, as_of=as_of)
    wanted = top_k * _WIDER_FOR_A_QUESTION if question else top_k
    found = join_many(snapshot, [user], top_k=wanted, exact=exact, sharing=sharing).get(user, [])
    if question:
        found = _who_answered(snapshot, found, question)[:top_k]
    return explained(snapshot, {user: found})[user]


def explained(snapshot: Snapshot, found: Mapping[str, Sequence[Match]]) -> dict[str, list[Collaborator]]:
    """Turn what `join_many` found into collaborators with the keys that make their scores; one query for all."""
    wanted = [{"user": user, "others": [match.user for match in matches]} for user, matches in found.items() if matches]
    keys: dict[tuple[str, str], list[SharedKey]] = {}
    for row in snapshot.graph.read(
        "shared_keys", dataset=snapshot.dataset, fit=snapshot.fit, rows=wanted, as_of=snapshot.as_of
    ):
        pair = row.pop("user"), row.pop("collaborator")
        keys.setdefault(pair, []).append(SharedKey.model_validate(row))
    return {
        user: [
            Collaborator(
                user=match.user,
                name=match.name,
                score=match.score,
                shared=tuple(key for key in keys.get((user, match.user), ()) if key.contribution >= 0),
                opposed=tuple(key for key in keys.get((user, match.user), ()) if key.contribution < 0),
            )
            for match in matches
        ]
        for user, matches in found.items()
    }


def join_many(
    snapshot: Snapshot,
    users: Sequence[str],
    *,
    top_k: int = TOP_K,
    exact: bool = False,
    sharing: Sharing = Sharing.KEYS,
    progress: Progress = no_progress,
) -> dict[str, list[Match]]:
    """Return the matches of each user who has any, best first; one query for 200 users."""
    found: dict[str, list[Match]] = {}
    bounds: dict[str, Any] = {} if exact else {"candidates": max(snapshot.settings.candidates, 2 * top_k)}
    for start in range(0, len(users), _USERS_AT_ONCE):
        rows = snapshot.graph.read(
            "join_exact" if exact else "join",
            dataset=snapshot.dataset,
            fit=snapshot.fit,
            users=list(users[start : start + _USERS_AT_ONCE]),
            as_of=snapshot.as_of,
            min_rank=max(sharing.rank, 1),
            top_k=top_k,
            **bounds,
        )
        for row in rows:
            found.setdefault(row["user"], []).append(Match(row["collaborator"], row["name"], row["score"]))
        progress("joining", min(start + _USERS_AT_ONCE, len(users)), len(users))
    return found


def _who_answered(snapshot: Snapshot, matches: Sequence[Match], question: str) -> list[Match]:
    """Keep the matches who answered the question or one linked to it, in their order."""
    links = snapshot.graph.read("links", dataset=snapshot.dataset, fit=snapshot.fit, questions=[question])
    if not links:
        raise UnknownQuestionError(question, dataset=snapshot.dataset)
    linked = {question, *(other for other, _ in links[0]["links"])}
    rows = snapshot.graph.read(
        "who_answered",
        dataset=snapshot.dataset,
        users=[match.user for match in matches],
        questions=sorted(linked),
        as_of=snapshot.as_of,
    )
    answered = {row["user"] for row in rows}
    return [match for match in matches if match.user in answered]
