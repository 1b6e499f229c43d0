"""Removes a user with everything derived from them, and counts what is left."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import UnknownUserError
from persona_db.graph.ids import statement_id
from persona_db.graph.models import Model
from persona_db.graph.sentences import sentences

if TYPE_CHECKING:
    from persona_db.graph.session import Graph
    from persona_db.graph.vector_cache import CachedEmbedder

__all__ = ["Receipt", "Traces", "erase_user"]

log = logging.getLogger(__name__)


class Traces(Model):
    """The nodes and texts of one user that the dataset still holds."""

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
    quarantined: int = Field(description="Unusable answers of a language model about the user.")
    vectors: int = Field(description="Vectors of those texts and their sentences in the cache outside the graph.")
    left: Traces
    refit_needed: bool = Field(description="Traits, links and summaries still count them until the next refit.")


def erase_user(graph: Graph, dataset: str, user: str, *, cache: CachedEmbedder | None = None) -> Receipt:
    """Remove the user with their items, facts, personas and held keys, and the texts and keys that only they had.

    It is one transaction. The Fit was learned with the user, so the dataset is marked as needing a refit. Quarantined
    rows of a source stay. *cache* forgets the vectors of the removed texts and of their sentences.
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
    vectors = cache.forget([*texts, *(one for text in texts for one in sentences(text) if one != text)]) if cache else 0
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
