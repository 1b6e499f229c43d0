"""persona-db load: load histories from a source into a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_db.graph.names import Format, Sharing

if TYPE_CHECKING:
    from persona_db.loaders import LoadReport

__all__ = ["load"]


FormatName = Annotated[Format, typer.Argument(metavar="FORMAT", help="senate, opinionqa, rfpn or jsonl.")]
HeldOutPaths = Annotated[
    list[Path] | None, typer.Argument(metavar="PATH...", help="Folders or files; the Senate needs none.")
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
            metavar="PATH...", help="Folders or files, '-' for standard input (jsonl); the Senate needs none."
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
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load histories into a dataset. Loading again changes nothing, or completes a load that was interrupted."""
    from persona_db.cli.console import print_json, progress_bar, read_settings
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
        )
    if as_json:
        print_json(report)
    else:
        _print(report)


def _print(report: LoadReport) -> None:
    from persona_db.cli.console import one_line, print_table

    rows = [
        ("questions", report.questions, ""),
        ("users", report.users, ""),
        ("items", report.items_read, f"{report.items_new:,} of them new"),
        ("texts", report.statements_new, "embedded now"),
        ("no opinion", report.refused, "refused or did not vote: not loaded"),
        ("held out", report.skipped_test, "to be predicted: not loaded"),
        ("not in the split", report.not_in_split, "not loaded"),
        ("quarantined", report.quarantined, f"see {report.where}" if report.quarantined else ""),
    ]
    always = {"questions", "users", "items", "quarantined"}
    print_table((f"dataset {report.dataset}", "count", ""), [row for row in rows if row[1] or row[0] in always])
    for bad in report.first_quarantined:
        where = f"{bad.source}, row {bad.row}" if bad.row else bad.source
        print(f"quarantined: {one_line(where)}: {one_line(bad.reason)}")
    if report.quarantined > len(report.first_quarantined):
        print(f"... and {report.quarantined - len(report.first_quarantined):,} more")
