"""Tables in the graph: six forms of one survey are one graph, weights and waves are kept, nothing is half-written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import LoadError
from persona_db.graph.session import Graph
from persona_db.graph.shares import shares
from persona_db.loaders import TableOptions, load, open_source
from tests.tabular import write_csv

SIX = ("gss-part.sav", "gss-part.dta", "gss-part-labels.csv", "gss-part-codes.csv", "gss-part.xlsx", "gss-part.parquet")
ROWS = [("id", "tax", "weight"), ("ann", "agree", 0.5), ("ben", "disagree", 1.5), ("cyd", "agree", 1)]


@pytest.fixture
def datasets(graph: Graph) -> Iterator[list[str]]:
    """Names of datasets that are dropped afterwards."""
    names: list[str] = []
    yield names
    for name in names:
        drop_dataset(graph, name)


def load_table(graph: Graph, dataset: str, path: Path, **options: object) -> None:
    source = open_source("table", [path], table=TableOptions.model_validate(options))
    load(graph, source, dataset=dataset, embedder=HashEmbedder())


def picture(graph: Graph, dataset: str) -> dict[str, object]:
    """People, questions with their options in order, and answers."""
    people = "MATCH (u:User {dataset: $d}) RETURN collect([u.id, u.weight]) AS rows"
    questions = "MATCH (q:Question {dataset: $d}) RETURN collect([q.id, q.options, q.ordinal]) AS rows"
    answers = (
        "MATCH (u:User {dataset: $d})-[:HAS_HISTORY]->(h)-[:SAYS]->(:Statement) "
        "RETURN collect([u.id, h.question, h.option]) AS rows"
    )
    return {
        query: sorted(graph.driver.execute_query(query, d=dataset).records[0]["rows"])
        for query in (people, questions, answers)
    }


@pytest.mark.shared_data
def test_six_forms_are_one_graph(graph: Graph, shared_data: Path, datasets: list[str]) -> None:
    """The same people with the same weights, questions, options in order, scales and answers."""
    pictures = []
    for name in SIX:
        datasets.append(name)
        load_table(graph, name, shared_data / "tables" / name)
        pictures.append(picture(graph, name))
    assert all(one == pictures[0] for one in pictures)
    people, questions, answers = pictures[0].values()
    assert isinstance(people, list)
    assert isinstance(questions, list)
    assert isinstance(answers, list)
    assert (len(people), len(questions), len(answers)) == (600, 63, 24_174)


def test_two_waves_of_a_question_are_two_answers(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """The newer wave lacks an option, and is read by those that are stored; loading again changes nothing."""
    first = write_csv(tmp_path / "a.csv", ROWS)
    second = write_csv(tmp_path / "b.csv", [ROWS[0], ("ann", "agree", 0.7)])
    for _ in range(2):
        load_table(graph, dataset, first, wave="2020")
        load_table(graph, dataset, second, wave="2024", questions=("tax",))
    rows = graph.driver.execute_query(
        "MATCH (h:HistoryItem {dataset: $d, user: 'ann'}) RETURN h.id, h.option, h.at ORDER BY h.at",
        d=dataset,
    ).records
    assert [tuple(row.values()) for row in rows] == [
        ("ann/tax@2020-01-01", 0, "2020-01-01"), ("ann/tax@2024-01-01", 0, "2024-01-01"),
    ]  # fmt: skip


def test_shares_count_heads_or_weights(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Each person counts once, by their newest answer; one without a weight counts as 1."""
    rows = [*ROWS, ("dan", "agree", "")]
    load_table(graph, dataset, write_csv(tmp_path / "a.csv", rows), weight=("weight",), wave="2020")
    later = write_csv(tmp_path / "b.csv", [("id", "tax"), ("ann", "disagree")])
    load_table(graph, dataset, later, wave="2024", questions=("tax",))
    assert [(one.option, one.people, one.share) for one in shares(graph, "tax", dataset=dataset).options] == [
        ("agree", 2, 0.5), ("disagree", 2, 0.5),
    ]  # fmt: skip
    found = shares(graph, "tax", dataset=dataset, weighted=True)
    assert [(one.option, one.share) for one in found.options] == [("agree", 0.5), ("disagree", 0.5)]
    assert (found.people, found.without_weight, found.weighted) == (4, 1, True)
    load_table(
        graph,
        dataset,
        write_csv(tmp_path / "c.csv", [ROWS[0], ("ben", "disagree", 5.5)]),
        weight=("weight",),
        questions=("tax",),
    )
    found = shares(graph, "tax", dataset=dataset, weighted=True)
    assert [(one.option, one.share) for one in found.options] == [("agree", 0.25), ("disagree", 0.75)]


def test_nothing_is_stored_of_a_table_that_cannot_be_read_to_its_end(
    graph: Graph, dataset: str, tmp_path: Path
) -> None:
    """A file that is cut off is refused before its first person is stored."""
    import pandas as pd  # type: ignore[import-untyped]

    path = tmp_path / "t.parquet"
    pd.DataFrame({"id": [f"p{row}" for row in range(9_000)], "q": ["yes", "no"] * 4_500}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2_000] = bytes(2_000)
    path.write_bytes(bytes(content))
    with pytest.raises(LoadError):
        load_table(graph, dataset, path)
    [row] = graph.driver.execute_query("MATCH (n {dataset: $d}) WHERE NOT n:Dataset RETURN count(n)", d=dataset).records
    assert row[0] == 0
