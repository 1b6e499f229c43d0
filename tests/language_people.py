"""People who talk, a scripted model that is asked about them, and what is compared of the graphs that come of it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persona_db.chains.language.models import LanguageModel, open_model
from persona_db.chains.language.settings import ModelSettings
from persona_db.graph.models import END_OF_TIME, HistoryItem
from tests.language_server import Asked
from tests.synthetic import World, dump, make_world

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["SCRIPTED", "about", "essence", "opened", "said_by", "talkers"]

SCRIPTED = "openai:scripted"

_SAID = (
    "Trains should run at night as well, my shift ends at two.",
    "Forests near the town need guards; people dump rubbish there.",
    "I coach the youth team, sport keeps them off the streets.",
    "Taxes are too high for what the council does with them.",
)


def talkers(people: int = 6, *, texts: int = 3, questions: int = 4) -> World:
    """Return people who answered some questions and said some things in words of their own.

    Each text names who said it, so that requests about one person can be told from others.
    """
    world = make_world(seed=11, people=people, questions=questions)
    said = [
        HistoryItem(
            id=f"{person.id}/said{number}",
            user=person.id,
            text=f"{_SAID[(row + number) % len(_SAID)]} Yours, {said_by(person.id)}.",
        )
        for row, person in enumerate(world.people)
        for number in range(texts)
    ]
    return replace(world, items=(*world.items, *said))


def said_by(user: str) -> str:
    """The name by which a user signs what they say."""
    return f"resident-{user}"


def about(user: str) -> Callable[[Asked], bool]:
    """Tell the requests about one of the talkers from those about others."""
    return lambda asked: said_by(user) in asked.prompt


def opened(cache: Path | None, **settings: Any) -> LanguageModel:
    """Return the scripted model that the environment leads to, its answers kept in *cache*."""
    return open_model(SCRIPTED, settings=ModelSettings(**{"concurrency": 4, **settings}), cache=cache)


def essence(graph: Graph, dataset: str, *, standing: bool = False) -> list[str]:
    """What `dump` gives, without the record of calls, and of answers that could not be used.

    With *standing* also without what was retired, and what hangs on it.
    """
    found = [ast.literal_eval(line) for line in dump(graph, dataset)]
    found = [row for row in found if row["label"] not in ("Run", "Quarantine")]
    gone = {row["id"] for row in found if "ends" not in row and _retired(row)} if standing else set()
    lines = []
    for row in found:
        if standing and (_retired(row) or {row.get("id"), row.get("other")} & gone):
            continue
        row["properties"].pop("run", None)
        lines.append(repr(row))
    return lines


def _retired(row: dict[str, Any]) -> bool:
    return bool(row["properties"].get("retired_at", END_OF_TIME) != END_OF_TIME)
