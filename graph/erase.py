"""Removes a user, or some of their items, with everything derived from them, and counts what is left."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import ConfigError, DiskFullError, EmbeddingError, UnknownUserError
from persona_db.graph.ids import item_id, statement_id
from persona_db.graph.models import HistoryItem, Model
from persona_db.graph.sentences import sentences
from persona_db.graph.users import history

if TYPE_CHECKING:
    from persona_db.graph.session import Graph, Transaction
    from persona_db.graph.vector_cache import CachedEmbedder

__all__ = ["ItemReceipt", "Receipt", "Remainder", "Traces", "erase_item", "erase_items", "erase_user"]

log = logging.getLogger(__name__)

CALLS = "calls.sqlite3"
"""The cache of what language models answered, below the cache folder."""


class Traces(Model):
    """The nodes and texts of one user that the dataset still holds."""

    users: int
    items: int
    facts: int
    personas: int
    statements: int
    runs: int
    quarantined: int

    @property
    def total(self) -> int:
        """0 when nothing is left."""
        return sum(self.model_dump().values())


class Remainder(Model):
    """Where something of an erased person may still be, and until when."""

    where: str
    until: str


class Receipt(Model):
    """What was removed, and what was still there afterwards."""

    dataset: str
    user: str
    items: int
    facts: int
    personas: int
    holds: int = Field(description="Cache keys they held, over all Fits.")
    keys: int = Field(description="Cache keys that only they held.")
    statements: int = Field(description="Texts of this user alone.")
    runs: int = Field(description="Records of a language model's calls on them.")
    quarantined: int = Field(
        description="Rows of a source that were not stored, and unusable answers of a language model, about the user."
    )
    vectors: int = Field(description="Vectors of those texts and their sentences in the cache outside the graph.")
    fits: int = Field(description="Fits kept for reads of earlier dates, which counted them and are read no more.")
    left: Traces
    refit_needed: bool = Field(description="Traits, links and summaries still count them until the next refit.")
    remains: tuple[Remainder, ...] = Field(description="What this erasure does not reach, with what ends it.")


def erase_user(graph: Graph, dataset: str, user: str, *, cache: CachedEmbedder | None = None) -> Receipt:
    """Remove the user with their items, facts, personas and held keys, and the texts and keys that only they had.

    It is one transaction. The Fit was learned with the user, so the dataset is marked as needing a refit. Quarantined
    rows of theirs go too, those that no version before this one marked as theirs where the reason has their id.
    *cache* forgets the vectors of the removed texts and of their sentences.
    """
    require_dataset(graph, dataset)
    with graph.transaction() as work:
        said = work.run("erase_items", dataset=dataset, user=user)[0]
        learned = work.run("erase_facts", dataset=dataset, user=user)
        [called] = work.run("erase_runs", dataset=dataset, user=user, quoted=repr(user))
        gone = work.run("erase_user", dataset=dataset, user=user)
        if not gone:
            raise UnknownUserError(user, dataset=dataset)
        ids = sorted({*said["statements"], *learned[0]["statements"]})
        texts = work.run("erase_unsaid", dataset=dataset, ids=ids)[0]["texts"]
        [kept] = work.run("retire_kept_fits", dataset=dataset)
        work.run("need_refit", dataset=dataset)
    remains = _remains(graph, dataset, fits=kept["fits"], runs=called["runs"])
    try:
        vectors = _forget(cache, texts)
    except (EmbeddingError, DiskFullError) as exc:  # what is erased stays erased, and has its receipt
        vectors = 0
        remains = (*remains, Remainder(where=f"the cache of vectors: {exc}", until="its file is deleted"))
    unsaid = [statement_id(text) for text in texts]
    [left] = graph.read("count_traces", dataset=dataset, user=user, statements=unsaid)
    log.info("erased a user of dataset %s with %s items", dataset, said["items"])
    return Receipt(
        dataset=dataset,
        user=user,
        items=said["items"],
        facts=learned[0]["facts"],
        personas=learned[0]["personas"],
        holds=gone[0]["holds"],
        keys=gone[0]["keys"],
        statements=len(texts),
        runs=called["runs"],
        quarantined=called["quarantined"],
        vectors=vectors,
        fits=kept["fits"],
        left=Traces.model_validate(left),
        refit_needed=True,
        remains=remains,
    )


def _remains(graph: Graph, dataset: str, *, fits: int, runs: int) -> tuple[Remainder, ...]:
    """Look where erasing does not reach, and return what is there."""
    refine = f"`persona-db refine --dataset {dataset} --refit`"
    found = [Remainder(where="base rates, links, traits and summaries of the Fit still count this user", until=refine)]
    if fits:
        where = f"Fits kept for earlier dates still count them, and are read no more ({fits})"
        found.append(Remainder(where=where, until=refine))
    if runs and (graph.settings.cache_dir / CALLS).exists():
        where = f"answers of language models about them, in {CALLS} of the cache folder, may quote them"
        found.append(Remainder(where=where, until="that file is deleted"))
    if graph.data_dir is not None:
        where = "what was deleted is still in files of Neo4j in the data folder, where no query reads it"
        found.append(Remainder(where=where, until="Neo4j writes over it"))
    return (*found, Remainder(where="backups and exports made before hold them", until="they are deleted"))


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
    vectors = _forget(cache, erased["texts"])
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


def _forget(cache: CachedEmbedder | None, texts: Sequence[str]) -> int:
    if cache is None:
        return 0
    return cache.forget([*texts, *(one for text in texts for one in sentences(text) if one != text)])
