"""Serves the explorer on this machine, in one process."""

from __future__ import annotations

import gc
import socket
import webbrowser
from threading import Timer
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from persona_db.graph.errors import ConfigError
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from persona_db.graph.settings import Settings

__all__ = ["serve"]

_HOST = "127.0.0.1"
_BROWSER_AFTER_SECONDS = 0.5


def serve(
    settings: Settings,
    *,
    port: int = 8642,
    dataset: str | None = None,
    open_browser: bool = True,
    for_others: bool = False,
    progress: Progress = no_progress,
) -> None:
    """Start Neo4j if need be, print the explorer's address, and serve it until interrupted.

    With *for_others* only the pages that name nobody are there. ConfigError when the port is taken.
    """
    import uvicorn

    from persona_db.explorer.app import create_app
    from persona_db.explorer.connection import Connection

    connection = Connection(settings)
    connection.open(progress=progress)
    # TCP is named, or asyncio would hold small answers back until the client acknowledges their headers.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((_HOST, port))
            listening.listen()  # a browser that opens the address at once waits a moment, and is not refused
        except OSError as exc:
            connection.close()
            raise ConfigError(f"port {port} can't be used ({exc.strerror}); give another with --port, or 0") from exc
        address = f"http://{_HOST}:{listening.getsockname()[1]}/"
        if dataset is not None:
            address += ("questions?" if for_others else "population?") + urlencode({"dataset": dataset})
        print(f"The explorer is at {address} (Ctrl-C stops it)", flush=True)  # noqa: T201  # the command's output
        if open_browser:
            Timer(_BROWSER_AFTER_SECONDS, webbrowser.open, [address]).start()
        config = uvicorn.Config(
            create_app(connection, for_others=for_others), log_level="warning",
            access_log=False, server_header=False, proxy_headers=False,
            timeout_graceful_shutdown=3,
        )  # fmt: skip
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            connection.close()
            gc.unfreeze()
