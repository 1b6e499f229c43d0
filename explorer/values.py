"""Pages about values: the keys of a dataset, one key with its holders, and a person's neighbourhood."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from persona_db.chains.neighbourhoods import neighbourhood as neighbourhood_of
from persona_db.chains.neighbourhoods import visible
from persona_db.chains.persona import KeyKind
from persona_db.explorer.site import needed, number, site_of
from persona_db.graph.explore import explore, words_to_find
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["key", "keys", "neighbourhood", "neighbourhood_data"]

_A_PAGE = 50
_GOES_WITH = 8
_LOOKED_AT = 500
_COLLABORATORS, _MOST_COLLABORATORS = 12, 40


def keys(request: Request) -> Response:
    """Return the values of a dataset in pages: all, those of one kind, or those with some words in their name."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    query, kind = request.query_params.get("q", "").strip(), request.query_params.get("kind") or None
    skip = number(request, "skip")
    words = words_to_find(query)
    if query:
        found = explore(graph, "find_keys", dataset=dataset, words=words, limit=_A_PAGE) if words else []
        more = False
    else:
        found = explore(graph, "popular_keys", dataset=dataset, kind=kind, skip=skip, limit=_A_PAGE + 1)
        more = len(found) > _A_PAGE
    return site.page(
        request,
        "keys.html",
        query=query,
        kind=kind,
        kinds=get_args(KeyKind),
        keys=found[:_A_PAGE],
        after=skip + _A_PAGE if more else None,
    )


def key(request: Request) -> Response:
    """Return a value's page: its holders, its opposite, and associated values."""
    site = site_of(request)
    graph, dataset, name = site.connection.graph(), needed(request, "dataset"), needed(request, "key")
    skip = number(request, "skip")
    found = explore(graph, "one_key", dataset=dataset, key=name)
    if not found:
        raise HTTPException(404, "there is no such value in what is known now; it may have been refined anew")
    holders = explore(graph, "holders_of", dataset=dataset, key=name, skip=skip, limit=_A_PAGE + 1)
    return site.page(
        request,
        "key.html",
        key=found[0],
        holders=holders[:_A_PAGE],
        after=skip + _A_PAGE if len(holders) > _A_PAGE else None,
        skip=skip,
        goes_with=explore(graph, "goes_with", dataset=dataset, key=name, sample=_LOOKED_AT, limit=_GOES_WITH),
    )


def neighbourhood(request: Request) -> Response:
    """Return a person's neighbourhood: a picture to walk in, and the same in words."""
    site = site_of(request)
    graph, dataset, user = site.connection.graph(), needed(request, "dataset"), needed(request, "user")
    top_k = _top_k(request)
    known = require_user(graph, dataset, user)
    made = neighbourhood_of(graph, user, dataset=dataset, top_k=top_k)
    people = [
        {
            **data,
            "keys": sorted(
                (
                    {**made.nodes[other], "opposed": made.edges[node, other]["opposed"]}
                    for other in made.adj[node]
                    if made.nodes[other]["role"] == "key"
                ),
                key=lambda one: (one["opposed"], -one["counts"]),
            ),
        }
        for node, data in made.nodes(data=True)
        if data["role"] == "collaborator"
    ]
    return site.page(request, "neighbourhood.html", person=known, people=people, top_k=top_k)


def neighbourhood_data(request: Request) -> Response:
    """Return the picture's nodes and edges as JSON."""
    graph = site_of(request).connection.graph()
    dataset, user = needed(request, "dataset"), needed(request, "user")
    made = neighbourhood_of(graph, user, dataset=dataset, top_k=_top_k(request))
    name = {node: f"n{number}" for number, node in enumerate(made)}
    nodes = [
        {
            "node": name[node],
            "id": data["id"],
            "role": data["role"],
            "name": visible(data["name"])[:300],
            "size": data.get("score", data.get("counts", 0.0)),
            "kind": data.get("kind", data.get("layer", "")),
        }
        for node, data in made.nodes(data=True)
    ]
    edges = [
        {"source": name[one], "target": name[other], "type": data["type"], "opposed": data["opposed"],
         "weight": data["weight"]}
        for one, other, data in made.edges(data=True)
    ]  # fmt: skip
    return JSONResponse({"nodes": nodes, "edges": edges})


def _top_k(request: Request) -> int:
    """Return the number of collaborators in the address."""
    return min(number(request, "top_k") or _COLLABORATORS, _MOST_COLLABORATORS)
