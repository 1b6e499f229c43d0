"""persona-db export: a user's neighbourhood as a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["export"]


class Theme(StrEnum):
    """Colours of a figure."""

    LIGHT = "light"
    DARK = "dark"


def export(
    user: Annotated[str, typer.Argument(help="Id of the user.")],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the user.")],
    to: Annotated[
        Path,
        typer.Option(
            help="File to write: .svg, .pdf, .png or .html for a figure; .graphml, .gexf or .json for other programs."
        ),
    ],
    top_k: Annotated[int, typer.Option(min=1, max=500, help="Most collaborators.")] = 12,
    keys: Annotated[int, typer.Option(min=1, help="Most keys, largest contribution first.")] = 16,
    facts: Annotated[
        int,
        typer.Option(
            min=0,
            help="Most facts of the user that are evidence for these keys; graph files have them, figures do not.",
        ),
    ] = 6,
    width: Annotated[int, typer.Option(min=600, max=4000, help="Width of a figure, in pixels of the screen.")] = 1000,
    theme: Annotated[Theme, typer.Option(help="Colours of a figure.")] = Theme.LIGHT,
    for_others: Annotated[
        bool,
        typer.Option(
            "--for-others",
            help="Keep the levels of sharing: name nobody who shares less than induced facts, and no key that few hold.",
        ),
    ] = False,
    as_of: Annotated[str | None, typer.Option(help="Show only what was known at this date; facts are omitted.")] = None,
) -> None:
    """Write a user's collaborators and the keys they share as a figure, or with the facts behind these as a graph file."""
    from persona_db.chains.export import export_neighbourhood, file_format
    from persona_db.chains.neighbourhoods import neighbourhood
    from persona_db.cli.console import one_line, progress_bar, read_settings
    from persona_db.graph.session import Graph

    file_format(to)
    with progress_bar() as progress, Graph.connect(read_settings(), progress=progress) as graph:
        made = neighbourhood(
            graph, user, dataset=dataset, top_k=top_k, most_keys=keys, most_facts=facts, as_of=as_of,
            for_others=for_others,
        )  # fmt: skip
    shown = export_neighbourhood(made, to, width=width, theme=theme.value)
    print(one_line(f"wrote {to}: {', '.join(f'{count:,} {what}' for what, count in shown.items())}"))
