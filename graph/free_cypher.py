"""Cypher that a user typed, run so that it can only read: refused when its plan does more, stopped when it is slow.

Read access mode alone is not enough: it lets LOAD CSV read files and addresses, and lets procedures and commands see
and stop other transactions. So the query is planned first, and refused when its type is not `read` or when its plan has
an operator for any of these. Then it runs in read access mode, with a time limit and a limit on its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from queue import Empty, Queue
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.graph.cypher_limits import require_modest
from persona_db.graph.driver_errors import driver_errors
from persona_db.graph.errors import FreeCypherError
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["MOST_ROWS", "SECONDS", "FreeRows", "check_read_only", "plain", "run_free"]

SECONDS = 30.0
MOST_ROWS = 10_000
GRACE_SECONDS = 0.7
"""After the limit the server is given so long to end the query."""

_ALLOWED_PROCEDURES = frozenset(
    f"db.index.{kind}.query{what}" for kind in ("fulltext", "vector") for what in ("Nodes", "Relationships")
)
_REFUSED_OPERATORS = (
    (re.compile(r"LoadCSV"), "LOAD CSV reads files and addresses"),
    (re.compile(r"Transaction"), "it commits transactions of its own, or looks at others' or stops them"),
    (re.compile(r"Show|Terminate|Command|System"), "commands to the server are not for reading the graph"),
)
_LEAST_SECONDS = 0.001
"""A limit of 0 would be none."""


class FreeRows(Model):
    """The rows of a typed query."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...] = Field(description="Plain values; nodes and relationships are mappings.")
    capped: bool = Field(description="There are more rows than the limit.")
    seconds: float
    warnings: tuple[str, ...] = Field(default=(), description="Of the server, such as a property that nothing has.")


def run_free(
    graph: Graph,
    text: str,
    *,
    params: Mapping[str, object] | None = None,
    seconds: float = SECONDS,
    most_rows: int = MOST_ROWS,
) -> FreeRows:
    """Return the rows of the query *text*, at most *most_rows* of them.

    FreeCypherError when it would do more than read the graph, isn't Cypher, or takes longer than *seconds*. A server
    that is too busy with the query to notice that its time is over is not waited for: it ends the query when it can.
    """
    done: Queue[FreeRows | BaseException] = Queue()

    def work() -> None:
        try:
            done.put(_run(graph, text, dict(params or {}), seconds=seconds, most_rows=most_rows))
        except BaseException as exc:  # noqa: BLE001  # it is raised where it is waited for
            done.put(exc)

    Thread(target=work, daemon=True, name="free Cypher").start()
    try:
        made = done.get(timeout=seconds + GRACE_SECONDS)
    except Empty as exc:
        raise _too_long(seconds) from exc
    if isinstance(made, BaseException):
        raise made
    return made


def _too_long(seconds: float) -> FreeCypherError:
    return FreeCypherError(f"the query was stopped after {seconds:g} s; ask for less (LIMIT), or allow more time")


def _is_stopped(code: str | None) -> bool:
    """Say whether an error is that of a query whose time was over; at work the server calls it terminated."""
    return code is not None and ("TransactionTimedOut" in code or code.endswith("Terminated"))


def _run(graph: Graph, text: str, given: dict[str, object], *, seconds: float, most_rows: int) -> FreeRows:
    from neo4j import NotificationMinimumSeverity, Query
    from neo4j.exceptions import ClientError, CypherTypeError, DatabaseError, TransientError

    started = perf_counter()
    check_read_only(graph, text, params=given, seconds=seconds)
    query = Query(text, timeout=max(started + seconds - perf_counter(), _LEAST_SECONDS))
    with driver_errors():
        try:
            with graph.driver.session(
                database=graph.database, default_access_mode="READ", fetch_size=min(1_000, most_rows + 1),
                notifications_min_severity=NotificationMinimumSeverity.WARNING,
            ) as session:  # fmt: skip
                result = session.run(query, given)
                columns = tuple(result.keys())
                rows = [tuple(plain(value) for value in record.values()) for record in result.fetch(most_rows)]
                capped = result.peek() is not None
                told = [one for one in result.consume().gql_status_objects if one.is_notification]
                warnings = tuple(dict.fromkeys(one.status_description.removeprefix("warn: ") for one in told))
        except (ClientError, DatabaseError, TransientError) as exc:
            if _is_stopped(exc.code):
                raise _too_long(seconds) from exc
            raise FreeCypherError(f"the query can't be run: {_message(exc)}") from exc
        except CypherTypeError as exc:
            raise FreeCypherError(f"the query can't be run: {_message(exc)}") from exc
    return FreeRows(
        columns=columns, rows=tuple(rows), capped=capped, seconds=perf_counter() - started, warnings=warnings
    )


def check_read_only(graph: Graph, text: str, *, params: Mapping[str, object], seconds: float = SECONDS) -> None:
    """Raise FreeCypherError unless the server's plan for *text* does nothing but read the graph."""
    from neo4j import Query
    from neo4j.exceptions import ClientError, DatabaseError, TransientError

    if not text.strip():
        raise FreeCypherError("there is no Cypher to run")
    require_modest(text)
    query = Query(f"EXPLAIN {text}", timeout=seconds)
    with (
        driver_errors(),
        graph.driver.session(database=graph.database, default_access_mode="READ") as session,
    ):
        try:
            summary = session.run(query, dict(params)).consume()
        except (ClientError, DatabaseError, TransientError) as exc:
            if _is_stopped(exc.code):
                raise _too_long(seconds) from exc
            raise FreeCypherError(f"the query can't be run: {_message(exc)}") from exc
    for operator, details in _operators(summary.plan):
        if operator == "ProcedureCall":
            called = details.partition("(")[0].strip()
            if called not in _ALLOWED_PROCEDURES:
                raise FreeCypherError(
                    f"refused: it calls {called or 'a procedure'}; only the queries of indexes may be called"
                )
        for pattern, reason in _REFUSED_OPERATORS:
            if pattern.search(operator):
                raise FreeCypherError(f"refused: its plan has {operator}; {reason}")
    if summary.query_type != "r" or summary.plan is None:
        raise FreeCypherError(f"refused: the server says its type is {summary.query_type!r}, not 'r' for read")


def plain(value: Any) -> Any:  # noqa: PLR0911  # one a kind
    """Return a value of the driver as numbers, texts, lists and mappings."""
    from neo4j.graph import Node, Path, Relationship

    if isinstance(value, Node):
        return {"labels": sorted(value.labels), "properties": plain(dict(value))}
    if isinstance(value, Relationship):
        return {"type": value.type, "properties": plain(dict(value))}
    if isinstance(value, Path):
        steps: list[Any] = [plain(value.start_node)]
        for relationship in value.relationships:
            steps += [plain(relationship), plain(relationship.end_node)]
        return steps
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _operators(plan: Any) -> Iterator[tuple[str, str]]:
    waiting = [plan] if plan else []
    while waiting:
        one = waiting.pop()
        yield one["operatorType"].partition("@")[0], str(one.get("args", {}).get("Details", ""))
        waiting += one.get("children", [])


def _message(exc: BaseException) -> str:
    text = getattr(exc, "message", None) or str(exc) or type(exc).__name__
    return " ".join(str(text).split())
