"""How good the facts are that a language model refines people into: counted, and judged by reading."""

from __future__ import annotations

__all__: list[str] = []
