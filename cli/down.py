"""`persona-db down`: stop the embedded Neo4j."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from persona_db.cli.console import progress_bar, read_settings

__all__ = ["down"]


def down(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Shut the embedded Neo4j down cleanly; its data stay. With NEO4J_URI set nothing is stopped."""
    settings = read_settings()
    if settings.neo4j_uri is not None:
        if as_json:
            print(json.dumps({"stopped": False, "embedded": False, "uri": settings.neo4j_uri}))
        else:
            print(f"NEO4J_URI is set: persona-db uses {settings.neo4j_uri} and does not stop it")
        return
    from persona_db.graph import server

    with progress_bar() as progress:
        stopped = server.stop(settings, progress=progress)
    if stopped and server.prepare_start_cache(settings):
        note = "what lets Neo4j start in half the time is made in the background, once; it takes 200 MB"
        print(f"{note} (not with PERSONA_DB_START_CACHE=false)", file=sys.stderr)
    if as_json:
        print(json.dumps({"stopped": stopped, "embedded": True, "data_dir": str(settings.data_dir)}))
    else:
        print("Neo4j was stopped" if stopped else "Neo4j was not running")
