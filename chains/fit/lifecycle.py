"""The life of a Fit in the graph: readers use it from when it is finished until a newer one replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from persona_db.chains.fit.settings import FittedSettings
from persona_db.graph.errors import GraphUnavailableError, NothingToRefineError
from persona_db.graph.progress import Progress

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["drop_obsolete", "embed", "finish_fit", "require_people"]

_DROPPED_AT_ONCE = 5_000


def require_people(graph: Graph, dataset: str) -> list[dict[str, Any]]:
    """Return every user of the dataset with their version; NothingToRefineError when it has none."""
    people = graph.read("user_versions", dataset=dataset, fit="")
    if not people:
        raise NothingToRefineError(dataset)
    return people


def finish_fit(graph: Graph, dataset: str, fit: str, settings: FittedSettings, *, current: bool, waiting: int) -> None:
    """Let readers use a Fit, as the *current* one or beside it; GraphUnavailableError when another replaced it."""
    finished = graph.write(
        "finish_fit", dataset=dataset, fit=fit, current=current, waiting=waiting, settings=settings.model_dump_json()
    )
    if not finished:
        raise GraphUnavailableError(f"another refinement of dataset {dataset!r} overtook this one; try again")


def drop_obsolete(graph: Graph, dataset: str, *, progress: Progress) -> None:
    """Remove the Fits that a newer one replaced, and those that a killed run left."""
    for row in graph.read("obsolete_fits", dataset=dataset):
        fit, dropped = row["fit"], 0
        while gone := graph.write("drop_fit_nodes", dataset=dataset, fit=fit, most=_DROPPED_AT_ONCE)[0]["n"]:
            dropped += gone
            progress("removing the old Fit", dropped, None)
        graph.write("drop_fit", dataset=dataset, fit=fit)


def embed(graph: Graph, dataset: str, embedder: Embedder | None, progress: Progress) -> None:
    """Store the vectors of new facts' texts, if there is an embedder."""
    if embedder is not None:
        from persona_db.graph.embedding import embed_missing

        embed_missing(graph, dataset, embedder, progress=progress)
