"""The guard before every page: it serves only this machine's own pages, which load nothing from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADERS", "LARGEST_BODY", "Guard"]

LARGEST_BODY = 2**18
"""Bytes of a form; a larger one is refused before it is read."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with none, a browser says of our own forms that they come from "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_OURS = ("127.0.0.1", "localhost", "::1")


class Guard:
    """Refuses requests that name another host (DNS rebinding) or come from another site's page, or are too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 or 403, or pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), value.encode()) for name, value in HEADERS.items()),
                ]
            await send(message)

        refusal = _refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
            return
        from starlette.responses import PlainTextResponse

        status, reason = refusal
        await PlainTextResponse(f"{reason}\n", status_code=status)(scope, receive, send_with_headers)


def _refusal(scope: Scope) -> tuple[int, str] | None:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host", "")
    if not _is_ours(f"http://{host}"):
        return 400, "this address is not the explorer's; open the one that `persona-db explore` printed"
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return 403, "a page of another site asked for this"
    if scope["method"] not in {"GET", "HEAD"} and headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return 403, "a page of another site asked for this"
    return _too_large(headers)


def _too_large(headers: Mapping[str, str]) -> tuple[int, str] | None:
    if "transfer-encoding" in headers:
        return 411, "a form says how long it is"
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        return 400, "the length of the form is no number"
    if int(length[:20]) > LARGEST_BODY:
        return 413, f"a form may have {LARGEST_BODY:,} bytes"
    return None


def _is_ours(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.hostname in _OURS and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
