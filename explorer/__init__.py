"""The web explorer: pages of a graph on this machine, read through the same functions as the command line."""

from __future__ import annotations

__all__: list[str] = []
