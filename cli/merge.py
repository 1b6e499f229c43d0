"""persona-db merge: make one user a part of another, or rename a user."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from persona_db.graph.merge import MergeReceipt

__all__ = ["merge"]

_SHOWN = 10


def merge(
    user: Annotated[str, typer.Argument(metavar="A", help="Id of the user who is merged.")],
    into: Annotated[str, typer.Argument(metavar="B", help="Id of the user who stays; A's new id where there is none.")],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset the users are in.")],
    yes: Annotated[bool, typer.Option("--yes", help="Merge without asking; only a terminal is asked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Make user A a part of user B, or give A the id B, and print a receipt."""
    from persona_db.cli.console import one_line, print_json, progress_bar, read_settings
    from persona_db.graph.merge import merge_users
    from persona_db.graph.session import Graph

    settings = read_settings()
    with progress_bar() as progress, Graph.connect(settings, progress=progress) as graph:
        if not yes and sys.stdin.isatty():
            question = f"Merge user {user} into {into} in dataset {dataset}? This can't be undone."
            typer.confirm(one_line(question), abort=True, err=True)
        receipt = merge_users(graph, dataset, user, into)
    if as_json:
        print_json(receipt)
    else:
        _print(receipt)


def _print(receipt: MergeReceipt) -> None:
    from persona_db.cli.console import one_line, print_table

    rows = [
        ("items", receipt.items, "moved"),
        ("repeated", receipt.repeated, "both had them: one is kept"),
        ("contradicting", len(receipt.contradicting), "both answered, otherwise: B's stay, A's are in quarantine"),
        ("quarantined", receipt.quarantined, "rows of A, now of B"),
    ]
    what = "renamed to" if receipt.renamed else "merged into"
    print_table((one_line(f"{receipt.user!r} {what} {receipt.into!r}"), "count", ""), rows)
    for one in receipt.contradicting[:_SHOWN]:
        print(one_line(f"contradicting: {one.question!r}: option {one.stored} stays, {one.given} is in quarantine"))
    print(f"sharing: {receipt.sharing.value}")
    print(f"nothing is derived of them until `{one_line(f'persona-db refine --dataset {receipt.dataset}')}`")
