"""An erased user is gone from the dataset with all that rested on them, and nobody else's is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from persona_db.graph.datasets import ensure_dataset, require_dataset
from persona_db.graph.embedding import CachedEmbedder, HashEmbedder, embed_missing
from persona_db.graph.erase import erase_people, erase_user
from persona_db.graph.errors import UnknownDatasetError, UnknownUserError
from persona_db.graph.ingest import store_items, store_people, store_quarantine, store_questions
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.graph.session import Graph
from persona_db.graph.users import history, require_user, stored_on

REFINED = """
MATCH (ann:User {dataset: $d, id: 'ann'})-[:HAS_HISTORY]->(item), (bob:User {dataset: $d, id: 'bob'}),
      (q:Question {dataset: $d})
WITH ann, bob, q, collect(item) AS items
CREATE (shared:CacheKey {dataset: $d, fit: 'f', id: 'shared'})-[:SUMMARISES {n: 2}]->(q),
       (own:CacheKey {dataset: $d, fit: 'f', id: 'own', name: 'likes ferrets'}),
       (ann)-[:HOLDS {fit: 'f'}]->(shared), (bob)-[:HOLDS {fit: 'f'}]->(shared), (ann)-[:HOLDS {fit: 'f'}]->(own)
CREATE (said:Statement {dataset: $d, id: 'induced', text: 'Ann is a ferret person.'})
CREATE (ann)-[:HAS_FACT]->(fact:Fact {dataset: $d, fit: 'f', id: 'a', user: 'ann', layer: 'induced'})-[:SAYS]->(said),
       (fact)-[:EVIDENCE_FOR]->(own), (fact)-[:EVIDENCE_FOR]->(shared),
       (ann)-[:HAS_FACT]->(:Fact {dataset: $d, fit: 'f', id: 'a2', user: 'ann', layer: 'distilled'}),
       (bob)-[:HAS_FACT]->(:Fact {dataset: $d, fit: 'f', id: 'b', user: 'bob'}),
       (ann)-[:HAS_PERSONA]->(:Persona {dataset: $d, fit: 'f', id: 'a', user: 'ann'}),
       (bob)-[:HAS_PERSONA]->(:Persona {dataset: $d, fit: 'f', id: 'b', user: 'bob'})
FOREACH (item IN items | CREATE (fact)-[:DERIVED_FROM]->(item))
"""


@pytest.fixture
def two(graph: Graph, dataset: str) -> str:
    """Ann and Bob, who share a text and a key; Ann has others of her own, in history and in a Fit."""
    ensure_dataset(graph, dataset)
    store_questions(graph, dataset, [Question(id="q", text="Pets?", options=("no", "yes"))])
    store_people(graph, dataset, [Person(id="ann", name="Ann"), Person(id="bob"), Person(id="new")])
    store_items(
        graph,
        dataset,
        [
            HistoryItem(id="1", user="ann", text="Pets? yes", question="q", option=1),
            HistoryItem(id="2", user="ann", text="I have ferrets."),
            HistoryItem(id="3", user="ann", text="I have ferrets.", at="2020-01-01"),
            HistoryItem(id="4", user="bob", text="Pets? yes", question="q", option=1),
        ],
    )
    store_quarantine(graph, dataset, [QuarantinedRow(source="s", row=1, reason="r")])
    graph.driver.execute_query(REFINED, d=dataset, database_=graph.database)
    return dataset


def remains(graph: Graph, dataset: str) -> list[tuple[str, str]]:
    """Label and id of every node of the dataset, sorted; statements by their text."""
    records, _, _ = graph.driver.execute_query(
        "MATCH (n {dataset: $d}) RETURN labels(n)[0] AS label, coalesce(n.text, n.id, '') AS id",
        d=dataset,
        database_=graph.database,
    )
    return sorted((record["label"], record["id"]) for record in records if record["label"] != "Quarantine")


def test_receipt_counts_what_was_removed(graph: Graph, two: str, tmp_path: Path) -> None:
    """The numbers are those of the graph, and a look afterwards finds nothing."""
    cache = CachedEmbedder(HashEmbedder(), tmp_path / "v.sqlite3")
    embed_missing(graph, two, cache)
    receipt = erase_user(graph, two, "ann", cache=cache)
    assert receipt.model_dump(exclude={"left", "remains"}) == {
        "dataset": two, "user": "ann", "items": 3, "facts": 2, "personas": 1, "holds": 2, "keys": 1,
        "statements": 2, "vectors": 2, "calls": 0, "runs": 0, "quarantined": 0, "fits": 0,
        "deep": False, "before": False, "refit_needed": True,
    }  # fmt: skip
    assert receipt.left.total == 0
    assert require_dataset(graph, two).refit_needed


def test_what_is_anothers_stays(graph: Graph, two: str) -> None:
    """Bob keeps his item, its text, the shared key, his fact and persona; questions and quarantine stay."""
    erase_user(graph, two, "ann")
    assert remains(graph, two) == [
        ("CacheKey", "shared"),
        ("Dataset", ""),
        ("Fact", "b"),
        ("HistoryItem", "4"),
        ("Persona", "b"),
        ("Question", "Pets?"),
        ("Statement", "Pets? yes"),
        ("User", "bob"),
        ("User", "new"),
    ]
    assert len(history(graph, two, "bob")) == 1
    assert graph.driver.execute_query(
        "MATCH (n:Quarantine {dataset: $d}) RETURN count(*) AS n", d=two, database_=graph.database
    ).records[0]["n"]


def test_user_without_history_can_be_erased(graph: Graph, two: str) -> None:
    """There is little to remove, and the receipt says so."""
    receipt = erase_user(graph, two, "new")
    assert (receipt.items, receipt.facts, receipt.statements, receipt.left.total) == (0, 0, 0, 0)
    with pytest.raises(UnknownUserError):
        require_user(graph, two, "new")


def test_unknown_user_changes_nothing(graph: Graph, two: str, dataset: str) -> None:
    """Erasing an unknown user, or one of an unknown dataset, is an error and changes nothing."""
    before = remains(graph, two)
    with pytest.raises(UnknownUserError, match="no user 'eve'"):
        erase_user(graph, two, "eve")
    with pytest.raises(UnknownDatasetError):
        erase_user(graph, f"{dataset}-other", "ann")
    assert remains(graph, two) == before
    assert not require_dataset(graph, two).refit_needed


def test_erased_user_can_be_loaded_again(graph: Graph, two: str) -> None:
    """A user who is loaded again after erasing is a new user."""
    erase_user(graph, two, "ann")
    store_people(graph, two, [Person(id="ann")])
    assert store_items(graph, two, [HistoryItem(id="2", user="ann", text="I have ferrets.")]).created == 1
    assert require_user(graph, two, "ann").version == 1


def test_the_cache_forgets_the_sentences_of_erased_texts(graph: Graph, two: str, tmp_path: Path) -> None:
    """Each of them, since free text is matched sentence by sentence; sentences of others stay."""
    cache = CachedEmbedder(HashEmbedder(), tmp_path / "v.sqlite3")
    store_items(graph, two, [HistoryItem(id="5", user="ann", text="I have a cat. It sleeps.")])
    cache.embed(["I have a cat.", "It sleeps.", "It snores."])
    erase_user(graph, two, "ann", cache=cache)
    assert cache.forget(["I have a cat.", "It sleeps.", "It snores."]) == 1


def test_what_is_not_reached_is_named(graph: Graph, two: str, tmp_path: Path) -> None:
    """A damaged cache costs no receipt, and a Fit kept for an earlier date is read no more."""
    graph.driver.execute_query(
        "CREATE (:Fit {dataset: $d, id: 'early', kept: true, status: 'ready', through: '2001-01-01'})",
        d=two,
        database_=graph.database,
    )
    (tmp_path / "v.sqlite3").write_bytes(b"no database " * 500)
    receipt = erase_user(graph, two, "ann", cache=CachedEmbedder(HashEmbedder(), tmp_path / "v.sqlite3"))
    assert (receipt.fits, receipt.vectors, receipt.left.total) == (1, 0, 0)
    told = " ".join(f"{one.where} until {one.until}" for one in receipt.remains)
    for named in ("the Fit still", "earlier dates", "v.sqlite3", "files of Neo4j", "backups"):
        assert named in told
    assert graph.read("fit_for", dataset=two, as_of="2005-01-01") == []


def test_all_that_is_stored_on_one_person_is_told(graph: Graph, two: str) -> None:
    """Their words, facts and keys, and nobody else's; no property of a vector."""
    stored = stored_on(graph, two, "ann")
    assert {what: len(found) for what, found in stored.items()} == {
        "user": 1, "history": 3, "facts": 2, "personas": 1, "keys": 2, "runs": 0, "quarantine": 0,
    }  # fmt: skip
    assert {one["user"] for what in ("history", "facts", "personas") for one in stored[what]} == {"ann"}
    assert "embedding" not in repr(stored)
    with pytest.raises(UnknownUserError):
        stored_on(graph, two, "nobody")


def test_erasing_can_be_asked_again(graph: Graph, two: str) -> None:
    """Who was erased has a receipt of what is there now, and somebody mistyped has none; several are erased at once."""
    first, _ = erase_people(graph, two, ["ann", "new"])
    assert (first.receipt.items, first.receipt.before) == (3, False)
    again = erase_user(graph, two, "ann")
    assert (again.items, again.before, again.left.total) == (0, True, 0)
    with pytest.raises(UnknownUserError):
        erase_people(graph, two, ["bob", "nan"])
    assert require_user(graph, two, "bob").id == "bob"


def test_what_others_say_of_them_is_told(graph: Graph, two: str) -> None:
    """Words of theirs in somebody else's text stay, and the receipt says so."""
    store_items(graph, two, [HistoryItem(id="9", user="bob", text='Ann told me: "I have ferrets." Nice.')])
    receipt = erase_user(graph, two, "ann")
    assert any("stand in what others said" in one.where for one in receipt.remains)
