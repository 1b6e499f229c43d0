"""The commands to explore with: named queries, Cypher of one's own, and exports."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import networkx as nx
import pytest

from persona_db.graph.catalog import catalog
from persona_db.graph.explore import explore_queries

from .command_line import ROOT, CommandLine


def test_queries_are_listed(cli: CommandLine) -> None:
    """With one line each, and as JSON with their parameters; --show prints the file."""
    done = cli("query")
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == list(explore_queries())
    listed = {one["name"]: one for one in cli.json("query")}
    assert listed["holders_of"]["params"]["key"]["type"] == "str"
    assert len(cli.json("query", "--all")) > len(listed)
    assert cli("query", "holders_of", "--show").out.startswith("// holders_of: ")


def test_a_named_query(cli: CommandLine, town: str) -> None:
    """With what its header gives, with parameters, lists of them, and JSON."""
    keys = cli.json("query", "popular_keys", "--dataset", town, "--param", "limit=2")
    assert len(keys) == 2
    names = [one["key"] for one in keys]
    weighted = cli("query", "popular_keys", "--dataset", town, "--param", "limit=2", "--weighted").out.splitlines()
    assert weighted[-1] == "shares count people by their survey weights; one without counts as 1"
    assert "ada" in cli("query", "holders_of", "--dataset", town, "-p", "limit=40", "-p", f"key={names[0]}").out
    both = [part for name in names for part in ("-p", f"keys={name}")]
    found = cli.json("query", "who_shares_values", "--dataset", town, *both, "-p", "least=2")
    assert {row["held"] for row in found} == {2}
    assert found == cli.json(
        "query", "who_shares_values", "--dataset", town, "-p", f"keys={json.dumps(names)}", "-p", "least=2"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such_query"], "no query 'no_such_query'"),
        (["store_items"], "no query 'store_items' that only reads"),
        (["holders_of", "-p", "dataset=x"], "holders_of needs key (str): id of the cache key"),
        (["holders_of", "-p", "limit=many"], "parameter limit is int: 'many' is not"),
        (["holders_of", "-p", "colour=red"], "takes no parameter 'colour'"),
        (["holders_of", "-p", "key"], "'key' is not name=value"),
        (["holders_of", "-p", "key=a", "-p", "key=b", "--dataset", "x"], "it is given 2 times"),
        (["holders_of", "-p", "key=a", "--dataset", "nowhere"], "no dataset 'nowhere'"),
        (["holders_of", "--cypher", "RETURN 1"], "not both"),
        (["holders_of", "--weighted"], "--weighted is for the queries one_key and popular_keys"),
        (["--cypher", "CREATE (n)"], "refused: "),
        (["--cypher", "LOAD CSV FROM 'file:///x' AS l RETURN l"], "refused: its plan has LoadCSV"),
        (["--cypher", "CALL dbms.listConfig()"], "refused: it calls dbms.listConfig"),
    ],
)
def test_what_can_not_be_asked(cli: CommandLine, arguments: list[str], said: str) -> None:
    """One line says why."""
    done = cli("query", *arguments)
    assert (done.status, done.out) == (1, "")
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["answers_by_group", "-p", "question=nonsense", "-p", "by=town"], "no question 'nonsense'"),
        (["answers_by_group", "-p", "question=bus", "-p", "by=segment"], "near it: 'buses'"),
        (["answers_by_group", "-p", "question=buses", "-p", "by=colour"], "no attribute or value 'colour'"),
        (["people_who", "-p", "question=buses", "-p", "option=7"], "no answer to 'buses' at place '7'"),
        (["holders_of", "-p", "key=nothing"], "no value 'nothing'"),
        (["keys_of", "-p", "user=nobody"], "no user 'nobody'"),
        (["typical_people", "-p", "segment=1"], "no group '1'"),
        (["popular_keys", "-p", "kind=trades"], "there are stance, trait"),
        (["people_filtered", "-p", "attributes=SHOE=41"], "no attribute 'SHOE=41'"),
        (["bridges", "-p", "camp=a", "-p", "other_camp=b"], "no value 'a'"),
    ],
)
def test_a_name_that_nothing_has(cli: CommandLine, town: str, arguments: list[str], said: str) -> None:
    """It is told in one line, with what is near it or what lists those there are; no empty table is printed."""
    done = cli("query", *arguments, "--dataset", town)
    assert (done.status, done.out) == (1, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_why_there_are_no_rows(cli: CommandLine, town: str) -> None:
    """Where a least number was asked for, it is told, as in the town of few people."""
    done = cli("query", "values_of_those_who", "--dataset", town, "-p", "question=buses", "-p", "options=0")
    assert (
        done.out == "no rows with least=20 (people who have both, at least); a smaller one may find some: -p least=1\n"
    )


def test_free_cypher(cli: CommandLine, town: str) -> None:
    """Rows as a table or JSON; the cap is noted on stderr."""
    text = "MATCH (u:User {dataset: $dataset}) RETURN u.id AS id, u.attributes AS a ORDER BY id LIMIT 2"
    found = cli.json("query", "--dataset", town, "--cypher", text)
    assert (list(found[0]), found[0]["id"]) == (["id", "a"], "abel")
    done = cli("query", "--rows", "3", "--cypher", "UNWIND range(1, 100000) AS n RETURN n")
    assert done.out.split() == ["n", "1", "2", "3"]
    assert "only the first 3 rows" in done.err
    assert cli("query", "--cypher", "MATCH (n:Nothing) RETURN n").out == "no rows\n"


def test_export(cli: CommandLine, town: str, tmp_path: Path) -> None:
    """A page with nothing of another address in it, and graphs that networkx reads again, all with the same people."""
    for ending in ("html", "graphml", "gexf", "json"):
        file = tmp_path / f"ada.{ending}"
        done = cli("export", "ada", "--dataset", town, "--to", file, "--top-k", "20")
        assert (done.status, ("20 people" if ending == "html" else "20 collaborators") in done.out) == (0, True)
        assert ("fact" in done.out) == (ending != "html")  # a figure has none
    page = (tmp_path / "ada.html").read_text(encoding="utf-8")
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?http[^>]*>", page) == []
    sizes = {
        len(nx.read_graphml(tmp_path / "ada.graphml")),
        len(nx.read_gexf(tmp_path / "ada.gexf")),
        len(json.loads((tmp_path / "ada.json").read_text(encoding="utf-8"))["nodes"]),
    }
    assert len(sizes) == 1
    done = cli("export", "ada", "--dataset", town, "--to", tmp_path / "ada.docx")
    assert (done.status, ".graphml" in done.err) == (1, True)
    assert cli("export", "nobody", "--dataset", town, "--to", tmp_path / "x.html").status == 1


def test_the_widget_of_a_notebook(cli: CommandLine, town: str) -> None:
    """As docs/explorer.md shows it: a networkx graph, drawn with the same people, and shown by Jupyter."""
    from persona_db.chains import neighbourhood, widget
    from persona_db.graph import Graph

    with Graph.connect() as graph:
        made = neighbourhood(graph, "ada", dataset=town, top_k=20)
    assert isinstance(made, nx.Graph)
    shown = widget(made)
    assert {one.id for one in shown.nodes} == set(made)
    assert len(shown.relationships) == made.number_of_edges()
    assert "application/vnd.jupyter.widget-view+json" in shown._repr_mimebundle_()[0]


def test_the_explorer_needs_its_port(cli: CommandLine) -> None:
    """A port that is taken is told in one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = cli("explore", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert done.status == 1
    assert "--port" in done.err


def test_there_is_a_favourite_for_every_query() -> None:
    """For Neo4j Browser, with the query unedited below its title, for those that it draws too; one more sets all
    parameters."""
    folder = ROOT / "docs" / "browser"
    drawn = {name: query for name, query in catalog().items() if query.area == "draw"}
    assert {file.stem for file in folder.glob("*.cypher")} == {*explore_queries(), *drawn, "parameters"}
    parameters = (folder / "parameters.cypher").read_text(encoding="utf-8")
    given = set(re.findall(r"^:param (\w+) => .+;$", parameters, re.MULTILINE))
    for name, query in {**explore_queries(), **drawn}.items():
        assert (folder / f"{name}.cypher").read_text(encoding="utf-8").partition("\n")[2] == query.text
        assert set(query.params) <= given
