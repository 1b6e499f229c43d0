"""What the embedded server does not do, whoever has its password."""

from __future__ import annotations

import http.client
import shutil
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlsplit

import psutil
import pytest
from neo4j import Driver, GraphDatabase, Query
from neo4j.exceptions import AuthError, ClientError, Neo4jError, TransientError

from persona_db.graph import server
from persona_db.graph.server import home as home_module
from persona_db.graph.server.home import Home
from persona_db.graph.settings import Settings

ENDLESS = "UNWIND range(1, 1000000) AS i UNWIND range(1, 1000000) AS j WITH i + j AS s WHERE s < 0 RETURN s"


@pytest.fixture
def web_server() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine, and what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"a,b\n")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}", asked
        serving.shutdown()
        thread.join()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "file:///secret.csv", "file:///../secret.csv"])
def test_cypher_reads_no_file(driver: Driver, neo4j_settings: Settings, url: str) -> None:
    """Not even one in the import folder."""
    (neo4j_settings.data_dir / "import" / "secret.csv").write_text("a,b\n")
    with pytest.raises(ClientError, match="allow_csv_import_from_file_urls"):
        driver.execute_query("LOAD CSV FROM $url AS row RETURN row", url=url, database_="neo4j")


def test_cypher_reads_no_web_page(driver: Driver, web_server: tuple[str, list[str]]) -> None:
    """Nor can it tell the web anything in an address."""
    url, asked = web_server
    with pytest.raises(ClientError, match="blocked"):
        driver.execute_query("LOAD CSV FROM $url AS row RETURN row", url=f"{url}/x.csv?told=1", database_="neo4j")
    assert asked == []


@pytest.mark.parametrize("url", ["http://[::1]:9/x", "https://127.0.0.1:9/x", "ftp://127.0.0.1:9/x"])
def test_no_way_to_the_network_is_left(driver: Driver, url: str) -> None:
    """By whatever protocol and version of it."""
    with pytest.raises(ClientError, match="blocked"):
        driver.execute_query("LOAD CSV FROM $url AS row RETURN row", url=url, database_="neo4j")


def test_a_query_that_takes_too_much_memory_fails_alone(driver: Driver) -> None:
    """The server answers the next one."""
    with driver.session(database="neo4j") as session:
        with pytest.raises(TransientError, match=r"db\.memory\.transaction\.max"):
            session.run("UNWIND range(1, 100000000) AS i WITH collect(i) AS held RETURN size(held)").consume()
        assert session.run("RETURN 1 AS one").single(strict=True)["one"] == 1


def test_memory_of_all_transactions_is_limited(driver: Driver, neo4j_settings: Settings) -> None:
    """Together they leave part of the heap free."""
    rows = driver.execute_query(
        "SHOW SETTINGS 'db.memory.transaction.max', 'dbms.memory.transaction.total.max' YIELD name, value",
        database_="neo4j",
    ).records
    assert {row["name"]: row["value"] for row in rows} == {
        "db.memory.transaction.max": "204.00MiB",
        "dbms.memory.transaction.total.max": "358.00MiB",
    }


def test_a_client_s_time_limit_is_soon_noticed(driver: Driver) -> None:
    """Half a second is how often the server looks; by default it would be two. The better of two counts."""
    seconds = []
    for _ in range(2):
        began = time.monotonic()
        with driver.session(database="neo4j") as session, pytest.raises(Neo4jError, match=r"terminated|timed out"):
            session.run(Query(ENDLESS, timeout=0.5)).consume()
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 1.9


def test_queries_and_their_parameters_are_not_logged(driver: Driver, neo4j_settings: Settings) -> None:
    """What people said stays in the graph."""
    said = "a statement that nobody else should read"
    driver.execute_query("RETURN $said AS said", said=said, database_="neo4j")
    logs = [file for file in (neo4j_settings.data_dir / "logs").iterdir() if file.is_file()]
    assert logs
    assert [file.name for file in logs if said in file.read_text(errors="replace")] == []


def test_only_this_machine_is_listened_to(neo4j_server: server.Connection) -> None:
    """On two ports, for Bolt and the Browser, and for nothing else."""
    listening = [
        connection.laddr
        for connection in psutil.Process(neo4j_server.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    assert {address.port for address in listening} == {
        urlsplit(neo4j_server.uri).port,
        urlsplit(neo4j_server.browser_url).port,
    }
    others = [
        connection
        for connection in psutil.Process(neo4j_server.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_NONE
    ]
    assert others == []  # no datagram socket that looks for other servers


@pytest.mark.parametrize("auth", [None, ("neo4j", "neo4j"), ("neo4j", ""), ("nobody", "x")])
def test_nobody_gets_in_without_the_password(neo4j_server: server.Connection, auth: tuple[str, str] | None) -> None:
    """Nor with the one that Neo4j begins with."""
    with GraphDatabase.driver(neo4j_server.uri, auth=auth) as driver, pytest.raises((AuthError, ClientError)):
        driver.verify_connectivity()


def test_http_serves_the_browser_and_no_data(neo4j_server: server.Connection) -> None:
    """The interfaces for queries over HTTP are not there."""
    address = urlsplit(neo4j_server.browser_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        for path, method in (("/db/neo4j/tx/commit", "POST"), ("/db/neo4j/query/v2", "POST")):
            connection.request(method, path, body="{}", headers={"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            assert response.status in (401, 404)
    finally:
        connection.close()


def test_the_browser_loads_nothing_from_elsewhere(neo4j_server: server.Connection) -> None:
    """Its policy names this machine only, and no script that stands in the page itself."""
    parts = urlsplit(neo4j_server.browser_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("GET", parts.path)
    policy = connection.getresponse().getheader("Content-Security-Policy") or ""
    connection.close()
    allowed = dict(part.split(maxsplit=1) for part in policy.split("; "))
    assert allowed["default-src"] == "'self'"
    assert "script-src" not in allowed
    own = {"'self'", "'none'", "data:", "'unsafe-inline'"}
    elsewhere = {one for sources in allowed.values() for one in sources.split()} - own
    assert {urlsplit(one).hostname for one in elsewhere} == {"127.0.0.1"}


def test_nothing_is_told_to_anybody(driver: Driver) -> None:
    """Usage reports, telemetry and the search for other servers are off."""
    rows = driver.execute_query(
        "SHOW SETTINGS 'dbms.usage_report.enabled', 'client.allow_telemetry', 'server.bolt.telemetry.enabled', "
        "'server.fleet_discovery.enabled', 'dbms.fleet_manager.enabled' YIELD name, value",
        database_="neo4j",
    ).records
    assert {row["value"] for row in rows} == {"false"}
    assert len(rows) == 5


@pytest.fixture(scope="module")
def strict_server(
    neo4j_server: server.Connection, neo4j_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Driver, Home]]:
    """A server whose transactions end after a second, with a plugin in its folder."""
    settings = neo4j_settings.model_copy(update={"home": tmp_path_factory.mktemp("strict")})
    home = Home(settings.data_dir)
    home.make()
    with_procedures = next((settings.cache_dir / f"neo4j-{neo4j_server.version}").glob("neo4j-procedure-2*.jar"))
    shutil.copy(with_procedures, home.folder / "plugins" / "plugin.jar")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home_module, "TRANSACTION_TIMEOUT", "1s")
        connection = server.ensure_running(settings)
    try:
        password = connection.password.get_secret_value()
        with GraphDatabase.driver(connection.uri, auth=(connection.username, password)) as driver:
            yield driver, home
    finally:
        server.stop(settings)


def test_the_server_ends_a_query_that_takes_too_long(strict_server: tuple[Driver, Home]) -> None:
    """Though its client set no limit."""
    driver, _ = strict_server
    began = time.monotonic()
    with driver.session(database="neo4j") as session, pytest.raises(Neo4jError, match=r"terminated|timed out"):
        session.run(ENDLESS).consume()
    assert time.monotonic() - began < 4


def test_the_time_limit_is_ten_minutes(driver: Driver) -> None:
    """A load or a refinement in batches stays far below it."""
    rows = driver.execute_query("SHOW SETTINGS 'db.transaction.timeout' YIELD value", database_="neo4j").records
    assert [row["value"] for row in rows] == ["10m"]


def test_procedures_of_plugins_are_not_loaded(strict_server: tuple[Driver, Home]) -> None:
    """The list of those allowed is empty; those Neo4j itself brings are there, for no list applies to them."""
    _, home = strict_server
    log = (home.logs / "debug.log").read_text()
    assert "The procedure 'db.ping' is not on the allowlist and won't be loaded." in log


def test_functions_of_neo4j_itself_are_there(driver: Driver) -> None:
    """The queries use them."""
    [row] = driver.execute_query(
        "RETURN vector.similarity.cosine([1.0, 0.0], [1.0, 0.0]) AS same, date('2026-01-01') < date() AS past",
        database_="neo4j",
    ).records
    assert (row["same"], row["past"]) == (pytest.approx(1.0), True)
