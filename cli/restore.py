"""persona-db restore: put the graph of a backup in the place of the one that is there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["restore"]


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` wrote.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Replace without asking; only a terminal is asked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Put the graph of a backup in the place of the one that is there; the file is checked first."""
    from persona_db.cli.console import one_line, print_json, progress_bar, read_settings
    from persona_db.graph.server.backup import restore as put_back

    settings = read_settings()
    if not yes and sys.stdin.isatty():
        question = f"Replace the graph in {settings.data_dir} by that of {file}? What is there now is lost."
        typer.confirm(one_line(question), abort=True, err=True)
    with progress_bar() as progress:
        done = put_back(settings, file, progress=progress)
    if as_json:
        print_json(done)
        return
    print(one_line(f"the graph of {done.file} is in place; `persona-db status` shows what it holds"))
    print("people who were erased after this backup was made are in the graph again: erase them again")
