"""What the driver raises, told as an error of ours: what, which, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from persona_db.graph.errors import GraphStoppedError, GraphUnavailableError

__all__ = ["driver_errors", "stopped"]

_STOPPED = ("needs to be restarted", "TransactionLogError", "read-only mode", "preallocate disk space")
"""In what the server says of a database that will not work again, or take no writes, before it is started again."""


def stopped(error: Exception) -> bool:
    """Tell whether an error of the driver says that the database works again only after a start of its server."""
    said = f"{getattr(error, 'code', '')} {getattr(error, 'message', '')}"
    return any(sign in said for sign in _STOPPED)


@contextmanager
def driver_errors() -> Iterator[None]:
    """Let what the driver raises about the connection leave as GraphUnavailableError."""
    from neo4j.exceptions import (
        AuthError,
        ConfigurationError,
        DriverError,
        Neo4jError,
        ServiceUnavailable,
        SessionExpired,
    )

    try:
        yield
    except AuthError as exc:
        raise GraphUnavailableError(
            f"Neo4j refuses the login ({_first_line(exc)}); check NEO4J_USERNAME and NEO4J_PASSWORD"
        ) from exc
    except ConfigurationError as exc:
        raise GraphUnavailableError(f"NEO4J_URI can't be used: {_first_line(exc)}") from exc
    except (ServiceUnavailable, SessionExpired) as exc:
        raise GraphUnavailableError(
            f"Neo4j doesn't answer ({_first_line(exc)}); `persona-db up` starts the embedded one, or check NEO4J_URI"
        ) from exc
    except Neo4jError as exc:
        if stopped(exc):
            raise GraphStoppedError(
                f"Neo4j's database has stopped ({_first_line(exc)}), after a full disk or a fault of its files; "
                "run the same command again: it starts Neo4j again, and what was stored is kept"
            ) from exc
        code = exc.code or ""
        if ".Database." in code:
            raise GraphUnavailableError(f"{_first_line(exc)}; check NEO4J_DATABASE") from exc
        if exc.is_retryable() or ".Transaction." in code:
            raise GraphUnavailableError(f"Neo4j gave the work up ({_first_line(exc)}); try again") from exc
        raise
    except DriverError as exc:
        if exc.is_retryable():
            raise GraphUnavailableError(f"the connection to Neo4j was lost ({_first_line(exc)}); try again") from exc
        raise


def _first_line(exc: BaseException) -> str:
    message = getattr(exc, "message", None) or str(exc) or type(exc).__name__
    return str(message).splitlines()[0]
