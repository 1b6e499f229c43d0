"""A neighbourhood as a graph of networkx that neo4j-viz can draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx

from persona_db.chains.labels.texts import visible

if TYPE_CHECKING:
    from neo4j_viz import Relationship, VisualizationGraph

    _Graph = nx.Graph[str]
else:
    _Graph = nx.Graph

__all__ = ["COLOURS", "Neighbourhood"]

COLOURS = {
    "user": "#d1495b",
    "collaborator": "#2e86ab",
    "key": "#edae49",
    "fact": "#66a182",
    "held": "#c8b27a",
    "opposed": "#8d99ae",
    "evidence": "#9fc4b0",
}
"""Of nodes by role, and of edges."""


_LONGEST_CAPTION = 40
_LONGEST_TEXT = 2_000


class Neighbourhood(_Graph):
    """The user, collaborators, the keys they share, and the facts behind them."""

    def to_viz(self) -> VisualizationGraph:
        """Return it for neo4j-viz, to be drawn and changed with its own functions."""
        return _drawing(self)


def _drawing(made: Neighbourhood) -> VisualizationGraph:
    from neo4j_viz import Node, VisualizationGraph

    most = max((data["counts"] for _, data in made.nodes(data=True) if data["role"] == "key"), default=0.0) or 1.0
    nodes = [
        Node(
            id=name,
            caption=_short(visible(data["name"]), _LONGEST_CAPTION),
            size=_size(data, most),
            color=COLOURS[data["role"]],
            properties={
                "what": _what(data),
                "name": _short(visible(data.get("whole", data["name"])), _LONGEST_TEXT),
                **({"score": round(data["score"], 3)} if "score" in data else {}),
            },
        )
        for name, data in made.nodes(data=True)
    ]
    relationships = [_relationship(made, *edge) for edge in made.edges(data=True)]
    return VisualizationGraph(nodes=nodes, relationships=relationships)


def _relationship(made: Neighbourhood, one: str, other: str, data: dict[str, Any]) -> Relationship:
    """Return an edge in its direction, which networkx forgets: from people to facts, and from both to keys."""
    from neo4j_viz import Relationship

    order = ("user", "collaborator", "fact", "key")
    source, target = sorted((one, other), key=lambda node: order.index(made.nodes[node]["role"]))
    return Relationship(
        id=f"{source} -> {target}",
        source=source,
        target=target,
        caption="HOLDS THE OPPOSITE OF" if data["opposed"] else data["type"],
        color=_edge_colour(data),
        properties={"weight": round(data["weight"], 3)},
    )


def _size(data: dict[str, Any], most: float) -> float:
    match data["role"]:
        case "user":
            return 40.0
        case "collaborator":
            return float(16.0 + 24.0 * data["score"])
        case "key":
            return float(10.0 + 16.0 * data["counts"] / most)
    return 10.0


def _what(data: dict[str, Any]) -> str:
    match data["role"]:
        case "key":
            return f"{data['kind']} key"
        case "fact":
            return f"{data['layer']} fact"
    return str(data["role"])


def _edge_colour(data: dict[str, Any]) -> str:
    if data["opposed"]:
        return COLOURS["opposed"]
    return COLOURS["held" if data["type"] == "HOLDS" else "evidence"]


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
