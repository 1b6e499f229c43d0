"""Loading: once or twice, whole or stopped halfway, the graph is the same; what is held out is not in it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import ConfigError, EmbeddingError, LoadError
from persona_db.graph.models import HistoryItem, QuarantinedRow, Sharing
from persona_db.graph.session import Graph
from persona_db.graph.users import history, questions, require_user, users
from persona_db.loaders import LoadReport, Record, Source, Split, load, open_source
from persona_db.loaders.rows import Quarantine
from persona_db.loaders.source import Counts, HeldOut

TAX = {"type": "question", "id": "tax", "text": "Raise taxes?", "options": ["no", "yes"]}
LINES: list[dict[str, Any]] = [
    TAX,
    {"type": "user", "id": "`u1`'}) DETACH DELETE n //", "name": "Ann", "attributes": {"AGE": "34"}},
    {"user": "`u1`'}) DETACH DELETE n //", "question": "tax", "option": "yes", "at": "2024-05-01"},
    {"user": "u2", "text": "Lower them.", "question": "tax", "option": 0},
    {"user": "u2", "text": "I like cats."},
    {"user": "u2", "question": "none", "option": 0},
]


def file_of(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def load_lines(graph: Graph, dataset: str, path: Path, *lines: object, **options: Any) -> LoadReport:
    source = open_source("jsonl", [file_of(path, *lines)])
    return load(graph, source, dataset=dataset, embedder=HashEmbedder(), **options)


def picture(graph: Graph, dataset: str, *, but: frozenset[str] = frozenset()) -> list[tuple[Any, ...]]:
    """Everything that a load writes into a dataset, in an order of its own; without the properties in *but*."""
    queries = (
        "MATCH (n {dataset: $d}) WHERE NOT n:Dataset RETURN labels(n), n.id, '', properties(n)",
        "MATCH (n {dataset: $d})-[r]->(m) RETURN type(r), n.id, m.id, properties(r)",
    )
    rows = []
    for query in queries:
        for kind, start, end, properties in graph.driver.execute_query(query, d=dataset).records:
            kept = {name: value for name, value in sorted(properties.items()) if name not in but}
            rows.append((str(kind), start, end, str(kept)))
    return sorted(rows)


class Stopping(Source):
    """A source that fails after so many records, as a process would that is killed there."""

    def __init__(self, source: Source, after: int) -> None:
        self.name = source.name
        self.counts = Counts()
        self._source = source
        self._after = after

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        for number, record in enumerate(self._source.read(quarantine)):
            if number == self._after:
                raise KeyboardInterrupt
            yield record

    def test_answers(self, quarantine: Quarantine) -> Iterator[HeldOut]:
        return self._source.test_answers(quarantine)


def test_a_load_stores_what_was_read_and_reports_it(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Every text has its vector; the bad row is kept with file, number and reason."""
    report = load_lines(graph, dataset, tmp_path / "x.jsonl", *LINES)
    injected = "`u1`'}) DETACH DELETE n //"
    assert report.model_dump(exclude={"seconds", "first_quarantined"}) == {
        "dataset": dataset,
        "source": "jsonl",
        "questions": 1,
        "scales_changed": 0,
        "users": 2,
        "users_changed": 0,
        "items_read": 3,
        "items_new": 3,
        "items_replaced": 0,
        "items_renamed": 0,
        "contradicting": 0,
        "statements_new": 3,
        "refused": 0,
        "skipped_test": 0,
        "not_in_split": 0,
        "quarantined": 1,
        "composed": (),
        "alike": (),
        "alike_groups": 0,
        "notes": (),
        "empty": False,
        "where": f"(:Quarantine {{dataset: '{dataset}'}})",
    }
    assert report.first_quarantined == (
        QuarantinedRow(
            source=str(tmp_path / "x.jsonl"),
            row=6,
            reason="no question 'none'; its line must come before its answers",
            user="u2",
        ),
    )
    assert [(user.id, user.sharing, user.items) for user in users(graph, dataset)] == [
        (injected, Sharing.KEYS, 1),
        ("u2", Sharing.KEYS, 2),
    ]
    assert require_user(graph, dataset, injected).attributes == {"AGE": "34"}
    assert [item.text for item in history(graph, dataset, injected)] == ['Asked "Raise taxes?", answered "yes"']
    assert graph.read("count_unembedded", dataset=dataset) == [{"statements": 0, "questions": 0}]


def test_loading_twice_changes_nothing(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """No node, no edge, no version."""
    load_lines(graph, dataset, tmp_path / "x.jsonl", *LINES)
    before = picture(graph, dataset)
    again = load_lines(graph, dataset, tmp_path / "x.jsonl", *LINES)
    assert (again.items_read, again.items_new, again.statements_new, again.quarantined) == (3, 0, 0, 1)
    assert picture(graph, dataset) == before


@pytest.mark.parametrize("seed", range(4))
def test_a_stopped_load_is_completed_by_the_next(graph: Graph, dataset: str, tmp_path: Path, seed: int) -> None:
    """Wherever it stopped, the graph becomes that of an undisturbed load."""
    small = Graph(
        graph.driver, graph.settings.model_copy(update={"batch_size": 7}), database=graph.database, owns_driver=False
    )
    people = [{"type": "user", "id": f"u{n}", "attributes": {"AGE": str(n)}} for n in range(9)]
    items = [{"user": f"u{n % 11}", "text": f"text {n % 13}", "id": str(n)} for n in range(40)]
    path = file_of(tmp_path / "x.jsonl", TAX, *people, *items, {"user": ""})
    source = open_source("jsonl", [path])
    whole = f"{dataset}-whole"
    load(small, source, dataset=whole, embedder=HashEmbedder())
    with pytest.raises(KeyboardInterrupt):
        load(small, Stopping(source, random.Random(seed).randrange(1, 50)), dataset=dataset, embedder=HashEmbedder())
    load(small, source, dataset=dataset, embedder=HashEmbedder())
    told_apart = frozenset({"dataset", "version"})  # a version counts batches, and these were cut otherwise
    assert picture(graph, dataset, but=told_apart) == picture(graph, whole, but=told_apart)
    drop_dataset(graph, whole)


def test_only_history_is_stored(graph: Graph, dataset: str) -> None:
    """A vote marked test is nowhere in the graph: no item, no statement of its user."""
    split = Split(
        [
            ("SESSIONS (R AL)", "s109-1-0001", "test"),
            ("SHELBY (R AL)", "s109-1-0002", "history"),
        ]
    )
    source = open_source("senate", split=[split])
    report = load(graph, source, dataset=dataset, sharing=Sharing.HISTORY, embedder=HashEmbedder(), evaluation=True)
    assert (report.users, report.questions, report.items_new, report.skipped_test) == (102, 645, 1, 1)
    texts = graph.driver.execute_query("MATCH (s:Statement {dataset: $d}) RETURN s.text AS text", d=dataset).records
    assert [record["text"][:9] for record in texts] == ["Voted Yea"]
    everything = json.dumps([str(row) for row in picture(graph, dataset)])
    for secret in ("Not Sustained", "yeatotal", "Rejected", "Agreed to"):
        assert secret not in everything


def test_sharing_is_set_for_all_or_left_alone(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Loading again without a level keeps what users share."""
    load_lines(graph, dataset, tmp_path / "x.jsonl", *LINES, sharing=Sharing.NONE)
    load_lines(graph, dataset, tmp_path / "y.jsonl", {"user": "u2", "text": "More."}, {"user": "u3", "text": "New."})
    assert {user.id: user.sharing for user in users(graph, dataset)}["u2"] is Sharing.NONE
    assert {user.id: user.sharing for user in users(graph, dataset)}["u3"] is Sharing.KEYS


def test_later_answers_to_stored_questions_are_taken(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """A file of answers alone is enough once the questions are there; who is described stays so."""
    load_lines(graph, dataset, tmp_path / "x.jsonl", *LINES)
    injected = LINES[1]["id"]
    report = load_lines(
        graph, dataset, tmp_path / "y.jsonl", {"user": injected, "question": "tax", "option": 0, "id": "2"}
    )
    assert (report.items_new, report.quarantined) == (1, 0)
    assert require_user(graph, dataset, injected).attributes == {"AGE": "34"}
    assert [question.id for question in questions(graph, dataset)] == ["tax"]


def test_what_cannot_be_read_leaves_nothing_behind(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Not even an empty dataset."""
    with pytest.raises(LoadError):
        load(graph, open_source("opinionqa", [tmp_path]), dataset=dataset, embedder=HashEmbedder())
    with pytest.raises(ConfigError):
        load_lines(graph, "", tmp_path / "x.jsonl", *LINES)
    assert graph.read("find_dataset", dataset=dataset) == []


def test_another_question_of_the_same_id_is_refused(graph: Graph, dataset: str) -> None:
    """Answers to two questions must not be counted as answers to one."""
    source = open_source("senate")
    first = next(iter(source.read(lambda row: None)))
    graph.write("ensure_dataset", dataset=dataset, evaluation=False)
    graph.write(
        "store_questions",
        dataset=dataset,
        rows=[
            {"id": first.id, "text": "Other?", "options": ["Nay", "Yea"], "ordinal": [], "kind": "rollcall", "at": ""}
        ],
    )
    with pytest.raises(LoadError, match=r"has question 's109-1-0001' with another text or other options"):
        load(graph, source, dataset=dataset, embedder=HashEmbedder())
    assert users(graph, dataset) == []


def test_vectors_of_two_models_never_meet(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Refused before an item is stored."""

    class Other(HashEmbedder):
        name = "other"

    load_lines(graph, dataset, tmp_path / "x.jsonl", *LINES)
    source = open_source("jsonl", [file_of(tmp_path / "y.jsonl", {"user": "u9", "text": "x"})])
    with pytest.raises(EmbeddingError, match="is embedded with 'hash-384', not 'other'"):
        load(graph, source, dataset=dataset, embedder=Other())
    assert [user.id for user in users(graph, dataset)][-1] != "u9"


def test_an_item_is_stored_once_whoever_repeats_it(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """The same id in one file is one item."""
    report = load_lines(graph, dataset, tmp_path / "x.jsonl", {"user": "u", "text": "x"}, {"user": "u", "text": "x"})
    assert (report.items_read, report.items_new) == (2, 1)
    assert [type(item) for item in history(graph, dataset, "u")] == [HistoryItem]
