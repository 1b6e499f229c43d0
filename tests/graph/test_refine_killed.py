"""A refinement that is killed, or whose server is, is completed by the next: to the same graph and predictions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from neo4j import GraphDatabase

from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.prediction.predict import predict_many
from persona_db.chains.refinement.refine import refine
from persona_db.chains.results import Prediction
from persona_db.graph import server
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import GraphUnavailableError
from persona_db.graph.ingest import store_items
from persona_db.graph.session import Graph, Transaction
from persona_db.graph.settings import Settings
from tests.synthetic import World, dump, make_world, pairs, store

WORLD = make_world(seed=4, dated=True)
BEFORE = WORLD.until("2012-12-31")
USERS_AT_ONCE = 6

_REFINE = """
import json, os, signal, sys
from pathlib import Path
from persona_db.chains import refine
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.session import Graph, Transaction
from persona_db.graph.settings import Settings

told = json.loads(sys.argv[1])
left = told["writes"]


def counted(method, writes):
    def call(self, query, *given, **named):
        global left
        if writes(query):
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        return method(self, query, *given, **named)

    return call


sys.modules["persona_db.chains.refinement.refine"]._USERS_AT_ONCE = told["users_at_once"]
with Graph.connect(Settings(home=Path(told["home"]), cache=Path(told["cache"]))) as graph:
    Graph._execute = counted(Graph._execute, lambda query: query.writes)
    Transaction.run = counted(Transaction.run, lambda query: True)
    refine(graph, told["dataset"], refit=told["refit"], embedder=HashEmbedder())
"""


def prepared(graph: Graph, dataset: str) -> None:
    """A dataset with a Fit, and with more answers than that was made of."""
    store(graph, dataset, BEFORE)
    refine(graph, dataset, embedder=HashEmbedder())
    store(graph, dataset, WORLD)


def predictions(graph: Graph, dataset: str) -> list[Prediction]:
    return predict_many(open_snapshot(graph, dataset), list(pairs(WORLD)), explain=True)


@pytest.fixture(scope="module", params=[True, False], ids=["refit", "fold in"])
def undisturbed(request: pytest.FixtureRequest, graph: Graph) -> Iterator[tuple[bool, str, int]]:
    """Whether it was a refit, a dataset refined by it without a stop, and how many writes it took."""
    dataset = f"test-{uuid4().hex[:12]}"
    prepared(graph, dataset)
    writes = 0
    execute, run = Graph._execute, Transaction.run

    def counted(method: Callable[..., Any], is_write: Callable[[Any], bool]) -> Callable[..., Any]:
        def call(self: object, query: Any, *given: object, **named: object) -> Any:
            nonlocal writes
            writes += is_write(query)
            return method(self, query, *given, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["persona_db.chains.refinement.refine"], "_USERS_AT_ONCE", USERS_AT_ONCE)
        patch.setattr(Graph, "_execute", counted(execute, lambda query: query.writes))
        patch.setattr(Transaction, "run", counted(run, lambda query: True))
        refine(graph, dataset, refit=request.param, embedder=HashEmbedder())
    yield request.param, dataset, writes
    drop_dataset(graph, dataset)


@pytest.mark.parametrize("after", [0.04, 0.5, 0.93])
def test_a_killed_refinement_is_completed(
    after: float, graph: Graph, dataset: str, neo4j_settings: Settings, undisturbed: tuple[bool, str, int]
) -> None:
    """Killed before any write, with a transaction open or none, then run again: it is as if nothing had happened."""
    refit, whole, writes = undisturbed
    assert writes > 10
    prepared(graph, dataset)
    told = {
        "home": str(neo4j_settings.home), "cache": str(neo4j_settings.cache), "dataset": dataset, "refit": refit,
        "writes": round(after * writes), "users_at_once": USERS_AT_ONCE,
    }  # fmt: skip
    process = subprocess.run(
        [sys.executable, "-c", _REFINE, json.dumps(told)], env={**os.environ}, timeout=120, check=False
    )
    assert process.returncode == -signal.SIGKILL
    refine(graph, dataset, refit=refit, embedder=HashEmbedder())
    assert refine(graph, dataset, embedder=HashEmbedder()).users == 0
    assert dump(graph, dataset) == dump(graph, whole)
    assert predictions(graph, dataset) == predictions(graph, whole)


def test_the_last_batch_before_a_kill_is_not_done_again(
    graph: Graph, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed is done: the next run takes the rest only."""
    store(graph, dataset, WORLD)

    def stop(what: str, done: int, total: int | None = None) -> None:
        if what == "refining users" and done >= 3 * USERS_AT_ONCE:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["persona_db.chains.refinement.refine"], "_USERS_AT_ONCE", USERS_AT_ONCE)
    with pytest.raises(KeyboardInterrupt):
        refine(graph, dataset, embedder=HashEmbedder(), progress=stop)
    report = refine(graph, dataset, embedder=HashEmbedder())
    assert (report.users, report.unchanged) == (40 - 3 * USERS_AT_ONCE, 3 * USERS_AT_ONCE)


def test_answers_between_a_kill_and_the_next_run(graph: Graph, dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever said something meanwhile is refined with it; what the killed run began is gone at the end."""
    store(graph, dataset, BEFORE)

    def stop(what: str, done: int, total: int | None = None) -> None:
        if what == "refining users":
            raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["persona_db.chains.refinement.refine"], "_USERS_AT_ONCE", USERS_AT_ONCE)
    with pytest.raises(KeyboardInterrupt):
        refine(graph, dataset, embedder=HashEmbedder(), progress=stop)
    store_items(graph, dataset, WORLD.items[:1])
    store(graph, dataset, WORLD)
    refine(graph, dataset, embedder=HashEmbedder())
    fresh = f"{dataset}-fresh"
    store(graph, fresh, WORLD)
    refine(graph, fresh, embedder=HashEmbedder())
    try:
        left = set(dump(graph, dataset, versions=False)) ^ set(dump(graph, fresh, versions=False))
        assert [line for line in left if "'Statement'" not in line] == []
    finally:
        drop_dataset(graph, fresh)


def test_a_killed_server_loses_nothing(tmp_path: Path, neo4j_settings: Settings) -> None:
    """kill -9 of Neo4j in the middle of a refinement: an error that says so, and the next run completes it."""
    settings = neo4j_settings.model_copy(update={"home": tmp_path / "own", "cache": neo4j_settings.cache_dir})
    own = server.ensure_running(settings)
    impatient = GraphDatabase.driver(
        own.uri, auth=(own.username, own.password.get_secret_value()), max_transaction_retry_time=1
    )

    def kill(what: str, done: int, total: int | None = None) -> None:
        if what == "refining users" and done == 2 * USERS_AT_ONCE:
            os.kill(own.pid, signal.SIGKILL)

    try:
        with pytest.MonkeyPatch.context() as patch, impatient, Graph.connect(settings, driver=impatient) as graph:
            patch.setattr(sys.modules["persona_db.chains.refinement.refine"], "_USERS_AT_ONCE", USERS_AT_ONCE)
            store(graph, "killed", WORLD)
            with pytest.raises(GraphUnavailableError):
                refine(graph, "killed", embedder=HashEmbedder(), progress=kill)
        with Graph.connect(settings) as graph:
            report = refine(graph, "killed", embedder=HashEmbedder())
            assert report.users == 40 - 2 * USERS_AT_ONCE
            store(graph, "whole", WORLD)
            refine(graph, "whole", embedder=HashEmbedder())
            graph.await_indexes()
            assert dump(graph, "killed") == dump(graph, "whole")
            assert predictions(graph, "killed") == predictions(graph, "whole")
    finally:
        server.stop(settings)


def test_two_refinements_at_once_are_one(graph: Graph, dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interleaved batch by batch they write everything once."""
    world: World = WORLD
    store(graph, dataset, world)
    monkeypatch.setattr(sys.modules["persona_db.chains.refinement.refine"], "_USERS_AT_ONCE", USERS_AT_ONCE)

    def meanwhile(what: str, done: int, total: int | None = None) -> None:
        if what == "refining users" and done == 2 * USERS_AT_ONCE:
            refine(graph, dataset, embedder=HashEmbedder())

    refine(graph, dataset, embedder=HashEmbedder(), progress=meanwhile)
    whole = f"{dataset}-whole"
    store(graph, whole, world)
    refine(graph, whole, embedder=HashEmbedder())
    try:
        assert dump(graph, dataset) == dump(graph, whole)
    finally:
        drop_dataset(graph, whole)
