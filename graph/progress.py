"""How long work reports itself: a callable, so that only the command line draws anything."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "no_progress"]


class Progress(Protocol):
    """Told what is being done, how much of it is done, and of how much (None when not known)."""

    def __call__(self, what: str, done: int, total: int | None = None) -> None: ...


def no_progress(what: str, done: int, total: int | None = None) -> None:
    """Say nothing."""
