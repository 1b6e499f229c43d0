"""A user's collaborator neighbourhood: who shares which keys and why, as a graph, a picture and a notebook widget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from persona_db.chains.retrieval.join import join
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    import networkx
    from neo4j_viz import Relationship, VisualizationGraph

    from persona_db.chains.results import Collaborator
    from persona_db.graph.session import Graph

__all__ = ["COLOURS", "neighbourhood", "picture", "visible", "widget"]

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


_LEGEND = (
    ("user", "the user"),
    ("collaborator", "people who share values with them; the larger, the more"),
    ("key", "values (cache keys) they share, or oppose each other on; the larger, the more it counts"),
    ("fact", "the user's strongest facts behind these values"),
)


_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; worker-src blob:; base-uri 'none'; form-action 'none'"
)
"""An exported page fetches nothing, whatever is written in it."""


_LONGEST_CAPTION = 40
_LONGEST_TEXT = 2_000


def neighbourhood(
    graph: Graph,
    user: str,
    *,
    dataset: str,
    top_k: int = 12,
    most_keys: int = 16,
    most_facts: int = 6,
    as_of: str | None = None,
) -> networkx.Graph[str]:
    """Return the user, up to *top_k* collaborators, the keys they share, and the user's facts behind them, as networkx.

    Of the keys the *most_keys* that count most stay, and each collaborator's first. Nodes have `id`, `label` (User,
    CacheKey or Fact), `role` (user, collaborator, key, fact) and `name`; collaborators `score`, keys `kind` and
    `counts`, facts `layer`. Edges have `type` (HOLDS, HAS_FACT, EVIDENCE_FOR) and `weight`; `opposed` is true where a
    collaborator holds the opposite of the key.
    """
    import networkx as nx

    owner = require_user(graph, dataset, user)
    found = join(graph, user, dataset=dataset, top_k=top_k, as_of=as_of)
    counts = _what_counts(found, most_keys)
    made: networkx.Graph[str] = nx.Graph(dataset=dataset, user=user)
    made.add_node(f"user {user}", id=user, label="User", role="user", name=owner.name or user)
    for one in found:
        person = f"user {one.user}"
        made.add_node(
            person, id=one.user, label="User", role="collaborator", name=one.name or one.user, score=one.score
        )
        for key in (*one.shared, *one.opposed):
            if key.key not in counts:
                continue
            node = f"key {key.key}"
            made.add_node(
                node, id=key.key, label="CacheKey", role="key", kind=key.kind, name=key.name, counts=counts[key.key]
            )
            made.add_edge(f"user {user}", node, type="HOLDS", weight=key.own_weight, opposed=False)
            made.add_edge(person, node, type="HOLDS", weight=key.their_weight, opposed=key.contribution < 0)
    if as_of is None:
        _add_facts(made, graph, user, dataset=dataset, most_facts=most_facts)
    return made


def picture(made: networkx.Graph[str]) -> str:
    """Return the neighbourhood as one self-contained HTML page; text of people and keys is shown as text."""
    page = _drawing(made).render(height="86vh")
    name = escape(_short(visible(made.nodes[f"user {made.graph['user']}"]["name"]), 80))
    legend = "".join(f"<span><i style='background:{COLOURS[role]}'></i>{escape(what)}</span>" for role, what in _LEGEND)
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{name}: who shares their values</title>"
        "<style>body{font:15px/1.5 system-ui,sans-serif;margin:1rem;color:#1c2b39;background:#fff}h1{font-size:1.2rem}"
        "p span{margin-right:1.2em;white-space:nowrap}i{display:inline-block;width:.9em;height:.9em;border-radius:50%;"
        "margin-right:.4em;vertical-align:-.1em}</style>"
        f"<h1>Who shares the values of <bdi>{name}</bdi></h1><p>{legend}</p>{page.data}</html>"
    )


def widget(made: networkx.Graph[str]) -> Any:
    """Return the neighbourhood as a widget for notebooks."""
    return _drawing(made).render_widget()


def _what_counts(found: Sequence[Collaborator], most: int) -> dict[str, float]:
    """Return what each key adds to the scores in all: the *most* that add most, and every collaborator's first."""
    total: defaultdict[str, float] = defaultdict(float)
    for one in found:
        for key in (*one.shared, *one.opposed):
            total[key.key] += abs(key.contribution)
    kept = set(sorted(total, key=lambda key: (-total[key], key))[:most])
    kept |= {one.shared[0].key for one in found if one.shared}
    return {key: round(total[key], 6) for key in kept}


def _add_facts(made: networkx.Graph[str], graph: Graph, user: str, *, dataset: str, most_facts: int) -> None:
    facts = graph.read("facts_of", dataset=dataset, user=user)
    behind = [fact for fact in facts if f"key {fact['key']}" in made]
    for fact in sorted(behind, key=lambda fact: (-fact["strength"], fact["id"]))[:most_facts]:
        node = f"fact {fact['id']}"
        made.add_node(node, id=fact["id"], label="Fact", role="fact", layer=fact["layer"], name=fact["text"])
        made.add_edge(f"user {user}", node, type="HAS_FACT", weight=fact["strength"], opposed=False)
        made.add_edge(node, f"key {fact['key']}", type="EVIDENCE_FOR", weight=fact["strength"], opposed=False)


def _drawing(made: networkx.Graph[str]) -> VisualizationGraph:
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
                "name": _short(visible(data["name"]), _LONGEST_TEXT),
                **({"score": round(data["score"], 3)} if "score" in data else {}),
            },
        )
        for name, data in made.nodes(data=True)
    ]
    relationships = [_relationship(made, *edge) for edge in made.edges(data=True)]
    return VisualizationGraph(nodes=nodes, relationships=relationships)


def _relationship(made: networkx.Graph[str], one: str, other: str, data: dict[str, Any]) -> Relationship:
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


def visible(text: str) -> str:
    """Return *text* without what turns the direction of the text around it, or moves a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
