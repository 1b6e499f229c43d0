"""persona-db erase: remove a user, or one of their items, from a dataset."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from persona_db.graph.erase import ItemReceipt, Receipt

__all__ = ["erase"]


def erase(
    user: Annotated[str, typer.Argument(metavar="USER", help="Id of the user.")],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset the user is in.")],
    item: Annotated[
        str | None,
        typer.Option(
            help="Remove this item alone: its id among the user's items, or the question that it answers.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking; only a terminal is asked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Remove a user, or one of their items, and everything derived from it from a dataset, and print a receipt."""
    from persona_db.cli.console import one_line, print_json, progress_bar, read_settings
    from persona_db.graph.embedding import embedder_of
    from persona_db.graph.erase import ItemReceipt, erase_item, erase_user
    from persona_db.graph.session import Graph
    from persona_db.graph.users import require_user

    settings = read_settings()
    with progress_bar() as progress, Graph.connect(settings, progress=progress) as graph:
        known = require_user(graph, dataset, user)
        if not yes and sys.stdin.isatty():
            named = f" ({known.name})" if known.name else ""
            what = f"item {item} of user" if item else "user"
            question = f"Erase {what} {user}{named} from dataset {dataset}? This can't be undone."
            typer.confirm(one_line(question), abort=True, err=True)
        cache = embedder_of(settings)
        receipt = (
            erase_user(graph, dataset, user, cache=cache)
            if item is None
            else erase_item(graph, dataset, user, item, cache=cache)
        )
    if as_json:
        print_json(receipt)
    elif isinstance(receipt, ItemReceipt):
        _print_item(receipt)
    else:
        _print(receipt)
    if receipt.left if isinstance(receipt, ItemReceipt) else receipt.left.total:
        raise typer.Exit(1)


def _print_item(receipt: ItemReceipt) -> None:
    from persona_db.cli.console import one_line, print_table

    rows = [
        ("facts", receipt.facts, "that rested on it, of every Fit"),
        ("keys held", receipt.holds, "for these facts"),
        ("texts", receipt.statements, "used by nothing else"),
        ("cached vectors", receipt.vectors, "of those texts"),
    ]
    print_table((one_line(f"erased with {receipt.item}"), "count", ""), rows)
    there = "is still there; was it loaded again meanwhile?" if receipt.left else "is gone"
    print(one_line(f"checked: item {receipt.item!r} of dataset {receipt.dataset!r} {there}"))
    refine = f"persona-db refine --dataset {receipt.dataset} --refit"
    print(f"base rates, links, traits and summaries of the Fit still count it until `{one_line(refine)}`")


def _print(receipt: Receipt) -> None:
    from persona_db.cli.console import one_line, print_table

    rows: list[tuple[str, int, str]] = [
        ("history items", receipt.items, ""),
        ("facts", receipt.facts, "of every Fit"),
        ("personas", receipt.personas, "of every Fit"),
        ("keys held", receipt.holds, f"{receipt.keys:,} of these keys, held by nobody else, are erased too"),
        ("texts", receipt.statements, "used by nobody else"),
        ("cached vectors", receipt.vectors, "of those texts"),
    ]
    if receipt.runs:
        rows.append(("runs of models", receipt.runs, ""))
    if receipt.quarantined:
        rows.append(("quarantined", receipt.quarantined, "rows and answers that could not be used"))
    print_table(("erased", "count", ""), rows)
    who = one_line(f"user {receipt.user!r} in dataset {receipt.dataset!r}")
    if receipt.left.total:
        print(f"checked: {receipt.left.total:,} nodes of {who} are still there; was the user loaded again meanwhile?")
    else:
        print(f"checked: no node of {who} is left")
    for remainder in receipt.remains:
        print(one_line(f"not reached: {remainder.where}; until {remainder.until}"))
