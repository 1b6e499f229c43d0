"""What the graph stores of users, as recall reads it: their items, facts, attributes and keys, each with a name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from persona_db.graph.names import Layer

if TYPE_CHECKING:
    from persona_db.chains.fit.snapshot import Snapshot

__all__ = ["FactRow", "ItemRow", "Layer", "UserRow", "read_personas", "read_shared"]

_USERS_AT_ONCE = 200


class ItemRow(NamedTuple):
    """A history item; `statement` is the id of its text. Free text has no option."""

    id: str
    question: str | None
    option: int | None
    at: str
    statement: str


class FactRow(NamedTuple):
    """A distilled or induced fact; `statement` is the id of its text."""

    id: str
    layer: Layer
    key: str
    question: str | None
    option: int | None
    at: str
    statement: str


@dataclass(frozen=True)
class UserRow:
    """A user's items and facts in any order; `read_shared` leaves the other fields empty."""

    user: str
    items: Sequence[ItemRow]
    facts: Sequence[FactRow]
    attributes: Sequence[str] = ()
    traits: Sequence[float] = ()
    style: Sequence[float] = ()
    scores: Sequence[float] = ()
    keys: Sequence[str] = ()
    shares: bool = False
    """Whether the user shares anything, and so is counted in key summaries."""


def read_personas(snapshot: Snapshot, users: Sequence[str]) -> Iterator[UserRow]:
    """Yield what the graph stores of each user that exists; one query for 200 of them."""
    for row in _read("personas", snapshot, users):
        yield UserRow(
            row["user"],
            [ItemRow._make(item) for item in row["items"]],
            [FactRow._make(fact) for fact in row["facts"]],
            row["attributes"],
            row["traits"] or (),
            row["style"] or (),
            row["scores"] or (),
            [key for key, _, _ in row["keys"]],
            row["sharing_rank"] > 0,
        )


def read_shared(
    snapshot: Snapshot, users: Sequence[str], questions: Collection[str] | None = None
) -> Iterator[UserRow]:
    """Yield what each user shares with others, and nothing of excluded users; one query for 200 of them.

    With *questions* answers to others are left out, and free text is not.
    """
    wanted = None if questions is None else list(questions)
    for row in _read("borrowable", snapshot, users, questions=wanted):
        yield UserRow(
            row["user"],
            [ItemRow._make(item) for item in row["items"]],
            [FactRow._make(fact) for fact in row["facts"]],
        )


def _read(query: str, snapshot: Snapshot, users: Sequence[str], **params: object) -> Iterator[dict[str, Any]]:
    for start in range(0, len(users), _USERS_AT_ONCE):
        some = list(users[start : start + _USERS_AT_ONCE])
        yield from snapshot.graph.read(
            query, dataset=snapshot.dataset, fit=snapshot.fit, users=some, as_of=snapshot.as_of, **params
        )
