"""A real Neo4j for the tests of this folder: started here, in a folder of its own, and stopped at the end."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from persona_db.graph import server as embedded
from persona_db.graph.errors import ServerError
from persona_db.graph.settings import Settings

if TYPE_CHECKING:
    from neo4j import Driver

    from persona_db.graph.session import Graph
    from tests.language_server import LanguageServer

HERE = Path(__file__).parent
HEAP_MB = 512


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder: it needs a real Neo4j."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.neo4j)


@pytest.fixture(autouse=True, scope="session")
def _no_given_server() -> Iterator[None]:
    """Hide a server that the environment names: tests touch none they did not start."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("NEO4J_", "PERSONA_DB_"))]:
            if name not in ("PERSONA_DB_CACHE", "PERSONA_DB_START_CACHE"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def neo4j_settings(_no_given_server: None, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the session's server; its jars are the user's, fetched once for all."""
    return Settings(home=tmp_path_factory.mktemp("neo4j"), cache=Settings().cache_dir, heap_mb=HEAP_MB)


@pytest.fixture(scope="session")
def neo4j_server(neo4j_settings: Settings, start_cache: None) -> Iterator[embedded.Connection]:
    """The session's server, running; where it cannot be started tests are skipped, in CI they fail."""
    try:
        connection = embedded.ensure_running(neo4j_settings)
    except ServerError as exc:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Neo4j could be started: {exc}")
    yield connection
    embedded.stop(neo4j_settings)


@pytest.fixture(scope="session")
def driver(neo4j_server: embedded.Connection) -> Iterator[Driver]:
    """A driver of the session's server, for what is no named query."""
    from neo4j import GraphDatabase

    password = neo4j_server.password.get_secret_value()
    with GraphDatabase.driver(neo4j_server.uri, auth=(neo4j_server.username, password)) as opened:
        yield opened


@pytest.fixture(scope="session")
def graph(neo4j_server: embedded.Connection, neo4j_settings: Settings) -> Iterator[Graph]:
    """The session's server as a graph with its schema."""
    from persona_db.graph.session import Graph

    with Graph.connect(neo4j_settings) as opened:
        yield opened


@pytest.fixture
def dataset(graph: Graph) -> Iterator[str]:
    """A name that no other test uses; what was stored under it is removed afterwards."""
    from persona_db.graph.datasets import drop_dataset

    name = f"test-{uuid.uuid4().hex[:12]}"
    yield name
    drop_dataset(graph, name)


@pytest.fixture
def server(language_server: LanguageServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LanguageServer:
    """A scripted language model with a price."""
    prices = tmp_path / "prices.json"
    prices.write_text('{"openai:scripted": {"tokens_in": 1.0, "tokens_out": 2.0}}', encoding="utf-8")
    monkeypatch.setenv("PERSONA_DB_PRICES", str(prices))
    return language_server
