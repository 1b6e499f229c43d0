"""A connection to the graph that runs the catalog's named queries, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from persona_db.graph.catalog import NamedQuery, catalog
from persona_db.graph.driver_errors import driver_errors
from persona_db.graph.errors import DiskFullError, GraphStoppedError, QueryFileError
from persona_db.graph.migrations import mend_indexes, migrate
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.room import MB, WRITE_MB, free_bytes, full_disk, require_free
from persona_db.graph.settings import Settings

if TYPE_CHECKING:
    from neo4j import Driver
    from neo4j import Transaction as DriverTransaction

__all__ = ["Graph", "Transaction"]

log = logging.getLogger(__name__)

INDEX_WAIT_SECONDS = 300
CONNECT_SECONDS = 8.0
"""How long a server is waited for that does not answer."""

Row = dict[str, Any]


class Transaction:
    """An open write transaction: several named queries that hold together or not at all."""

    def __init__(self, inner: DriverTransaction) -> None:
        self._inner = inner

    def run(self, query: str, /, **params: object) -> list[Row]:
        """Return the rows of the named query, read or write."""
        named = _query(query)
        named.check(params)
        return self._inner.run(named.text, params).data()


class Graph:
    """A Neo4j with persona-db's schema; use as a context manager, or close it."""

    def __init__(self, driver: Driver, settings: Settings, *, database: str, owns_driver: bool) -> None:
        self.settings = settings
        self.database = database
        self._driver = driver
        self._owns_driver = owns_driver
        embedded = owns_driver and settings.neo4j_uri is None
        self.data_dir = settings.data_dir if embedded else None
        """Where the embedded server keeps the graph; None of another server."""

    @classmethod
    def connect(
        cls,
        settings: Settings | None = None,
        *,
        driver: Driver | None = None,
        progress: Progress = no_progress,
    ) -> Self:
        """Return a graph that answers and whose schema is up to date.

        *driver* is used when given and left open; else `settings.neo4j_uri`; else the embedded Neo4j, which is
        installed and started when it is not running.

        >>> with Graph.connect() as graph:
        ...     [person["id"] for person in graph.read("list_users", dataset="town", after="", limit=2)]
        ['abel', 'ada']
        """
        settings = settings or Settings()
        given = settings.neo4j_database if driver is not None else None
        try:
            return cls._ready(driver, settings, database=given, progress=progress)
        except GraphStoppedError:
            if driver is not None or settings.neo4j_uri is not None:
                raise
            return cls._ready(None, settings, database=None, progress=progress)  # its server is started again

    @classmethod
    def _ready(cls, driver: Driver | None, settings: Settings, *, database: str | None, progress: Progress) -> Self:
        owns_driver = driver is None
        if driver is None or database is None:
            driver, database = _open_driver(settings, progress=progress)
        graph = cls(driver, settings, database=database, owns_driver=owns_driver)
        try:
            with graph._errors():
                driver.verify_connectivity()  # fails at once where a query would be retried
            migrate(graph, progress=progress)
        except BaseException:
            graph.close()
            raise
        return graph

    @property
    def catalog(self) -> Mapping[str, NamedQuery]:
        """The queries that can be run here, by name."""
        return catalog()

    @property
    def driver(self) -> Driver:
        """The driver underneath, for what is no named query: EXPLAIN, free Cypher, drawing."""
        return self._driver

    def read(self, query: str, /, **params: object) -> list[Row]:
        """Return the rows of a named read query, from any member of a cluster."""
        return self._execute(_query(query, writes=False), params)

    def write(self, query: str, /, **params: object) -> list[Row]:
        """Run a named write query in a transaction of its own, again when the graph says so; return its rows."""
        return self._execute(_query(query, writes=True), params)

    def write_batches(
        self,
        query: str,
        rows: Sequence[Mapping[str, object]],
        /,
        *,
        what: str,
        progress: Progress = no_progress,
        **params: object,
    ) -> list[Row]:
        """Run a named write query on *rows*, `settings.batch_size` of them a transaction; return all its rows.

        The query takes them as `$rows`. Progress is reported under the name *what*. When a batch fails,
        those before it stay written.
        """
        named = _query(query, writes=True)
        found: list[Row] = []
        size = self.settings.batch_size
        for start in range(0, len(rows), size):
            batch = list(rows[start : start + size])
            found += self._execute(named, {**params, "rows": batch})
            progress(what, start + len(batch), len(rows))
        return found

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a write transaction: committed when the block ends, rolled back when it raises.

        Unlike `write` it isn't run again by itself when the graph reports a passing conflict.
        """
        self.require_room()
        with (
            self._errors(),
            self._driver.session(database=self.database) as session,
            session.begin_transaction() as inner,
        ):
            yield Transaction(inner)
            inner.commit()

    def await_indexes(self, *, seconds: int = INDEX_WAIT_SECONDS) -> None:
        """Wait until every index holds all writes; one that failed, as on a full disk, is made again."""
        if self.read("failed_indexes"):
            self.require_room()
            mend_indexes(self)
        self.read("await_indexes", seconds=seconds)

    def require_room(self, needed: int = WRITE_MB * MB, *, what: str = "writing to the graph") -> None:
        """Raise DiskFullError unless the disk has *needed* bytes free; that of another server is not known."""
        if self.data_dir is not None:
            require_free(self.data_dir, needed, what)

    def close(self) -> None:
        """Close the driver, if this graph made it."""
        if self._owns_driver:
            self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Let what the driver raises leave as an error of ours; a stopped database is looked at before its next use."""
        try:
            with driver_errors():
                yield
        except GraphStoppedError as exc:
            if self.data_dir is None:
                raise
            from persona_db.graph.server import suspect

            needed = WRITE_MB * MB
            try:
                suspect(self.settings)
            except DiskFullError as full:
                raise full_disk(self.data_dir, needed=needed, what="writing to the graph") from full
            if free_bytes(self.data_dir) < needed:
                raise full_disk(self.data_dir, needed=needed, what="writing to the graph") from exc
            raise

    def _execute(self, query: NamedQuery, params: Mapping[str, object]) -> list[Row]:
        from neo4j import RoutingControl

        query.check(params)
        if query.writes:
            self.require_room()
        with self._errors():
            result = self._driver.execute_query(
                query.text,
                dict(params),
                database_=self.database,
                routing_=RoutingControl.WRITE if query.writes else RoutingControl.READ,
            )
        log.debug("%s returned %s rows", query.name, len(result.records))
        return [dict(zip(record.keys(), record.values(), strict=True)) for record in result.records]


def _query(name: str, *, writes: bool | None = None) -> NamedQuery:
    query = catalog().get(name)
    if query is None:
        raise QueryFileError(f"no query {name!r} under cypher/; `persona-db query` lists those there are")
    if writes is not None and query.writes != writes:
        verb = "write" if query.writes else "read"
        raise QueryFileError(f"{query.path} is a {verb} query by its cost; run it with Graph.{verb}")
    return query


def _open_driver(settings: Settings, *, progress: Progress) -> tuple[Driver, str]:
    from neo4j import GraphDatabase, NotificationMinimumSeverity

    uri, database = settings.neo4j_uri, settings.neo4j_database
    username, password = settings.neo4j_username, settings.neo4j_password
    if uri is None:
        from persona_db.graph.server import ensure_running

        embedded = ensure_running(settings, progress=progress)
        uri, database = embedded.uri, embedded.database
        username, password = embedded.username, embedded.password
    with driver_errors():
        driver = GraphDatabase.driver(
            uri,
            auth=(username, password.get_secret_value()) if password else None,
            connection_timeout=CONNECT_SECONDS,
            connection_acquisition_timeout=CONNECT_SECONDS,  # that of a server that takes the call and says nothing
            user_agent=f"persona-db/{version('persona-db')}",
            # A graph that is still empty knows none of our labels, and the server would warn of each.
            notifications_min_severity=NotificationMinimumSeverity.OFF,
        )
    return driver, database
