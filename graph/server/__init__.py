"""The embedded Neo4j: installed on first need, one process a data folder, reached by Bolt on this machine only."""

from .lifecycle import Connection, ServerStatus, ensure_running, status, stop, suspect
from .training import make_start_cache, prepare_start_cache

__all__ = [
    "Connection",
    "ServerStatus",
    "ensure_running",
    "make_start_cache",
    "prepare_start_cache",
    "status",
    "stop",
    "suspect",
]
