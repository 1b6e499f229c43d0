"""Brings a database's schema up to date: the numbered files of cypher/schema/, each applied once and recorded.

Every file is one idempotent statement, so that two processes may apply the same one at once, and one that was
killed between applying and recording starts again where it stopped.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Protocol

from persona_db.graph.catalog import SCHEMA_AREA, NamedQuery, catalog
from persona_db.graph.errors import ConfigError
from persona_db.graph.progress import Progress, no_progress

__all__ = ["migrate", "migrations"]

log = logging.getLogger(__name__)

_NUMBERED = re.compile(r"(\d{4})_\w+")
_EXISTS = "AlreadyExists"
"""In the code of the error that the slower of two processes gets when both create one constraint or index."""


class Database(Protocol):
    """What a migration takes of a Graph."""

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
    """Apply the migrations the database lacks, in order; return their names. One read when it lacks none."""
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


def _apply(graph: Database, query: NamedQuery) -> None:
    from neo4j.exceptions import ClientError

    try:
        graph.write(query.name)
    except ClientError as exc:
        if _EXISTS not in (exc.code or ""):
            raise
        log.info("migration %s was applied by another process meanwhile", query.name)
