"""One running server for each data folder: the first command starts it, and all use it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen

from pydantic import Field, SecretStr

from persona_db.graph.errors import ServerError
from persona_db.graph.models import Model
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.settings import Settings

from .home import Home, Record, free_ports
from .lock import read_lock
from .process import answers_bolt, end, find_process, find_strays, last_lines, launch, set_initial_password

__all__ = ["Connection", "ServerStatus", "ensure_running", "status", "stop"]

log = logging.getLogger(__name__)

USERNAME = "neo4j"
DATABASE = "neo4j"
STARTING = "starting Neo4j"
PORT_TAKEN = ("PortBindException", "already in use")  # on the console of a server whose port was not free

HANDSHAKE_SECONDS = 2.0
HANG_SECONDS = 30.0  # how long a process that does not answer is given: it may be collecting garbage
START_SECONDS = 600.0  # recovery after a crash reads what was written since the last checkpoint
STOP_SECONDS = 180.0
HUNG_STOP_SECONDS = 20.0  # for a server that no longer answers, before it is killed
LOCK_SECONDS = START_SECONDS + STOP_SECONDS


class Connection(Model):
    """How to reach a running embedded server."""

    uri: str = Field(description="Bolt URI.")
    username: str
    password: SecretStr
    database: str
    browser_url: str = Field(description="Neo4j Browser.")
    data_dir: Path
    version: str = Field(description="Of Neo4j.")
    pid: int


class ServerStatus(Model):
    """What is known of a folder's embedded server without starting it."""

    running: bool
    uri: str | None = Field(description="Bolt URI; None while it is stopped.")
    browser_url: str | None = Field(description="Neo4j Browser; None while it is stopped.")
    username: str
    password_file: Path
    data_dir: Path
    version: str = Field(description="Neo4j that runs, or ran last.")
    pid: int | None
    started_at: str | None = Field(description="ISO 8601, UTC; None while it is stopped.")


def ensure_running(settings: Settings, *, progress: Progress = no_progress) -> Connection:
    """Return the connection to the folder's server, started (and installed) if need be; it outlives the caller.

    A server that died or no longer answers is started again; what was committed is there. Of several commands
    at once one starts it, the others wait. ServerError when it cannot be installed or started.
    """
    home = Home(settings.data_dir)
    record = _answering(home)
    if record is not None and not _older(record.version, read_lock().neo4j):
        return _connection(home, record)
    home.make()
    with _alone(home, progress=progress):
        record = _answering(home) or _revived(home, progress=progress)
        if record is not None:
            if not _older(record.version, read_lock().neo4j):
                return _connection(home, record)
            log.info("Neo4j %s makes way for %s", record.version, read_lock().neo4j)
            _end_all(home, patience=STOP_SECONDS)
        return _connection(home, _start(home, settings=settings, progress=progress))


def stop(settings: Settings, *, progress: Progress = no_progress) -> bool:
    """Stop the folder's server, in good order; tell whether there was one."""
    home = Home(settings.data_dir)
    if not home.run.exists():
        return False
    with _alone(home, progress=progress):
        progress("stopping Neo4j", 0, None)
        return _end_all(home, patience=STOP_SECONDS)


def status(settings: Settings) -> ServerStatus | None:
    """Return what is known of the folder's server, None when there never was one; starts nothing."""
    home = Home(settings.data_dir)
    record = home.read_record()
    if record is None:
        return None
    running = _answering(home) is not None
    return ServerStatus(
        running=running,
        uri=_bolt_uri(record) if running else None,
        browser_url=_browser_url(record) if running else None,
        username=USERNAME,
        password_file=home.password_file,
        data_dir=home.folder,
        version=record.version,
        pid=record.pid if running else None,
        started_at=record.started_at if running else None,
    )


@contextmanager
def _alone(home: Home, *, progress: Progress) -> Iterator[None]:
    """Hold the folder's lock: one command at a time starts or stops its server."""
    from filelock import FileLock, Timeout

    lock = FileLock(home.lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("waiting for another command that starts or stops Neo4j", 0, None)
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as exc:
            raise ServerError(f"another command holds {home.lock_file}; end it and try again") from exc
    try:
        yield
    finally:
        lock.release()


def _answering(home: Home) -> Record | None:
    """Return the record of a server that is alive, was ready, and answers now."""
    record = home.read_record()
    if record is None or not record.ready or find_process(home, record.pid) is None:
        return None
    return record if answers_bolt(record.bolt_port, timeout=HANDSHAKE_SECONDS) else None


def _revived(home: Home, *, progress: Progress) -> Record | None:
    """Return the record of a server that was alive without answering, once it does answer; None if it will not.

    It may be one whose command was killed while it started, or one that is busy for a while.
    """
    record = home.read_record()
    if record is None or find_process(home, record.pid) is None:
        return None
    deadline = time.monotonic() + (HANG_SECONDS if record.ready else START_SECONDS)
    while time.monotonic() < deadline and find_process(home, record.pid) is not None:
        progress(STARTING, 0, None)
        if answers_bolt(record.bolt_port, timeout=HANDSHAKE_SECONDS) and _accepts(home, record):
            ready = record.model_copy(update={"ready": True})
            home.write_record(ready)
            return ready
        time.sleep(0.2)
    log.warning("Neo4j (process %s) does not answer and is started again", record.pid)
    return None


def _start(home: Home, *, settings: Settings, progress: Progress) -> Record:
    """Start a server in *home*, whose lock is held; return its record once a client was answered."""
    from .jars import install_jars
    from .java import find_java
    from .memory import plan_memory

    lock = read_lock()
    last = home.read_record()
    if last is not None and _older(lock.neo4j, last.version):
        raise ServerError(
            f"{home.folder} was last used by Neo4j {last.version}, and this persona-db brings {lock.neo4j}, which "
            "may not read it; upgrade persona-db, or set PERSONA_DB_HOME to another folder"
        )
    java = find_java()
    jars = install_jars(lock, settings.cache_dir / f"neo4j-{lock.neo4j}", progress=progress)
    memory = plan_memory(settings)
    _end_all(home, patience=HUNG_STOP_SECONDS)
    progress(STARTING, 0, None)
    home.make_password()
    wished = (last.bolt_port, last.http_port) if last is not None else (0, 0)
    for attempt in range(3):
        bolt_port, http_port = free_ports(*(wished if attempt == 0 else (0, 0)))
        home.write_configuration(bolt_port=bolt_port, http_port=http_port, memory=memory)
        if not home.initialised:
            set_initial_password(home, java=java, jars=jars)
        process = launch(home, java=java, jars=jars, heap_mb=memory.heap_mb)
        record = Record(
            version=lock.neo4j,
            bolt_port=bolt_port,
            http_port=http_port,
            pid=process.pid,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        home.write_record(record)
        if _wait(home, record, process=process, progress=progress):
            ready = record.model_copy(update={"ready": True})
            home.write_record(ready)
            log.info("Neo4j %s answers at %s, process %s", ready.version, _bolt_uri(ready), ready.pid)
            return ready
        home.write_record(record.model_copy(update={"pid": None}))
        if not any(sign in line for line in last_lines(home, count=60) for sign in PORT_TAKEN):
            break
    said = "\n".join(last_lines(home, count=12)) or "it printed nothing"
    raise ServerError(
        f"Neo4j did not start (exit status {process.returncode}); {home.console_log} and {home.logs / 'debug.log'} "
        f"say more. Its last lines:\n{said}"
    )


def _wait(home: Home, record: Record, *, process: Popen[bytes], progress: Progress) -> bool:
    """Wait until the server answers a client; False when its process ended instead."""
    began = time.monotonic()
    while process.poll() is None:
        progress(STARTING, round(time.monotonic() - began), None)
        if answers_bolt(record.bolt_port, timeout=HANDSHAKE_SECONDS) and _accepts(home, record):
            return True
        if time.monotonic() - began > START_SECONDS:
            _end_all(home, patience=HUNG_STOP_SECONDS)
            raise ServerError(
                f"Neo4j did not answer within {START_SECONDS:.0f} s and was stopped; see {home.logs / 'debug.log'}"
            )
        time.sleep(0.1)
    return False


def _accepts(home: Home, record: Record) -> bool:
    """Tell whether the server lets our user begin a transaction; ServerError when it refuses the password."""
    from neo4j import GraphDatabase
    from neo4j.exceptions import AuthError, DriverError, Neo4jError

    password = home.read_password().get_secret_value()
    try:
        with (
            GraphDatabase.driver(_bolt_uri(record), auth=(USERNAME, password)) as driver,
            driver.session(database=DATABASE) as session,
            session.begin_transaction() as transaction,
        ):
            transaction.commit()
    except AuthError as exc:
        raise ServerError(
            f"Neo4j refuses the password in {home.password_file}; put the right one there, "
            f"or remove {home.folder} to begin with an empty graph"
        ) from exc
    except (DriverError, Neo4jError) as exc:
        log.debug("Neo4j is not ready: %s", exc)
        return False
    return True


def _end_all(home: Home, *, patience: float) -> bool:
    """End every server of *home*, recorded or not; tell whether there was one."""
    processes = find_strays(home)
    if processes:
        end(processes, patience=patience)
    record = home.read_record()
    if record is not None and record.pid is not None:
        home.write_record(record.model_copy(update={"pid": None, "ready": False}))
    return bool(processes)


def _connection(home: Home, record: Record) -> Connection:
    if record.pid is None:
        raise ServerError(f"{home.record_file} names no process; run the command again")
    return Connection(
        uri=_bolt_uri(record),
        username=USERNAME,
        password=home.read_password(),
        database=DATABASE,
        browser_url=_browser_url(record),
        data_dir=home.folder,
        version=record.version,
        pid=record.pid,
    )


def _bolt_uri(record: Record) -> str:
    return f"bolt://127.0.0.1:{record.bolt_port}"


def _browser_url(record: Record) -> str:
    return f"http://127.0.0.1:{record.http_port}/browser/"


def _older(version: str, than: str) -> bool:
    return _parts(version) < _parts(than)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
