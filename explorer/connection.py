"""The explorer's graph: it connects when needed, closes when Neo4j is gone, and reconnects when it is back."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING

from persona_db.graph.driver_errors import driver_errors
from persona_db.graph.errors import GraphUnavailableError
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.session import Graph

if TYPE_CHECKING:
    from persona_db.graph.settings import Settings

__all__ = ["Connection"]

log = logging.getLogger(__name__)


class Connection:
    """Hands out the graph; GraphUnavailableError at once while no Neo4j answers.

    It does not restart the embedded Neo4j, which somebody stopped on purpose. `persona-db explore` starts it first.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = Lock()
        self._graph: Graph | None = None

    def open(self, *, progress: Progress = no_progress) -> None:
        """Connect, and start the embedded Neo4j if it is not running."""
        with self._lock:
            self._graph = Graph.connect(self.settings, progress=progress)

    def graph(self) -> Graph:
        """Return the graph, which has just answered."""
        with self._lock:
            if self._graph is None:
                self._graph = self._connect()
            graph = self._graph
        try:
            with driver_errors():
                graph.driver.verify_connectivity()  # a query would retry for half a minute
        except GraphUnavailableError:
            self._forget(graph)
            raise
        return graph

    def close(self) -> None:
        """Close the graph."""
        with self._lock:
            if self._graph is not None:
                self._graph.close()
                self._graph = None

    def _connect(self) -> Graph:
        if self.settings.neo4j_uri is None:
            from persona_db.graph import server

            found = server.status(self.settings)
            if found is None or not found.running:
                raise GraphUnavailableError("the embedded Neo4j is not running; `persona-db up` starts it")
        graph = Graph.connect(self.settings)
        log.info("connected to Neo4j again")
        return graph

    def _forget(self, graph: Graph) -> None:
        with self._lock:
            if self._graph is graph:
                self._graph = None
        graph.close()
