"""`--csv`: what a command prints as a table, for other programs."""

from __future__ import annotations

import csv
import io

import pytest
from starlette.testclient import TestClient
from typer.main import get_command

from persona_db.cli.app import APP
from persona_db.cli.commands import TABLES
from persona_db.explorer import create_app
from persona_db.explorer.connection import Connection
from persona_db.graph.cells import text_of_cell
from persona_db.graph.settings import Settings

from .command_line import CommandLine


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_are_those_of_json(cli: CommandLine, town: str) -> None:
    """Named as the columns of the table, with nothing cut or rounded, and nothing else on stdout."""
    users = read(cli("users", "--dataset", town, "--csv").out)
    assert [(row["user"], int(row["items"])) for row in users] == [
        (one["id"], one["items"]) for one in cli.json("users", "--dataset", town)
    ]
    shares = read(cli("shares", "buses", "--dataset", town, "--csv").out)
    assert [float(row["share"]) for row in shares] == [
        one["share"] for one in cli.json("shares", "buses", "--dataset", town)["options"]
    ]
    query = ("query", "popular_keys", "--dataset", town)
    assert [row["key"] for row in read(cli(*query, "--csv").out)] == [one["key"] for one in cli.json(*query)]
    assert cli("query", "--cypher", "MATCH (n:User {dataset: 'nowhere'}) RETURN n.id AS id", "--csv").out == "id\r\n"
    status = read(cli("status", "--csv").out)
    assert {row["dataset"] for row in status} >= {town}


def test_hostile_texts_stay_in_their_cell(cli: CommandLine) -> None:
    """Quotes, commas and line breaks are escaped as RFC 4180 says."""
    text = 'a "b", c\nd'
    done = cli("query", "--param", f"text={text}", "--cypher", "RETURN $text AS said, 1 AS n", "--csv")
    assert read(done.out) == [{"said": text, "n": "1"}]


def test_no_cell_is_a_formula(cli: CommandLine) -> None:
    """A text that a spreadsheet would calculate has an apostrophe before it; numbers stay as they are."""
    texts = ["=1+1", "+1", "-1", "@a", "'=x", "'ada", "ada"]
    cypher = f"UNWIND {texts!r} AS text RETURN text, -1 AS n"
    rows = read(cli("query", "--cypher", cypher, "--csv").out)
    assert [row["text"] for row in rows] == ["'=1+1", "'+1", "'-1", "'@a", "''=x", "'ada", "ada"]
    assert {row["n"] for row in rows} == {"-1"}
    assert [text_of_cell(row["text"]) for row in rows] == texts


def test_lists_have_one_form(cli: CommandLine, town: str) -> None:
    """The command line and the explorer write the same file, lists joined as `a; b`."""
    keys = [one["key"] for one in cli.json("query", "popular_keys", "--dataset", town, "-p", "limit=3")]
    both = [("keys", key) for key in keys]
    written = cli("query", "who_shares_values", "--dataset", town, *(f"-p{n}={v}" for n, v in both), "--csv").out
    connection = Connection(Settings())
    try:
        pages = TestClient(create_app(connection), base_url="http://127.0.0.1")
        offered = pages.get("/table.csv", params=[("dataset", town), ("query", "who_shares_values"), *both]).text
    finally:
        connection.close()
    assert written == offered
    assert any("; " in row["values"] for row in read(written))


def test_not_with_json(cli: CommandLine, town: str) -> None:
    """One of the two, and every command that has tables takes it."""
    done = cli("users", "--dataset", town, "--csv", "--json")
    assert (done.status, "not both" in done.err) == (1, True)
    group = get_command(APP)
    for name in sorted(TABLES):
        command = group.get_command(None, name)  # type: ignore[attr-defined]
        assert "--csv" in {option for param in command.params for option in param.opts}, name


@pytest.mark.parametrize("arguments", [(), ("1",)])
def test_segments_of_few_people(cli: CommandLine, town: str, arguments: tuple[str, ...]) -> None:
    """The town has too few: the command says so, and what to do."""
    done = cli("segments", *arguments, "--dataset", town)
    assert ("60 people" in done.out) if not arguments else ("no segment '1'" in done.err)


def test_the_server_warns(cli: CommandLine) -> None:
    """Of a property that nothing has, on stderr."""
    done = cli("query", "--cypher", "MATCH (u:User) RETURN u.nmae AS name LIMIT 1")
    assert "the server warns" in done.err
    assert "nmae" in done.err
