"""persona-db export-person: all that is stored on one person, as JSON."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["export_person"]


def export_person(
    user: Annotated[str, typer.Argument(metavar="USER", help="Id of the user.")],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset the user is in.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as without it.")] = False,  # noqa: ARG001
) -> None:
    """Print all that a dataset stores on one person, as JSON: history, facts, personas, keys, models' runs, quarantine."""
    from persona_db.cli.console import connect, print_json, progress_bar, read_settings
    from persona_db.graph.users import stored_on

    settings = read_settings()
    with progress_bar() as progress, connect(settings, progress=progress) as graph:
        print_json({"dataset": dataset, **stored_on(graph, dataset, user)})
