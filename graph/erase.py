"""Removes users with everything derived from them, and looks again for what is left."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.graph.call_file import CALLS, forget_calls, quoting_calls
from persona_db.graph.datasets import require_dataset
from persona_db.graph.erase_item import forget_vectors
from persona_db.graph.errors import CacheError, EmbeddingError, UnknownUserError
from persona_db.graph.ids import statement_id
from persona_db.graph.models import Model
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.second_look import files_to_search, holding, searchable
from persona_db.graph.sentences import sentences
from persona_db.graph.sqlite_file import remove_sqlite

if TYPE_CHECKING:
    from persona_db.graph.session import Graph
    from persona_db.graph.vector_cache import CachedEmbedder

__all__ = ["Erased", "Receipt", "Remainder", "Traces", "deepened", "erase_people", "erase_user"]

log = logging.getLogger(__name__)


class Traces(Model):
    """The nodes and texts of one user that the dataset still holds, and what caches hold of them."""

    users: int
    items: int
    facts: int
    personas: int
    statements: int
    runs: int
    quarantined: int
    vectors: int = Field(default=0, description="Of their texts, in the cache outside the graph.")
    calls: int = Field(default=0, description="Answers of language models that quote them, in the cache of calls.")

    @property
    def total(self) -> int:
        """0 when nothing is left."""
        return sum(self.model_dump().values())


class Remainder(Model):
    """Where something of an erased person may still be, and until when."""

    where: str
    until: str


class Receipt(Model):
    """What was removed, and what a second look at graph, caches and files found afterwards."""

    dataset: str
    user: str
    items: int = 0
    facts: int = 0
    personas: int = 0
    holds: int = Field(default=0, description="Cache keys they held, over all Fits.")
    keys: int = Field(default=0, description="Cache keys that only they held.")
    statements: int = Field(default=0, description="Texts of this user alone.")
    runs: int = Field(default=0, description="Records of a language model's calls on them.")
    quarantined: int = Field(
        default=0,
        description="Rows of a source that were not stored, and unusable answers of a language model, about the user.",
    )
    vectors: int = Field(default=0, description="Vectors of those texts and their sentences, outside the graph.")
    calls: int = Field(default=0, description="Cached answers of language models about them, or that quote them.")
    fits: int = Field(default=0, description="Fits kept for earlier dates that counted them: made again by `refine`.")
    deep: bool = Field(default=False, description="The store was written anew, without what was deleted.")
    before: bool = Field(default=False, description="They were erased before; this is what a look finds now.")
    left: Traces
    refit_needed: bool = Field(description="Traits, links and summaries still count them until the next refit.")
    remains: tuple[Remainder, ...] = Field(description="What this erasure does not reach, with what ends it.")


@dataclass(frozen=True)
class Erased:
    """Somebody who was erased: the receipt, and the words by which they are looked for in files."""

    receipt: Receipt
    words: tuple[str, ...]


def erase_user(graph: Graph, dataset: str, user: str, *, cache: CachedEmbedder | None = None) -> Receipt:
    """Remove the user with their items, facts, personas and held keys, and the texts and keys that only they had.

    What language models answered about them, and vectors of their texts in *cache*, go first; then all that is in the
    graph goes in one transaction. So the same call completes one that was stopped. The Fit was learned with the user,
    and the dataset is marked as needing a refit. A user who was erased before has a receipt of what is found now.
    """
    return erase_people(graph, dataset, [user], cache=cache)[0].receipt


def erase_people(
    graph: Graph,
    dataset: str,
    users: Sequence[str],
    *,
    cache: CachedEmbedder | None = None,
    progress: Progress = no_progress,
) -> list[Erased]:
    """Remove several users as `erase_user` does, one after the other; UnknownUserError before any is touched."""
    require_dataset(graph, dataset)
    digests = {_digest(user): user for user in users}
    before = {digests[row["digest"]] for row in graph.read("erased_before", dataset=dataset, digests=list(digests))}
    plans = {user: graph.read("erase_plan", dataset=dataset, user=user) for user in digests.values()}
    for user, found in plans.items():
        if not found and user not in before:
            raise UnknownUserError(user, dataset=dataset)
    erased = []
    for done, (user, found) in enumerate(plans.items(), start=1):
        erased.append(_erase(graph, dataset, user, found[0] if found else None, cache))
        progress("erasing", done, len(plans))
    return erased


@dataclass(frozen=True)
class _Known:
    """What is known of somebody who is to be erased, and by which it is looked for."""

    user: str
    texts: tuple[str, ...]
    """Those that nobody else says."""
    own: tuple[str, ...]
    """Of these, what they wrote themselves."""
    described: tuple[str, ...]
    """Their name, and the values of attributes that nobody else has."""

    @property
    def words(self) -> list[str]:
        """What tells that something is about them, longest first."""
        parts = [part for text in self.own for part in sentences(text)]
        return searchable([self.user, *self.described, *self.texts, *parts])


def _erase(
    graph: Graph, dataset: str, user: str, plan: Mapping[str, Any] | None, cache: CachedEmbedder | None
) -> Erased:
    known = _Known(user, (), (), ())
    if plan is not None:
        values = (attribute.partition("=")[2] for attribute in plan["attributes"])
        known = _Known(user, tuple(plan["texts"]), tuple(plan["words"]), (plan["name"], *values))
    calls, path = graph.settings.cache_dir / CALLS, None if cache is None else cache.path
    quotes = [*known.own, *searchable([user, *known.texts])]
    gone: list[Remainder] = []
    vectors = _from(path, lambda: forget_vectors(cache, known.texts), gone)
    answers = _from(calls, lambda: forget_calls(calls, user, quotes, own=known.own), gone)
    counts = {} if plan is None else _erase_nodes(graph, dataset, known)
    texts = counts.pop("texts", [])
    vectors += _from(path, lambda: forget_vectors(cache, sorted({*texts} - {*known.texts})), gone)
    ids = [statement_id(text) for text in {*texts, *known.texts}]
    [left] = graph.read("count_traces", dataset=dataset, user=user, statements=ids)
    left["vectors"] = _from(path, lambda: cache.held(known.texts) if cache else 0, gone)
    left["calls"] = _from(calls, lambda: quoting_calls(calls, user, quotes, own=known.own), gone)
    by_model = counts.pop("by_model", 0)
    receipt = Receipt(
        dataset=dataset, user=user, **counts, vectors=vectors, calls=answers, before=plan is None, remains=(),
        left=Traces.model_validate(left), refit_needed=require_dataset(graph, dataset).refit_needed,
    )  # fmt: skip
    remains = (*gone, *_remains(graph, receipt, known.words, by_model=by_model))
    log.info("erased a user of dataset %s with %s items", dataset, receipt.items)
    return Erased(receipt.model_copy(update={"remains": remains}), tuple(known.words))


def _from(path: Path | None, work: Callable[[], int], gone: list[Remainder]) -> int:
    """Return what *work* counts in the cache at *path*; one that is damaged is deleted, and told in *gone*."""
    try:
        return work()
    except (EmbeddingError, CacheError):
        if path is None:
            raise
        remove_sqlite(path)  # nobody can read it, and all of it can be made again
        where = f"the damaged cache {path.name}, which could not be searched"
        gone.append(Remainder(where=where, until="now: it is deleted"))
        return 0


def _erase_nodes(graph: Graph, dataset: str, known: _Known) -> dict[str, Any]:
    """Remove all of one user from the graph, in one transaction; return counts and the texts nobody says now."""
    user = known.user
    quoted = [repr(user), json.dumps(user), *known.words]
    with graph.transaction() as work:
        [said] = work.run("erase_items", dataset=dataset, user=user) or [{"items": 0, "statements": []}]
        [learned] = work.run("erase_facts", dataset=dataset, user=user)
        [called] = work.run("erase_runs", dataset=dataset, user=user, words=quoted)
        gone = work.run("erase_user", dataset=dataset, user=user)
        if not gone:  # another command did it since the plan was made
            raise UnknownUserError(user, dataset=dataset)
        ids = sorted({*said["statements"], *learned["statements"]})
        [unsaid] = work.run("erase_unsaid", dataset=dataset, ids=ids)
        [kept] = work.run("retire_kept_fits", dataset=dataset)
        work.run("need_refit", dataset=dataset)
        work.run("note_erased", dataset=dataset, digest=_digest(user))
    return {
        "items": said["items"], "facts": learned["facts"], "personas": learned["personas"], "holds": gone[0]["holds"],
        "keys": gone[0]["keys"], "statements": len(unsaid["texts"]), "texts": unsaid["texts"], **called, **kept,
    }  # fmt: skip


def _digest(user: str) -> str:
    """Return what is kept of an erased user's id."""
    return sha256(user.encode()).hexdigest()[:32]


def _remains(graph: Graph, receipt: Receipt, words: Sequence[str], *, by_model: int) -> list[Remainder]:
    """Look for what erasing does not reach, and return what is there."""
    dataset = receipt.dataset
    refine = f"`persona-db refine --dataset {dataset}`"
    found = []
    if receipt.refit_needed:
        where = "base rates, links, traits and summaries of the Fit still count this user"
        found.append(Remainder(where=where, until=f"{refine[:-1]} --refit`"))
    if receipt.fits:
        again = ", except those by a language model" if by_model else ""
        where = f"Fits kept for earlier dates still count them, and are read no more ({receipt.fits})"
        found.append(Remainder(where=where, until=f"{refine}, which makes them again{again}"))
    found += [*_named(graph, dataset, words), *files_left(graph, words, store=False)]
    if graph.data_dir is not None:
        where = "what was deleted is still in files of Neo4j in the data folder, where no query reads it"
        found.append(Remainder(where=where, until="the same command with --deep, or Neo4j writes over it"))
    elif graph.settings.neo4j_uri is not None:
        where = "what was deleted may still be in files and logs of the server at NEO4J_URI"
        found.append(Remainder(where=where, until="whoever keeps that server compacts its store"))
    return [*found, Remainder(where="backups and exports made before hold them", until="they are deleted")]


def _named(graph: Graph, dataset: str, words: Sequence[str]) -> list[Remainder]:
    """Return whether others' texts, keys and bad rows have one of these words."""
    [named] = graph.read("named_elsewhere", dataset=dataset, words=list(words))
    if not any(named.values()):
        return []
    where = "their id, name or words stand in what others said or what was made of it"
    return [Remainder(where=f"{where} ({sum(named.values())})", until="that is erased or refitted")]


def files_left(graph: Graph, words: Sequence[str], *, store: bool) -> list[Remainder]:
    """Search the files of the home for words, and return those that have one; with *store* Neo4j's own too."""
    folder = graph.settings.data_dir if graph.data_dir is not None else None
    files = holding(files_to_search(folder, graph.settings.cache_dir, store=store), words)
    return [Remainder(where=f"the file {file} has their id, name or words", until="it is deleted") for file in files]


def deepened(graph: Graph, erased: Sequence[Erased], *, engine: str | None) -> list[Receipt]:
    """Return the receipts of people who were erased, as graph and files are found now that the store was written anew.

    Every file is searched, for the words of all of them at once. *engine* is the language model whose Fit still counts
    them.
    """
    words = searchable(word for one in erased for word in one.words)
    remains = [*_named(graph, erased[0].receipt.dataset, words), *files_left(graph, words, store=True)]
    if engine is not None:
        again = f"`persona-db refine --dataset {erased[0].receipt.dataset} --model {engine} --refit`"
        remains.insert(0, Remainder(where=f"the Fit by {engine} still counts this user", until=again))
    remains.append(Remainder(where="backups and exports made before hold them", until="they are deleted"))
    return [
        one.receipt.model_copy(update={"remains": tuple(remains), "refit_needed": engine is not None, "deep": True})
        for one in erased
    ]
