"""persona-db load: load histories from a source into a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from persona_db.graph.names import Format, Sharing

__all__ = ["load"]


FormatName = Annotated[Format, typer.Argument(metavar="FORMAT", help="senate, opinionqa, rfpn, polis or jsonl.")]
HeldOutPaths = Annotated[
    list[Path] | None, typer.Argument(metavar="PATH...", help="Folders or files; senate and polis need none.")
]
HeldOutSplits = Annotated[
    list[Path] | None,
    typer.Option(
        "--split",
        help="CSV of user,question,split: one for all paths, or one for each; unless given, the file in each folder.",
    ),
]


def load(
    format: FormatName,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH...", help="Folders or files, '-' for standard input (jsonl); senate and polis need none."
        ),
    ] = None,
    *,
    dataset: Annotated[str, typer.Option(help="Dataset to load into; it is created if it does not exist.")],
    split: Annotated[
        list[Path] | None,
        typer.Option(
            help="CSV of user,question,split: only rows marked history are loaded. One for all paths, or one for each."
        ),
    ] = None,
    sharing: Annotated[
        Sharing | None,
        typer.Option(help="What these users share with others; new users share keys unless given."),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Let a newer answer take the place of a stored one, or a withdrawal remove it."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load histories into a dataset. Loading again changes nothing, or completes a load that was interrupted."""
    from persona_db.cli.console import print_json, progress_bar, read_settings
    from persona_db.cli.load_report import print_report
    from persona_db.graph.session import Graph
    from persona_db.loaders import load as load_source
    from persona_db.loaders import open_source
    from persona_db.loaders.rows import ignore

    settings = read_settings()
    source = open_source(format.value, paths or [], split=split or [])
    next(source.read(ignore), None)  # a file that cannot be read raises here, before a server is started
    with progress_bar() as progress, Graph.connect(settings, progress=progress) as graph:
        report = load_source(
            graph,
            source,
            dataset=dataset,
            sharing=sharing,
            progress=progress,
            replace=replace,
        )
    if as_json:
        print_json(report)
    else:
        print_report(report)
    if report.empty:
        raise typer.Exit(1)
