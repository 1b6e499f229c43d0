"""persona-db join: the users who share cache keys with a user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from persona_db.chains.results import SharedKey

__all__ = ["join"]

_SHOWN = 3


def _names(keys: Sequence[SharedKey]) -> str:
    """Return the names of the first keys that both hold by what they said, groups last, and how many more there are.

    What the name of a trait says is not said again.
    """
    stated = sorted((key for key in keys if not key.inferred), key=lambda key: key.kind == "demographic")
    names: list[str] = []
    for key in stated:
        if not any(key.name in name for name in names):
            names.append(key.name)
    more = f" (+{len(names) - _SHOWN})" if len(names) > _SHOWN else ""
    return "; ".join(names[:_SHOWN]) + more


def join(
    user: Annotated[str, typer.Argument(help="Id of the user.")],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the user.")],
    question: Annotated[
        str | None,
        typer.Option(help="List only collaborators who answered this question (its id) or one linked to it."),
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, help="Most collaborators.")] = 50,
    as_of: Annotated[str | None, typer.Option(help="Read only what was known at this date.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Score every holder of a shared key; slower on large graphs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print collaborators with all their keys as JSON.")] = False,
) -> None:
    """List the collaborators of a user, best first, with the shared keys that make up the score."""
    from persona_db.chains.retrieval.join import join as join_user
    from persona_db.cli.console import ARRAYS, connect, print_json, print_table, progress_bar, read_settings

    with progress_bar() as progress, connect(read_settings(), progress=progress, without=ARRAYS) as graph:
        found = join_user(graph, user, dataset=dataset, question=question, top_k=top_k, as_of=as_of, exact=exact)
    if as_json:
        print_json(found)
        return
    if not found:
        print(f"nobody shares a key with {user!r}")
        return
    rows = [
        (
            one.user,
            one.score,
            _names(one.shared),
            _names(one.opposed),
        )
        for one in found
    ]
    print_table(("collaborator", "score", "agree on", "differ on"), rows)
