"""Datasets don't see each other: two with the same ids in one graph are read, changed and dropped apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from persona_db.graph.catalog import NamedQuery, QueryType, catalog
from persona_db.graph.datasets import datasets, drop_dataset, ensure_dataset, require_dataset
from persona_db.graph.embedding import HashEmbedder, embed_missing
from persona_db.graph.erase import erase_user
from persona_db.graph.errors import ConfigError, UnknownDatasetError
from persona_db.graph.ingest import store_items, store_people, store_quarantine, store_questions
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question, Sharing
from persona_db.graph.session import Graph

ID = "5"
"""The id of everything in both datasets, the value of every parameter, and a date between '' and 9999."""
VECTOR = HashEmbedder().embed(["any"])[0].tolist()
READS = [query for query in catalog().values() if not query.writes and "dataset" in query.params]

REFINED = """
MATCH (d:Dataset {dataset: $d}), (u:User {dataset: $d})-[:HAS_HISTORY]->(item)-[:SAYS]->(s)-[:ANSWERS]->(q)
SET d.current_fit = $id
CREATE (fit:Fit {dataset: $d, id: $id, through: '', seed: 5, settings: $mark, status: 'ready', kept: false})
CREATE (fit)-[:BASE_RATE {counts: [5, 5], weights: [5.0, 5.0], n: 5, mark: $mark}]->(q)
CREATE (fit)-[:CROSSTAB {fit: $id, attribute: $id, values: [$mark], counts: [5, 5], effective: [5.0, 5.0]}]->(q)
CREATE (q)-[:GOES_WITH {fit: $id, option: 1, other: 1, place: 0, both: 5, lift: 1.5}]->(q)
CREATE (q)-[:TELLS {fit: $id, r: 0.5, n: 5}]->(q)
CREATE (key:CacheKey {dataset: $d, fit: $id, id: $id, kind: $id, name: $mark, idf: 1.0, n_holders: 5})
CREATE (key)-[:OPPOSITE_OF]->(key), (key)-[:SUMMARISES {counts: [5], n: 5}]->(q)
CREATE (u)-[:HOLDS {fit: $id, weight: 0.5, unit: 0.5, at: '', retired_at: '9999-12-31'}]->(key)
CREATE (u)-[:HAS_FACT]->(fact:Fact {dataset: $d, fit: $id, id: $id, user: $id, layer: 'distilled', text: $mark,
  n_support: 1, strength: 0.5, at: '', retired_at: '9999-12-31'})-[:SAYS]->(s)
CREATE (fact)-[:DERIVED_FROM {share: 1.0}]->(item), (fact)-[:EVIDENCE_FOR {share: 1.0}]->(key)
CREATE (u)-[:HAS_PERSONA]->(:Persona {dataset: $d, fit: $id, id: $id, user: $id, version: 1, sharing_rank: 4,
  traits: [0.5], at: '', retired_at: '9999-12-31'})
"""


def fill(graph: Graph, dataset: str) -> None:
    """Store one of everything, its texts marked with the dataset's name."""
    ensure_dataset(graph, dataset)
    store_questions(graph, dataset, [Question(id=ID, text=f"{dataset}?", options=(dataset, "no"), kind="survey")])
    person = Person(id=ID, name=f"name {dataset}", attributes={"A": dataset})
    store_people(graph, dataset, [person], sharing=Sharing.HISTORY)
    store_items(graph, dataset, [HistoryItem(id=ID, user=ID, text=f"says {dataset}", question=ID, option=0)])
    store_quarantine(graph, dataset, [QuarantinedRow(source=dataset, row=5, reason="r")])
    embed_missing(graph, dataset, HashEmbedder())
    graph.driver.execute_query(REFINED, d=dataset, id=ID, mark=f"mark {dataset}", database_=graph.database)


@pytest.fixture(scope="module")
def filled(graph: Graph) -> Iterator[tuple[str, str]]:
    """Two datasets that are equal but for the marks."""
    names = ("isolation-one", "isolation-two")
    for name in names:
        fill(graph, name)
    graph.await_indexes()
    yield names
    for name in names:
        drop_dataset(graph, name)


def value(kind: QueryType) -> Any:
    """A value of the type that means something in both datasets."""
    if kind.kind == "list":
        if kind.item and kind.item.kind == "float":
            return VECTOR
        return [value(kind.item)] if kind.item else []
    if kind.kind == "map":
        return {"id": ID, "user": ID, "question": ID, "key": ID, "fit": ID}
    return {"int": 1, "float": 0.0, "bool": True}.get(kind.kind, ID)


def answers(graph: Graph, query: NamedQuery, dataset: str, *, optional: bool) -> str:
    """All that the query returns for the dataset, as one text."""
    params = {
        name: value(param.type) if optional or not param.type.optional else None for name, param in query.params.items()
    }
    places = {"dataset": dataset} | ({"after": ""} if "after" in params else {})
    return json.dumps(graph.read(query.name, **{**params, **places}), default=str)


@pytest.mark.parametrize("optional", [True, False], ids=["given", "left out"])
@pytest.mark.parametrize("query", READS, ids=lambda query: query.name)
def test_no_query_reads_across_datasets(
    graph: Graph, filled: tuple[str, str], query: NamedQuery, optional: bool
) -> None:
    """Asked about one dataset, a query tells nothing of the other, though every id is in both."""
    one, two = filled
    assert two not in answers(graph, query, one, optional=optional)
    assert one not in answers(graph, query, two, optional=optional)


def test_the_values_asked_with_are_in_the_data(graph: Graph, filled: tuple[str, str]) -> None:
    """The parameters of the test above exist in the data, so that it does not hold by finding nothing."""
    one, _ = filled
    empty = {"[]", "[[]]"}
    found = [query.name for query in READS if answers(graph, query, one, optional=True) not in empty]
    assert len(found) > 0.6 * len(READS)
    assert {"find_user", "history_of", "list_users", "questions_of", "known_users", "find_dataset"} <= set(found)


def snapshot(graph: Graph, dataset: str) -> list[str]:
    """Every node and relationship of the dataset with its properties."""
    records, _, _ = graph.driver.execute_query(
        "MATCH (n {dataset: $d}) OPTIONAL MATCH (n)-[r]->(m) "
        "RETURN labels(n) AS l, properties(n) AS n, type(r) AS t, properties(r) AS r, m.dataset + m.id AS m",
        d=dataset,
        database_=graph.database,
    )
    return sorted(json.dumps(record.data(), sort_keys=True, default=str) for record in records)


def test_what_is_done_to_one_leaves_the_other(graph: Graph, filled: tuple[str, str], dataset: str) -> None:
    """Filling, erasing and dropping a third dataset with the same ids changes nothing in the first."""
    one, _ = filled
    before = snapshot(graph, one)
    fill(graph, dataset)
    store_people(graph, dataset, [Person(id=ID)], sharing=Sharing.NONE)
    erase_user(graph, dataset, ID)
    assert drop_dataset(graph, dataset) > 0
    assert snapshot(graph, one) == before


def test_dropped_dataset_leaves_nothing(graph: Graph, dataset: str) -> None:
    """No node of any label is left after a drop, whatever a Fit made; dropping again finds nothing."""
    fill(graph, dataset)
    told: list[int] = []
    dropped = drop_dataset(graph, dataset, progress=lambda what, done, total=None: told.append(done))
    assert dropped == 9 + 1  # one of everything, and the dataset
    assert told[-1] == dropped
    assert snapshot(graph, dataset) == []
    assert drop_dataset(graph, dataset) == 0
    with pytest.raises(UnknownDatasetError):
        require_dataset(graph, dataset)


def test_drop_knows_every_label() -> None:
    """A label that some query writes and a drop doesn't remove would outlive its dataset."""
    label = re.compile(r"\(\w*:(\w+)")
    drops = ("drop_dataset_nodes", "drop_dataset_texts", "drop_dataset")
    known = {found for name in drops for found in label.findall(catalog()[name].text)}
    written = {found for query in catalog().values() if query.area != "schema" for found in label.findall(query.text)}
    assert written - known == set()


def test_evaluations_are_hidden_and_keep_their_sort(graph: Graph, dataset: str) -> None:
    """An evaluation's dataset is listed only when asked for; a dataset doesn't change sides."""
    ensure_dataset(graph, dataset, evaluation=True)
    ensure_dataset(graph, dataset, evaluation=True)
    assert dataset not in [found.dataset for found in datasets(graph)]
    assert dataset in [found.dataset for found in datasets(graph, include_evaluation=True)]
    with pytest.raises(ConfigError, match="is an evaluation's; use another name"):
        ensure_dataset(graph, dataset)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_unusable_names_are_refused(graph: Graph, name: str) -> None:
    """Names that cannot be printed or typed on one line are refused for a dataset."""
    with pytest.raises(ConfigError, match="can't name a dataset"):
        ensure_dataset(graph, name)
