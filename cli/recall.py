"""persona-db recall: the items a prediction would read."""

from __future__ import annotations

from typing import Annotated

import typer

from persona_db.cli.places import Ratio, Size, TopK

__all__ = ["recall"]


def recall(
    user: Annotated[str, typer.Argument(help="Id of the user.")],
    question: Annotated[
        str,
        typer.Argument(help="Topic in words, id of a question of the dataset, or text of a new one with --option."),
    ],
    *,
    dataset: Annotated[str, typer.Option(help="Dataset of the user.")],
    option: Annotated[list[str] | None, typer.Option(help="An option of a new question; give all, in order.")] = None,
    size: Size = 40,
    ratio: Ratio = None,
    top_k: TopK = 50,
    as_of: Annotated[str | None, typer.Option(help="Read only what was known at this date.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the items as JSON.")] = False,
) -> None:
    """List the items recalled for a question or a topic: the user's own items first, then others', each by relevance."""
    from persona_db.chains.retrieval.recall import RecallSettings
    from persona_db.chains.retrieval.recall import recall as recall_items
    from persona_db.cli.console import connect, one_line, print_json, print_table, progress_bar, read_settings

    with progress_bar() as progress, connect(read_settings(), progress=progress) as graph:
        context = recall_items(
            graph,
            user,
            question,
            dataset=dataset,
            options=tuple(option or ()),
            settings=RecallSettings(size=size, ratio=ratio, top_k=top_k),
            as_of=as_of,
        )
    if as_json:
        print_json(context)
        return
    rows = [(item.source, item.layer, item.score, item.user or "", item.text) for item in context.items]
    print_table(("source", "layer", "relevance", "of", "text"), rows)
    if context.note:
        print(one_line(context.note))
    print(f"{len(context.items)} of {context.size} slots filled, {context.borrowed} of them borrowed")
