"""Answers that contradict each other, are corrected, withdrawn or erased, and people under two ids: never silent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from persona_db.chains.refinement.refine import refine
from persona_db.graph.datasets import ensure_dataset, require_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.erase import erase_user
from persona_db.graph.erase_item import erase_item
from persona_db.graph.errors import ConfigError, UnknownUserError
from persona_db.graph.ingest import store_items, store_people, store_questions
from persona_db.graph.merge import merge_users
from persona_db.graph.models import HistoryItem, Person, Question, Sharing
from persona_db.graph.session import Graph
from persona_db.graph.users import history, questions, require_user
from persona_db.graph.vector_cache import CachedEmbedder
from persona_db.loaders import LoadReport, load, open_source

TAX = {
    "type": "question",
    "id": "tax",
    "text": "Raise taxes?",
    "options": ["no", "unsure", "yes"],
    "ordinal": [0, 1, 2],
}
MEAT = {**TAX, "id": "meat", "text": "Tax meat?"}
NEWS = {"type": "question", "id": "news", "text": "Where is news from? Tick all that apply.", "options": ["TV", "Web"]}


def says(user: object, option: object, question: str = "tax", **more: object) -> dict[str, Any]:
    """The line of an answer."""
    return {"user": user, "question": question, "option": option, **more}


class Loading:
    """Loads lines into one dataset, and says what is held there."""

    def __init__(self, graph: Graph, dataset: str, folder: Path) -> None:
        self.graph, self.dataset, self._path = graph, dataset, folder / "x.jsonl"

    def __call__(self, *lines: object, **options: Any) -> LoadReport:
        self._path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        source = open_source("jsonl", [self._path])
        return load(self.graph, source, dataset=self.dataset, embedder=HashEmbedder(), **options)

    def held(self, user: str) -> list[tuple[str, str]]:
        """The questions and options of a user's answers, in order."""
        options = {question.id: question.options for question in questions(self.graph, self.dataset)}
        items = history(self.graph, self.dataset, user)
        return sorted((one.question, options[one.question][one.option or 0]) for one in items if one.question)

    def quarantine(self) -> list[str]:
        """The reasons of the quarantined rows."""
        rows = self.graph.read("quarantined", dataset=self.dataset, limit=100)
        return sorted(row["reason"] for row in rows)


@pytest.fixture
def loading(graph: Graph, dataset: str, tmp_path: Path) -> Loading:
    """Loads lines into the test's dataset."""
    return Loading(graph, dataset, tmp_path)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ({"id": "r1"}, {"id": "r1"}, "the same id"),
        ({}, {}, "no date on either"),
        ({"id": "r1"}, {"id": "r2"}, "no date on either"),
        ({"id": "r1"}, {}, "no date on either"),
        ({"at": "2024-05-01"}, {"at": "2024-05-01"}, "the same date"),
        ({"id": "r1", "at": "2024-05-01"}, {"id": "r1", "at": "2024-06-01"}, "the same id"),
    ],
)
def test_a_second_answer_is_told_and_replaces_only_when_asked(
    loading: Loading, first: dict[str, str], second: dict[str, str], why: str
) -> None:
    """What is stored stays, until --replace; then it is out of quarantine, and loading again changes nothing."""
    loading(TAX, says("ann", "yes", **first), says("ben", "no"))
    told = loading(says("ann", "no", **second))
    assert (told.items_new, told.contradicting, told.quarantined) == (0, 1, 1)
    assert loading.held("ann") == [("tax", "yes")]
    reason = f"'ann' on 'tax': 'yes' is stored, 'no' is not ({why}); `load --replace` takes the newer one"
    assert loading.quarantine() == [reason]
    assert not require_dataset(loading.graph, loading.dataset).refit_needed
    taken = loading(says("ann", "no", **second), replace=True)
    assert (taken.items_replaced, taken.contradicting) == (1, 0)
    assert loading.held("ann") == [("tax", "no")]
    assert loading.quarantine() == []
    assert require_dataset(loading.graph, loading.dataset).refit_needed
    again = loading(says("ann", "no", **second), replace=True)
    assert (again.items_new, again.items_replaced, again.contradicting) == (0, 0, 0)


@pytest.mark.parametrize("form", ["jsonl", "table", "opinionqa", "senate"])
def test_a_contradiction_names_its_file_and_row(graph: Graph, dataset: str, tmp_path: Path, form: str) -> None:
    """The row of what is not stored; it leaves quarantine with --replace wherever it stands by then."""
    path, (before, after, moved) = _written(form, tmp_path)
    for text in (before, after, moved):
        path.write_text(text, "utf-8")
        opened = path if form in ("jsonl", "table") else path.parent
        source = open_source(form, [opened])
        report = load(graph, source, dataset=dataset, embedder=HashEmbedder(), replace=text == moved)
        told = [(one.source, one.row) for one in report.first_quarantined]
        held = [(row["source"], row["row"]) for row in graph.read("quarantined", dataset=dataset, limit=9)]
        expected = [(str(path), 3)] if text == after else []
        assert (told, held) == (expected, expected)
    assert report.items_replaced == 1


def test_vectors_of_replaced_texts_leave_the_cache(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """And of withdrawn ones, with those of their sentences; what somebody still says stays."""
    cache = CachedEmbedder(HashEmbedder(), tmp_path / "vectors.sqlite3")
    path = tmp_path / "x.jsonl"

    def put(*lines: object) -> None:
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        load(graph, open_source("jsonl", [path]), dataset=dataset, embedder=cache, replace=True)

    def said(question: dict[str, Any], option: str) -> str:
        return f'Asked "{question["text"]}", answered "{option}"'

    free = {"user": "ann", "id": "t1", "text": "I cycle. It rains."}
    put(TAX, MEAT, says("ann", "yes"), says("ben", "no"), says("cat", "no"), says("ann", "no", "meat"), free)
    whole = [free["text"], said(TAX, "yes"), said(TAX, "no"), said(MEAT, "no")]
    assert cache.held(whole) == 4
    cache.embed(["I cycle.", "It rains."])
    put(says("ann", "unsure"), says("ben", "unsure"), says("ann", None, "meat"), {**free, "text": "I walk."})
    assert [cache.held([text]) for text in [*whole, "I cycle.", "It rains."]] == [0, 0, 1, 0, 0, 0]
    assert cache.held([said(TAX, "unsure"), "I walk."]) == 2


def _written(form: str, folder: Path) -> tuple[Path, tuple[str, str, str]]:
    """A file of the form: what it says first, what it says then in its third row, and the same in its second."""
    if form == "jsonl":
        lines = [json.dumps(one) for one in (TAX, says("ann", "yes"), says("ben", "no"), says("ann", "no"))]
        return folder / "x.jsonl", (_lines(lines, 0, 1), _lines(lines, 0, 2, 3), _lines(lines, 0, 3, 2))
    if form == "table":
        path, lines = folder / "x.csv", ["id,tax", "ann,yes", "ben,no", "ann,no", "cat,yes"]
    elif form == "opinionqa":
        (folder / "info.csv").write_text(
            "key,question,option_mapping,option_ordinal\nTAX,Raise it?,\"{1.0: 'yes', 2.0: 'no'}\",\"[1.0, 2.0]\"\n"
        )
        (folder / "metadata.csv").write_text("key,options\nSEX,\"['M', 'F']\"\n")
        path, lines = folder / "responses.csv", ["QKEY,TAX,SEX", "1,yes,F", "2,no,M", "1,no,F", "3,yes,M"]
    else:
        (folder / "members.csv").write_text("name,state,party\nANN (R AL),AL,R\nBEN (D VT),VT,D\n")
        (folder / "rollcalls.csv").write_text(
            "date,session,number,bill,question,description\n2005-01-06,1,1,,On it,It\n"
        )
        path = folder / "votes.csv"
        lines = ["name,rollcall,vote", "ANN (R AL),1,Yea", "BEN (D VT),1,Nay", "ANN (R AL),1,Nay", "BEN (D VT),1,Nay"]
    return path, (_lines(lines, 0, 1, 2, 4), _lines(lines, 0, 2, 3, 4), _lines(lines, 0, 3, 2, 4))


def _lines(lines: list[str], *places: int) -> str:
    return "".join(f"{lines[place]}\n" for place in places)


def test_answers_of_two_dates_are_two_answers(loading: Loading) -> None:
    """A later answer is no contradiction, nor is one after an undated one; the same one twice is one."""
    report = loading(
        TAX,
        says("ann", "yes"),
        says("ann", "no", at="2024-05-01"),
        says("ann", "yes", at="2025-05-01"),
        says("ann", "yes"),
    )
    assert (report.items_new, report.contradicting) == (3, 0)
    assert loading.held("ann") == [("tax", "no"), ("tax", "yes"), ("tax", "yes")]


def test_one_id_for_answers_to_two_questions_loses_neither(loading: Loading) -> None:
    """Both are stored, the second under an id of its own, and the same again changes nothing."""
    lines = [TAX, MEAT, says("ann", "yes", id="r1"), says("ann", "no", "meat", id="r1")]
    report = loading(*lines)
    assert (report.items_new, report.items_renamed, report.contradicting) == (2, 1, 0)
    assert loading.held("ann") == [("meat", "no"), ("tax", "yes")]
    again = loading(*lines)
    assert (again.items_new, again.contradicting) == (0, 0)
    one = loading(says("ann", "unsure", "meat", id="r1"), replace=True)
    assert one.items_replaced == 1
    assert loading.held("ann") == [("meat", "unsure"), ("tax", "yes")]


def test_a_withdrawn_answer_is_told_and_removed_only_when_asked(loading: Loading) -> None:
    """By null, and by `Refused`; where nothing was stored it is no opinion and no more."""
    loading(TAX, MEAT, says("ann", "yes"), says("ben", "no", id="r1", at="2024-05-01"))
    gone = [says("ann", None), says("ben", "Refused", id="r1", at="2024-05-01"), says("cat", None, "meat")]
    told = loading(*gone)
    assert (told.refused, told.contradicting) == (3, 2)
    assert loading.quarantine()[0].startswith("'ann' on 'tax': 'yes' is stored, no answer is not (withdrawn)")
    assert loading.held("ann") == [("tax", "yes")]
    taken = loading(*gone, replace=True)
    assert (taken.items_replaced, taken.contradicting) == (2, 0)
    assert loading.held("ann") == loading.held("ben") == []
    assert loading.quarantine() == []


def test_a_source_s_own_ids_and_ids_of_answers_meet(graph: Graph, dataset: str) -> None:
    """An answer whose id is made of its user and question contradicts one that has another id, and the other way."""
    ensure_dataset(graph, dataset)
    store_questions(graph, dataset, [Question(id="tax", text="?", options=("no", "yes"))])
    store_people(graph, dataset, [Person(id=name) for name in ("ann", "ben", "a/b")])

    def item(user: str, id_: str, option: int) -> HistoryItem:
        return HistoryItem(id=id_, user=user, text=f"? {option}", question="tax", option=option)

    for user, first, second in (("ann", "ann/x", "ann/tax"), ("ben", "ben/tax", "ben/x"), ("a/b", "a%2Fb/tax", "r")):
        assert store_items(graph, dataset, [item(user, first, 0)]).created == 1
        assert len(store_items(graph, dataset, [item(user, second, 1)]).contradicting) == 1
        assert store_items(graph, dataset, [item(user, second, 0)]).known == 1


def test_answers_of_two_waves_are_two_answers(graph: Graph, dataset: str) -> None:
    """A wave stands in the id after the question; without it, or under another id, it is another occasion."""
    ensure_dataset(graph, dataset)
    store_questions(graph, dataset, [Question(id="tax", text="?", options=("no", "yes"))])
    store_people(graph, dataset, [Person(id="ann")])
    ids = ("ann/tax@first", "ann/tax@second", "ann/tax", "ann/tax@2024-05-01")
    items = [
        HistoryItem(
            id=id_,
            user="ann",
            text=f"? {n % 2}",
            question="tax",
            option=n % 2,
            at="2024-05-01" if "2024" in id_ else "",
        )
        for n, id_ in enumerate(ids)
    ]
    stored = store_items(graph, dataset, items)
    assert (stored.created, stored.contradicting) == (4, ())
    for id_, at in (("ann/x", ""), ("ann/y", "2024-05-01")):
        other = HistoryItem(id=id_, user="ann", text="?", question="tax", option=0 if at else 1, at=at)
        [told] = store_items(graph, dataset, [other]).contradicting
        assert told.item == id_


def test_corrected_places_on_the_scale_lead_to_a_refit(loading: Loading) -> None:
    """They are stored and counted, the next refine learns anew, and a line without places changes none."""
    answers = [says(f"u{n}", ("no", "unsure", "yes")[n % 3]) for n in range(6)]
    loading({**TAX, "ordinal": [0, 2, 1]}, *answers)
    before = refine(loading.graph, loading.dataset).fit
    report = loading(TAX, *answers)
    assert (report.scales_changed, report.items_new, report.quarantined) == (1, 0, 0)
    assert questions(loading.graph, loading.dataset)[0].ordinal == (0, 1, 2)
    refined = refine(loading.graph, loading.dataset)
    assert refined.refitted
    assert refined.fit != before
    report = loading({name: value for name, value in TAX.items() if name != "ordinal"}, *answers)
    assert (report.scales_changed, report.quarantined) == (0, 0)
    assert questions(loading.graph, loading.dataset)[0].ordinal == (0, 1, 2)


def test_options_that_are_ticked_are_questions_each(loading: Loading) -> None:
    """Who ticked one did not tick the others; who is not mentioned was not asked; base rates count everybody once."""
    ticks = [says(f"p{n}", option, "news") for n in range(6) for option in (["TV"] if n % 2 else ["TV", "Web"])]
    report = loading(
        NEWS, *ticks, says("all", ["TV", "Web"], "news"), says("none", [], "news"), says("no", None, "news")
    )
    assert (report.questions, report.items_new, report.refused, report.quarantined) == (2, 16, 1, 0)
    assert loading.held("p0") == [("news=TV", "yes"), ("news=Web", "yes")]
    assert loading.held("p1") == [("news=TV", "yes"), ("news=Web", "no")]
    assert loading.held("none") == [("news=TV", "no"), ("news=Web", "no")]
    assert loading.held("no") == []
    refine(loading.graph, loading.dataset)
    rates, _, _ = loading.graph.driver.execute_query(
        "MATCH (:Fit {dataset: $d})-[b:BASE_RATE]->(q:Question) RETURN q.id, b.counts", d=loading.dataset
    )
    assert {row[0]: list(row[1]) for row in rates} == {"news=TV": [1, 7], "news=Web": [4, 4]}
    assert report.notes == (
        "of question 'news' several options may be ticked: it is 2 yes/no questions, 'news=TV' the first",
    )
    again = loading(NEWS, *ticks)
    assert (again.items_new, again.contradicting) == (0, 0)


def test_a_second_tick_of_a_question_of_one_answer_is_told(loading: Loading) -> None:
    """With what to write where several may be ticked; a list is refused."""
    one = {**NEWS, "text": "Where is most of your news from?"}
    report = loading(one, says("ann", "TV", "news"), says("ann", "Web", "news"), says("ben", ["TV"], "news"))
    assert (report.items_new, report.contradicting, report.quarantined) == (1, 1, 2)
    assert all('"several": true' in reason for reason in loading.quarantine())


def test_ids_that_look_alike_are_named(loading: Loading) -> None:
    """Those of one file and those that are stored; forms of Unicode are one, with a note."""
    loading(TAX, says("ann", "yes"), says(7, "no"))
    report = loading(
        says("Ann", "no"), says("ann ", "no"), says("007", "no"), says("Jose\u0301", "no"), says("zed", "no")
    )
    assert report.alike == (("007", "7"), ("Ann", "ann", "ann "))
    assert report.composed == ("Jos\u00e9",)
    assert loading.held("Jos\u00e9") == [("tax", "no")]
    assert loading(says("zed", "no")).alike == ()


@pytest.mark.parametrize(
    "lines",
    [
        [TAX, says("swim\ud83c", "yes")],
        [TAX, says(True, "yes"), says("ann", "perhaps")],
        [says("ann", "yes")],
        [TAX, says("x" * 501, "yes")],
    ],
)
def test_a_load_of_nobody_leaves_no_dataset(loading: Loading, lines: list[object]) -> None:
    """It says so; one that was there stays."""
    report = loading(*lines)
    assert report.empty
    assert loading.graph.read("find_dataset", dataset=loading.dataset) == []
    assert loading.graph.read("quarantined", dataset=loading.dataset, limit=1) == []
    assert not loading(TAX).empty
    assert loading(says("ann", "never")).empty
    assert loading.graph.read("find_dataset", dataset=loading.dataset) != []


def test_erasing_an_item_takes_what_rests_on_it(loading: Loading) -> None:
    """By its question, its id or its id in the graph; the facts that rest on it are gone, and others stay."""
    answers = [says(f"u{n}", "yes" if n % 2 else "no", question) for n in range(20) for question in ("tax", "meat")]
    loading(TAX, MEAT, *answers, {"user": "u1", "text": "I like cats.", "id": "cats"})
    refine(loading.graph, loading.dataset)
    receipt = erase_item(loading.graph, loading.dataset, "u1", "tax")
    assert (receipt.left, receipt.statements) == (0, 0)
    assert loading.held("u1")[-1] == ("meat", "yes")
    left, _, _ = loading.graph.driver.execute_query(
        "MATCH (:User {dataset: $d, id: 'u1'})-[:HAS_FACT]->(f) WHERE f.question = 'tax' RETURN count(f)",
        d=loading.dataset,
    )
    assert left[0][0] == 0
    assert require_dataset(loading.graph, loading.dataset).refit_needed
    assert erase_item(loading.graph, loading.dataset, "u1", "cats").statements == 1
    with pytest.raises(ConfigError, match="has no item 'cats'; there are u1/"):
        erase_item(loading.graph, loading.dataset, "u1", "cats")
    [only] = history(loading.graph, loading.dataset, "u1")
    assert erase_item(loading.graph, loading.dataset, "u1", only.id).left == 0
    refine(loading.graph, loading.dataset)
    with pytest.raises(ConfigError, match="there are none"):
        erase_item(loading.graph, loading.dataset, "u1", "meat")


def test_an_item_that_is_not_one_alone_is_not_erased(loading: Loading) -> None:
    """Answers of several dates are named."""
    loading(TAX, says("ann", "yes", id="a", at="2024-01-01"), says("ann", "no", id="b", at="2025-01-01"))
    with pytest.raises(ConfigError, match="has 2 answers to 'tax'; name one: ann/a, ann/b"):
        erase_item(loading.graph, loading.dataset, "ann", "tax")


def test_who_is_erased_leaves_quarantine(loading: Loading) -> None:
    """Rows of theirs that could not be stored, their contradictions, and rows of earlier versions that name them."""
    person = {"type": "user", "id": "maria", "name": "Maria"}
    loading(
        TAX, person, {**person, "name": "M."}, says("maria", "my doctor forbids it"), says("maria", "no"),
        says("maria", "yes"), says("ben", "never"), says("ben", "no"),
    )  # fmt: skip
    loading.graph.driver.execute_query(
        "CREATE (:Quarantine {dataset: $d, id: 'old', source: 's', row: 1, reason: \"user 'maria' is there twice\"})",
        d=loading.dataset,
    )
    assert len(loading.quarantine()) == 5
    receipt = erase_user(loading.graph, loading.dataset, "maria")
    assert (receipt.quarantined, receipt.left.total) == (4, 0)
    assert loading.quarantine() == ["'never' is no option of 'tax'"]


def test_a_renamed_user_is_the_same_under_another_id(loading: Loading) -> None:
    """Items, attributes, sharing and quarantined rows come along; the old id is gone, and ids hold the new one."""
    loading({"type": "user", "id": "ann ", "name": "Ann", "attributes": {"AGE": "30"}}, TAX,
            says("ann ", "yes"), says("ann ", "never", "tax"), sharing=Sharing.HISTORY)  # fmt: skip
    refine(loading.graph, loading.dataset)
    receipt = merge_users(loading.graph, loading.dataset, "ann ", "ann")
    assert (receipt.renamed, receipt.items, receipt.quarantined) == (True, 1, 1)
    stored = require_user(loading.graph, loading.dataset, "ann")
    assert (stored.name, stored.attributes, stored.sharing) == ("Ann", {"AGE": "30"}, Sharing.HISTORY)
    assert loading.held("ann") == [("tax", "yes")]
    assert history(loading.graph, loading.dataset, "ann")[0].id.startswith("ann/")
    with pytest.raises(UnknownUserError):
        require_user(loading.graph, loading.dataset, "ann ")
    assert refine(loading.graph, loading.dataset).users == 1
    assert loading(says("ann", "yes")).items_new == 0


def test_merged_people_keep_each_answer_once(loading: Loading) -> None:
    """B's answers stay, repeated ones are one, A's others move, and what contradicts is in quarantine."""
    loading(
        TAX, MEAT, {**TAX, "id": "war"},
        says("A", "yes"), says("A", "no", "meat"), says("A", "no", "war", id="w"),
        {"user": "A", "text": "Cats.", "id": "t"},
        says("B", "no"), says("B", "no", "meat"), {"user": "B", "text": "Dogs.", "id": "t"},
        {"type": "user", "id": "A", "attributes": {"SEX": "f", "AGE": "30"}},
        {"type": "user", "id": "B", "attributes": {"AGE": "31"}},
    )  # fmt: skip
    loading({"type": "user", "id": "A"}, sharing=Sharing.HISTORY)
    receipt = merge_users(loading.graph, loading.dataset, "A", "B")
    assert (receipt.items, receipt.repeated, len(receipt.contradicting)) == (2, 1, 1)
    assert receipt.sharing is Sharing.KEYS
    items = history(loading.graph, loading.dataset, "B")
    assert sorted((one.question or one.text, one.option) for one in items if one.question) == [
        ("meat", 0), ("tax", 0), ("war", 0),
    ]  # fmt: skip
    assert sorted(one.text for one in items if one.question is None) == ["Cats.", "Dogs."]
    assert require_user(loading.graph, loading.dataset, "B").attributes == {"SEX": "f", "AGE": "31"}
    [reason] = loading.quarantine()
    assert reason == "'A' answered option 2 of 'tax', 'B' 0 (no date on either)"
    assert require_dataset(loading.graph, loading.dataset).refit_needed
    with pytest.raises(ConfigError, match="into themselves"):
        merge_users(loading.graph, loading.dataset, "B", "B")
    with pytest.raises(UnknownUserError):
        merge_users(loading.graph, loading.dataset, "A", "B")
