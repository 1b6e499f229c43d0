"""The explorer as a web application: its addresses and its error pages."""

from __future__ import annotations

import logging
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

if TYPE_CHECKING:
    from persona_db.explorer.connection import Connection

__all__ = ["create_app"]

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
        Route("/", population.home),
        Route("/population", population.population),
        Route("/runs", population.runs),
        Route("/people", people.search),
        Route("/suggest", people.suggest),
        Route("/person", people.person),
        Route("/fact", people.fact),
        Route("/compare", people.compare),
        Route("/erase", erasing.confirm, methods=["GET"]),
        Route("/erase", erasing.erase, methods=["POST"]),
        Route("/key", values.key),
        Route("/keys", values.keys),
        Route("/questions", segments.questions),
        Route("/question", segments.question),
        Route("/segment", segments.segment),
        Route("/map", segments.map_page),
        Route("/map.json", segments.map_data),
        Route("/table.csv", tables.table),
        Route("/neighbourhood", values.neighbourhood),
        Route("/figure", values.figure),
        Route("/ask", asking.ask, methods=["GET"]),
        Route("/evidence.csv", asking.evidence),
        Route("/predict", asking.predict, methods=["POST"]),
        Route("/health", population.health),
        Mount("/static", StaticFiles(directory=_STATIC), name="static"),
    ]


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
