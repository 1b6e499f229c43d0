"""One running server for each data folder: the first command starts it, and all use it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field, SecretStr

from persona_db.graph.errors import ServerError
from persona_db.graph.models import Model
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.room import MB, START_MB, free_bytes, full_disk
from persona_db.graph.settings import Settings

from .health import Health, State
from .home import Home, Record
from .lock import read_lock
from .process import answers_bolt, find_process
from .starting import (
    DATABASE,
    HANDSHAKE_SECONDS,
    HUNG_STOP_SECONDS,
    START_SECONDS,
    STARTING,
    STOPPED_SECONDS,
    USERNAME,
    bolt_uri,
    browser_url,
    drop_unfinished,
    end_all,
    health_of,
    older,
    start,
)

__all__ = ["Connection", "ServerStatus", "alone", "ensure_running", "status", "stop", "suspect"]

log = logging.getLogger(__name__)

HANG_SECONDS = 30.0  # how long a process that does not answer is given: it may be collecting garbage
STOP_SECONDS = 180.0
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
    if record is not None and not older(record.version, read_lock().neo4j):
        return _connection(home, record)
    home.make()
    with alone(home, progress=progress):
        drop_unfinished(home)
        record = _answering(home) or _mended(home, progress=progress)
        if record is not None:
            if not older(record.version, read_lock().neo4j):
                return _connection(home, record)
            log.info("Neo4j %s makes way for %s", record.version, read_lock().neo4j)
            end_all(home, patience=STOP_SECONDS)
        return _connection(home, start(home, settings=settings, progress=progress))


def stop(settings: Settings, *, progress: Progress = no_progress) -> bool:
    """Stop the folder's server, in good order; tell whether there was one."""
    home = Home(settings.data_dir)
    if not home.run.exists():
        return False
    with alone(home, progress=progress):
        progress("stopping Neo4j", 0, None)
        return _end_well(home)


def suspect(settings: Settings) -> None:
    """Have the next command look at the folder's server before it uses it, since its database took no work."""
    home = Home(settings.data_dir)
    record = home.read_record()
    if record is not None and record.ready:
        home.write_record(record.model_copy(update={"ready": False}))


def status(settings: Settings) -> ServerStatus | None:
    """Return what is known of the folder's server, None when there never was one; starts nothing."""
    home = Home(settings.data_dir)
    record = home.read_record()
    if record is None:
        return None
    running = _answering(home) is not None
    return ServerStatus(
        running=running,
        uri=bolt_uri(record) if running else None,
        browser_url=browser_url(record) if running else None,
        username=USERNAME,
        password_file=home.password_file,
        data_dir=home.folder,
        version=record.version,
        pid=record.pid if running else None,
        started_at=record.started_at if running else None,
    )


@contextmanager
def alone(home: Home, *, progress: Progress) -> Iterator[None]:
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


def _mended(home: Home, *, progress: Progress) -> Record | None:
    """Return the record of a running server whose database works; None when one has to be started.

    A database that a full disk, or a fault of its files, has stopped is ended here once there is room to start it
    again. Until then one that still reads is used as it is, and for one that does not DiskFullError is raised.
    """
    found = _revived(home, progress=progress)
    if found is None:
        return None
    record, health = found
    if health.state is State.WELL:
        ready = record.model_copy(update={"ready": True})
        home.write_record(ready)
        return ready
    if free_bytes(home.folder) < START_MB * MB:
        if health.state is State.READ_ONLY:
            return record
        end_all(home, patience=STOPPED_SECONDS)
        raise full_disk(home.folder, needed=START_MB * MB, what="starting Neo4j again")
    log.warning("Neo4j's database had stopped after a full disk or a fault of its files, and is started again")
    end_all(home, patience=HUNG_STOP_SECONDS if health.state is State.READ_ONLY else STOPPED_SECONDS)
    return None


def _end_well(home: Home) -> bool:
    """Stop the folder's server in good order; tell whether there was one.

    One whose database has stopped, or that finds no room to write what it holds, is given little time: it would wait
    for ever, and the next start takes from its log what it did not write.
    """
    record = home.read_record()
    patience = STOP_SECONDS
    if record is not None and find_process(home, record.pid) is not None:
        try:
            answers = answers_bolt(record.bolt_port, timeout=HANDSHAKE_SECONDS)
            hurt = answers and health_of(home, record).state in (State.STOPPED, State.FAILED)
        except ServerError:  # it refuses the password, which is not needed to stop it
            hurt = False
        if hurt or free_bytes(home.folder) < START_MB * MB:
            patience = STOPPED_SECONDS
    return end_all(home, patience=patience)


def _revived(home: Home, *, progress: Progress) -> tuple[Record, Health] | None:
    """Return the record of a server that was alive without answering, once it does, and its health; else None.

    It may be one whose command was killed while it started, or one that is busy for a while.
    """
    record = home.read_record()
    if record is None or find_process(home, record.pid) is None:
        return None
    deadline = time.monotonic() + (HANG_SECONDS if record.ready else START_SECONDS)
    while time.monotonic() < deadline and find_process(home, record.pid) is not None:
        progress(STARTING, 0, None)
        if answers_bolt(record.bolt_port, timeout=HANDSHAKE_SECONDS):
            health = health_of(home, record)
            if health.state is not State.STARTING:
                return record, health
        time.sleep(0.2)
    log.warning("Neo4j (process %s) does not answer and is started again", record.pid)
    return None


def _connection(home: Home, record: Record) -> Connection:
    if record.pid is None:
        raise ServerError(f"{home.record_file} names no process; run the command again")
    return Connection(
        uri=bolt_uri(record),
        username=USERNAME,
        password=home.read_password(),
        database=DATABASE,
        browser_url=browser_url(record),
        data_dir=home.folder,
        version=record.version,
        pid=record.pid,
    )
