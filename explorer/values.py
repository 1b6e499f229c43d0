"""Pages about values: the keys of a dataset, one key with its holders, and a person's neighbourhood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response as RawResponse

from persona_db.chains.figure import NARROW, WIDTH, figure_of
from persona_db.chains.figure_svg import write_svg
from persona_db.chains.neighbourhoods import neighbourhood as neighbourhood_of
from persona_db.chains.persona import KeyKind
from persona_db.explorer.site import needed, number, site_of
from persona_db.explorer.tables import as_csv
from persona_db.graph.explore import explore, words_to_find
from persona_db.graph.known import require_known
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from persona_db.chains.neighbourhood_graph import Neighbourhood

__all__ = ["figure", "key", "keys", "neighbourhood"]

_A_PAGE = 50
_FILES = {"svg": "image/svg+xml", "pdf": "application/pdf", "png": "image/png"}
_GOES_WITH = 8
_LOOKED_AT = 300
_COLLABORATORS, _MOST_COLLABORATORS = 12, 40


def keys(request: Request) -> Response:
    """Return the values of a dataset in pages: all, those of one kind, or those with some words in their name."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    query, kind = request.query_params.get("q", "").strip(), request.query_params.get("kind") or None
    skip = number(request, "skip")
    require_known(graph, "popular_keys", {"dataset": dataset, "kind": kind})
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
        words=words,
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
        sample=_LOOKED_AT,
        goes_with=explore(graph, "goes_with", dataset=dataset, key=name, sample=_LOOKED_AT, limit=_GOES_WITH),
    )


def neighbourhood(request: Request) -> Response:
    """Return a person's neighbourhood: a figure whose labels lead on, narrow on a telephone, and the same in words."""
    site = site_of(request)
    graph, dataset, user = site.connection.graph(), needed(request, "dataset"), needed(request, "user")
    top_k = _top_k(request)
    known = require_user(graph, dataset, user)
    made = neighbourhood_of(graph, user, dataset=dataset, top_k=top_k)
    people = _collaborators(made)
    figures = {
        name: Markup(write_svg(figure_of(made, width=width), theme=None, links=True, name=name))  # noqa: S704  # its texts are escaped there
        for name, width in (("wide", WIDTH), ("narrow", NARROW))
    }
    return site.page(request, "neighbourhood.html", person=known, people=people, top_k=top_k, figures=figures)


def figure(request: Request) -> Response:
    """Return a person's neighbourhood as a file to keep: `as` says svg, pdf, png, or csv for its rows."""
    graph, dataset, user = site_of(request).connection.graph(), needed(request, "dataset"), needed(request, "user")
    kind = request.query_params.get("as", "svg")
    if kind not in (*_FILES, "csv"):
        raise HTTPException(400, f"a figure is {', '.join(_FILES)} or csv")
    made = neighbourhood_of(graph, user, dataset=dataset, top_k=_top_k(request))
    if kind == "csv":
        rows = [
            (one["id"], one["name"], one["score"], key["id"], key["name"], "opposed" if key["opposed"] else "shared")
            for one in _collaborators(made)
            for key in one["keys"]
        ]
        return as_csv("neighbourhood", ("user", "name", "score", "key", "value", "how"), rows)
    drawn = figure_of(made)
    if kind == "svg":
        content = write_svg(drawn).encode()
    else:
        from persona_db.chains.figure_print import write_printed

        content = write_printed(drawn, "pdf" if kind == "pdf" else "png")
    return RawResponse(
        content,
        media_type=_FILES[kind],
        headers={"content-disposition": f'attachment; filename="neighbourhood.{kind}"'},
    )


def _collaborators(made: Neighbourhood) -> list[dict[str, Any]]:
    """Return the collaborators, each with `keys`: what they share, what counts most first, then what they oppose."""
    return [
        {
            **data,
            "keys": sorted(
                (
                    {"whole": "", **made.nodes[other], "opposed": made.edges[node, other]["opposed"]}
                    for other in made.adj[node]
                    if made.nodes[other]["role"] == "key"
                ),
                key=lambda one: (one["opposed"], -one["counts"]),
            ),
        }
        for node, data in made.nodes(data=True)
        if data["role"] == "collaborator"
    ]


def _top_k(request: Request) -> int:
    """Return the number of collaborators in the address."""
    return min(number(request, "top_k") or _COLLABORATORS, _MOST_COLLABORATORS)
