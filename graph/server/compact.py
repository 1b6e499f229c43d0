"""A store without what was deleted: the graph is copied into a new one, which takes the place of the old."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from persona_db.graph.errors import ConfigError, ServerError
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.room import MB, START_MB, require_free
from persona_db.graph.settings import Settings

from .home import Home, Record
from .lifecycle import STOP_SECONDS, alone, ensure_running
from .process import find_strays
from .starting import DATABASE, STORE_BEFORE, STORE_TO_COME, USERNAME, bolt_uri, end_all, settle_store, start

if TYPE_CHECKING:
    from neo4j import Driver, Session

__all__ = ["compact"]

log = logging.getLogger(__name__)

COPIED_AT_ONCE = 2_000
ROOM = 3
"""Room asked for, in sizes of the store that is there: for the new one, and the log of writing it."""


def compact(settings: Settings, *, progress: Progress = no_progress) -> bool:
    """Write the graph anew, without what was deleted from it; tell whether the server was running, and runs again.

    The store, its indexes and the transaction log are new files, and the old ones are gone. It takes a second Neo4j
    beside the first for a while, and room for the graph once more; other commands wait. One that was stopped on the
    way changes nothing, and is begun again by the same call. ConfigError for a server that is not ours.
    """
    if settings.neo4j_uri is not None:
        raise ConfigError(
            "NEO4J_URI is set: only the embedded store can be compacted; have that server's store copied by its own "
            "tools, or unset NEO4J_URI"
        )
    home = Home(settings.data_dir)
    if not home.initialised and not (home.folder / STORE_BEFORE).exists():
        raise ConfigError(f"there is no graph in {home.folder}; `persona-db load` makes one")
    home.make()
    with alone(home, progress=progress):
        running = bool(find_strays(home))
        end_all(home, patience=STOP_SECONDS)
        settle_store(home)
        size = sum(file.stat().st_size for file in (home.folder / "data").rglob("*") if file.is_file())
        require_free(home.folder, ROOM * size + START_MB * MB, "writing the graph anew")
        new = Home(home.folder / STORE_TO_COME)
        try:
            new.make()
            _copy_logins(home, new)
            _copy_home(home, new, settings=settings, progress=progress)
        finally:
            end_all(new, patience=STOP_SECONDS)
            end_all(home, patience=STOP_SECONDS)
        (home.folder / "data").rename(home.folder / STORE_BEFORE)
        (new.folder / "data").rename(home.folder / "data")
        settle_store(home)
    if running:
        ensure_running(settings, progress=progress)
    return running


def _copy_logins(home: Home, new: Home) -> None:
    """Give a new server's folder the logins of *home*, which is stopped: Neo4j keeps them in a database apart."""
    shutil.copy2(home.password_file, new.password_file)
    for part in ("databases", "transactions"):
        shutil.copytree(home.folder / "data" / part / "system", new.folder / "data" / part / "system")


def _copy_home(home: Home, new: Home, *, settings: Settings, progress: Progress) -> None:
    """Make a server's folder whose graph is that of *home*, and both of their servers are running."""
    from persona_db.graph.session import Graph

    new_record = start(new, settings=settings, progress=progress)
    old_record = start(home, settings=settings, progress=progress, shown=False)  # nobody else writes to it meanwhile
    with _driver(home, old_record) as source, _driver(new, new_record) as target:
        Graph.connect(settings.model_copy(update={"neo4j_database": DATABASE}), driver=target)  # makes its schema
        with source.session(database=DATABASE) as old, target.session(database=DATABASE) as fresh:
            _copy(old, fresh, progress=progress)
            counts = [_counts(one) for one in (old, fresh)]
    if counts[0] != counts[1]:
        raise ServerError(f"the graph has {counts[0]} and its copy {counts[1]}; nothing was changed, try again")


@contextmanager
def _driver(home: Home, record: Record) -> Iterator[Driver]:
    from neo4j import GraphDatabase, NotificationMinimumSeverity

    password = home.read_password().get_secret_value()
    off = NotificationMinimumSeverity.OFF
    with GraphDatabase.driver(bolt_uri(record), auth=(USERNAME, password), notifications_min_severity=off) as driver:
        yield driver


def _copy(old: Session, fresh: Session, *, progress: Progress) -> None:
    """Copy every node and relationship, in batches."""
    new_id: dict[str, str] = {}
    for rows in _batches(old, "copy_nodes_out"):
        new_id |= {row["was"]: row["id"] for row in _write(fresh, "copy_nodes_in", rows)}
        progress("writing the graph anew", len(new_id), None)
    done = 0
    for rows in _batches(old, "copy_relationships_out"):
        moved = [{**row, "from": new_id.get(row["from"], ""), "to": new_id.get(row["to"], "")} for row in rows]
        _write(fresh, "copy_relationships_in", moved)
        done += len(rows)
        progress("writing the graph anew", len(new_id) + done, None)


def _batches(session: Session, query: str) -> Iterator[list[dict[str, Any]]]:
    from persona_db.graph.catalog import catalog

    batch: list[dict[str, Any]] = []
    for record in session.run(catalog()[query].text):
        batch.append(dict(zip(record.keys(), record.values(), strict=True)))
        if len(batch) == COPIED_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(session: Session, query: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from persona_db.graph.catalog import catalog

    text = catalog()[query].text
    return session.execute_write(lambda work: work.run(text, rows=rows).data())


def _counts(session: Session) -> tuple[int, int]:
    """Return how many nodes, without migrations, and relationships there are."""
    from persona_db.graph.catalog import catalog

    [row] = session.run(catalog()["count_all"].text).data()
    return row["nodes"], row["relationships"]
