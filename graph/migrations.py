"""Brings a database's schema up to date: each numbered file of cypher/schema/ is applied once and recorded.

Every file is one idempotent statement. So two processes may apply the same file at once, and a process that was killed
between applying and recording resumes.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Protocol

from persona_db.graph.catalog import SCHEMA_AREA, NamedQuery, catalog
from persona_db.graph.errors import ConfigError
from persona_db.graph.progress import Progress, no_progress

__all__ = ["mend_indexes", "migrate", "migrations"]

log = logging.getLogger(__name__)

_NUMBERED = re.compile(r"(\d{4})_\w+")
_EXISTS = "AlreadyExists"
"""Part of the error code that the slower of two processes gets when both create one constraint or index."""


class Database(Protocol):
    """The part of Graph that a migration uses."""

    def read(self, name: str, /, **params: object) -> list[dict[str, Any]]: ...
    def write(self, name: str, /, **params: object) -> list[dict[str, Any]]: ...
    def await_indexes(self) -> None: ...


def migrations() -> dict[str, NamedQuery]:
    """Return the numbered files of cypher/schema/ by number, in order."""
    found: dict[str, NamedQuery] = {}
    for query in catalog().values():
        numbered = _NUMBERED.fullmatch(query.name)
        if query.area == SCHEMA_AREA and numbered:
            found[numbered[1]] = query
    return dict(sorted(found.items()))


def migrate(graph: Database, *, progress: Progress = no_progress) -> list[str]:
    """Apply the missing migrations in order; return their names. It costs one read when none is missing."""
    wanted = migrations()
    applied = {row["id"] for row in graph.read("applied_migrations")}
    if (newest := max(applied, default="")) > max(wanted):
        raise ConfigError(
            f"the graph has migration {newest}, which this persona-db doesn't know; "
            "upgrade persona-db, or use another database"
        )
    missing = [(number, query) for number, query in wanted.items() if number not in applied]
    for done, (number, query) in enumerate(missing, start=1):
        _apply(graph, query)
        graph.write("record_migration", id=number, name=query.name)
        log.info("applied migration %s", query.name)
        progress("preparing the graph", done, len(missing))
    if missing:
        graph.await_indexes()
    return [query.name for _, query in missing]


def mend_indexes(graph: Database) -> list[str]:
    """Drop the indexes that failed, on a full disk for one, and make them again; return their names.

    Every migration is applied again: of what is there they change nothing.
    """
    rows = graph.read("failed_indexes")
    for row in rows:
        graph.write(
            "drop_index" if row["constraint"] is None else "drop_constraint", name=row["constraint"] or row["name"]
        )
    failed = [row["name"] for row in rows]
    if failed:
        log.warning("indexes that a full disk or a fault had broken are made again: %s", ", ".join(failed))
        for query in migrations().values():
            _apply(graph, query)
    return failed


def _apply(graph: Database, query: NamedQuery) -> None:
    from neo4j.exceptions import ClientError

    try:
        graph.write(query.name)
    except ClientError as exc:
        if _EXISTS not in (exc.code or ""):
            raise
        log.info("migration %s was applied by another process meanwhile", query.name)
