"""The sessions shown in README.md and the quickstart are what the commands print, and their Python runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from docs.generate import WITH_SESSIONS, run_step, sessions

from .command_line import ROOT, CommandLine

if TYPE_CHECKING:
    from neo4j import Record

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


@pytest.mark.parametrize("page", WITH_SESSIONS, ids=lambda page: str(page.name))
def test_a_page_does_what_it_shows(
    page: Path, environment: dict[str, str], cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of a tested session prints what stands below it; Python and Cypher run, and Cypher finds something.

    Timings and ids of Fits are let differ. `python docs/generate.py --sessions` shows anew what is printed.
    The README's commands are processes of their own; those of other pages run in this one, which is quicker.
    """
    monkeypatch.delenv("PERSONA_DB_EMBEDDING_MODEL")
    monkeypatch.chdir(ROOT)
    ran = 0
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if block.startswith("```python"):
            exec(compile(code_of(block), page.name, "exec"), {})
        elif block.startswith("```cypher"):
            assert records_of(code_of(block))
        else:
            (steps,) = sessions(block)
            for command, output in steps:
                printed = run_step(command, environment) if page.name == "README.md" else run_here(cli, command)
                assert (command, steady(output)) == (command, steady(printed))
        ran += 1
    assert ran > 2


def run_here(cli: CommandLine, command: str) -> str:
    """Run a command of a session in this process, and return what it prints."""
    name, *arguments = shlex.split(command)
    assert name == "persona-db"
    done = cli(*arguments)
    return done.err + done.out


def code_of(block: str) -> str:
    """Return what stands in a fenced block."""
    return "\n".join(block.splitlines()[1:-1])


def records_of(query: str) -> list[Record]:
    """Return what a query finds, run by the driver as Neo4j Browser would."""
    from neo4j import GraphDatabase

    from persona_db.graph import server
    from persona_db.graph.settings import Settings

    found = server.ensure_running(Settings())
    with GraphDatabase.driver(found.uri, auth=(found.username, found.password.get_secret_value())) as driver:
        return driver.execute_query(query, database_=found.database).records
