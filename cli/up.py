"""`persona-db up`: start the embedded Neo4j."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from persona_db.cli.console import progress_bar, read_settings

__all__ = ["up"]


def up(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Start the embedded Neo4j, and install it first if necessary; it runs until `persona-db down`.

    Other commands start it by themselves. With NEO4J_URI set there is nothing to start.
    """
    settings = read_settings()
    if settings.neo4j_uri is not None:
        if as_json:
            print(json.dumps({"started": False, "embedded": False, "uri": settings.neo4j_uri}))
        else:
            print(f"NEO4J_URI is set: persona-db uses {settings.neo4j_uri} and does not start it")
        return
    from persona_db.graph import server

    before = server.status(settings)
    with progress_bar() as progress:
        connection = server.ensure_running(settings, progress=progress)
    started = before is None or before.pid != connection.pid
    if as_json:
        address = connection.model_dump(mode="json", exclude={"password"})
        print(json.dumps({"started": started, "embedded": True, **address}))
    else:
        print(f"Neo4j {connection.version} {'was started' if started else 'is running'} at {connection.uri}")
        print(f"Neo4j Browser: {connection.browser_url}")
