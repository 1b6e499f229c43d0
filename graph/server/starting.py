"""The start of a server in a folder that one command holds, and what is tried where it does not start at once."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen

from persona_db.graph.errors import DiskFullError, ServerError
from persona_db.graph.progress import Progress
from persona_db.graph.room import FIRST_START_MB, MB, START_MB, require_free
from persona_db.graph.settings import Settings

from .health import Health, State, look
from .home import Home, Record, free_ports
from .java import Java
from .lock import read_lock
from .process import answers_bolt, end, find_strays, last_lines, launch, set_initial_password

__all__ = [
    "DATABASE",
    "STORE_BEFORE",
    "STORE_TO_COME",
    "TRAINING",
    "USERNAME",
    "bolt_uri",
    "browser_url",
    "drop_training",
    "drop_unfinished",
    "end_all",
    "health_of",
    "older",
    "settle_store",
    "start",
    "training_lock",
]

log = logging.getLogger(__name__)

USERNAME = "neo4j"
DATABASE = "neo4j"
STORE_BEFORE, STORE_TO_COME = "data-before", "data-to-come"
"""Where the store is that one without what was deleted takes the place of, and where that one is, until it is done."""
TRAINING = "start-to-come"
"""Beside the jars, where the server is that the start cache is made of, until it is done."""
STARTING = "starting Neo4j"
PORT_TAKEN = ("PortBindException", "already in use")  # on the console of a server whose port was not free
OUT_OF_MEMORY = "OutOfMemoryError"
ATTEMPTS = 4

HANDSHAKE_SECONDS = 2.0
START_SECONDS = 600.0  # recovery after a crash reads what was written since the last checkpoint
HUNG_STOP_SECONDS = 20.0  # for a server that no longer answers, before it is killed
STOPPED_SECONDS = 5.0  # for one whose database has stopped: it would wait for ever for room to write in


def start(
    home: Home, *, settings: Settings, progress: Progress, shown: bool = True, watched: Sequence[str] = ()
) -> Record:
    """Start a server in *home*, whose lock is held; return its record once a client was answered.

    One that is not *shown*, while its store is written anew, is used by no other command until its record says so.
    *watched* are options of Java for a server that a start cache is made of.
    """
    from .memory import plan_memory
    from .start_cache import forget

    lock = read_lock()
    last = home.read_record()
    if last is not None and older(lock.neo4j, last.version):
        raise ServerError(
            f"{home.folder} was last used by Neo4j {last.version}, and this persona-db brings {lock.neo4j}, which "
            "may not read it; upgrade persona-db, or set PERSONA_DB_HOME to another folder"
        )
    require_free(home.folder, (START_MB if home.initialised else FIRST_START_MB) * MB, "starting Neo4j")
    crashed = last is not None and last.pid is not None  # it was not stopped by a command
    java, jars = _installed(settings, progress=progress, suspect=crashed)
    memory = plan_memory(settings)
    end_all(home, patience=HUNG_STOP_SECONDS)
    drop_temporary(home)
    if shown:
        settle_store(home)
    progress(STARTING, 0, None)
    home.make_password()
    wished = (last.bolt_port, last.http_port) if last is not None else (0, 0)
    whole_log, health = True, Health(state=State.STARTING)
    blamed: Path | None = None
    for attempt in range(ATTEMPTS):
        bolt_port, http_port = free_ports(*(wished if attempt == 0 else (0, 0)))
        home.write_configuration(bolt_port=bolt_port, http_port=http_port, memory=memory, whole_log=whole_log)
        if not home.initialised:
            set_initial_password(home, java=java, jars=jars)
        process = launch(home, java=java, jars=jars, heap_mb=memory.heap_mb, options=watched)
        record = Record(
            version=lock.neo4j,
            bolt_port=bolt_port,
            http_port=http_port,
            pid=process.pid,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        home.write_record(record)
        health = _wait(home, record, process=process, progress=progress)
        if health.state in (State.WELL, State.READ_ONLY):
            if blamed is not None:
                forget(blamed)
            return _answering(home, record, shown=shown)
        printed = last_lines(home, count=60)
        end_all(home, patience=STOPPED_SECONDS)
        home.write_record(record.model_copy(update={"pid": None}))
        require_free(home.folder, START_MB * MB, "starting Neo4j")
        if process.returncode is not None and any(OUT_OF_MEMORY in line for line in printed):
            memory = memory.larger()
            log.warning("Neo4j ran out of memory and is started with a heap of %s MB", memory.heap_mb)
        elif health.state in (State.FAILED, State.STOPPED) and whole_log:
            whole_log = False
            log.warning("the end of Neo4j's transaction log is torn, and Neo4j is started without it")
        elif any(sign in line for line in printed for sign in PORT_TAKEN):
            continue
        elif health.state is State.STARTING and java.start_cache is not None:
            blamed, java = java.start_cache, java.model_copy(update={"start_cache": None})
            log.info("Neo4j ended while it started, and is started without a start cache")
        else:
            break
    said = health.reason or "\n".join(last_lines(home, count=12)) or "it printed nothing"
    raise ServerError(
        f"Neo4j did not start (exit status {process.returncode}); {home.console_log} and {home.logs / 'debug.log'} "
        f"say more, and `persona-db restore FILE` takes a backup in the place of what is there. Its last lines:\n{said}"
    )


def _answering(home: Home, record: Record, *, shown: bool) -> Record:
    """Write down that the server of *record* answers, and return its record."""
    ready = record.model_copy(update={"ready": shown})
    home.write_record(ready)
    log.info("Neo4j %s answers at %s, process %s", ready.version, bolt_uri(ready), ready.pid)
    return ready


def _installed(settings: Settings, *, progress: Progress, suspect: bool) -> tuple[Java, tuple[Path, ...]]:
    """Return the Java that runs the server, with a start cache where there is one, and the server's jars."""
    from .jars import install_jars
    from .java import find_java
    from .start_cache import with_start_cache

    lock, java = read_lock(), find_java()
    jars = install_jars(lock, settings.cache_dir / f"neo4j-{lock.neo4j}", progress=progress, suspect=suspect)
    _drop_killed_training(jars[0].parent)
    return with_start_cache(java, jars, settings=settings, suspect=suspect), jars


def _wait(home: Home, record: Record, *, process: Popen[bytes], progress: Progress) -> Health:
    """Wait until the server's database answers a client, cannot be opened, or its process ended; return its health."""
    began = time.monotonic()
    while process.poll() is None:
        progress(STARTING, round(time.monotonic() - began), None)
        if answers_bolt(record.bolt_port, timeout=HANDSHAKE_SECONDS):
            health = health_of(home, record)
            if health.state is not State.STARTING:
                return health
        if time.monotonic() - began > START_SECONDS:
            end_all(home, patience=HUNG_STOP_SECONDS)
            raise ServerError(
                f"Neo4j did not answer within {START_SECONDS:.0f} s and was stopped; see {home.logs / 'debug.log'}"
            )
        time.sleep(0.1)
    return Health(state=State.STARTING)


def health_of(home: Home, record: Record) -> Health:
    """Return how the database of a server that answers is; ServerError when it refuses the password."""
    from neo4j.exceptions import AuthError

    try:
        return look(bolt_uri(record), username=USERNAME, password=home.read_password(), database=DATABASE)
    except AuthError as exc:
        raise ServerError(
            f"Neo4j refuses the password in {home.password_file}; put the right one there, "
            f"or remove {home.folder} to begin with an empty graph"
        ) from exc


def end_all(home: Home, *, patience: float) -> bool:
    """End every server of *home*, recorded or not; tell whether there was one."""
    processes = find_strays(home)
    if processes:
        end(processes, patience=patience)
    record = home.read_record()
    if record is not None and record.pid is not None:
        try:
            home.write_record(record.model_copy(update={"pid": None, "ready": False}))
        except (DiskFullError, ServerError) as exc:  # the process it names is gone, and known for it
            log.debug("the record of a stopped server stays as it was: %s", exc)
    return bool(processes)


def drop_temporary(home: Home) -> None:
    """Remove what servers that were killed left in the folder's place for temporary files; none is running."""
    shutil.rmtree(home.temporary, ignore_errors=True)
    home.temporary.mkdir(mode=0o700, parents=True, exist_ok=True)


def settle_store(home: Home) -> None:
    """Complete or undo the change of a store that a command was stopped at; its server is not running."""
    before = home.folder / STORE_BEFORE
    if before.exists():
        if home.initialised:
            shutil.rmtree(before)
        else:
            shutil.rmtree(home.folder / "data", ignore_errors=True)
            before.rename(home.folder / "data")
    drop_unfinished(home)


def drop_unfinished(home: Home) -> None:
    """Remove the new store that a command was stopped at, and end its server."""
    unfinished = home.folder / STORE_TO_COME
    if unfinished.exists():
        end_all(Home(unfinished), patience=HUNG_STOP_SECONDS)
        shutil.rmtree(unfinished)


@contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of making a start cache in the jars' *folder*; filelock's Timeout where another holds it."""
    from filelock import FileLock

    with FileLock(folder / f"{TRAINING}.lock", timeout=0):
        yield


def drop_training(folder: Path) -> None:
    """End the server that a start cache was to be made of, and remove what it left; the lock is held."""
    unfinished = folder / TRAINING
    if unfinished.exists():
        end_all(Home(unfinished), patience=STOPPED_SECONDS)
        shutil.rmtree(unfinished, ignore_errors=True)


def _drop_killed_training(folder: Path) -> None:
    """End the server of a process that was killed while it made a start cache: nobody else would."""
    from filelock import Timeout

    if not (folder / TRAINING).exists():
        return
    try:
        with training_lock(folder):
            drop_training(folder)
    except (OSError, Timeout) as exc:
        log.debug("a start cache is being made: %s", exc)


def bolt_uri(record: Record) -> str:
    """Return where the server answers Bolt."""
    return f"bolt://127.0.0.1:{record.bolt_port}"


def browser_url(record: Record) -> str:
    """Return where the server shows Neo4j Browser."""
    return f"http://127.0.0.1:{record.http_port}/browser/"


def older(version: str, than: str) -> bool:
    """Tell whether a version of Neo4j came before another."""
    return _parts(version) < _parts(than)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
