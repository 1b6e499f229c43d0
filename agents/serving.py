"""Serves the tools: on stdin and stdout of this process, or over HTTP on this machine with a token."""

from __future__ import annotations

import secrets
import socket
import sys
from typing import TYPE_CHECKING

from persona_db.graph.errors import ConfigError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Bearer", "serve_http", "serve_stdio"]

_HOST = "127.0.0.1"
_PATH = "/mcp"


class Bearer:
    """Lets requests through that carry the token, and answers 401 to all others; the token is logged nowhere."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if secrets.compare_digest(given, self._expected):
            await self._app(scope, receive, send)
            return
        from starlette.responses import PlainTextResponse

        refused = PlainTextResponse(
            "a bearer token is needed: `persona-db mcp --http` printed it\n", 401, {"WWW-Authenticate": "Bearer"}
        )
        await refused(scope, receive, send)


def serve_stdio(server: MCPServer) -> None:
    """Serve one client on stdin and stdout until it closes them; nothing but the protocol goes to stdout."""
    import anyio

    anyio.run(server.run_stdio_async)


def serve_http(server: MCPServer, *, port: int, token: str | None = None) -> None:
    """Serve on loopback until interrupted, and print the address on stderr, with the token where it is made here.

    ConfigError when the port is taken.
    """
    import uvicorn

    made = token or secrets.token_urlsafe(32)
    app = Bearer(server.streamable_http_app(streamable_http_path=_PATH, host=_HOST), made)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((_HOST, port))
            listening.listen()
        except OSError as exc:
            raise ConfigError(f"port {port} can't be used ({exc.strerror}); give another with --port, or 0") from exc
        print(f"MCP is served at http://{_HOST}:{listening.getsockname()[1]}{_PATH} (Ctrl-C stops it)", file=sys.stderr)  # noqa: T201
        if token is None:
            print(f"Authorization: Bearer {made}", file=sys.stderr)  # noqa: T201  # the only place where it is said
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
            timeout_graceful_shutdown=3,
        )  # fmt: skip
        uvicorn.Server(config).run(sockets=[listening])
