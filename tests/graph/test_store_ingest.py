"""Storing is exact: whatever is stored twice, at once, or halfway ends as if stored once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from persona_db.graph.contradictions import Contradiction
from persona_db.graph.datasets import ensure_dataset, require_dataset
from persona_db.graph.ingest import Stored, store_items, store_people, store_quarantine, store_questions
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question, Sharing
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from persona_db.graph.users import history, questions, require_user, users

TAX = Question(id="tax", text="Raise taxes?", options=("no", "yes", "refused"), ordinal=(0.0, 1.0, None))
POST = Question(id="post", text="A post.", kind="post", at="2020-01-02")
NASTY = "`'\"}) MATCH (n) DETACH DELETE n // \\ {$dataset} \u202e😀\n"


def answer(user: str, option: int = 1, **changes: Any) -> HistoryItem:
    """An answer to TAX."""
    text = f"Raise taxes? {TAX.options[option]}" if option < len(TAX.options) else "Raise taxes? ?"
    fields: dict[str, Any] = {"id": f"{user}:tax", "user": user, "text": text, "question": "tax", "option": option}
    return HistoryItem(**{**fields, **changes})


def counts(graph: Graph, dataset: str) -> dict[str, int]:
    """How many nodes of each label and relationships of each type the dataset has."""
    records, _, _ = graph.driver.execute_query(
        "MATCH (n {dataset: $d}) RETURN labels(n)[0] AS what, count(*) AS n "
        "UNION ALL MATCH ({dataset: $d})-[r]->() RETURN type(r) AS what, count(*) AS n",
        d=dataset,
        database_=graph.database,
    )
    return {record["what"]: record["n"] for record in records}


@pytest.fixture
def people(graph: Graph, dataset: str) -> list[str]:
    """Three users in a dataset with two questions."""
    ensure_dataset(graph, dataset)
    store_questions(graph, dataset, [TAX, POST])
    names = ["ann", "bob", "cy"]
    store_people(graph, dataset, [Person(id=name) for name in names])
    return names


def test_stored_twice_creates_nothing(graph: Graph, dataset: str, people: list[str]) -> None:
    """The second time everything is known, versions stay, and the graph is the same."""
    items = [answer(user) for user in people] + [HistoryItem(id="free", user="ann", text="Cats.", at="2021-05-01")]
    assert store_items(graph, dataset, items) == Stored(created=4)
    before = counts(graph, dataset)
    assert store_items(graph, dataset, items) == Stored(known=4)
    assert store_questions(graph, dataset, [TAX, POST]) == Stored(known=2)
    assert store_people(graph, dataset, [Person(id=name) for name in people]) == Stored(known=3)
    assert counts(graph, dataset) == before
    assert before == {
        "Dataset": 1, "User": 3, "Question": 2, "HistoryItem": 4, "Statement": 2,
        "HAS_HISTORY": 4, "SAYS": 4, "ANSWERS": 1,
    }  # fmt: skip
    assert [require_user(graph, dataset, name).version for name in people] == [1, 1, 1]


def test_what_is_read_is_what_was_stored(graph: Graph, dataset: str, people: list[str]) -> None:
    """Questions and items come back equal, oldest first."""
    items = [
        HistoryItem(id="c", user="ann", text="Late.", at="2021-05-01"),
        answer("ann"),
        HistoryItem(id="b", user="ann", text="Of a post.", question="post", at="2020-01-03"),
    ]
    store_items(graph, dataset, items)
    assert questions(graph, dataset) == [POST, TAX]
    assert history(graph, dataset, "ann") == [items[1], items[2], items[0]]
    assert history(graph, dataset, "ann", as_of="2020-12-31") == [items[1], items[2]]
    assert [(user.id, user.items, user.facts, user.keys) for user in users(graph, dataset)] == [
        ("ann", 3, 0, 0), ("bob", 0, 0, 0), ("cy", 0, 0, 0),
    ]  # fmt: skip
    assert [user.id for user in users(graph, dataset, after="ann", limit=1)] == ["bob"]


def test_item_that_hangs_on_nothing_is_told(graph: Graph, dataset: str, people: list[str]) -> None:
    """Unknown users, questions and options are rejected with their reasons; the rest of the batch is stored."""
    stored = store_items(
        graph,
        dataset,
        [
            answer("ann"),
            answer("ann"),
            answer("dee"),
            answer("bob", id="b", question="war"),
            answer("bob", id="c", option=3),
            HistoryItem(id="d", user="bob", text="?", option=0),
        ],
    )
    assert (stored.created, stored.known) == (1, 1)
    assert {rejection.id: rejection.reason for rejection in stored.rejected} == {
        "dee:tax": "no user 'dee' in the dataset",
        "b": "no question 'war' in the dataset",
        "c": "option 3 of question 'tax', which has 3",
        "d": "option 0 of no question",
    }
    assert counts(graph, dataset)["Statement"] == 1


def test_known_item_is_not_rewritten(graph: Graph, dataset: str, people: list[str]) -> None:
    """An id that is there keeps its text, the other answer is told, and its text leaves no statement behind."""
    store_items(graph, dataset, [answer("ann", 1)])
    told = Contradiction(user="ann", item="ann:tax", question="tax", given=0, stored=1, why="the same id")
    assert store_items(graph, dataset, [answer("ann", 0)]) == Stored(contradicting=(told,))
    assert history(graph, dataset, "ann") == [answer("ann", 1)]
    assert counts(graph, dataset)["Statement"] == 1


def test_attributes_are_replaced_by_name(graph: Graph, dataset: str, people: list[str]) -> None:
    """New values replace old ones, unnamed attributes stay, an empty value removes; only changes raise the version."""
    ann = Person(id="ann", name="Ann", attributes={"SEX": "f", "PARTY": "a=b", "AGE": "30"})
    assert store_people(graph, dataset, [ann]) == Stored(changed=1)
    assert store_people(graph, dataset, [ann, ann]) == Stored(known=2)
    later = Person(id="ann", attributes={"AGE": "31", "SEX": ""})
    assert store_people(graph, dataset, [later]) == Stored(changed=1)
    stored = require_user(graph, dataset, "ann")
    assert (stored.name, stored.attributes, stored.version) == ("Ann", {"AGE": "31", "PARTY": "a=b"}, 2)
    [bad] = store_people(graph, dataset, [Person(id="x", attributes={"A=B": "c"})]).rejected
    assert bad.reason == "attribute name 'A=B' has a '='"


def test_sharing_is_kept_unless_it_is_given(graph: Graph, dataset: str, people: list[str]) -> None:
    """New users share keys; loading again without a level leaves what they chose, and personas follow a change."""
    assert require_user(graph, dataset, "ann").sharing is Sharing.KEYS
    graph.driver.execute_query(
        "MATCH (u:User {dataset: $d}) CREATE (u)-[:HAS_PERSONA]->(:Persona {dataset: $d, fit: 'f', id: u.id, "
        "user: u.id, sharing_rank: u.sharing_rank})",
        d=dataset,
        database_=graph.database,
    )
    store_people(graph, dataset, [Person(id="ann")], sharing=Sharing.HISTORY)
    assert not require_dataset(graph, dataset).refit_needed
    store_people(graph, dataset, [Person(id="bob")], sharing=Sharing.NONE)
    assert require_dataset(graph, dataset).refit_needed
    store_people(graph, dataset, [Person(id=name) for name in people])
    ranks, _, _ = graph.driver.execute_query(
        "MATCH (u:User {dataset: $d})-[:HAS_PERSONA]->(p) "
        "RETURN u.sharing, u.sharing_rank, p.sharing_rank ORDER BY u.id",
        d=dataset,
        database_=graph.database,
    )
    assert [rank.values() for rank in ranks] == [["history", 4, 4], ["none", 0, 0], ["keys", 1, 1]]


def test_texts_are_values_never_cypher(graph: Graph, dataset: str, people: list[str]) -> None:
    """Backticks, quotes and Cypher in ids, names and texts are stored as they are."""
    store_questions(graph, dataset, [Question(id=NASTY, text=NASTY, options=(NASTY,))])
    store_people(graph, dataset, [Person(id=NASTY, name=NASTY, attributes={"`": NASTY})], sharing=Sharing.NONE)
    item = HistoryItem(id=NASTY, user=NASTY, text=NASTY, question=NASTY, option=0)
    assert store_items(graph, dataset, [item]) == Stored(created=1)
    assert history(graph, dataset, NASTY) == [item]
    assert require_user(graph, dataset, NASTY).attributes == {"`": NASTY}


def test_bad_rows_are_kept_once(graph: Graph, dataset: str) -> None:
    """The same row of the same file with the same reason is one node, however often it is met."""
    rows = [QuarantinedRow(source="a.csv", row=3, reason="no id"), QuarantinedRow(source="a.csv", row=3, reason="NaN")]
    assert store_quarantine(graph, dataset, rows) == 2
    assert store_quarantine(graph, dataset, rows) == 2
    assert counts(graph, dataset) == {"Quarantine": 2}


def test_long_texts_go_in_smaller_batches(graph: Graph, dataset: str, people: list[str]) -> None:
    """40 MB of text in one call doesn't make a transaction that the server refuses to hold."""
    items = [HistoryItem(id=str(n), user="ann", text=f"{n} ".ljust(100_000, "é")) for n in range(400)]
    assert store_items(graph, dataset, items) == Stored(created=400)
    assert require_user(graph, dataset, "ann").version > 1


def test_loads_at_once_end_as_one(graph: Graph, dataset: str, people: list[str]) -> None:
    """Two that store the same at one moment make it once; each item is counted as created by one of them."""
    items = [HistoryItem(id=f"{user}{n}", user=user, text=f"Says {n % 7}.") for n in range(400) for user in people]
    with ThreadPoolExecutor(2) as pool:
        stored = list(pool.map(lambda order: store_items(graph, dataset, order), [items, list(reversed(items))]))
    assert sum(part.created for part in stored) == len(items)
    assert counts(graph, dataset) == {
        "Dataset": 1, "User": 3, "Question": 2, "HistoryItem": 1200, "Statement": 7, "HAS_HISTORY": 1200, "SAYS": 1200,
    }  # fmt: skip


LOADER = """
import sys, time
from persona_db.graph.ingest import store_items
from persona_db.graph.models import HistoryItem
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings

def items(until):
    for n in range(1500):
        for user in ("ann", "bob", "cy"):
            yield HistoryItem(id=f"{user}{n}", user=user, text=f"Says {n % 90}.", question="tax")
        if n == until:
            time.sleep(600)

store_items(Graph.connect(Settings(batch_size=50)), sys.argv[1], items(int(sys.argv[2])))
"""


def loading(graph: Graph, neo4j_settings: Settings, dataset: str, *, until: int = -1) -> subprocess.Popen[bytes]:
    """Start a process that stores 4,500 items in batches of 50, and waits after row `until`."""
    environment = {
        **os.environ,
        "PERSONA_DB_HOME": str(neo4j_settings.home),
        "PERSONA_DB_CACHE": str(neo4j_settings.cache_dir),
    }
    return subprocess.Popen([sys.executable, "-c", LOADER, dataset, str(until)], env=environment)


def test_killed_load_is_completed_by_the_next(
    graph: Graph, neo4j_settings: Settings, dataset: str, people: list[str]
) -> None:
    """kill -9 at any moment, then the load again: the counts of an undisturbed one."""
    for enough in sorted(random.Random(5).sample(range(1, 4000), 3)):
        # It never gets past item 4,350, however late the kill comes.
        with loading(graph, neo4j_settings, dataset, until=1450) as process:
            while process.poll() is None and counts(graph, dataset).get("HistoryItem", 0) < enough:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert enough <= counts(graph, dataset)["HistoryItem"] < 4500
    with loading(graph, neo4j_settings, dataset) as process:
        assert process.wait(timeout=120) == 0
    assert counts(graph, dataset) == {
        "Dataset": 1, "User": 3, "Question": 2, "HistoryItem": 4500, "Statement": 90,
        "HAS_HISTORY": 4500, "SAYS": 4500, "ANSWERS": 90,
    }  # fmt: skip
