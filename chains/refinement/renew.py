"""Fits made again after somebody was erased, so that nothing counts them any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persona_db.chains.fit.lifecycle import drop_obsolete
from persona_db.chains.refinement.refine import refine
from persona_db.graph.datasets import require_dataset
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["renew_fits"]


def renew_fits(
    graph: Graph, dataset: str, *, embedder: Embedder | None = None, progress: Progress = no_progress
) -> str | None:
    """Make every Fit of the statistical engine again that counts somebody who is gone; remove what they were.

    A Fit by a language model is not, since that costs money: its engine is returned, and None otherwise. Where nobody
    is left all Fits are removed. The same call completes one that was stopped.
    """
    if not graph.read("list_users", dataset=dataset, after="", limit=1):
        graph.write("retire_all_fits", dataset=dataset)
        drop_obsolete(graph, dataset, progress=progress)
        return None
    found = graph.read("fit_for", dataset=dataset, as_of=None)
    if not found or found[0]["engine"] != "statistical":
        drop_obsolete(graph, dataset, progress=progress)
        return found[0]["engine"] if found and require_dataset(graph, dataset).refit_needed else None
    refine(graph, dataset, embedder=embedder, progress=progress)
    return None
