"""Removes a user and all that rests on them, and proves it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import UnknownUserError
from persona_db.graph.ids import statement_id
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from persona_db.graph.session import Graph
    from persona_db.graph.vector_cache import CachedEmbedder

__all__ = ["Receipt", "Traces", "erase_user"]

log = logging.getLogger(__name__)


class Traces(Model):
    """What a look for a user finds in the dataset."""

    users: int
    items: int
    facts: int
    personas: int
    statements: int
    runs: int

    @property
    def total(self) -> int:
        """0 when nothing is left."""
        return self.users + self.items + self.facts + self.personas + self.statements + self.runs


class Receipt(Model):
    """What was removed, and what a look afterwards still found."""

    dataset: str
    user: str
    items: int
    facts: int
    personas: int
    holds: int = Field(description="Cache keys they held, over all Fits.")
    keys: int = Field(description="Cache keys that only they held.")
    statements: int = Field(description="Texts that only they said.")
    runs: int = Field(description="Records of a language model's calls on them.")
    quarantined: int = Field(description="What a language model said of them and could not be used.")
    vectors: int = Field(description="Vectors of those texts in the cache outside the graph.")
    left: Traces
    refit_needed: bool = Field(description="Traits, links and summaries still count them until the next refit.")


def erase_user(graph: Graph, dataset: str, user: str, *, cache: CachedEmbedder | None = None) -> Receipt:
    """Remove the user, their items, facts, personas, what they held, and texts and keys that were only theirs.

    One transaction: all of it or nothing. What a Fit learned from everybody still counts them, so the dataset is
    marked as needing a refit. Rows of a source in quarantine stay. *cache* forgets the vectors of the texts removed.
    """
    require_dataset(graph, dataset)
    with graph.transaction() as work:
        said = work.run("erase_items", dataset=dataset, user=user)[0]
        learned = work.run("erase_facts", dataset=dataset, user=user)
        [called] = work.run("erase_runs", dataset=dataset, user=user)
        gone = work.run("erase_user", dataset=dataset, user=user)
        if not gone:
            raise UnknownUserError(user, dataset=dataset)
        ids = sorted({*said["statements"], *learned[0]["statements"]})
        texts = work.run("erase_unsaid", dataset=dataset, ids=ids)[0]["texts"]
        work.run("need_refit", dataset=dataset)
    vectors = cache.forget(texts) if cache else 0
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
        left=Traces.model_validate(left),
        refit_needed=True,
    )
