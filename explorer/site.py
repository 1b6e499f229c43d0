"""What the pages share: the site they are pages of, and how a page reads its address and its form."""

from __future__ import annotations

import gc
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from persona_db.graph.attributes import attribute_label, value_label

if TYPE_CHECKING:
    from persona_db.explorer.connection import Connection

__all__ = ["Site", "form_of", "needed", "number", "site_of"]

_TEMPLATES = Path(__file__).parent / "templates"
_LONGEST_SHOWN = 240
_PREDICTIONS_KEPT = 200


class Site:
    """What the pages share: the graph, the token that guards their forms, and recent predictions."""

    def __init__(self, connection: Connection, *, for_others: bool = False) -> None:
        self.connection = connection
        self.for_others = for_others
        """Nobody is named, and nothing is counted that few people have."""
        self.token = secrets.token_urlsafe(32)
        self.counted: dict[str, tuple[list[int], list[dict[str, Any]]]] = {}
        """Dataset -> total numbers of nodes, and counts by label; the counts hold while the total is the same."""
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._frozen_after: set[str] = set()
        self._lock = Lock()
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["url"] = _url
        self._templates.filters["short"] = _short
        self._templates.filters["attribute"] = attribute_label
        self._templates.filters["called"] = value_label
        self._templates.filters["percent"] = lambda part: f"{100 * part:.0f} %"

    def page(self, request: Request, template: str, /, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return the page of a template, in which every value is escaped."""
        dataset = values.pop("dataset", request.query_params.get("dataset", ""))
        text = self._templates.get_template(template).render(
            dataset=dataset, token=self.token, here=str(request.url.path), for_others=self.for_others, **values
        )
        return HTMLResponse(text, status_code=status, headers={"cache-control": "no-store"})

    def keep(self, prediction: Any) -> str:
        """Keep a prediction while it is among the newest 200, and return its name."""
        name = secrets.token_urlsafe(9)
        with self._lock:
            self._kept[name] = prediction
            while len(self._kept) > _PREDICTIONS_KEPT:
                self._kept.popitem(last=False)
        return name

    def kept(self, name: str) -> Any:
        """Return the prediction kept under the name; None when it is gone."""
        with self._lock:
            return self._kept.get(name)

    def freeze_garbage(self, what: str) -> None:
        """Exclude what is loaded from garbage collection after *what* was done for the first time.

        A sentence model has half a million permanent objects: scanning them takes a quarter of a second, every few
        predictions. `serve` unfreezes them in the end.
        """
        with self._lock:
            if what in self._frozen_after:
                return
            self._frozen_after.add(what)
        gc.collect()
        gc.freeze()

    def require_token(self, form: Mapping[str, str]) -> None:
        """Raise a 403 for a form that does not come from one of our pages."""
        if not secrets.compare_digest(form.get("token", "").encode(), self.token.encode()):
            raise HTTPException(403, "this page is older than the explorer's last start; reload it and try again")


def site_of(request: Request) -> Site:
    """Return the site that a request is for."""
    site: Site = request.app.state.site
    return site


def needed(request: Request, name: str) -> str:
    """Return a parameter of the address; without it an error page says so."""
    value = request.query_params.get(name, "")
    if not value:
        raise HTTPException(400, f"the address lacks {name}")
    return value


def number(request: Request, name: str, *, default: int = 0) -> int:
    """Return a parameter of the address that is a whole number of 0 or more, or *default*."""
    value = request.query_params.get(name)
    try:
        return max(int(value), 0) if value else default
    except ValueError as exc:
        raise HTTPException(400, f"{name} is not a number") from exc


def form_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form as browsers send them."""
    try:
        return dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True, max_num_fields=50))
    except ValueError as exc:
        raise HTTPException(400, "a form has 50 fields at most") from exc


def _url(path: str, **params: object) -> str:
    given = {name: value for name, value in params.items() if value not in (None, "", [])}
    return f"/{path}?{urlencode(given, doseq=True)}" if given else f"/{path}"


def _short(text: str, longest: int = _LONGEST_SHOWN) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
