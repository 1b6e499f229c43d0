"""persona-db explore: the web explorer."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["explore"]


def explore(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 for any free one.")] = 8642,
    dataset: Annotated[str | None, typer.Option(help="Open at this dataset.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address and open no browser.")] = False,
    for_others: Annotated[
        bool,
        typer.Option("--for-others", help="Serve only pages that name nobody: questions, and how they are answered."),
    ] = False,
) -> None:
    """Serve the web explorer on this machine, until interrupted."""
    from persona_db.cli.console import progress_bar, read_settings
    from persona_db.explorer.serve import serve

    with progress_bar() as progress:
        serve(
            read_settings(),
            port=port,
            dataset=dataset,
            open_browser=not no_browser,
            for_others=for_others,
            progress=progress,
        )
