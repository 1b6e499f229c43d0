"""persona-db backup: write the whole embedded graph into one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["backup"]


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; it must not exist.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the whole graph into a file, checked; Neo4j is stopped for it and started again."""
    from persona_db.cli.console import one_line, print_json, progress_bar, read_settings
    from persona_db.graph.room import MB
    from persona_db.graph.server.backup import back_up

    settings = read_settings()
    with progress_bar() as progress:
        made = back_up(settings, file, progress=progress)
    if as_json:
        print_json(made)
        return
    print(one_line(f"{made.file}: {made.bytes / MB:.1f} MB, checked; only you can read it"))
    print("it holds what people said as the graph does: who is erased from the graph later is still in it")
