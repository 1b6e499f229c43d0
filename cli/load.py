"""persona-db load: load histories from a source into a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_db.graph.names import Format, Sharing

if TYPE_CHECKING:
    from persona_db.loaders import TableOptions

__all__ = ["load"]


FormatName = Annotated[Format, typer.Argument(metavar="FORMAT", help="table, senate, opinionqa, rfpn, polis or jsonl.")]
Map = Annotated[
    Path | None, typer.Option("--map", help="A table's mapping file, which --preview writes: how each column is read.")
]
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
    dataset: Annotated[
        str, typer.Option(help="Dataset to load into; it is created if it does not exist. Only --preview needs none.")
    ] = "",
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
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Print how a table would be read, as a mapping file for --map; store nothing."),
    ] = False,
    map: Map = None,
    user: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="A table's column of people's ids: a name, a pattern with *, or a place from 1."
        ),
    ] = None,
    questions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMNS", help="A table's questions, named the same way or as 4-20; all others are none."
        ),
    ] = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMNS", help="A table's columns that describe people; all others do not."),
    ] = None,
    weight: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="A table's survey weights.")] = None,
    date: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="A table's dates of answers.")] = None,
    item: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="What was answered, in a table with a row an answer.")
    ] = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="The answer, in a table with a row an answer.")
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(metavar="[COLUMNS=]CODES", help="A table's values that are no answer: 98,99 or Q*=98,99."),
    ] = None,
    scale: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[COLUMNS=]SCALE",
            help="A scale of a table: 'low < medium < high'; for some columns: 'Q*=low < high'.",
        ),
    ] = None,
    wave: Annotated[
        str | None,
        typer.Option(
            help="The wave that a table is: the same question again is another answer. A year or date is its date."
        ),
    ] = None,
    codebook: Annotated[
        Path | None,
        typer.Option(
            help="CSV of variable,question,value,label,missing for a table; one called like the table is found beside it."
        ),
    ] = None,
    header_rows: Annotated[
        int | None, typer.Option(min=1, max=10, help="Rows of a table's header; recognised unless given.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of an Excel file; the first filled one unless given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load histories into a dataset. Loading again changes nothing, or completes a load that was interrupted."""
    from persona_db.cli.console import print_json, progress_bar, read_settings
    from persona_db.cli.load_report import print_report
    from persona_db.graph.room_for_work import require_room_to_load
    from persona_db.graph.session import Graph
    from persona_db.loaders import TableOptions, open_source
    from persona_db.loaders import load as load_source
    from persona_db.loaders.rows import ignore

    options = TableOptions(
        user=tuple(user or ()), item=tuple(item or ()), value=tuple(value or ()), attributes=tuple(attributes or ()),
        questions=tuple(questions or ()), weight=tuple(weight or ()), date=tuple(date or ()), missing=tuple(missing or ()),
        scale=tuple(scale or ()), wave=wave, codebook=codebook, header_rows=header_rows, sheet=sheet, map=map,
    )  # fmt: skip
    if format is not Format.TABLE and (preview or options != TableOptions()):
        raise typer.BadParameter(f"options of tables are of no use for {format.value}")
    if preview:
        _print_preview(paths or [], options)
        return
    if not dataset:
        raise typer.BadParameter("missing; it names the dataset to load into", param_hint="--dataset")
    settings = read_settings()
    source = open_source(format.value, paths or [], split=split or [], table=options)
    next(source.read(ignore), None)  # a file that cannot be read raises here, before a server is started
    with progress_bar() as progress, Graph.connect(settings, progress=progress) as graph:
        require_room_to_load(graph, dataset, paths or [])
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


def _print_preview(paths: list[Path], options: TableOptions) -> None:
    from persona_db.graph.errors import ConfigError
    from persona_db.loaders.tabular import mapping_text, understand_table

    if len(paths) != 1:
        raise ConfigError(f"--preview reads one file, not {len(paths)}")
    if options.map is not None:
        raise ConfigError("--preview writes a mapping file and --map reads one; give one of them")
    found = understand_table(paths[0], options)
    print(mapping_text(found.plan, found.profiles), end="")
