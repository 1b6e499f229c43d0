"""What is compared of two trees: predictions in sections, a graph as hashes, and the differences between two files."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from persona_db.graph import Graph

__all__ = ["compare", "hashed", "numbers_of", "rows", "stored", "texts_of"]

_SHOWN, _WIDEST = 12, 60
_TEXTS = frozenset({"comment", "decided", "explanation", "text", "told"})
_VOLATILE = {"Dataset": {"created_at"}, "Fit": {"created_at"}, "CacheKey": {"token"}, "Run": {"id", "at", "seconds"}}
"""What differs between two runs: times, and what is drawn at random."""

_TOKENS = "MATCH (k:CacheKey {dataset: $d}) RETURN k.token AS token, k.id AS id"
_NODES = """
MATCH (n {dataset: $d})
RETURN labels(n)[0] AS label, CASE WHEN n:Run THEN [n.fit, n.user, n.stage, n.prompt] ELSE [n.fit, n.id] END AS id,
       properties(n) AS properties
"""
_TIES = """
MATCH (n {dataset: $d})-[r]->(m)
RETURN labels(n)[0] + '-' + type(r) + '-' + labels(m)[0] AS label, [n.fit, n.id, m.fit, m.id] AS id,
       properties(r) AS properties
"""


def hashed(value: object) -> str:
    """Return the hash of *value* as JSON, keys in order and floats to the last digit."""
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def rows(graph: Graph, query: str, dataset: str) -> list[dict[str, Any]]:
    """Return what a query that is in no file gives of a dataset."""
    return [row.data() for row in graph.driver.execute_query(query, d=dataset, database_=graph.database).records]


def stored(graph: Graph, dataset: str) -> dict[str, Any]:
    """Return how much there is of each label in a dataset, and a hash for each property of it; and one hash of all.

    In the profiles of personas keys stand for their random tokens.
    """
    keys = {row["token"]: row["id"] for row in rows(graph, _TOKENS, dataset)}
    counts: Counter[str] = Counter()
    found: defaultdict[str, list[str]] = defaultdict(list)
    for query in (_NODES, _TIES):
        for row in rows(graph, query, dataset):
            label, properties = row["label"], row["properties"]
            counts[label] += 1
            found[label].append(json.dumps(row["id"]))
            if profile := properties.get("profile"):
                properties["profile"] = sorted((keys[word[:12]], word[12:]) for word in profile.split())
            for name in properties.keys() - _VOLATILE.get(label, set()):
                found[f"{label}.{name}"].append(json.dumps([row["id"], properties[name]], sort_keys=True))
    properties = {name: hashed(sorted(lines)) for name, lines in found.items()}
    return {"counts": dict(counts), "properties": properties, "hash": hashed(properties)}


def numbers_of(value: Any) -> Any:
    """Return *value* without what is only there to be read: probabilities, ids, pushes, scores."""
    if isinstance(value, dict):
        return {name: numbers_of(inner) for name, inner in value.items() if name not in _TEXTS}
    return [numbers_of(inner) for inner in value] if isinstance(value, list | tuple) else value


def texts_of(value: Any) -> Any:
    """Return of *value* only what is there to be read."""
    if not isinstance(value, dict | list | tuple):
        return None
    pairs = value.items() if isinstance(value, dict) else ((str(place), one) for place, one in enumerate(value))
    found = {name: inner if name in _TEXTS else texts_of(inner) for name, inner in pairs}
    return {name: inner for name, inner in found.items() if inner not in (None, {})}


def compare(old: Mapping[str, Any], new: Mapping[str, Any], parts: Iterable[str]) -> int:
    """Print by part and section how many leaves there are and which differ; return 1 where any does, or is missing."""
    differences: list[tuple[str, object, object]] = []
    print(f"{'part':10}{'section':10}{'compared':>10}{'differ':>8}  largest difference of numbers")
    for part in parts:
        if not (old.get(part) and new.get(part)):
            differences.append((part, "there" if old.get(part) else _ABSENT, "there" if new.get(part) else _ABSENT))
            print(f"{part:10}is missing: {_told(*differences[-1][1:])}")
            continue
        for section in sorted({*old[part], *new[part]}):
            a, b = (dict(_leaves(tree[part].get(section))) for tree in (old, new))
            names = sorted(a.keys() | b.keys())
            found = [(name, a.get(name, _ABSENT), b.get(name, _ABSENT)) for name in names]
            found = [(name, before, after) for name, before, after in found if repr(before) != repr(after)]
            gaps = [abs(x - y) for _, x, y in found if isinstance(x, int | float) and isinstance(y, int | float)]
            widest = f"{max(gaps):.3g}" if gaps else ""
            print(f"{part:10}{section:10}{len(names):10,}{len(found):8,}  {widest}")
            for name, before, after in found[:_SHOWN]:
                print(f"    {name[1:]}: {_told(before, after)}")
            if len(found) > _SHOWN:
                print(f"    and {len(found) - _SHOWN:,} more")
            differences += found
    print("nothing differs" if not differences else f"{len(differences):,} differ")
    return 1 if differences else 0


_ABSENT = "(absent)"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in pairs:
            yield from _leaves(inner, f"{path}/{name}")
    else:
        yield path or "/", value


def _told(before: object, after: object) -> str:
    """Both in short; of long texts from where they part."""
    texts = [repr(before), repr(after)]
    shortest = min(map(len, texts))
    parting = next((place for place in range(shortest) if texts[0][place] != texts[1][place]), shortest)
    start = max(parting - _WIDEST // 3, 0) if shortest > _WIDEST else 0
    return " -> ".join(("..." if start else "") + _short(text[start:]) for text in texts)


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}..."
