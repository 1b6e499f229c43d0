"""Removes some items of a user with what rests on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.graph.errors import ConfigError
from persona_db.graph.ids import item_id
from persona_db.graph.models import HistoryItem, Model
from persona_db.graph.sentences import sentences
from persona_db.graph.users import history

if TYPE_CHECKING:
    from persona_db.graph.session import Graph, Transaction
    from persona_db.graph.vector_cache import CachedEmbedder

__all__ = ["ItemReceipt", "erase_item", "erase_items", "forget_vectors"]


class ItemReceipt(Model):
    """What was removed with one item of a user."""

    dataset: str
    user: str
    item: str
    facts: int = Field(description="Facts that rested on it, of every Fit.")
    holds: int = Field(description="Cache keys that the user held for these facts.")
    statements: int = Field(description="Texts that nobody says now.")
    vectors: int = Field(description="Vectors of those texts and their sentences in the cache outside the graph.")
    left: int = Field(description="Items of that id that are still there.")


def erase_item(graph: Graph, dataset: str, user: str, item: str, *, cache: CachedEmbedder | None = None) -> ItemReceipt:
    """Remove one item of the user with the facts that rest on it and what they held for these.

    *item* is its id among the user's items, its id in the graph, or the id of a question that they answered once.
    ConfigError lists what there is where none, or several, are meant. The dataset then needs a refit.
    """
    found = _item_meant(history(graph, dataset, user), user, item)
    with graph.transaction() as work:
        erased = erase_items(work, dataset, [found])
    vectors = forget_vectors(cache, erased["texts"])
    left = len(graph.read("known_items", dataset=dataset, ids=[found]))
    return ItemReceipt(
        dataset=dataset, user=user, item=found, facts=erased["facts"], holds=erased["holds"],
        statements=len(erased["texts"]), vectors=vectors, left=left,
    )  # fmt: skip


def erase_items(work: Transaction, dataset: str, ids: Sequence[str]) -> dict[str, Any]:
    """Remove items with what rests on them, in a transaction; return counts and the texts that nobody says now.

    The dataset then needs a refit.
    """
    [erased] = work.run("erase_some_items", dataset=dataset, ids=list(ids))
    [unsaid] = work.run("erase_unsaid", dataset=dataset, ids=sorted(set(erased.pop("statements"))))
    work.run("need_refit", dataset=dataset)
    return {**erased, "texts": unsaid["texts"]}


def _item_meant(items: Sequence[HistoryItem], user: str, item: str) -> str:
    """Return the id of the one item that *item* means."""
    named = [one.id for one in items if one.id in (item, item_id(user, item))]
    answers = named or [one.id for one in items if one.question == item]
    if len(answers) == 1:
        return answers[0]
    if answers:
        raise ConfigError(f"user {user!r} has {len(answers)} answers to {item!r}; name one: {', '.join(answers[:5])}")
    some = ", ".join(one.id for one in items[:5]) + (", ..." if len(items) > 5 else "")
    raise ConfigError(f"user {user!r} has no item {item!r}; there are {some or 'none'}")


def forget_vectors(cache: CachedEmbedder | None, texts: Sequence[str]) -> int:
    """Remove the vectors of texts and of their sentences from *cache*; return how many were there."""
    if cache is None:
        return 0
    return cache.forget([*texts, *(one for text in texts for one in sentences(text) if one != text)])
