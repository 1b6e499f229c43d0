"""Options for the slots of a prediction: how many there are, which share is borrowed, and from how many."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Ratio", "Size", "TopK"]

Size = Annotated[int, typer.Option(min=0, help="Slots for recalled items (retrieval size r).")]
Ratio = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Share of the slots for borrowed items (composition ratio x); unless given, the ratio with the largest JOIN gain.",
        show_default=False,
    ),
]
TopK = Annotated[int, typer.Option(min=0, help="Most collaborators that items are borrowed from.")]
