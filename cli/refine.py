"""persona-db refine: histories into facts, traits and cache keys."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["refine"]


def refine(
    *,
    dataset: Annotated[str, typer.Option(help="Dataset to refine.")],
    refit: Annotated[
        bool, typer.Option("--refit", help="Learn anew from everybody, not only fold in what is new.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="Make a Fit of what was said up to this date, for reads as of then.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the inner folds on which settings are chosen.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Bring the personas of a dataset up to date. A run that was stopped goes on where it was; a finished one does nothing."""
    from persona_db.chains.refine import refine as refine_dataset
    from persona_db.cli.console import print_json, print_table, progress_bar, read_settings
    from persona_db.graph.embedding import embedder_of
    from persona_db.graph.session import Graph

    settings = read_settings()
    with progress_bar() as progress, Graph.connect(settings, progress=progress) as graph:
        report = refine_dataset(
            graph, dataset, refit=refit, as_of=as_of, seed=seed, embedder=embedder_of(settings), progress=progress
        )
    if as_json:
        print_json(report)
        return
    print_table(
        (f"dataset {report.dataset}", "count", ""),
        [
            ("users refined", report.users, "all learned anew" if report.refitted else "folded into the current Fit"),
            ("up to date", report.unchanged, ""),
            ("facts", report.facts, "distilled and induced, of these users"),
            ("keys held", report.keys_held, "by these users"),
        ],
    )
    print(f"Fit {report.fit}, {report.seconds:.1f} s")
