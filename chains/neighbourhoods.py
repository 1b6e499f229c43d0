"""A user's collaborator neighbourhood: who shares which keys and why, as a graph, a picture and a notebook widget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.retrieval.join import join
from persona_db.graph.errors import ConfigError
from persona_db.graph.names import Sharing
from persona_db.graph.users import require_user

if TYPE_CHECKING:
    import networkx

    from persona_db.chains.neighbourhood_graph import Neighbourhood
    from persona_db.chains.results import Collaborator
    from persona_db.graph.session import Graph

__all__ = ["neighbourhood", "picture", "widget"]


def neighbourhood(
    graph: Graph,
    user: str,
    *,
    dataset: str,
    top_k: int = 12,
    most_keys: int = 16,
    most_facts: int = 6,
    as_of: str | None = None,
    for_others: bool = False,
) -> Neighbourhood:
    """Return the user, up to *top_k* collaborators, the keys they share, and the user's facts behind them, as networkx.

    Of the keys the *most_keys* that count most stay, and each collaborator's first. Nodes have `id`, `label` (User,
    CacheKey or Fact), `role` (user, collaborator, key, fact) and `name`; collaborators `score`, keys `kind` and
    `counts`, and `whole` where their name is cut; facts `layer`. Edges have `type` (HOLDS, HAS_FACT, EVIDENCE_FOR) and
    `weight`; `opposed` is true where a collaborator holds the opposite of the key.

    *for_others* keeps the levels of sharing: nobody is in it who shares less than induced facts, no key that fewer
    sharing people hold than a summary needs, and no fact that its person doesn't share. ConfigError when the user
    shares less than induced facts.
    """
    from persona_db.chains.neighbourhood_graph import Neighbourhood

    owner = require_user(graph, dataset, user)
    if for_others and owner.sharing.rank < Sharing.INDUCED.rank:
        raise ConfigError(
            f"user {user!r} shares {owner.sharing.value!r}: others may not see them named; leave --for-others out to "
            "make a file for yourself"
        )
    least = Sharing.INDUCED if for_others else Sharing.KEYS
    found = join(graph, user, dataset=dataset, top_k=top_k, as_of=as_of, sharing=least)
    if for_others:
        found = _of_common_keys(graph, dataset, found, as_of=as_of)
    counts = _what_counts(found, most_keys)
    made = Neighbourhood(dataset=dataset, user=user)
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
    for row in graph.read(
        "whole_names", dataset=dataset, fit=open_snapshot(graph, dataset, as_of=as_of).fit, ids=sorted(counts)
    ):
        if (node := f"key {row['key']}") in made:
            made.nodes[node]["whole"] = row["whole"]
    if as_of is None:
        layers = [
            layer for layer in ("induced", "distilled") if not for_others or owner.sharing.rank >= Sharing(layer).rank
        ]
        _add_facts(made, graph, user, dataset=dataset, most_facts=most_facts, layers=layers)
    return made


def picture(made: networkx.Graph[str]) -> str:
    """Return the figure of the neighbourhood, and the same in words, as one self-contained HTML page."""
    from persona_db.chains.export import page

    return page(made)


def widget(made: Neighbourhood) -> Any:
    """Return the neighbourhood as a widget for notebooks."""
    return made.to_viz().render_widget()


def _of_common_keys(
    graph: Graph, dataset: str, found: Sequence[Collaborator], *, as_of: str | None
) -> list[Collaborator]:
    """Leave out of what people share the keys that too few sharing people hold to be named."""
    snapshot = open_snapshot(graph, dataset, as_of=as_of)
    rows = graph.read("fitted_keys", dataset=dataset, fit=snapshot.fit, least=snapshot.settings.min_holders)
    common = {row["id"] for row in rows}
    return [
        one.model_copy(
            update={
                "shared": tuple(key for key in one.shared if key.key in common),
                "opposed": tuple(key for key in one.opposed if key.key in common),
            }
        )
        for one in found
    ]


def _what_counts(found: Sequence[Collaborator], most: int) -> dict[str, float]:
    """Return what each key adds to the scores in all: the *most* that add most, and every collaborator's first."""
    total: defaultdict[str, float] = defaultdict(float)
    for one in found:
        for key in (*one.shared, *one.opposed):
            total[key.key] += abs(key.contribution)
    kept = set(sorted(total, key=lambda key: (-total[key], key))[:most])
    kept |= {one.shared[0].key for one in found if one.shared}
    return {key: round(total[key], 6) for key in kept}


def _add_facts(
    made: networkx.Graph[str], graph: Graph, user: str, *, dataset: str, most_facts: int, layers: Sequence[str]
) -> None:
    facts = graph.read("facts_of", dataset=dataset, user=user)
    behind = [fact for fact in facts if f"key {fact['key']}" in made and fact["layer"] in layers]
    for fact in sorted(behind, key=lambda fact: (-fact["strength"], fact["id"]))[:most_facts]:
        node = f"fact {fact['id']}"
        made.add_node(node, id=fact["id"], label="Fact", role="fact", layer=fact["layer"], name=fact["text"])
        made.add_edge(f"user {user}", node, type="HAS_FACT", weight=fact["strength"], opposed=False)
        made.add_edge(node, f"key {fact['key']}", type="EVIDENCE_FOR", weight=fact["strength"], opposed=False)
