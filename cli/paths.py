"""The path of a piece of evidence as lines: what it says, who gave it, the shared keys, the history items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from persona_db.cli.console import one_line

if TYPE_CHECKING:
    from persona_db.chains.results import Collaborator, Evidence

__all__ = ["print_path"]

_KEYS_SHOWN = 3
_LEAST_POINTS = 0.05
_ITEMS_SHOWN = 2


def print_path(
    evidence: Evidence,
    *,
    layer: str,
    key: str | None,
    collaborator: Collaborator | None,
    rests_on: Sequence[str],
    withheld: int = 0,
) -> None:
    """Print a piece of evidence, and below it the steps back to history items, whose texts are *rests_on*."""
    moves = f"{evidence.points:+.1f} points" if abs(evidence.points) >= _LEAST_POINTS else "recalled, moves nothing"
    print(f"  {moves} <- {evidence.source} {layer}: {one_line(evidence.shown)}")
    if collaborator is not None:
        keys = "; ".join([one.name for one in collaborator.shared if not one.inferred][:_KEYS_SHOWN])
        print(f"        <- said by {one_line(collaborator.user)} <- who shares {one_line(keys)}")
    elif evidence.source == "summary":
        print(f"        <- holders of the key {one_line(key or '')}, which the user holds too")
    for text in rests_on[:_ITEMS_SHOWN]:
        if text != evidence.text:
            print(f"        <- {one_line(text)}")
    if withheld:
        print(f"        <- {withheld:,} history items that are not shared")
