"""The pages that erase a person: a form that confirms it, and a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from persona_db.explorer.site import form_of, needed, site_of
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["confirm", "erase"]


def confirm(request: Request) -> Response:
    """Return the form that confirms erasing a person."""
    site = site_of(request)
    graph, dataset = site.connection.graph(), needed(request, "dataset")
    known = require_user(graph, dataset, needed(request, "user"))
    return site.page(request, "erase.html", person=known, receipt=None)


async def erase(request: Request) -> Response:
    """Erase a person whose id was typed once more, and return the receipt."""
    from starlette.concurrency import run_in_threadpool

    form = form_of(await request.body())
    return await run_in_threadpool(_erase, request, form)


def _erase(request: Request, form: Mapping[str, str]) -> Response:
    from persona_db.graph.embedding import embedder_of
    from persona_db.graph.erase import erase_user

    site = site_of(request)
    site.require_token(form)
    dataset, user = form.get("dataset", ""), form.get("user", "")
    graph = site.connection.graph()
    known = require_user(graph, dataset, user)
    if form.get("again", "") != user:
        raise HTTPException(400, "nothing was erased: the id typed to confirm it is another one")
    receipt = erase_user(graph, dataset, user, cache=embedder_of(site.connection.settings))
    return site.page(request, "erase.html", dataset=dataset, person=known, receipt=receipt)
