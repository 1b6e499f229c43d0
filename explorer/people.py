"""Pages about people: search, a person's layers, a fact and its support, two people side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from persona_db.chains.retrieval.join import join
from persona_db.explorer.site import needed, number, site_of
from persona_db.graph.datasets import require_dataset
from persona_db.graph.explore import explore, rests_on, words_to_find
from persona_db.graph.known import require_known
from persona_db.graph.users import history, require_user, users

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from persona_db.graph.session import Graph

__all__ = ["compare", "fact", "find", "person", "search", "suggest"]

_A_PAGE = 50
_SUGGESTED = 10
_HISTORY_SHOWN = 100
_ALIKE = 3


def search(request: Request) -> Response:
    """Return people with these words in their name or id; without words, everybody in pages."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    facets = explore(graph, "facets_of_people", dataset=dataset)
    chosen = [text for text in request.query_params.getlist("attribute") if text]
    segment = request.query_params.get("segment") or None
    require_known(graph, "people_filtered", {"dataset": dataset, "attributes": chosen, "segment": segment})
    groups = explore(graph, "segments", dataset=dataset)
    filters: dict[str, Any] = {"facets": facets, "chosen": chosen, "segment": segment, "groups": groups}
    query, after = request.query_params.get("q", "").strip(), request.query_params.get("after", "")
    if query:
        found = find(graph, dataset, query, limit=_A_PAGE)
        return site.page(request, "people.html", query=query, people=found, after="", skip=None, **filters)
    if chosen or segment:
        skip = number(request, "skip")
        found = explore(
            graph, "people_filtered", dataset=dataset, attributes=chosen, segment=segment, skip=skip, limit=_A_PAGE + 1
        )
        further = skip + _A_PAGE if len(found) > _A_PAGE else None
        return site.page(request, "people.html", query="", people=found[:_A_PAGE], after="", skip=further, **filters)
    listed = [
        {"user": one.id, "name": one.name, "items": one.items, "keys": one.keys}
        for one in users(graph, dataset, limit=_A_PAGE + 1, after=after)
    ]
    more = listed[_A_PAGE - 1]["user"] if len(listed) > _A_PAGE else ""
    return site.page(request, "people.html", query="", people=listed[:_A_PAGE], after=more, skip=None, **filters)


def suggest(request: Request) -> Response:
    """Return as JSON the people, or with `what=questions` the questions, that match what is being typed."""
    graph, dataset = site_of(request).connection.graph(), needed(request, "dataset")
    query = request.query_params.get("q", "")
    words = words_to_find(query)
    if not words:
        return JSONResponse([])
    if request.query_params.get("what") == "questions":
        asked = explore(graph, "find_asked", dataset=dataset, words=words, limit=_SUGGESTED)
        return JSONResponse([{"id": row["question"], "name": row["text"][:200]} for row in asked])
    found = find(graph, dataset, query, limit=_SUGGESTED)
    return JSONResponse([{"id": row["user"], "name": row["name"][:200]} for row in found])


def find(graph: Graph, dataset: str, query: str, *, limit: int) -> list[dict[str, Any]]:
    """Return people by the words of their name or id; a person with exactly that id comes first."""
    words = words_to_find(query)
    found = explore(graph, "find_people", dataset=dataset, words=words, limit=limit) if words else []
    exact = graph.read("find_user", dataset=dataset, user=query)
    if exact:
        first = {"user": exact[0]["id"], "name": exact[0]["name"], "sharing": exact[0]["sharing"]}
        found = [first, *(row for row in found if row["user"] != query)]
    return found[:limit]


def person(request: Request) -> Response:
    """Return a person's page: their keys, their facts by layer with the support of each, their history."""
    site = site_of(request)
    graph, dataset, user = site.connection.graph(), needed(request, "dataset"), needed(request, "user")
    known = require_user(graph, dataset, user)
    fit = require_dataset(graph, dataset).current_fit
    facts = graph.read("facts_of", dataset=dataset, user=user)
    rests = rests_on(graph, dataset, fit, [row["id"] for row in facts]) if fit else {}
    items = history(graph, dataset, user)
    full = request.query_params.get("history") == "all"
    segment = explore(graph, "segment_of", dataset=dataset, user=user)
    return site.page(
        request,
        "person.html",
        person=known,
        fit=fit,
        segment=segment[0] if segment else None,
        alike=join(graph, user, dataset=dataset, top_k=_ALIKE) if fit else (),
        keys=graph.read("keys_of", dataset=dataset, user=user),
        layers={
            layer: [{**row, "rests_on": rests.get(row["id"], [])} for row in facts if row["layer"] == layer]
            for layer in ("induced", "distilled")
        },
        items=items[::-1] if full else items[::-1][:_HISTORY_SHOWN],
        said=len(items),
        everything=full,
    )


def fact(request: Request) -> Response:
    """Return a fact's page: the facts and history items it rests on, and the keys it is evidence for."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    found = explore(graph, "fact_rests_on", dataset=dataset, fact=needed(request, "fact"))
    if not found:
        raise HTTPException(404, "there is no such fact in what is known now; it may have been refined anew")
    return site.page(request, "fact.html", fact=found[0])


def compare(request: Request) -> Response:
    """Return the comparison of two people: shared keys, opposed ones, and keys that only one of them holds."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    names = [request.query_params.get(name, "").strip() for name in ("first", "second")]
    both = [require_user(graph, dataset, name) if name else None for name in names]
    rows = explore(graph, "what_two_share", dataset=dataset, first=names[0], second=names[1]) if all(names) else []
    groups = {
        how: [row for row in rows if row["how"] == how]
        for how in ("shared", "opposed", "only the first", "only the second")
    }
    return site.page(
        request,
        "compare.html",
        first=both[0],
        second=both[1],
        groups=groups,
        score=max(sum(row["contribution"] for row in rows), 0.0),
    )
