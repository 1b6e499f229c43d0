"""The explorer as a web application: its addresses, its errors, and how its pages are made."""

from __future__ import annotations

import gc
import logging
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from persona_db.explorer.guard import Guard
from persona_db.graph.errors import (
    ConfigError,
    FreeCypherError,
    GraphUnavailableError,
    NoFitError,
    PersonaDBError,
    UnknownDatasetError,
    UnknownQuestionError,
    UnknownUserError,
)

if TYPE_CHECKING:
    from persona_db.explorer.connection import Connection

__all__ = ["Site", "create_app", "site_of"]

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
_LONGEST_SHOWN = 240
_MADE_KEPT = 200
_STATUS: tuple[tuple[type[PersonaDBError], int], ...] = (
    (GraphUnavailableError, 503),
    (UnknownDatasetError, 404),
    (UnknownUserError, 404),
    (UnknownQuestionError, 404),
    (NoFitError, 404),
    (ConfigError, 400),
    (FreeCypherError, 400),
)
_TITLES = {
    400: "That can't be asked",
    403: "Not allowed",
    404: "Not found",
    405: "Not found",
    500: "Something went wrong",
    503: "Neo4j doesn't answer",
}


class Site:
    """What the pages share: the graph, the token that guards what they do, and predictions made a while ago."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.token = secrets.token_urlsafe(32)
        self.counted: dict[str, tuple[list[int], list[dict[str, Any]]]] = {}
        """What was counted in a dataset, and the numbers of nodes in all by which one sees whether it still holds."""
        self._made: OrderedDict[str, Any] = OrderedDict()
        self._settled: set[str] = set()
        self._lock = Lock()
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["url"] = _url
        self._templates.filters["short"] = _short
        self._templates.filters["percent"] = lambda part: f"{100 * part:.0f} %"

    def page(self, request: Request, template: str, /, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page made of its template, in which every value is escaped."""
        dataset = values.pop("dataset", request.query_params.get("dataset", ""))
        text = self._templates.get_template(template).render(
            dataset=dataset, token=self.token, here=str(request.url.path), **values
        )
        return HTMLResponse(text, status_code=status, headers={"cache-control": "no-store"})

    def keep(self, made: Any) -> str:
        """Keep something for a while, the newest 200 of all; return its name."""
        name = secrets.token_urlsafe(9)
        with self._lock:
            self._made[name] = made
            while len(self._made) > _MADE_KEPT:
                self._made.popitem(last=False)
        return name

    def kept(self, name: str) -> Any:
        """Return what was kept under the name; None when it is gone."""
        with self._lock:
            return self._made.get(name)

    def freeze_garbage(self, what: str) -> None:
        """After *what* was done for the first time, leave what is loaded by then out of the collection of garbage.

        With a sentence model there are half a million objects that stay: to look through them takes a quarter of a
        second, every few predictions. `serve` takes it back in the end.
        """
        with self._lock:
            if what in self._settled:
                return
            self._settled.add(what)
        gc.collect()
        gc.freeze()

    def require_token(self, form: Mapping[str, str]) -> None:
        """Refuse a form that didn't come from one of our pages."""
        if not secrets.compare_digest(form.get("token", "").encode(), self.token.encode()):
            raise HTTPException(403, "this page was open since the explorer was started anew; reload it and try again")


def create_app(connection: Connection) -> Starlette:
    """Return the explorer of the graph that *connection* hands out, as an ASGI application."""
    from persona_db.explorer import asking, people, population, values

    site = Site(connection)
    app = Starlette(
        routes=[
            Route("/", population.home),
            Route("/population", population.population),
            Route("/runs", population.runs),
            Route("/people", people.search),
            Route("/suggest", people.suggest),
            Route("/person", people.person),
            Route("/fact", people.fact),
            Route("/compare", people.compare),
            Route("/erase", people.confirm_erasing, methods=["GET"]),
            Route("/erase", people.erase, methods=["POST"]),
            Route("/key", values.key),
            Route("/keys", values.keys),
            Route("/neighbourhood", values.neighbourhood),
            Route("/neighbourhood.json", values.neighbourhood_data),
            Route("/ask", asking.ask, methods=["GET"]),
            Route("/predict", asking.predict, methods=["POST"]),
            Route("/health", population.health),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={PersonaDBError: _told, HTTPException: _refused, Exception: _failed},
    )
    app.state.site = site
    return app


def site_of(request: Request) -> Site:
    """Return the site that a request is for."""
    site: Site = request.app.state.site
    return site


def _told(request: Request, exc: Exception) -> Response:
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


def _url(path: str, **params: object) -> str:
    given = {name: value for name, value in params.items() if value not in (None, "")}
    return f"/{path}?{urlencode(given)}" if given else f"/{path}"


def _short(text: str, longest: int = _LONGEST_SHOWN) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
