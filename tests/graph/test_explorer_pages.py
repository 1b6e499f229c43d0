"""Pages of the explorer over a real graph, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from persona_db.chains.persona import KeyKind
from persona_db.explorer import create_app
from persona_db.explorer.connection import Connection
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings

KINDS = get_args(KeyKind)


@pytest.fixture(scope="module")
def dataset(graph: Graph) -> Iterator[str]:
    """A Fit with one cache key of every kind."""
    name = f"test-{uuid4().hex[:12]}"
    graph.write("ensure_dataset", dataset=name, evaluation=False)
    graph.driver.execute_query(
        "MATCH (d:Dataset {dataset: $name}) SET d.current_fit = 'fit' WITH d UNWIND $kinds AS kind "
        "CREATE (:CacheKey {dataset: $name, fit: 'fit', id: kind + ':key', kind: kind, "
        "name: 'the ' + kind + ' key', n_holders: 1, share: 0.5, idf: 0.5})",
        name=name, kinds=list(KINDS), database_=graph.database,
    )  # fmt: skip
    yield name
    drop_dataset(graph, name)


@pytest.fixture(scope="module")
def pages(graph: Graph, neo4j_settings: Settings) -> Iterator[TestClient]:
    connection = Connection(neo4j_settings)
    yield TestClient(create_app(connection), base_url="http://127.0.0.1")
    connection.close()


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_every_kind_can_be_filtered(pages: TestClient, dataset: str, kind: str) -> None:
    """The page of all keys links to those of the kind, and that page shows these keys alone."""
    address = f"/keys?dataset={dataset}&amp;kind={kind}"
    assert f'href="{address}"' in pages.get("/keys", params={"dataset": dataset}).text
    page = pages.get(address.replace("&amp;", "&")).text
    assert [other for other in KINDS if f"the {other} key" in page] == [kind]


def test_a_dataset_without_groups_has_no_map(pages: TestClient, dataset: str) -> None:
    """The page says what makes one, and nobody has a place."""
    assert "There is no map yet" in pages.get("/map", params={"dataset": dataset}).text
    assert pages.get("/map.json", params={"dataset": dataset}).json()["users"] == []
