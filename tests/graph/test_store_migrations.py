"""The schema is applied in order, once, whoever applies it and however often."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from persona_db.graph.errors import ConfigError
from persona_db.graph.migrations import migrate, migrations
from persona_db.graph.session import Graph

TAKEN_BACK = {"0018"}
"""Migrations that made what a later one takes away: graphs of earlier versions have them on record."""
AWAY = "no_"
"""What the names of migrations begin with that take something away."""
MARKS = "mark_"
"""What the names of migrations begin with that give nodes a property which later versions store."""


def schema(graph: Graph) -> set[str]:
    """The names of the constraints and indexes there are."""
    records, _, _ = graph.driver.execute_query(
        "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name", database_=graph.database
    )
    return {record["name"] for record in records}


def made() -> set[str]:
    """What the files say that there is."""
    names = {query.name.partition("_")[2] for query in migrations().values()}
    return {name for name in names if not name.startswith((AWAY, MARKS))}


def strip(graph: Graph) -> None:
    """Take the schema and its record away, as in a database never seen before."""
    with graph.driver.session(database=graph.database) as session:
        for name in [record["name"] for record in session.run("SHOW CONSTRAINTS YIELD name")]:
            session.run(f"DROP CONSTRAINT {name}").consume()
        for name in schema(graph):
            session.run(f"DROP INDEX {name}").consume()
        session.run("MATCH (m:Migration) DELETE m").consume()


@pytest.fixture
def bare(graph: Graph) -> Iterator[Graph]:
    """The graph without its schema; it has it again afterwards."""
    strip(graph)
    yield graph
    migrate(graph)


def test_up_to_date_graph_is_left_alone(graph: Graph) -> None:
    """Nothing is applied twice, and looking costs one short read."""
    assert migrate(graph) == []
    seconds = []
    for _ in range(10):
        started = time.perf_counter()
        migrate(graph)
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.03


def test_numbers_are_used_once() -> None:
    """0001, 0002, ...: of those in between only what was taken back is missing, and no other takes its number."""
    numbers = sorted({*migrations(), *TAKEN_BACK})
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]
    assert TAKEN_BACK.isdisjoint(migrations())


def test_every_migration_is_named_after_what_it_makes_or_takes_away() -> None:
    """Constraints and indexes have the names of their migrations, so that a later migration can replace them."""
    for query in migrations().values():
        name = query.name.partition("_")[2]
        statement = rf"CREATE \w*\s?(CONSTRAINT|INDEX) {name} IF NOT EXISTS"
        if name.startswith(AWAY):
            statement = rf"DROP (CONSTRAINT|INDEX) {name.removeprefix(AWAY)} IF EXISTS"
        if name.startswith(MARKS):
            statement = rf"SET \w+\.{name.removeprefix(MARKS)} = "
        assert re.search(statement, query.text), query.path


def test_bare_graph_gets_everything_in_order(bare: Graph) -> None:
    """Every constraint and index is there under its file's name, and on record; none is that one takes away."""
    told: list[tuple[str, int, int | None]] = []
    applied = migrate(bare, progress=lambda what, done, total=None: told.append((what, done, total)))
    assert applied == [query.name for query in migrations().values()]
    assert schema(bare) == made()
    assert [done for _, done, _ in told] == list(range(1, len(applied) + 1))
    assert [row["id"] for row in bare.read("applied_migrations")] == list(migrations())


def test_half_applied_schema_is_completed(bare: Graph) -> None:
    """A process killed after applying and before recording leaves nothing that stops the next one."""
    first, second, *_ = migrations().items()
    bare.write(first[1].name)
    bare.write("record_migration", id=first[0], name=first[1].name)
    bare.write(second[1].name)
    assert migrate(bare)[0] == second[1].name
    assert migrate(bare) == []


def test_every_statement_can_be_applied_again(graph: Graph) -> None:
    """Each file can be applied twice without an error."""
    before = schema(graph)
    for query in migrations().values():
        graph.write(query.name)
    assert schema(graph) == before


def test_processes_at_once_apply_it_once(bare: Graph) -> None:
    """Three that find a bare graph at one moment all end with the whole schema, recorded once."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: migrate(bare), range(3)))
    assert schema(bare) == made()
    assert [row["id"] for row in bare.read("applied_migrations")] == list(migrations())


def test_what_an_earlier_version_made_is_taken_away(bare: Graph) -> None:
    """A graph with a migration that there is no more is no newer graph, and loses what nothing reads."""
    bare.driver.execute_query(
        "CREATE VECTOR INDEX persona_key_vector FOR (n:Persona) ON n.key_vector", database_=bare.database
    )
    bare.write("record_migration", id="0018", name="0018_persona_key_vector")
    assert migrate(bare)[-1] == "0032_mark_caption"
    assert schema(bare) == made()
    bare.driver.execute_query("MATCH (m:Migration {id: '0018'}) DELETE m", database_=bare.database)


def test_newer_graph_is_refused(graph: Graph) -> None:
    """A graph with a migration of a later version is refused, and the error says to upgrade."""
    graph.write("record_migration", id="9999", name="9999_future")
    try:
        with pytest.raises(ConfigError, match=r"9999.*upgrade persona-db"):
            migrate(graph)
    finally:
        graph.driver.execute_query("MATCH (m:Migration {id: '9999'}) DELETE m", database_=graph.database)
