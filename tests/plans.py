"""The server's plans of queries."""

from __future__ import annotations

from typing import Any

from persona_db.graph.catalog import QueryType

__all__ = ["costly", "dummy"]

COSTLY = ("AllNodesScan", "CartesianProduct", "NodeByLabelScan")
"""Operators that a query has to own up to in its cost, by these words."""
ONE_ROW = ("Argument", "SingleRow")
"""Operators that begin a plan and give one row."""
AS_MANY_ROWS = ("CacheProperties", "Filter", "Limit", "Projection")
"""Operators that give no more rows than they are given."""


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


def costly(plan: dict[str, Any]) -> set[str]:
    """Return the operators of a plan that cost much.

    A CartesianProduct with one row on a side multiplies nothing: Neo4j writes one wherever two nodes are looked up
    apart, and whether it does hangs on what it counted last. Such a one is left out.
    """
    children = plan.get("children", [])
    name = _operator(plan)
    found = {name} if name in COSTLY and not (name == "CartesianProduct" and any(map(_is_one_row, children))) else set()
    return found.union(*map(costly, children))


def _operator(plan: dict[str, Any]) -> str:
    return str(plan["operatorType"].partition("@")[0].partition("(")[0])


def _is_one_row(plan: dict[str, Any]) -> bool:
    """Return whether a part of a plan gives one row at most, whatever is stored."""
    children = plan.get("children", [])
    if not children:
        return _operator(plan) in ONE_ROW or _is_one_node(plan)
    return _operator(plan) in (*AS_MANY_ROWS, "CartesianProduct") and all(map(_is_one_row, children))


def _is_one_node(plan: dict[str, Any]) -> bool:
    """Return whether a node is looked up by one value of each property of its key; a range or a list may give many."""
    _, _, conditions = plan["args"].get("Details", "").partition(" WHERE ")
    return _operator(plan) == "NodeUniqueIndexSeek" and all(" = " in one for one in conditions.split(" AND "))
