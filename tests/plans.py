"""The server's plans of queries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from persona_db.graph.catalog import QueryType

__all__ = ["COSTLY", "dummy", "operators"]

COSTLY = ("AllNodesScan", "CartesianProduct", "NodeByLabelScan")
"""Operators that a query has to own up to in its cost, by these words."""


def dummy(kind: QueryType) -> Any:
    """Return some value of the type."""
    match kind.kind:
        case "list":
            return [dummy(kind.item)] if kind.item else []
        case "map":
            return {}
        case "int":
            return 1
        case "float":
            return 0.5
        case "bool":
            return True
    return "x"


def operators(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the names of a plan's operators."""
    yield plan["operatorType"].partition("@")[0]
    for child in plan.get("children", []):
        yield from operators(child)
