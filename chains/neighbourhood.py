"""A user's collaborator neighbourhood: who shares which keys, as a graph and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persona_db.chains.join import join
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    import networkx

    from persona_db.graph.session import Graph

__all__ = ["neighbourhood", "picture"]

_COLOURS = {"user": "#d1495b", "collaborator": "#2e86ab", "key": "#edae49", "held": "#c8b27a", "opposed": "#8d99ae"}
_LONGEST_CAPTION = 60


def neighbourhood(
    graph: Graph, user: str, *, dataset: str, top_k: int = 12, as_of: str | None = None
) -> networkx.Graph[str]:
    """Return the user, up to *top_k* collaborators and the keys they share as a networkx graph.

    Nodes have `label` (User or CacheKey), `role` (user, collaborator, key), `name` and, for collaborators, `score`.
    An edge from a person to a key has `weight`, and `opposed` where the two hold opposite keys.
    """
    import networkx as nx

    owner = require_user(graph, dataset, user)
    made: networkx.Graph[str] = nx.Graph(dataset=dataset, user=user)
    made.add_node(f"user {user}", label="User", role="user", name=owner.name or user)
    for one in join(graph, user, dataset=dataset, top_k=top_k, as_of=as_of):
        made.add_node(f"user {one.user}", label="User", role="collaborator", name=one.name or one.user, score=one.score)
        for key in (*one.shared, *one.opposed):
            made.add_node(f"key {key.key}", label="CacheKey", role="key", kind=key.kind, name=key.name)
            made.add_edge(f"user {user}", f"key {key.key}", weight=key.own_weight, opposed=False)
            made.add_edge(f"user {one.user}", f"key {key.key}", weight=key.their_weight, opposed=key.contribution < 0)
    return made


def picture(made: networkx.Graph[str]) -> str:
    """Return the neighbourhood as one self-contained HTML page; text of people and keys is shown as text."""
    from neo4j_viz import Node, Relationship, VisualizationGraph

    nodes = [
        Node(
            id=name,
            caption=_short(data["name"]),
            size={"user": 40.0, "collaborator": 14.0 + 24.0 * data.get("score", 0.0), "key": 14.0}[data["role"]],
            color=_COLOURS[data["role"]],
            properties={
                "what": f"{data['kind']} key" if data["role"] == "key" else data["role"],
                "name": data["name"],
                **({"score": round(data["score"], 3)} if "score" in data else {}),
            },
        )
        for name, data in made.nodes(data=True)
    ]
    relationships = [
        Relationship(
            id=f"{source} -> {target}",
            source=source,
            target=target,
            caption="OPPOSES" if data["opposed"] else "HOLDS",
            color=_COLOURS["opposed" if data["opposed"] else "held"],
            properties={"weight": round(data["weight"], 3)},
        )
        for source, target, data in made.edges(data=True)
    ]
    page = VisualizationGraph(nodes=nodes, relationships=relationships).render(height="92vh")
    title = "who shares which values: red the user, blue collaborators, yellow shared cache keys"
    return f"<!doctype html><meta charset='utf-8'><title>persona-db</title><p>persona-db, {title}</p>{page.data}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_CAPTION else f"{text[: _LONGEST_CAPTION - 1]}…"
