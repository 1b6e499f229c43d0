"""persona-db erase: remove a user from a dataset."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from persona_db.graph.erase import Receipt

__all__ = ["erase"]


def erase(
    user: Annotated[str, typer.Argument(metavar="USER", help="Id of the user.")],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset the user is in.")],
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking; only a terminal is asked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Remove a user and everything derived from their history from a dataset, and print a receipt."""
    from persona_db.cli.console import one_line, print_json, progress_bar, read_settings
    from persona_db.graph.embedding import embedder_of
    from persona_db.graph.erase import erase_user
    from persona_db.graph.session import Graph
    from persona_db.graph.users import require_user

    settings = read_settings()
    with progress_bar() as progress, Graph.connect(settings, progress=progress) as graph:
        known = require_user(graph, dataset, user)
        if not yes and sys.stdin.isatty():
            named = f" ({known.name})" if known.name else ""
            question = f"Erase user {user}{named} from dataset {dataset}? This can't be undone."
            typer.confirm(one_line(question), abort=True, err=True)
        receipt = erase_user(graph, dataset, user, cache=embedder_of(settings))
    if as_json:
        print_json(receipt)
    else:
        _print(receipt)
    if receipt.left.total:
        raise typer.Exit(1)


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
    if receipt.runs or receipt.quarantined:
        rows.append(("runs of models", receipt.runs, f"and {receipt.quarantined:,} quarantined answers"))
    print_table(("erased", "count", ""), rows)
    who = one_line(f"user {receipt.user!r} in dataset {receipt.dataset!r}")
    if receipt.left.total:
        print(f"checked: {receipt.left.total:,} nodes of {who} are still there; was the user loaded again meanwhile?")
    else:
        print(f"checked: nothing of {who} is left")
    if receipt.refit_needed:
        refine = f"persona-db refine --dataset {receipt.dataset} --refit"
        print(f"base rates, links, traits and summaries of the Fit still count this user until `{one_line(refine)}`")
