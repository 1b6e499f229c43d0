"""The places of a prediction as options: how many there are, what share is borrowed, and from whom."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["Ratio", "Size", "TopK"]

Size = Annotated[int, typer.Option(min=0, help="Places in all (retrieval size r).")]
Ratio = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Share of them for borrowed items (composition ratio x); as the JOIN was found to help, unless given.",
        show_default=False,
    ),
]
TopK = Annotated[int, typer.Option(min=0, help="Collaborators that may be borrowed from.")]
