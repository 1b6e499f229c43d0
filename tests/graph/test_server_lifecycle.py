"""One server a folder: started once, found again, started anew when it died, stopped in good order."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from neo4j import Driver, GraphDatabase
from neo4j.exceptions import ServiceUnavailable

from persona_db.graph import server
from persona_db.graph.errors import ServerError
from persona_db.graph.server import lifecycle, starting
from persona_db.graph.server.home import Home, Record, free_ports
from persona_db.graph.server.lock import read_lock
from persona_db.graph.server.process import answers_bolt, find_process
from persona_db.graph.settings import Settings

ENSURE = (
    "import json, time; from persona_db.graph import server; from persona_db.graph.settings import Settings; "
    "print(json.dumps(server.ensure_running(Settings()).model_dump(mode='json')))"
)

RECOVERY = "Recovery required"  # what Neo4j's log says of a server that was not stopped in good order


@pytest.fixture(scope="module")
def own_settings(
    neo4j_server: server.Connection, neo4j_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of a server for these tests alone, in a folder with a blank and a colon in its name."""
    settings = neo4j_settings.model_copy(update={"home": tmp_path_factory.mktemp("own") / "a home: of one's own"})
    yield settings
    server.stop(settings)


@pytest.fixture
def home(own_settings: Settings) -> Home:
    return Home(own_settings.data_dir)


@contextmanager
def driver_of(connection: server.Connection) -> Iterator[Driver]:
    """Open a driver to *connection*."""
    auth = (connection.username, connection.password.get_secret_value())
    with GraphDatabase.driver(connection.uri, auth=auth) as driver:
        yield driver


def start_command(settings: Settings) -> subprocess.Popen[str]:
    """Begin a command in another Python that needs the server of *settings*."""
    environment = os.environ | {
        "PERSONA_DB_HOME": str(settings.home),
        "PERSONA_DB_CACHE": str(settings.cache),
        "PERSONA_DB_HEAP_MB": str(settings.heap_mb),
    }
    return subprocess.Popen([sys.executable, "-c", ENSURE], stdout=subprocess.PIPE, text=True, env=environment)


def wait_for_start(home: Home, *, seconds: float = 60) -> Record:
    """Wait until a server process of *home* was started, ready or not; return its record."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        record = home.read_record()
        if record is not None and find_process(home, record.pid) is not None:
            return record
        time.sleep(0.01)
    raise TimeoutError("no server was started")


def servers_of(home: Home) -> list[int]:
    """Processes that serve *home*."""
    return [p.pid for p in psutil.process_iter(["cmdline"]) if home.argument in (p.info["cmdline"] or ())]


def halt(connection: server.Connection) -> None:
    """Let the server's process lie still: alive, and answering nobody."""
    os.kill(connection.pid, signal.SIGSTOP)
    while answers_bolt(urlsplit(connection.uri).port or 0, timeout=0.3):
        time.sleep(0.01)


def test_two_commands_at_once_start_one_server(own_settings: Settings, home: Home) -> None:
    """Both are given the same one, and it outlives them."""
    commands = [start_command(own_settings) for _ in range(2)]
    told = [json.loads(command.communicate(timeout=180)[0]) for command in commands]
    assert [command.returncode for command in commands] == [0, 0]
    assert told[0] == told[1]
    assert servers_of(home) == [told[0]["pid"]]
    assert server.ensure_running(own_settings).pid == told[0]["pid"]


def test_a_running_server_is_found_in_no_time(own_settings: Settings) -> None:
    """Every command pays for this; the best of five is not disturbed by what else the machine does."""
    server.ensure_running(own_settings)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        server.ensure_running(own_settings)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.05


def test_the_password_is_its_owner_s(own_settings: Settings, home: Home) -> None:
    """It is in no file that others can read, and on no command line."""
    connection = server.ensure_running(own_settings)
    assert stat.S_IMODE(home.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    password = connection.password.get_secret_value()
    assert password not in " ".join(psutil.Process(connection.pid).cmdline())
    written = [file for file in home.folder.rglob("*") if file.is_file() and file.suffix in {".conf", ".json", ".log"}]
    assert [file.name for file in written if password in file.read_text(errors="replace")] == []


def test_the_browser_answers(own_settings: Settings) -> None:
    """With a page, at the address that is told."""
    address = urlsplit(server.ensure_running(own_settings).browser_url)
    assert address.path == "/browser/"
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.request("GET", address.path)
        response = connection.getresponse()
        assert response.status == 200
        assert "Neo4j Browser" in response.read().decode()
    finally:
        connection.close()


def test_a_killed_server_is_started_again_with_all_that_was_committed(own_settings: Settings, home: Home) -> None:
    """At the same addresses."""
    first = server.ensure_running(own_settings)
    with driver_of(first) as driver:
        driver.execute_query("UNWIND range(1, 1000) AS i CREATE (:Kept {i: i})", database_="neo4j")
        with driver.session(database="neo4j") as session:
            transaction = session.begin_transaction()
            transaction.run("CREATE (:Lost)").consume()
            os.kill(first.pid, signal.SIGKILL)
            with pytest.raises(ServiceUnavailable):
                transaction.commit()
    found = server.status(own_settings)
    assert found is not None
    assert not found.running
    second = server.ensure_running(own_settings)
    assert second.pid != first.pid
    assert (second.uri, second.browser_url) == (first.uri, first.browser_url)
    with driver_of(second) as driver:
        counted = "MATCH (n) RETURN sum(CASE WHEN n:Kept THEN 1 ELSE 0 END) AS kept, count(*) AS all_of_them"
        [row] = driver.execute_query(counted, database_="neo4j").records
        assert (row["kept"], row["all_of_them"]) == (1000, 1000)
    assert RECOVERY in (home.logs / "debug.log").read_text()


def test_what_a_killed_server_leaves_goes(own_settings: Settings, home: Home) -> None:
    """Its temporary files, with the next start, which compares the jars with their sums again."""
    running = server.ensure_running(own_settings)
    assert any(home.temporary.iterdir())
    (home.temporary / "of the killed").mkdir()
    verified = next(own_settings.cache_dir.glob("neo4j-*/verified.json"))
    before = verified.stat().st_mtime_ns
    os.kill(running.pid, signal.SIGKILL)
    server.ensure_running(own_settings)
    assert not (home.temporary / "of the killed").exists()
    assert verified.stat().st_mtime_ns > before


def test_a_server_that_hangs_is_started_again(own_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is alive, and answers nobody."""
    monkeypatch.setattr(lifecycle, "HANDSHAKE_SECONDS", 0.3)
    monkeypatch.setattr(lifecycle, "HANG_SECONDS", 1.0)
    monkeypatch.setattr(lifecycle, "HUNG_STOP_SECONDS", 1.0)
    first = server.ensure_running(own_settings)
    halt(first)
    second = server.ensure_running(own_settings)
    assert second.pid != first.pid
    assert servers_of(Home(own_settings.data_dir)) == [second.pid]


def test_a_server_that_is_busy_for_a_moment_is_kept(own_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for."""
    monkeypatch.setattr(lifecycle, "HANDSHAKE_SECONDS", 0.3)
    first = server.ensure_running(own_settings)
    halt(first)
    waking = subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {first.pid}"])
    try:
        assert server.ensure_running(own_settings).pid == first.pid
    finally:
        assert waking.wait(timeout=30) == 0


def test_a_server_that_no_record_tells_of_is_replaced(own_settings: Settings, home: Home) -> None:
    """Two servers of one folder would be one too many."""
    first = server.ensure_running(own_settings)
    home.record_file.unlink()
    second = server.ensure_running(own_settings)
    assert servers_of(home) == [second.pid] != [first.pid]


def test_stopping_is_clean(own_settings: Settings, home: Home) -> None:
    """No recovery is needed afterwards, the addresses stay, and a second stop has nothing to do."""
    first = server.ensure_running(own_settings)
    with driver_of(first) as driver:
        driver.execute_query("CREATE (:Kept)", database_="neo4j")
    assert server.stop(own_settings) is True
    assert servers_of(home) == []
    assert server.stop(own_settings) is False
    found = server.status(own_settings)
    assert found is not None
    assert (found.running, found.uri, found.pid) == (False, None, None)
    told_before = (home.logs / "debug.log").stat().st_size
    again = server.ensure_running(own_settings)
    assert (again.uri, again.browser_url) == (first.uri, first.browser_url)
    told = (home.logs / "debug.log").read_bytes()[told_before:].decode()
    assert "INFO" in told
    assert RECOVERY not in told


def test_a_server_whose_command_was_killed_is_taken_over(own_settings: Settings, home: Home) -> None:
    """It goes on starting, and the next command waits for that one."""
    server.stop(own_settings)
    command = start_command(own_settings)
    record = wait_for_start(home)
    command.kill()
    command.communicate()
    assert server.ensure_running(own_settings).pid == record.pid
    assert servers_of(home) == [record.pid]


def test_a_port_taken_at_the_last_moment_is_given_up(own_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program was faster; it keeps the port, and the server is given others."""
    server.stop(own_settings)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        offers = iter([(port, free_ports(0)[0])])
        monkeypatch.setattr(starting, "free_ports", lambda *wished: next(offers, None) or free_ports(*wished))
        assert urlsplit(server.ensure_running(own_settings).uri).port != port
    assert next(offers, None) is None


def test_data_of_a_newer_neo4j_are_left_alone(own_settings: Settings, home: Home) -> None:
    """A running newer one is used; an older one is not started over its data."""
    server.ensure_running(own_settings)
    record = home.read_record()
    assert record is not None
    newer = record.model_copy(update={"version": "9999.01.0"})
    home.write_record(newer)
    assert server.ensure_running(own_settings).version == "9999.01.0"
    server.stop(own_settings)
    with pytest.raises(ServerError, match=r"Neo4j 9999\.01\.0.*upgrade persona-db, or set PERSONA_DB_HOME"):
        server.ensure_running(own_settings)
    home.write_record(record.model_copy(update={"pid": None, "ready": False}))


def test_an_older_server_makes_way(own_settings: Settings, home: Home) -> None:
    """After an upgrade of the package the next command starts what it brings."""
    first = server.ensure_running(own_settings)
    record = home.read_record()
    assert record is not None
    home.write_record(record.model_copy(update={"version": "2020.01.0"}))
    second = server.ensure_running(own_settings)
    assert (second.pid != first.pid, second.version) == (True, first.version)
    assert servers_of(home) == [second.pid]


def test_a_failed_start_says_why(neo4j_server: server.Connection, neo4j_settings: Settings, tmp_path: Path) -> None:
    """With the last lines the server wrote, and where there is more; a start cache, tried without too, stays."""
    folder = neo4j_settings.cache_dir / f"neo4j-{read_lock().neo4j}"
    caches = sorted(folder.glob("start-*.aot"))
    settings = neo4j_settings.model_copy(update={"home": tmp_path})
    home = Home(settings.data_dir)
    home.make()
    (home.folder / "data" / "databases").write_text("a file is in the way")
    with pytest.raises(ServerError, match=r"(?s)did not start.*console\.log.*last lines:\n.*databases"):
        server.ensure_running(settings)
    assert servers_of(home) == []
    assert sorted(folder.glob("start-*.aot")) == caches
    found = server.status(settings)
    assert found is not None
    assert not found.running


def test_a_lost_password_file_is_a_clear_error(own_settings: Settings, home: Home) -> None:
    """While the server runs, and once it is stopped; putting the file back mends it."""
    server.ensure_running(own_settings)
    password = home.password_file.read_text()
    home.password_file.unlink()
    with pytest.raises(ServerError, match=r"password file .* cannot be read"):
        server.ensure_running(own_settings)
    server.stop(own_settings)
    with pytest.raises(ServerError, match=r"password file .* is gone"):
        server.ensure_running(own_settings)
    home.password_file.write_text("wrong")
    with pytest.raises(ServerError, match=r"refuses the password in .*password"):
        server.ensure_running(own_settings)
    home.password_file.write_text(password)
    server.ensure_running(own_settings)
