"""persona-db shares: show what share of people chose each option of a question."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Weighted", "shares"]

Weighted = Annotated[
    bool, typer.Option("--weighted", help="Count people by their survey weights; one without counts as 1.")
]


def shares(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="Id of a question.")],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the question.")],
    weighted: Weighted = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the shares as JSON.")] = False,
) -> None:
    """Show what share of people chose each option of a question, by their newest answer."""
    from persona_db.cli.console import ARRAYS, connect, print_json, print_table, progress_bar, read_settings
    from persona_db.graph.shares import shares as shares_of

    with progress_bar() as progress, connect(read_settings(), progress=progress, without=ARRAYS) as graph:
        found = shares_of(graph, question, dataset=dataset, weighted=weighted)
    if as_json:
        print_json(found)
        return
    counted = "weighted share" if weighted else "share"
    print_table(("option", "people", counted), [(one.option, one.people, one.share) for one in found.options])
    if weighted and found.without_weight:
        print(f"{found.without_weight:,} of {found.people:,} have no weight and count as 1")
