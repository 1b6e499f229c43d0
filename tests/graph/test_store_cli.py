"""`persona-db users` and `persona-db erase` print what the store says, as a table or as JSON."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner, Result

from persona_db.cli.erase import erase
from persona_db.cli.users import users
from persona_db.graph.datasets import ensure_dataset
from persona_db.graph.errors import UnknownDatasetError, UnknownUserError
from persona_db.graph.ingest import store_items, store_people
from persona_db.graph.models import HistoryItem, Person
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings


@pytest.fixture
def told(graph: Graph, dataset: str, neo4j_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """A dataset of two, on the server that the environment leads to."""
    monkeypatch.setenv("PERSONA_DB_HOME", str(neo4j_settings.home))
    monkeypatch.setenv("PERSONA_DB_CACHE", str(neo4j_settings.cache_dir))
    monkeypatch.setenv("PERSONA_DB_EMBEDDING_MODEL", "hash")
    ensure_dataset(graph, dataset)
    store_people(graph, dataset, [Person(id="ann", name="[red]Ann\nA."), Person(id="bob")])
    store_items(graph, dataset, [HistoryItem(id="1", user="ann", text="Cats.")])
    return dataset


def run(*args: str) -> Result:
    """Run one of the commands as the command line would."""
    app = typer.Typer()
    app.command()(users)
    app.command()(erase)
    return CliRunner().invoke(app, args)


def test_users_are_listed(told: str) -> None:
    """Users are printed one a line, by id, with markup and line breaks as plain text."""
    assert run("users", "--dataset", told).stdout.splitlines() == [
        "user  name         sharing  items  facts  keys",
        "ann   [red]Ann A.  keys         1      0     0",
        "bob                keys         0      0     0",
    ]
    rows = json.loads(run("users", "--dataset", told, "--limit", "1", "--after", "ann", "--json").stdout)
    assert rows == [{"id": "bob", "name": "", "sharing": "keys", "items": 0, "facts": 0, "keys": 0}]


def test_erase_prints_a_receipt(told: str) -> None:
    """`erase` prints what was removed, that nothing is left, and the command that learns without the user."""
    lines = run("erase", "ann", "--dataset", told).stdout.splitlines()
    assert lines[1].split()[:3] == ["history", "items", "1"]
    checked = lines.index(f"checked: nothing of user 'ann' in dataset '{told}' is left in graph and caches")
    assert lines[checked + 1] == (
        "not reached: base rates, links, traits and summaries of the Fit still count this user; "
        f"until `persona-db refine --dataset {told} --refit`"
    )
    assert all(line.startswith("not reached: ") for line in lines[checked + 1 :])
    receipt = json.loads(run("erase", "bob", "--dataset", told, "--json").stdout)
    assert (receipt["items"], receipt["left"]["users"], receipt["refit_needed"]) == (0, 0, True)


def test_who_is_not_there_is_an_error(told: str) -> None:
    """An unknown user or dataset is an error of ours, which the command line prints in one line."""
    assert isinstance(run("erase", "eve", "--dataset", told).exception, UnknownUserError)
    assert isinstance(run("users", "--dataset", f"{told}-other").exception, UnknownDatasetError)
