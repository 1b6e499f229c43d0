"""Pages about everybody: the datasets, the keys that split a population, and loads, refinements and refused rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from persona_db.chains.fit.settings import gains_told
from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.explorer.site import needed, site_of
from persona_db.graph.datasets import require_dataset
from persona_db.graph.explore import explore

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from persona_db.explorer.site import Site
    from persona_db.graph.session import Graph

__all__ = ["health", "home", "population", "runs"]

_SHOWN = 12
_ASKED, _FEWEST = 20, 5
"""People of each group who were asked, at least; fewer where a group is small."""


def home(request: Request) -> Response:
    """Return the list of datasets."""
    site = site_of(request)
    found = site.connection.graph().read("dataset_names", dataset=None)
    return site.page(request, "home.html", datasets=found)


def population(request: Request) -> Response:
    """Return a dataset's page at a glance: how many, its groups, what unites and divides them, how well it predicts."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    about = require_dataset(graph, dataset)
    segments = explore(graph, "segments", dataset=dataset)
    smallest = min((row["people"] for row in segments if row["segment"] != "between"), default=0)
    least = min(_ASKED, max(smallest // 2, _FEWEST))
    return site.page(
        request,
        "population.html",
        about=about,
        counts={row["label"]: row["nodes"] for row in _counts(site, graph, dataset)},
        gains=gains_told(open_snapshot(graph, dataset).settings.lifts) if about.current_fit else (),
        splitting=explore(graph, "splitting_values", dataset=dataset, limit=_SHOWN),
        segments=segments,
        least=least,
        consensus=explore(graph, "consensus", dataset=dataset, least=least, limit=_SHOWN),
        divisive=explore(graph, "divisive", dataset=dataset, least=least, limit=_SHOWN),
        popular=explore(graph, "popular_keys", dataset=dataset, limit=_SHOWN),
    )


def runs(request: Request) -> Response:
    """Return the runs of a dataset: what was loaded, when it was refined, what models cost, and what was refused."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    return site.page(
        request,
        "runs.html",
        about=require_dataset(graph, dataset),
        counts=_counts(site, graph, dataset),
        fits=explore(graph, "fits_of", dataset=dataset),
        ledger=graph.read("ledger", dataset=dataset),
        quarantine=explore(graph, "quarantined", dataset=dataset, limit=100),
    )


def _counts(site: Site, graph: Graph, dataset: str) -> list[dict[str, Any]]:
    """Return a dataset's nodes by label; they are counted again only when the total changes (a second for millions)."""
    [row] = graph.read("nodes_in_all")
    before = site.counted.get(dataset)
    if before is None or before[0] != row["nodes"]:
        before = site.counted[dataset] = row["nodes"], graph.read("counts_by_label", dataset=dataset)
    return before[1]


def health(request: Request) -> Response:
    """Return success if Neo4j answers; the page that says that it does not polls this."""
    site_of(request).connection.graph()
    return JSONResponse({"ready": True})
