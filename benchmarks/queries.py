"""The Cypher of the benchmarks' own, beside what the product has."""

from __future__ import annotations

from pathlib import Path

__all__ = ["query_text"]


def query_text(name: str) -> str:
    """Return the text of benchmarks/cypher/NAME.cypher."""
    return (Path(__file__).parent / "cypher" / f"{name}.cypher").read_text(encoding="utf-8")
