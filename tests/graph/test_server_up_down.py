"""`up`, `status` and `down` from the first to the last."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from persona_db.cli.down import down
from persona_db.cli.status import status
from persona_db.cli.up import up
from persona_db.graph import server
from persona_db.graph.datasets import drop_dataset, ensure_dataset
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings

app = typer.Typer()
for command in (up, down, status):
    app.command()(command)


@pytest.fixture
def own_settings(
    neo4j_server: server.Connection,
    neo4j_settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Settings]:
    """Settings, in the environment, of a server for the commands alone."""
    settings = neo4j_settings.model_copy(update={"home": tmp_path_factory.mktemp("commands")})
    monkeypatch.setenv("PERSONA_DB_HOME", str(settings.home))
    monkeypatch.setenv("PERSONA_DB_CACHE", str(settings.cache))
    monkeypatch.setenv("PERSONA_DB_HEAP_MB", str(settings.heap_mb))
    yield settings
    server.stop(settings)


def run(*arguments: str) -> str:
    """Return what the command prints on stdout."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_a_server_s_day(own_settings: Settings) -> None:
    """Started once, described, filled, described, stopped once; its password is never printed."""
    assert json.loads(run("up", "--json"))["started"] is True
    connection = server.ensure_running(own_settings)
    printed = [run("up"), run("up", "--json"), run("status"), run("status", "--json")]
    assert printed[0].splitlines() == [
        f"Neo4j {connection.version} is running at {connection.uri}",
        f"Neo4j Browser: {connection.browser_url}",
    ]
    told = json.loads(printed[1])
    assert (told["started"], told["embedded"], told["uri"]) == (False, True, connection.uri)
    assert printed[2].splitlines() == [
        f"Neo4j {connection.version} is running",
        f"Bolt URI       {connection.uri}",
        f"Neo4j Browser  {connection.browser_url}",
        "User           neo4j",
        f"Password file  {connection.data_dir / 'password'}",
        f"Data folder    {connection.data_dir}",
        f"Process        {connection.pid}, since {json.loads(printed[3])['started_at']}",
        "",
        "no datasets yet; `persona-db demo` or `persona-db load` makes one",
    ]

    with Graph.connect(own_settings) as graph:
        ensure_dataset(graph, "people")
        ensure_dataset(graph, "hidden", evaluation=True)
        graph.driver.execute_query(
            "UNWIND range(1, 1234) AS i CREATE (:User {dataset: 'people', id: toString(i)}) "
            "CREATE (:User {dataset: 'hidden', id: toString(i)}) "
            "WITH i WHERE i < 3 CREATE (:Fact {dataset: 'people', fit: 'f', id: toString(i)})",
            database_="neo4j",
        )
    printed += [run("status"), run("status", "--json")]
    assert printed[4].splitlines()[-4:] == [
        "",
        "Dataset people (not refined yet)",
        "  Fact                    2",
        "  User                1,234",
    ]
    assert json.loads(printed[5])["datasets"] == [
        {
            "dataset": "people",
            "current_fit": None,
            "counts": {"Fact": 2, "User": 1234},
            "left_out": {},
            "lifts": [],
            "ledger": [],
        }
    ]

    printed += [run("down"), run("down"), run("status")]
    assert printed[6:8] == ["Neo4j was stopped\n", "Neo4j was not running\n"]
    assert printed[8].splitlines()[0] == f"Neo4j {connection.version} is not running"
    assert [text for text in printed if connection.password.get_secret_value() in text] == []


def test_counts_are_of_one_dataset(graph: Graph, dataset: str) -> None:
    """Every label of the model is counted, and nothing of another dataset is."""
    labels = ("CacheKey", "Fact", "Fit", "HistoryItem", "Persona", "Quarantine", "Question", "Statement", "User")
    other = f"other-{uuid.uuid4().hex}"
    for count, label in enumerate(labels, start=1):
        graph.driver.execute_query(
            "UNWIND range(1, $count) AS i UNWIND [$one, $other, $other] AS dataset "
            f"CREATE (:{label} {{dataset: dataset, fit: 'f', id: randomUUID()}})",
            count=count,
            one=dataset,
            other=other,
            database_="neo4j",
        )
    try:
        rows = graph.read("counts_by_label", dataset=dataset)
        assert [(row["label"], row["nodes"]) for row in rows] == list(zip(labels, range(1, 10), strict=True))
    finally:
        drop_dataset(graph, other)
