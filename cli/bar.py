"""Progress on stderr, where a person is watching."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["progress_bar"]


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Draw what is told as one line for each sort of work, gone at the end; nothing unless stderr is a terminal."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Drawing

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Drawing(*columns, console=Console(stderr=True), transient=True) as drawing:

        def progress(what: str, done: int, total: int | None = None) -> None:
            if what not in tasks:
                tasks[what] = drawing.add_task(what, total=total)
            drawing.update(tasks[what], completed=done, total=total)

        yield progress
