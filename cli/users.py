"""persona-db users: list the users of a dataset."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["users"]


def users(
    *,
    dataset: Annotated[str, typer.Option(help="Dataset whose users are listed.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Most users listed; all unless given.")] = None,
    after: Annotated[str, typer.Option(help="List users whose id sorts after this one.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the users as JSON.")] = False,
) -> None:
    """List the users of a dataset by id, with the number of their history items, and of their facts and keys in the current Fit."""
    from persona_db.cli.console import ARRAYS, connect, print_json, print_table, progress_bar, read_settings
    from persona_db.graph.users import EVERYBODY
    from persona_db.graph.users import users as users_of

    with progress_bar() as progress, connect(read_settings(), progress=progress, without=ARRAYS) as graph:
        found = users_of(graph, dataset, limit=limit or EVERYBODY, after=after)
    if as_json:
        print_json(found)
        return
    print_table(
        ("user", "name", "sharing", "items", "facts", "keys"),
        [(user.id, user.name, user.sharing.value, user.items, user.facts, user.keys) for user in found],
    )
