"""The sessions shown in README.md and the quickstart are what the commands print, and their Python runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generate import WITH_SESSIONS, run_step, sessions

_BLOCK = re.compile(r"(?:<!-- tested -->\n```console|```python|```cypher)\n.*?^```$", re.DOTALL | re.MULTILINE)
_VARIES = (
    (re.compile(r"\d+\.\d s\b"), "N s"),  # how long it took
    (re.compile(r"fit-[0-9a-f]{16}"), "fit-N"),  # made of vectors, whose last bits are the processor's
)


def steady(text: str) -> str:
    """Return *text* without what differs from run to run."""
    for pattern, instead in _VARIES:
        text = pattern.sub(instead, text)
    return text


def blocks(page: Path) -> Iterator[str]:
    """Yield what a reader of *page* runs, in its order."""
    yield from _BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", WITH_SESSIONS, ids=lambda page: str(page.name))
def test_a_page_does_what_it_shows(
    page: Path, environment: dict[str, str], use_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of a tested session prints what stands below it; Python and Cypher run, and Cypher finds something.

    Timings and ids of Fits are let differ. `python docs/generate.py --sessions` shows anew what is printed.
    """
    monkeypatch.delenv("PERSONA_DB_EMBEDDING_MODEL")
    ran = 0
    for block in blocks(page):
        if block.startswith("```python"):
            exec(compile(code_of(block), f"{page.name}", "exec"), {})
        elif block.startswith("```cypher"):
            assert rows_of(code_of(block), environment)
        else:
            (steps,) = sessions(block)
            for step in steps:
                assert (step.command, steady(run_step(step.command, environment))) == (
                    step.command,
                    steady(step.output),
                )
        ran += 1
    assert ran > 2


def code_of(block: str) -> str:
    """Return what stands in a fenced block."""
    return "\n".join(block.splitlines()[1:-1])


def rows_of(query: str, environment: dict[str, str]) -> list[dict[str, Any]]:
    """Return what a query finds, run by the driver as Neo4j Browser would."""
    from neo4j import GraphDatabase

    from persona_db.graph import server
    from persona_db.graph.settings import Settings

    connection = server.ensure_running(Settings())
    with GraphDatabase.driver(
        connection.uri, auth=(connection.username, connection.password.get_secret_value())
    ) as driver:
        return driver.execute_query(query, database_=connection.database).records  # type: ignore[return-value]
