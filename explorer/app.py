"""The explorer as a web application: its addresses and its error pages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from persona_db.explorer import asking, erasing, people, population, segments, tables, values
from persona_db.explorer.guard import Guard
from persona_db.explorer.site import Site, site_of
from persona_db.graph.errors import (
    ConfigError,
    FreeCypherError,
    GraphUnavailableError,
    NoFitError,
    PersonaDBError,
    UnknownDatasetError,
    UnknownNameError,
    UnknownQuestionError,
    UnknownUserError,
)
from persona_db.graph.known import near_names

if TYPE_CHECKING:
    from persona_db.explorer.connection import Connection

__all__ = ["TAKES", "create_app"]

log = logging.getLogger(__name__)

_STATIC = Path(__file__).parent / "static"
_STATUS: tuple[tuple[type[PersonaDBError], int], ...] = (
    (GraphUnavailableError, 503),
    (UnknownDatasetError, 404),
    (UnknownUserError, 404),
    (UnknownQuestionError, 404),
    (UnknownNameError, 404),
    (NoFitError, 404),
    (ConfigError, 400),
    (FreeCypherError, 400),
)
_FOR_OTHERS = ("/", "/questions", "/question", "/health", "/static")
"""Addresses of the explorer for others."""
TAKES: Mapping[str, tuple[str, ...]] = {
    "/": (),
    "/population": ("dataset",),
    "/runs": ("dataset",),
    "/people": ("dataset", "q", "after", "attribute", "segment", "skip"),
    "/suggest": ("dataset", "q", "what"),
    "/person": ("dataset", "user", "history"),
    "/fact": ("dataset", "fact"),
    "/compare": ("dataset", "first", "second"),
    "/erase": ("dataset", "user"),
    "/key": ("dataset", "key", "skip"),
    "/keys": ("dataset", "q", "kind", "skip"),
    "/questions": ("dataset", "q", "skip"),
    "/question": ("dataset", "question", "by", "option", "skip"),
    "/segment": ("dataset", "segment"),
    "/map": ("dataset", "by", "question"),
    "/map.json": ("dataset", "by", "question"),
    "/neighbourhood": ("dataset", "user", "top_k"),
    "/figure": ("dataset", "user", "top_k", "as"),
    "/ask": ("dataset", "user", "question", "words", "text", "options", "made"),
    "/evidence.csv": ("made",),
    "/health": (),
}
"""Addresses of pages, and the parameters that each takes; those of a table are its query's."""
_TITLES = {
    400: "That can't be asked",
    403: "Not allowed",
    404: "Not found",
    405: "Not found",
    500: "Something went wrong",
    503: "Neo4j doesn't answer",
}


def create_app(connection: Connection, *, for_others: bool = False) -> Starlette:
    """Return the explorer of the graph that *connection* hands out, as an ASGI application.

    With *for_others* only pages that name nobody are there: the datasets, their questions, how each is answered.
    """
    site = Site(connection, for_others=for_others)
    app = Starlette(
        routes=[
            one
            for one in _routes()
            if not for_others or (one.path if isinstance(one, Route | Mount) else "") in _FOR_OTHERS
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={PersonaDBError: _own_error, HTTPException: _refused, Exception: _failed},
    )
    app.state.site = site
    return app


def _routes() -> list[BaseRoute]:
    return [
        _page("/", population.home),
        _page("/population", population.population),
        _page("/runs", population.runs),
        _page("/people", people.search),
        _page("/suggest", people.suggest),
        _page("/person", people.person),
        _page("/fact", people.fact),
        _page("/compare", people.compare),
        _page("/erase", erasing.confirm),
        Route("/erase", erasing.erase, methods=["POST"]),
        _page("/key", values.key),
        _page("/keys", values.keys),
        _page("/questions", segments.questions),
        _page("/question", segments.question),
        _page("/segment", segments.segment),
        _page("/map", segments.map_page),
        _page("/map.json", segments.map_data),
        Route("/table.csv", tables.table),  # whose parameters are its query's
        _page("/neighbourhood", values.neighbourhood),
        _page("/figure", values.figure),
        _page("/ask", asking.ask),
        _page("/evidence.csv", asking.evidence),
        Route("/predict", asking.predict, methods=["POST"]),
        _page("/health", population.health),
        Mount("/static", StaticFiles(directory=_STATIC), name="static"),
    ]


def _page(path: str, endpoint: Callable[[Request], Response]) -> Route:
    """Return the route of a page whose address has the parameters of `TAKES` alone; another is refused by name."""
    params = TAKES[path]

    @wraps(endpoint)
    def checked(request: Request) -> Response:
        for name in request.query_params:
            if name not in params:
                near = near_names(name, params)
                meant = f"; is {near[0]!r} meant?" if near else ""
                takes = f"it takes {', '.join(params)}" if params else "it takes none"
                raise HTTPException(
                    400, f"the address has {name[:60]!r}, which this page doesn't know{meant} ({takes})"
                )
        return endpoint(request)

    return Route(path, checked, methods=["GET"])


def _own_error(request: Request, exc: Exception) -> Response:
    status = next((status for kind, status in _STATUS if isinstance(exc, kind)), 500)
    return _error_page(request, status, str(exc))


def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101  # what it is registered for
    return _error_page(request, exc.status_code, exc.detail)


def _failed(request: Request, exc: Exception) -> Response:
    log.error("a page failed", exc_info=exc)
    return _error_page(request, 500, "the explorer has a fault; its terminal shows where")


def _error_page(request: Request, status: int, message: str) -> Response:
    title = _TITLES.get(status, "Not possible")
    return site_of(request).page(request, "error.html", status=status, title=title, message=message, wait=status == 503)
