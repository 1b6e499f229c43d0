"""The JOIN of one population of one size, in the graph and in memory: how fast, and how much of the best it finds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from pydantic import Field

from benchmarks.in_memory import Join, brute_force, in_networkx, sparse_product
from benchmarks.people import People
from benchmarks.queries import query_text
from benchmarks.storing import FIT, store
from benchmarks.timing import Latency, timed
from persona_db.chains.fit.settings import EngineSettings
from persona_db.graph import server
from persona_db.graph.models import Model
from persona_db.graph.progress import Progress
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings

__all__ = ["TOP", "Measured", "SizeReport", "measure_joins"]

TOP = 20
"""Recall is that of the 20 best."""
PRESENT = "9999-12-30"
DATASET = "benchmark"
WARM_UP = 1_000
PATIENCE_SECONDS = 60.0
MOST_FOR_VECTORS = 20_000
MOST_FOR_NETWORKX = 20_000
SAME = 2e-9  # scores are rounded to nine digits
LARGE = 100_000
KNOWN = 1_000  # the best whose exact scores are known: more than ever tie for the twentieth place

Found = list[tuple[str, float]]


class Measured(Model):
    """One system on one population."""

    system: str
    latency: Latency
    recall: float = Field(description="Of the 20 best by exact score.")


class SizeReport(Model):
    """All systems on one population of one size, and the server that held it."""

    people: str
    count: int
    keys: int
    held: float
    top_k: int
    candidates: int
    joins: tuple[Measured, ...]
    stored_seconds: float
    holds: int
    vectors: bool = Field(description="Whether key vectors were stored and indexed too.")
    heap_mb: int
    page_cache_mb: int
    server_mb: int = Field(description="Resident memory of the server after the measurements.")
    disk_mb: int = Field(description="The server's data folder.")
    load_average: float = Field(description="Of the machine when timing began: above 1, something else was running.")


def measure_joins(people: People, *, home: Path, users: int, top_k: int, seed: int, progress: Progress) -> SizeReport:
    """Store *people* in a server of their own and time every system that bears so many."""
    large = people.count >= LARGE
    heap, page_cache = (3_072, 2_048) if large else (1_024, 512)
    settings = Settings(
        neo4j_uri=None, home=home, cache=Settings().cache_dir, heap_mb=heap, page_cache_mb=page_cache, batch_size=5_000
    )
    drawn = np.random.default_rng(seed).permutation(people.count)
    chosen = [people.ids[row] for row in drawn[:users]]
    warm_up = [people.ids[row] for row in np.resize(drawn[users:], WARM_UP)]
    candidates = max(EngineSettings().candidates, 2 * top_k)
    with_vectors = people.count <= MOST_FOR_VECTORS
    try:
        with Graph.connect(settings, progress=progress) as graph:
            stored = store(graph, DATASET, people, vectors=with_vectors, progress=progress)
            progress("scores by sparse product", 0, None)
            scores = sparse_product(people, top_k=KNOWN)
            truth = {user: scores(user) for user in chosen}
            load_average = os.getloadavg()[0]
            joins = [
                _measured("join", _in_graph(graph, "join", top_k=top_k, candidates=candidates), chosen, warm_up, truth)
            ]
            if with_vectors:
                by_vector = _by_vector(graph, top_k=top_k, candidates=candidates)
                joins.append(_measured("join, candidates by key vector", by_vector, chosen, warm_up, truth))
            progress("every shared key", 0, None)
            exact = _measured("join_exact", _in_graph(graph, "join_exact", top_k=top_k), chosen, warm_up[:10], truth)
            joins.append(exact)
            connection = server.ensure_running(settings)
            server_mb = psutil.Process(connection.pid).memory_info().rss // 2**20
            disk_mb = sum(file.stat().st_size for file in connection.data_dir.rglob("*") if file.is_file()) // 2**20
    finally:
        server.stop(settings)
    progress("in memory", 0, None)
    joins.append(_measured("scipy sparse product", sparse_product(people, top_k=top_k), chosen, warm_up[:20], truth))
    joins.append(_measured("numpy brute-force cosine", brute_force(people, top_k=top_k), chosen, warm_up[:20], truth))
    if people.count <= MOST_FOR_NETWORKX:
        joins.append(_measured("networkx", in_networkx(people, top_k=top_k), chosen, warm_up[:2], truth))
    return SizeReport(
        people=people.name, count=people.count, keys=len(people.keys), held=round(people.held, 1), top_k=top_k,
        candidates=candidates, joins=tuple(joins), stored_seconds=round(stored.seconds, 1), holds=stored.holds,
        vectors=with_vectors, heap_mb=heap, page_cache_mb=page_cache, server_mb=server_mb, disk_mb=disk_mb,
        load_average=round(load_average, 2),
    )  # fmt: skip


def recall_at(found: Found, truth: Found, k: int) -> float:
    """The part of the *k* best that was found; whoever scores as well as the k-th of them is one of them."""
    k = min(k, len(truth))
    if k == 0:
        return 1.0
    scores = dict(truth)
    worst = truth[k - 1][1] - SAME
    return min(sum(scores.get(user, 0.0) >= worst for user, _ in found[:k]), k) / k


def _measured(
    system: str, join: Join, users: Sequence[str], warm_up: Sequence[str], truth: Mapping[str, Found]
) -> Measured:
    latency, returned = timed(join, users, warm_up=warm_up, seconds=PATIENCE_SECONDS)
    recalls = [recall_at(found, truth[user], TOP) for user, found in returned.items()]
    return Measured(system=system, latency=latency, recall=round(float(np.mean(recalls)), 4))


def _in_graph(graph: Graph, query: str, **params: Any) -> Join:
    def join(user: str) -> Found:
        rows = graph.read(query, dataset=DATASET, fit=FIT, users=[user], as_of=PRESENT, min_rank=1, **params)
        return [(row["collaborator"], row["score"]) for row in rows]

    return join


def _by_vector(graph: Graph, **params: Any) -> Join:
    from neo4j import RoutingControl

    text = query_text("join_by_vector")

    def join(user: str) -> Found:
        given = {"dataset": DATASET, "fit": FIT, "users": [user], "as_of": PRESENT, "min_rank": 1, **params}
        rows = graph.driver.execute_query(text, given, database_=graph.database, routing_=RoutingControl.READ).records
        return [(row["collaborator"], row["score"]) for row in rows]

    return join
