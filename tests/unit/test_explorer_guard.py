"""A form that is too large, or does not say how large it is, is refused before any of it is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from persona_db.explorer.guard import LARGEST_BODY, Guard
from persona_db.explorer.site import form_of


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-length": str(LARGEST_BODY)}, 200),
        ({}, 200),
        ({"content-length": str(LARGEST_BODY + 1)}, 413),
        ({"content-length": "9" * 5_000}, 413),
        ({"content-length": "-1"}, 400),
        ({"content-length": "²"}, 400),
        ({"transfer-encoding": "chunked"}, 411),
    ],
)
def test_a_body_is_bounded_before_it_is_read(headers: dict[str, str], status: int) -> None:
    """Refused by what the request says of itself; nothing is received."""
    assert asyncio.run(answered(headers)) == status


def test_too_many_fields_are_the_senders_fault() -> None:
    """400 and not an error of the server."""
    with pytest.raises(HTTPException, match="50 fields"):
        form_of(b"a=1&" * 100)


async def answered(headers: dict[str, str]) -> int:
    """Return the status of a form sent with these headers."""
    found: list[int] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        found.append(message.get("status"))

    encoded = [(name.encode(), value.encode("latin-1")) for name, value in {"host": "localhost", **headers}.items()]
    await Guard(page)({"type": "http", "method": "POST", "headers": encoded}, receive, send)
    return found[0]
