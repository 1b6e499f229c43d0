"""Who or what may be meant by a text that is no id: for the sentence of an error, and to look somebody up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from persona_db.graph.explore import explore

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["NearPerson", "NearQuestion", "people_near", "questions_near"]

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 8
_LONGEST_WORD = 60
_SHORTEST_MISSPELT = 4


class NearPerson(NamedTuple):
    """Somebody whose id or name has words like those looked for."""

    user: str
    name: str


class NearQuestion(NamedTuple):
    """A question whose words, label or answers are like those looked for."""

    question: str
    label: str
    options: tuple[str, ...]


def people_near(graph: Graph, dataset: str, text: str, *, limit: int = 5) -> list[NearPerson]:
    """Return people of the dataset by words of their id or name, misspelt ones too, best first, ties by name.

    Whoever shares nothing is not among them; to find them one has to know their id.
    """
    words = _words(text)
    found = explore(graph, "find_people", dataset=dataset, words=words, limit=4 * limit) if words else []
    return [NearPerson(row["user"], row["name"]) for row in found if row["sharing"] != "none"][:limit]


def questions_near(graph: Graph, dataset: str, text: str, *, limit: int = 5) -> list[NearQuestion]:
    """Return questions of the dataset that have options, by words of theirs or of their answers, best first."""
    words = _words(text)
    found = explore(graph, "find_asked", dataset=dataset, words=words, limit=4 * limit) if words else []
    return [
        NearQuestion(row["question"], row["label"] or row["text"], tuple(row["options"]))
        for row in found
        if row["options"]
    ][:limit]


def _words(text: str) -> str:
    """Return a full-text query for any of the words, the beginnings of words, and words a letter or two off."""
    words = [word[:_LONGEST_WORD].lower() for word in _WORD.findall(text[:10_000])[:_MOST_WORDS]]
    return " ".join(f"{word}^4 {word}*^2" + (f" {word}~" if len(word) >= _SHORTEST_MISSPELT else "") for word in words)
