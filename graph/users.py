"""The users of a dataset, with their histories and the questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import UnknownUserError
from persona_db.graph.models import END_OF_TIME, HistoryItem, Model, Question
from persona_db.graph.names import Sharing

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = [
    "EVERYBODY",
    "User",
    "UserCounts",
    "history",
    "question_of",
    "questions",
    "require_user",
    "stored_on",
    "users",
]

EVERYBODY = 2**31 - 1
"""A limit that is none."""

STORED = ("user", "history", "facts", "personas", "keys", "runs", "quarantine")
"""What is stored on a user, in the order in which it is told."""

OFF_SCALE = -1.0
"""Stored in `Question.ordinal` for an option with no place on the scale: a list in Neo4j holds no null."""


class User(Model):
    """A user as stored."""

    id: str
    name: str
    attributes: dict[str, str] = Field(description="Demographics and roles, name -> value.")
    sharing: Sharing
    version: int = Field(description="Rises whenever the user gets something new.")


class UserCounts(Model):
    """How much there is of a user: in the history, and in the current Fit."""

    id: str
    name: str
    sharing: Sharing
    items: int
    facts: int
    keys: int


def users(graph: Graph, dataset: str, *, limit: int = EVERYBODY, after: str = "") -> list[UserCounts]:
    """Return the users of a dataset by id, at most *limit* of those whose id comes after *after*."""
    require_dataset(graph, dataset)
    rows = graph.read("list_users", dataset=dataset, after=after, limit=limit)
    return [UserCounts.model_validate(row) for row in rows]


def require_user(graph: Graph, dataset: str, user: str) -> User:
    """Return the user; UnknownUserError (or UnknownDatasetError) when there is none."""
    rows = graph.read("find_user", dataset=dataset, user=user)
    if not rows:
        require_dataset(graph, dataset)
        raise UnknownUserError(user, dataset=dataset)
    attributes = dict(attribute.split("=", 1) for attribute in rows[0]["attributes"])
    return User.model_validate({**rows[0], "attributes": attributes})


def history(graph: Graph, dataset: str, user: str, *, as_of: str = END_OF_TIME) -> list[HistoryItem]:
    """Return the user's items up to *as_of*, oldest first, undated before dated, then by id."""
    rows = graph.read("history_of", dataset=dataset, user=user, as_of=as_of)
    if not rows:
        require_user(graph, dataset, user)
    return [HistoryItem.model_validate(row) for row in rows]


def questions(graph: Graph, dataset: str) -> list[Question]:
    """Return every question of the dataset, by id."""
    return [question_of(row) for row in graph.read("questions_of", dataset=dataset)]


def stored_on(graph: Graph, dataset: str, user: str) -> dict[str, list[dict[str, Any]]]:
    """Return all that the dataset stores on the user, without vectors; UnknownUserError when it stores nothing.

    >>> stored = stored_on(graph, "town", "ada")
    >>> list(stored)
    ['user', 'history', 'facts', 'personas', 'keys', 'runs', 'quarantine']
    """
    require_user(graph, dataset, user)
    found = {row["what"]: row["stored"] for row in graph.read("stored_on", dataset=dataset, user=user)}
    return {what: sorted(found.get(what, []), key=_place) for what in STORED}


def _place(stored: Mapping[str, Any]) -> tuple[str, str]:
    return str(stored.get("fit", "")), str(stored.get("id", ""))


def question_of(row: Mapping[str, Any]) -> Question:
    """Make a Question of a row that has its properties; `OFF_SCALE` in `ordinal` is off the scale."""
    return Question(
        id=row["id"],
        text=row["text"],
        options=tuple(row["options"]),
        ordinal=tuple(None if place == OFF_SCALE else place for place in row["ordinal"] or ()),
        kind=row["kind"],
        label=row["label"] or "",
        stances=tuple(row["stances"] or ()),
        directions=tuple(row["directions"] or ()),
        content=row["content"],
        at=row["at"],
    )
