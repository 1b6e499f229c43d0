"""The start cache is made: a Neo4j of its own, with an empty graph, is started once and watched by Java.

It is made in the background, by a process of the lowest priority, when a server was stopped and there is none yet.
Whatever is in its way is no error: servers then start as before.

    python -m persona_db.graph.server.training
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from persona_db.graph.errors import PersonaDBError, ServerError
from persona_db.graph.progress import no_progress
from persona_db.graph.room import MB, free_bytes
from persona_db.graph.settings import Settings

from .home import Home, Record
from .java import Java, find_java
from .lock import read_lock
from .process import class_path, last_words
from .start_cache import can_cache, is_given_up, is_there, keep, note_failure, start_cache_file
from .starting import DATABASE, TRAINING, USERNAME, bolt_uri, drop_training, end_all, start, training_lock

__all__ = ["main", "make_start_cache", "prepare_start_cache"]

log = logging.getLogger(__name__)

ROOM_MB = 1024
"""Asked for: the cache takes 200 MB, what it is made of as much again, and a disk should not be filled for speed."""
MEMORY_MB = 1024
"""Asked for: what a small Neo4j takes, twice."""
HEAP_MB = 256
STOP_SECONDS = 300.0
"""What a server that is watched was seen to take is ten seconds; a busy machine takes longer."""
MAKE_SECONDS = 600.0


class _FailedError(ServerError):
    """Java did not make a start cache, or does not take the one it made."""


_children: list[subprocess.Popen[bytes]] = []
"""Processes begun here, which outlive this one."""


def prepare_start_cache(settings: Settings) -> bool:
    """Begin to make the start cache in the background, unless it is there or cannot be; tell whether it was begun."""
    try:
        java = find_java()
        if not _wanted(settings, java) or not sys.executable:
            return False
        environment = os.environ | {"PERSONA_DB_CACHE": str(settings.cache_dir.absolute())}
        begun = subprocess.Popen(  # -P: nothing is imported from the folder that the user is in
            [sys.executable, "-P", "-m", "persona_db.graph.server.training"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, PersonaDBError) as exc:
        log.debug("no start cache is made: %s", exc)
        return False
    _children.append(begun)
    return True


def make_start_cache(settings: Settings) -> bool:
    """Make the start cache, unless it is there, another process makes it, or it cannot be; tell whether it is there."""
    from filelock import Timeout

    from .jars import install_jars

    try:
        java = find_java()
        if not can_cache(settings, java):
            return False
        folder = _folder(settings)
        jars = install_jars(read_lock(), folder)
        if _wanted(settings, java):
            with training_lock(folder):
                drop_training(folder)
                try:
                    _make(settings, java, jars)
                finally:
                    drop_training(folder)
        return is_there(start_cache_file(java, jars))
    except Timeout:
        return False
    except (OSError, subprocess.TimeoutExpired, PersonaDBError) as exc:
        log.info("no start cache was made: %s", exc)
        return False


def main() -> int:
    """Make the start cache while the machine has nothing better to do."""
    if hasattr(os, "nice"):
        os.nice(19)
    return 0 if make_start_cache(Settings()) else 1


def _folder(settings: Settings) -> Path:
    return settings.cache_dir / f"neo4j-{read_lock().neo4j}"


def _wanted(settings: Settings, java: Java) -> bool:
    """Tell whether a start cache can be made, and is not there."""
    import psutil

    folder = _folder(settings)
    jars = [folder / jar.name for jar in read_lock().jars]
    if not can_cache(settings, java) or not all(jar.exists() for jar in jars):
        return False
    file = start_cache_file(java, jars)
    if is_there(file) or is_given_up(file):
        return False
    if free_bytes(folder) < ROOM_MB * MB or psutil.virtual_memory().available < MEMORY_MB * MB:
        log.info("no start cache is made: less than %s MB of disk or %s MB of memory are free", ROOM_MB, MEMORY_MB)
        return False
    return True


def _make(settings: Settings, java: Java, jars: Sequence[Path]) -> None:
    home = Home(jars[0].parent / TRAINING)
    home.make()
    same = {"cache": settings.cache_dir}  # the jars that it is made of, and not others below the home
    small = settings.model_copy(update={**same, "home": home.folder, "heap_mb": HEAP_MB, "page_cache_mb": 64})
    seen, made = home.folder / "seen.conf", home.folder / "made.aot"
    watched = ("-XX:AOTMode=record", f"-XX:AOTConfiguration={seen}")
    record = start(home, settings=small, progress=no_progress, watched=watched)
    _use(home, record, settings=small)
    end_all(home, patience=STOP_SECONDS)
    file = start_cache_file(java, jars)
    try:
        _java(java, jars, "-XX:AOTMode=create", f"-XX:AOTConfiguration={seen}", f"-XX:AOTCache={made}")
        _java(java, jars, "-XX:AOTMode=on", f"-XX:AOTCache={made}", "-version")
    except _FailedError as exc:
        note_failure(file, str(exc))
        raise
    keep(made, file)
    log.info("made the start cache %s", file)


def _use(home: Home, record: Record, *, settings: Settings) -> None:
    """Have the watched server do what ours do first: make the schema, plan a query, write, read."""
    from neo4j import GraphDatabase, NotificationMinimumSeverity

    from persona_db.graph.datasets import drop_dataset, ensure_dataset
    from persona_db.graph.session import Graph

    password = home.read_password().get_secret_value()
    off = NotificationMinimumSeverity.OFF
    with GraphDatabase.driver(bolt_uri(record), auth=(USERNAME, password), notifications_min_severity=off) as driver:
        graph = Graph.connect(
            settings.model_copy(update={"neo4j_uri": None, "neo4j_database": DATABASE}), driver=driver
        )
        ensure_dataset(graph, "training")
        graph.read("counts_by_label", dataset="training")
        drop_dataset(graph, "training")


def _java(java: Java, jars: Sequence[Path], *options: str) -> None:
    """Run Java on the server's class path."""
    command = [str(java.executable.absolute()), *java.options(heap_mb=HEAP_MB), *class_path(jars), *options]
    done = subprocess.run(  # noqa: S603 - our own command line
        command,
        cwd=jars[0].parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=MAKE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise _FailedError(last_words(done.stderr or done.stdout))


if __name__ == "__main__":
    raise SystemExit(main())
