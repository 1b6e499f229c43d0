"""The room that a load or a refinement will take, asked for before it begins."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from persona_db.graph.room import MB, WRITE_MB

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["require_room_to_load", "require_room_to_refine"]

STORED_PER_BYTE = 15
"""Bytes of graph and transaction log that a byte of a source becomes: 20 of JSON lines with short answers, measured."""
REFINED_PER_ITEM = 1_000
"""Bytes of graph and transaction log that a Fit takes for each history item: measured with 25 answers a person."""


def require_room_to_load(graph: Graph, dataset: str, paths: Iterable[Path]) -> None:
    """Raise DiskFullError where there is no room for what is in *paths*; a dataset that is there may need none."""
    if graph.read("find_dataset", dataset=dataset):
        return
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    size = sum(file.stat().st_size for file in files if file.is_file())
    graph.require_room(size * STORED_PER_BYTE + WRITE_MB * MB, what=f"loading {size / MB:.0f} MB")


def require_room_to_refine(graph: Graph, dataset: str, *, refit: bool) -> None:
    """Raise DiskFullError where there is no room for a new Fit of the dataset; a current one only grows."""
    for found in graph.read("list_datasets", dataset=dataset):
        if refit or found["current_fit"] is None:
            needed = found["items"] * REFINED_PER_ITEM + WRITE_MB * MB
            graph.require_room(needed, what=f"refining {found['items']:,} history items")
