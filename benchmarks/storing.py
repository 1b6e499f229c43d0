"""Writing the people of a benchmark into a graph, through the queries that the product writes with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import Any

from benchmarks.people import People
from benchmarks.queries import query_text
from persona_db.graph.models import Sharing
from persona_db.graph.progress import Progress
from persona_db.graph.session import Graph

__all__ = ["FIT", "Stored", "store"]

FIT = "fit-0123456789abcdef"
AT_ONCE = 2_000


@dataclass(frozen=True)
class Stored:
    """What writing took."""

    holds: int
    seconds: float


def store(graph: Graph, dataset: str, people: People, *, vectors: bool, progress: Progress) -> Stored:
    """Write people with their keys and personas as one Fit; with their key vectors too, where wanted."""
    began = perf_counter()
    keys = people.keys.values()
    rows: list[dict[str, Any]] = [
        {"id": k.id, "kind": k.kind, "name": k.name, "n_holders": k.n_holders, "idf": k.idf, "share": k.share,
         "loadings": []}
        for k in keys
    ]  # fmt: skip
    graph.write_batches("store_keys", rows, what="keys", dataset=dataset, fit=FIT, progress=progress)
    pairs = [{"key": k.id, "opposite": k.opposite} for k in keys if k.opposite and k.id < k.opposite]
    graph.write_batches("store_opposites", pairs, what="opposites", dataset=dataset, fit=FIT, progress=progress)
    if vectors:
        graph.driver.execute_query(query_text("key_vector_index"), database_=graph.database)
    done = 0
    for batch in _batches(people):
        everybody = [
            {"id": user, "name": user, "attributes": [], "sharing": Sharing.HISTORY, "sharing_rank": 4}
            for user, _ in batch
        ]
        holds = [
            {
                "user": user,
                "at": "",
                "keys": [{"key": key, "weight": w, "unit": unit, "inferred": False} for key, w, unit in held],
            }
            for user, held in batch
        ]
        personas: list[dict[str, Any]] = [
            {"user": user, "id": f"{user}/0", "version": 0, "traits": [], "at": ""} for user, _ in batch
        ]  # fmt: skip
        graph.write("store_people", dataset=dataset, rows=everybody)
        with graph.transaction() as tx:
            tx.run("store_holds", dataset=dataset, fit=FIT, rows=holds)
            tx.run("store_personas", dataset=dataset, fit=FIT, rows=personas)
        if vectors:
            _store_vectors(graph, dataset, people, done, done + len(batch))
        done += len(batch)
        progress(f"storing {people.name}", done, people.count)
    graph.await_indexes()
    return Stored(len(people.rows), perf_counter() - began)


def _store_vectors(graph: Graph, dataset: str, people: People, start: int, end: int) -> None:
    rows = [[f"{people.ids[row]}/0", people.vectors[row].tolist()] for row in range(start, end)]
    graph.driver.execute_query(
        query_text("store_key_vectors"), dataset=dataset, fit=FIT, rows=rows, database_=graph.database
    )


def _batches(people: People) -> Iterator[list[tuple[str, list[tuple[str, float, float]]]]]:
    each = people.each()
    while batch := list(islice(each, AT_ONCE)):
        yield batch
