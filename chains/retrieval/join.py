"""The collaborative JOIN: who shares cache keys with a user, as a traversal in the graph (paper section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persona_db.chains.fit.snapshot import Snapshot, open_snapshot
from persona_db.chains.results import Collaborator, SharedKey
from persona_db.graph.errors import UnknownQuestionError
from persona_db.graph.models import Sharing
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["TOP_K", "explained", "join", "join_many"]

TOP_K = 50
_USERS_AT_ONCE = 200
_WIDER_FOR_A_QUESTION = 4


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
    """Return the users who share most with *user*, best first, ties by id, each with the keys that made the score.

    The score is the sum over shared keys of inverse user frequency times both weights, opposite keys subtracting,
    normalised to at most 1; only positive ones. With *question*, only those who answered it or one linked to it.
    *sharing* is the least that a collaborator shares. *exact* scores every holder of a shared key instead of the
    candidates that the index of profiles proposes: 140, or twice *top_k* where that is more.

    >>> best = join(graph, "ada", dataset="town", top_k=3)[0]
    >>> best.user, [key.name for key in best.shared[1:3]]
    ('gita', ['AGE=40-64', 'AREA=centre'])
    """
    require_user(graph, dataset, user)
    snapshot = open_snapshot(graph, dataset, as_of=as_of)
    wanted = top_k * _WIDER_FOR_A_QUESTION if question else top_k
    found = join_many(snapshot, [user], top_k=wanted, exact=exact, sharing=sharing).get(user, [])
    if question:
        found = _who_can_say(snapshot, found, question)[:top_k]
    return explained(snapshot, {user: found})[user]


def explained(snapshot: Snapshot, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[Collaborator]]:
    """Turn the rows of `join_many` into collaborators with the keys that made their scores; one query for all."""
    wanted = [{"user": user, "others": [row["collaborator"] for row in rows]} for user, rows in found.items() if rows]
    keys: dict[tuple[str, str], list[SharedKey]] = {}
    for row in snapshot.graph.read(
        "shared_keys", dataset=snapshot.dataset, fit=snapshot.fit, rows=wanted, as_of=snapshot.as_of
    ):
        pair = row.pop("user"), row.pop("collaborator")
        keys.setdefault(pair, []).append(SharedKey.model_validate(row))
    return {
        user: [
            Collaborator(
                user=row["collaborator"],
                name=row["name"],
                score=row["score"],
                shared=tuple(key for key in keys.get((user, row["collaborator"]), ()) if key.contribution >= 0),
                opposed=tuple(key for key in keys.get((user, row["collaborator"]), ()) if key.contribution < 0),
            )
            for row in rows
        ]
        for user, rows in found.items()
    }


def join_many(
    snapshot: Snapshot,
    users: Sequence[str],
    *,
    top_k: int = TOP_K,
    exact: bool = False,
    sharing: Sharing = Sharing.KEYS,
    progress: Progress = no_progress,
) -> dict[str, list[Mapping[str, Any]]]:
    """Return for each user the rows {collaborator, name, score}, best first; one query for 200 users."""
    found: dict[str, list[Mapping[str, Any]]] = {}
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
            found.setdefault(row["user"], []).append(row)
        progress("joining", min(start + _USERS_AT_ONCE, len(users)), len(users))
    return found


def _who_can_say(snapshot: Snapshot, rows: Sequence[Mapping[str, Any]], question: str) -> list[Mapping[str, Any]]:
    """Keep those who answered the question or one that tells about it, in their order."""
    links = snapshot.graph.read("links", dataset=snapshot.dataset, fit=snapshot.fit, questions=[question])
    if not links:
        raise UnknownQuestionError(question, dataset=snapshot.dataset)
    asked = {question, *(other for other, _ in links[0]["links"])}
    can_say = {
        row["user"]
        for row in snapshot.graph.read(
            "who_answered",
            dataset=snapshot.dataset,
            users=[row["collaborator"] for row in rows],
            questions=sorted(asked),
            as_of=snapshot.as_of,
        )
    }
    return [row for row in rows if row["collaborator"] in can_say]
