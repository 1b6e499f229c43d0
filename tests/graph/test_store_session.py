"""A Graph runs named queries and nothing else, and says in our own errors what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from neo4j import Driver, GraphDatabase
from pydantic import SecretStr, ValidationError

from persona_db.graph import server
from persona_db.graph.errors import ConfigError, GraphUnavailableError, QueryFileError
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings


@pytest.fixture
def driver(neo4j_server: server.Connection) -> Iterator[Driver]:
    auth = (neo4j_server.username, neo4j_server.password.get_secret_value())
    with GraphDatabase.driver(neo4j_server.uri, auth=auth) as opened:
        yield opened


def given(connection: server.Connection, **changes: Any) -> Settings:
    """Settings that name the running server, as NEO4J_URI would."""
    named = {
        "neo4j_uri": connection.uri,
        "neo4j_username": connection.username,
        "neo4j_password": connection.password,
        "neo4j_database": connection.database,
    }
    return Settings(**{**named, **changes})


def test_reads_and_writes_keep_to_their_verb(graph: Graph, dataset: str) -> None:
    """A read query is run by `read`, a write query by `write`: else reads could not go to replicas."""
    assert graph.write("ensure_dataset", dataset=dataset, evaluation=True) == [{"evaluation": True}]
    assert graph.read("find_dataset", dataset=dataset)[0]["dataset"] == dataset
    with pytest.raises(QueryFileError, match=r"find_dataset\.cypher is a read query .* Graph\.read"):
        graph.write("find_dataset", dataset=dataset)
    with pytest.raises(QueryFileError, match=r"need_refit\.cypher is a write query .* Graph\.write"):
        graph.read("need_refit", dataset=dataset)


def test_unknown_query_and_parameters_are_refused(graph: Graph, dataset: str) -> None:
    """What the catalog and the headers don't know is refused before anything is sent."""
    with pytest.raises(QueryFileError, match="no query 'nope'"):
        graph.read("nope")
    with pytest.raises(QueryFileError, match="lacks user"):
        graph.read("find_user", dataset=dataset)
    with pytest.raises(QueryFileError, match="unknown usr"):
        graph.read("find_user", dataset=dataset, user="a", usr="a")
    with pytest.raises(QueryFileError, match="user is str, the call gives int"):
        graph.read("find_user", dataset=dataset, user=1)


def test_batches_are_transactions_of_their_own(graph: Graph, dataset: str, neo4j_server: server.Connection) -> None:
    """Rows go in batches of the set size, each told as progress; a failing one leaves those before it."""
    told: list[tuple[str, int, int | None]] = []
    rows = [{"id": f"q{n}", "source": "s", "row": n, "reason": "r"} for n in range(5)]
    with Graph.connect(given(neo4j_server, batch_size=2)) as small:
        stored = small.write_batches(
            "store_quarantine",
            rows,
            what="rows",
            progress=lambda what, done, total=None: told.append((what, done, total)),
            dataset=dataset,
        )
        assert [row["stored"] for row in stored] == [2, 2, 1]
        assert told == [("rows", 2, 5), ("rows", 4, 5), ("rows", 5, 5)]
        assert small.write_batches("store_quarantine", [], what="rows", dataset=dataset) == []


def test_transaction_holds_whole_or_not_at_all(graph: Graph, dataset: str) -> None:
    """An exception in the block takes back what its queries wrote; they see each other's writes before."""

    def change_my_mind() -> None:
        with graph.transaction() as work:
            work.run("ensure_dataset", dataset=dataset, evaluation=False)
            assert len(work.run("find_dataset", dataset=dataset)) == 1
            raise ConfigError("changed my mind")

    with pytest.raises(ConfigError, match="changed my mind"):
        change_my_mind()
    assert graph.read("find_dataset", dataset=dataset) == []
    with graph.transaction() as work:
        work.run("ensure_dataset", dataset=dataset, evaluation=False)
    assert len(graph.read("find_dataset", dataset=dataset)) == 1


def test_given_driver_is_used_and_left_open(driver: Driver, dataset: str) -> None:
    """A driver of the caller's stays the caller's; its graph gets the schema, and nothing is wiped."""
    with Graph.connect(driver=driver) as graph:
        graph.write("ensure_dataset", dataset=dataset, evaluation=False)
    driver.verify_connectivity()


def test_empty_graph_warns_of_nothing(graph: Graph, dataset: str, caplog: pytest.LogCaptureFixture) -> None:
    """Labels and properties that the graph doesn't know yet are no warnings."""
    assert graph.read("history_of", dataset=dataset, user="u", as_of="9999-12-31") == []
    assert graph.read("list_users", dataset=dataset, after="", limit=1) == []
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


def test_wrong_password_is_told_with_a_remedy(neo4j_server: server.Connection) -> None:
    """The error names the variables to check."""
    with pytest.raises(GraphUnavailableError, match=r"refuses the login.*NEO4J_PASSWORD"):
        Graph.connect(given(neo4j_server, neo4j_password=SecretStr("wrong")))


def test_no_server_is_told_with_a_remedy() -> None:
    """The error for a port on which nothing listens says how to start a server."""
    with pytest.raises(GraphUnavailableError, match=r"doesn't answer.*NEO4J_URI"):
        Graph.connect(Settings(neo4j_uri="bolt://127.0.0.1:9"))


def test_unusable_uri_is_told() -> None:
    """A URI with a scheme that the driver does not know is refused before anything is connected to."""
    with pytest.raises(ValidationError, match=r"write neo4j://127\.0\.0\.1:7687"):
        Settings(neo4j_uri="ftp://127.0.0.1")


def test_unknown_database_is_told(neo4j_server: server.Connection) -> None:
    """A database name that the server does not have is an error of ours, which names it."""
    with pytest.raises(GraphUnavailableError, match="nowhere"):
        Graph.connect(given(neo4j_server, neo4j_database="nowhere"))
