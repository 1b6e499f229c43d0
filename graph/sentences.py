"""The sentences of a text."""

from __future__ import annotations

import re

__all__ = ["sentences"]

_END = re.compile(r"(?<=[.!?…])[\"')\]’”]*\s+|\n+")


def sentences(text: str) -> list[str]:
    """Return the sentences of *text* in their order: what stands between two ends of sentence or of line."""
    return [part.strip() for part in _END.split(text) if part.strip()]
