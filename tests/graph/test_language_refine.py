"""Refinement by a language model: what the Fit holds, that it goes on where it stopped, and what is on record."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from persona_db.chains import LanguageModel, ModelSettings, RefineReport, join, open_model, predict, refine
from persona_db.chains.fit.trust import trusted
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.erase import erase_user
from persona_db.graph.errors import ConfigError
from persona_db.graph.ingest import store_items
from persona_db.graph.ledger import spent
from persona_db.graph.models import END_OF_TIME, HistoryItem, Sharing
from persona_db.graph.session import Graph
from tests.language_server import ANSWER_FAULTS, Asked, LanguageServer, Status, obedient
from tests.synthetic import World, dump, make_world, rows, store

EMBEDDER = HashEmbedder()
WANTS = ("trees", "buses", "quiet", "books", "bread")


def talkers(people: int = 24, *, questions: int = 6) -> World:
    """People who answer a few questions and say in words what they want more of, some alike."""
    world = make_world(people=people, questions=questions, dated=True)
    said = [
        HistoryItem(id=f"{person.id}/t{n}", user=person.id, text=f"More {want} would do me good.", at=f"2003-0{n}-01")
        for row, person in enumerate(world.people)
        for n, want in enumerate((WANTS[row % 5], WANTS[row % 3]), start=1)
    ]
    return replace(world, items=(*world.items, *said))


def wanting(asked: Asked) -> str:
    """An answer that finds in a history what is wanted, as a topic that others may share."""
    if asked.task != "induce":
        return obedient(asked)
    facts = {handle: text for handle, text in asked.items.items() if handle[0] == "f"}
    found = {want: [h for h, text in facts.items() if want in text] for want in WANTS}
    return json.dumps(
        {
            "traits": [
                {"kind": "topic", "name": want, "text": f"Wants {want}.", "weight": 0.8, "facts": handles}
                for want, handles in found.items()
                if handles
            ]
        }
    )


def _of(task: str, word: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.task == task and word in asked.prompt


@pytest.fixture
def server(server: LanguageServer) -> LanguageServer:
    """A scripted model that finds what people want."""
    server.answer = wanting
    return server


@pytest.fixture
def model(server: LanguageServer, tmp_path: Path) -> LanguageModel:
    return open_model("openai:scripted", settings=ModelSettings(concurrency=4), cache=tmp_path / "calls.sqlite3")


@pytest.fixture
def opened(server: LanguageServer, tmp_path: Path) -> Callable[[str], LanguageModel]:
    """The same model with another cache, so that every call has to be made."""
    return lambda name: open_model("openai:scripted", settings=ModelSettings(concurrency=4), cache=tmp_path / name)


@pytest.fixture
def twin(graph: Graph) -> Iterator[str]:
    name = f"test-{uuid4().hex[:12]}"
    yield name
    drop_dataset(graph, name)


def contents(graph: Graph, dataset: str) -> list[str]:
    """All that is in a dataset but the record of calls, whose times differ."""
    return [line for line in dump(graph, dataset) if "'label': 'Run'" not in line]


def refined(graph: Graph, dataset: str, model: LanguageModel, **how: Any) -> RefineReport:
    return refine(graph, dataset, model=model, embedder=EMBEDDER, **how)


def test_every_fact_is_grounded_and_every_call_on_record(
    graph: Graph, dataset: str, server: LanguageServer, model: LanguageModel
) -> None:
    """Facts rest on the user's own items or facts and name their run; the ledger is what the server counted."""
    store(graph, dataset, talkers())
    report = refined(graph, dataset, model)
    assert (report.users, report.waiting, report.incomplete, report.stopped) == (24, 0, 0, None)
    assert report.calls == len(server.answered) == 48
    found = rows(
        graph,
        """
        MATCH (u:User {dataset: $d})-[:HAS_FACT]->(f:Fact)
        OPTIONAL MATCH (r:Run {dataset: $d, id: f.run})
        RETURN u.id AS user, f.user AS of, f.layer AS layer, f.n_support AS n, r.stage AS stage, r.user AS asked,
               [(f)-[:DERIVED_FROM]->(s) | [s.user, coalesce(s.layer, 'history')]] AS supports
        """,
        d=dataset,
    )
    assert len(found) == report.facts
    for row in found:
        assert row["of"] == row["asked"] == row["user"]
        assert row["stage"] == {"distilled": "distil", "induced": "induce"}[row["layer"]]
        assert len(row["supports"]) == min(row["n"], 5) >= 1
        assert {owner for owner, _ in row["supports"]} == {row["user"]}
        assert {layer for _, layer in row["supports"]} == {"history" if row["layer"] == "distilled" else "distilled"}
    ledger = spent(graph, dataset)
    assert [(one.stage, one.runs, one.calls, one.cached) for one in ledger] == [
        ("distil", 24, 24, 0),
        ("induce", 24, 24, 0),
    ]
    assert sum(one.tokens_in for one in ledger) == report.tokens_in
    assert sum(one.tokens_out for one in ledger) == report.tokens_out
    assert report.cost_usd == pytest.approx((report.tokens_in + 2 * report.tokens_out) / 1_000_000)
    assert sum(one.cost_usd for one in ledger) == pytest.approx(report.cost_usd)


def test_keys_count_their_holders(graph: Graph, dataset: str, model: LanguageModel) -> None:
    """Whoever came first: numbers, parts and summaries are those of all holders who share, as counted in Cypher."""
    store(graph, dataset, talkers(30))
    refined(graph, dataset, model)
    keys = rows(
        graph,
        """
        MATCH (k:CacheKey {dataset: $d})
        RETURN k.id AS id, k.n_holders AS said, k.share AS share, COUNT { (k)<-[:HOLDS]-(:User) } AS holders
        """,
        d=dataset,
    )
    assert {row["id"] for row in keys} > {f"topic:{want}" for want in WANTS}
    assert all(row["said"] == row["holders"] and row["share"] == pytest.approx(row["holders"] / 30) for row in keys)
    parts = rows(
        graph,
        "MATCH (u:User {dataset: $d})-[h:HOLDS]->() RETURN u.id AS user, sum(h.unit * h.unit) AS s",
        d=dataset,
    )
    assert len(parts) == 30
    assert all(row["s"] == pytest.approx(1) for row in parts)
    summaries = rows(
        graph,
        """
        MATCH (k:CacheKey {dataset: $d})-[s:SUMMARISES]->(q:Question)
        RETURN k.id AS key, s.counts AS counts, s.n AS n,
               [option IN range(0, size(q.options) - 1) | COUNT {
                 (k)<-[:HOLDS]-(:User)-[:HAS_HISTORY]->(:HistoryItem {question: q.id, option: option}) }] AS counted
        """,
        d=dataset,
    )
    assert any(row["key"].startswith("topic:") for row in summaries)
    assert all(row["counts"] == row["counted"] and row["n"] >= 10 for row in summaries)


def test_who_wants_the_same_joins(graph: Graph, dataset: str, model: LanguageModel) -> None:
    """Collaborators are found by keys that the model named, by index and by traversal alike."""
    store(graph, dataset, talkers())
    refined(graph, dataset, model)
    graph.await_indexes()
    found = join(graph, "u00", dataset=dataset, top_k=5)
    assert [one.user for one in found] == [one.user for one in join(graph, "u00", dataset=dataset, top_k=5, exact=True)]
    assert {key.key for key in found[0].shared} >= {"topic:trees"}


def test_a_finished_refinement_costs_nothing(
    graph: Graph, dataset: str, server: LanguageServer, model: LanguageModel
) -> None:
    """Neither calls nor changes; a refit is answered by the cache."""
    store(graph, dataset, talkers())
    refined(graph, dataset, model)
    before = contents(graph, dataset)
    server.forget()
    again = refined(graph, dataset, model)
    assert (again.users, again.unchanged, again.calls, again.cached, again.refitted) == (0, 24, 0, 0, False)
    refit = refined(graph, dataset, model, refit=True)
    assert (refit.users, refit.calls, refit.refitted) == (0, 0, True)
    assert contents(graph, dataset) == before
    assert server.calls == []


def test_one_item_asks_about_one_user(graph: Graph, dataset: str, server: LanguageServer, model: LanguageModel) -> None:
    """Others keep every node; what no longer holds of the one is retired, and a new key counts from now on."""
    store(graph, dataset, talkers())
    refined(graph, dataset, model)
    before = set(contents(graph, dataset))
    server.forget()
    store_items(graph, dataset, [HistoryItem(id="u03/new", user="u03", text="More quiet, please.", at="2020-01-01")])
    report = refined(graph, dataset, model)
    assert (report.users, report.unchanged, report.calls, report.refitted) == (1, 23, 2, False)
    assert len(server.calls) == 2
    gone = before - set(contents(graph, dataset))
    assert {line for line in gone if "'u03'" not in line and "'Statement'" not in line} == set()
    ends = rows(
        graph,
        "MATCH (:User {dataset: $d, id: 'u03'})-[h:HOLDS]->(k {id: 'topic:quiet'}) RETURN h.retired_at AS until",
        d=dataset,
    )
    assert {row["until"] for row in ends} == {END_OF_TIME}
    facts = rows(
        graph,
        "MATCH (f:Fact {dataset: $d, user: 'u03'}) RETURN f.text AS text, f.retired_at AS until, f.layer AS layer",
        d=dataset,
    )
    assert any(row["until"] == END_OF_TIME and "quiet" in row["text"] for row in facts)


@pytest.mark.parametrize("how", [{"limit": 7}, {"budget_usd": 0.04}])
def test_what_stopped_goes_on(
    graph: Graph,
    dataset: str,
    twin: str,
    server: LanguageServer,
    opened: Callable[[str], LanguageModel],
    how: dict[str, Any],
) -> None:
    """A limit or a budget leaves a graph to read and users who wait; in the end all is as if nothing had stopped it."""
    world = talkers()
    store(graph, dataset, world)
    store(graph, twin, world)
    refined(graph, twin, opened("whole"))
    model = opened("parts")
    server.forget()
    first = refined(graph, dataset, model, **how)
    assert 0 < first.users < 24
    assert first.users + first.waiting == 24
    assert (first.stopped is None) == ("limit" in how)
    assert first.stopped is None or f"{first.waiting} users wait" in first.stopped
    assert first.current
    assert (first.cost_usd or 0) <= how.get("budget_usd", 1)
    assert predict(graph, "u00", "q01", dataset=dataset).probabilities
    second = refined(graph, dataset, model)
    assert (second.users, second.waiting, second.stopped) == (first.waiting, 0, None)
    assert contents(graph, dataset) == contents(graph, twin)
    asked = [call.asked.prompt_key for call in server.answered]
    assert len(asked) == len(set(asked)) == 48  # nothing was paid twice


def test_two_at_once_make_one_graph(
    graph: Graph, dataset: str, twin: str, server: LanguageServer, opened: Callable[[str], LanguageModel]
) -> None:
    """Each user is written by whoever is first, and the keys are counted once for all."""
    world = talkers(40)
    store(graph, dataset, world)
    store(graph, twin, world)
    refined(graph, twin, opened("alone"))
    with ThreadPoolExecutor(max_workers=2) as threads:
        reports = list(threads.map(lambda name: refined(graph, dataset, opened(name)), ("one", "other")))
    assert sum(report.users for report in reports) == 40
    assert all(report.waiting == 0 for report in reports)
    assert contents(graph, dataset) == contents(graph, twin)
    assert sum(one.calls for one in spent(graph, dataset)) == len(server.answered) - 80


def test_readers_keep_a_whole_fit(graph: Graph, dataset: str, model: LanguageModel) -> None:
    """A refit that stops leaves the Fit before it in use, and says so."""
    store(graph, dataset, talkers())
    before = refine(graph, dataset, embedder=EMBEDDER)
    stopped = refined(graph, dataset, model, limit=5)
    assert not stopped.current
    assert stopped.fit != before.fit
    current = rows(graph, "MATCH (d:Dataset {dataset: $d}) RETURN d.current_fit AS fit", d=dataset)
    assert current == [{"fit": before.fit}]
    done = refined(graph, dataset, model)
    assert (done.fit, done.current, done.users) == (stopped.fit, True, 19)
    left = rows(graph, "MATCH (n {dataset: $d, fit: $f}) WHERE NOT n:Run RETURN n", d=dataset, f=before.fit)
    assert left == []


def test_an_engine_is_not_mixed_with_another(graph: Graph, dataset: str, model: LanguageModel) -> None:
    """Without a model it is said what to give; with --refit the statistical engine has it, and back again."""
    store(graph, dataset, talkers())
    refined(graph, dataset, model)
    with pytest.raises(ConfigError, match="--model openai:scripted"):
        refine(graph, dataset, embedder=EMBEDDER)
    plain = refine(graph, dataset, refit=True, embedder=EMBEDDER)
    assert (plain.engine, plain.refitted) == ("statistical", True)
    back = refined(graph, dataset, model)
    assert (back.engine, back.refitted, back.calls, back.cached) == ("openai:scripted", True, 0, 48)
    with pytest.raises(ConfigError, match="--model"):
        refine(graph, dataset, limit=3)


def test_another_temperature_is_another_fit(graph: Graph, dataset: str, model: LanguageModel, tmp_path: Path) -> None:
    """What answers depend on is part of a Fit; how fast they are asked for is not."""
    store(graph, dataset, talkers(6))
    first = refined(graph, dataset, model)
    faster = open_model("openai:scripted", settings=ModelSettings(concurrency=2), cache=tmp_path / "calls.sqlite3")
    assert refined(graph, dataset, faster).fit == first.fit
    warmer = open_model("openai:scripted", settings=ModelSettings(temperature=0.7), cache=tmp_path / "calls.sqlite3")
    other = refined(graph, dataset, warmer)
    assert (other.refitted, other.users) == (True, 6)
    assert other.fit != first.fit


def test_a_dry_run_does_nothing(graph: Graph, dataset: str, server: LanguageServer, model: LanguageModel) -> None:
    """It counts the calls of who waits, up to the limit, and leaves the graph as it is."""
    store(graph, dataset, talkers())
    before = dump(graph, dataset)
    plan = refined(graph, dataset, model, dry_run=True, limit=9)
    assert (plan.dry_run, plan.users, plan.calls, plan.refitted) == (True, 9, 18, True)
    assert plan.tokens_in > 0
    assert plan.cost_usd is not None
    assert server.calls == []
    assert dump(graph, dataset) == before
    refined(graph, dataset, model, limit=9)
    rest = refined(graph, dataset, model, dry_run=True)
    assert (rest.users, rest.unchanged, rest.calls) == (15, 9, 30)


def test_what_cannot_be_used_is_quarantined(
    graph: Graph, dataset: str, twin: str, server: LanguageServer, opened: Callable[[str], LanguageModel]
) -> None:
    """With raw text and reason, of the user; what is known of them stays, and the next run asks again."""
    world = talkers(12)
    store(graph, dataset, world)
    store(graph, twin, world)
    refined(graph, twin, opened("whole"))
    model = opened("faulty")
    of_trees, of_bread = _of("induce", "trees"), _of("distil", "bread")
    server.fail(ANSWER_FAULTS["wrong types"], where=of_trees)
    server.fail(ANSWER_FAULTS["refusal"], where=of_bread)
    report = refined(graph, dataset, model)
    assert (report.users, report.waiting, report.stopped) == (12, 0, None)
    assert 0 < report.incomplete < 12
    assert report.quarantined >= report.incomplete
    bad = rows(
        graph,
        "MATCH (q:Quarantine {dataset: $d}) RETURN q.user AS user, q.source AS stage, q.reason AS reason, q.raw AS raw",
        d=dataset,
    )
    assert {row["stage"] for row in bad} == {"distil", "induce"}
    assert all(row["user"] and row["reason"] for row in bad)
    held = rows(
        graph,
        "MATCH (u:User {dataset: $d}) RETURN u.id AS id, COUNT { (u)-[:HOLDS]->({kind: 'demographic'}) } AS n",
        d=dataset,
    )
    assert {row["n"] for row in held} == {2}  # of everybody at least the groups they are of
    server.mend()
    again = refined(graph, dataset, model)
    assert (again.users, again.incomplete, again.unchanged) == (report.incomplete, 0, 12 - report.incomplete)
    facts = "MATCH (f:Fact {dataset: $d, retired_at: $end}) RETURN f.id AS id, f.key AS key ORDER BY id"
    keys = """
        MATCH (u:User {dataset: $d})-[h:HOLDS {retired_at: $end}]->(k:CacheKey)
        RETURN u.id AS user, k.id AS key, h.unit AS unit, k.idf AS idf, k.n_holders AS n ORDER BY user, key
    """
    for query in (facts, keys):
        found, expected = (rows(graph, query, d=one, end=END_OF_TIME) for one in (dataset, twin))
        assert found == expected
    assert refined(graph, dataset, model).users == 0


def test_a_model_that_is_not_there_leaves_users_waiting(
    graph: Graph, dataset: str, server: LanguageServer, tmp_path: Path
) -> None:
    """What came before it went stays; the report says what to do, and afterwards the run completes."""
    store(graph, dataset, talkers(12))
    model = open_model(
        "openai:scripted", settings=ModelSettings(concurrency=1, attempts=1), cache=tmp_path / "calls.sqlite3"
    )
    refined(graph, dataset, model, limit=4)
    server.fail(Status(503))
    down = refined(graph, dataset, model)
    assert (down.users, down.waiting) == (0, 8)
    assert down.stopped is not None
    server.mend()
    up = refined(graph, dataset, model)
    assert (up.users, up.waiting, up.stopped) == (8, 0, None)


def test_who_shares_nothing_is_not_counted(graph: Graph, dataset: str, model: LanguageModel) -> None:
    """Keys of private users alone count as held by none, and are in no summary."""
    store(graph, dataset, talkers(12), sharing=Sharing.NONE)
    report = refined(graph, dataset, model)
    assert report.users == 12
    found = rows(graph, "MATCH (k:CacheKey {dataset: $d}) RETURN DISTINCT k.n_holders AS n, k.share AS s", d=dataset)
    assert found == [{"n": 0, "s": 0.0}]
    assert rows(graph, "MATCH (:CacheKey {dataset: $d})-[s:SUMMARISES]->() RETURN s", d=dataset) == []


def test_a_fit_of_the_past_reads_nothing_later(
    graph: Graph, dataset: str, server: LanguageServer, model: LanguageModel
) -> None:
    """As of a date the model is shown what was said by then."""
    store(graph, dataset, talkers(6))
    store_items(graph, dataset, [HistoryItem(id="u03/new", user="u03", text="More owls.", at="2020-01-01")])
    refined(graph, dataset, model)
    server.forget()
    then = refined(graph, dataset, model, as_of="2010-12-31")
    assert (then.users, then.calls) == (6, 2)  # the others are asked the same as now
    assert all("owls" not in call.asked.prompt for call in server.calls)
    late = "MATCH (f:Fact {dataset: $d, fit: $f}) WHERE f.at > '2010-12-31' RETURN f"
    assert rows(graph, late, d=dataset, f=then.fit) == []


def test_erasing_a_user_erases_what_a_model_said_of_them(
    graph: Graph, dataset: str, server: LanguageServer, model: LanguageModel
) -> None:
    """Facts, runs and quarantined answers."""
    server.fail(ANSWER_FAULTS["wrong types"], where=lambda asked: asked.task == "induce")
    store(graph, dataset, talkers(6))
    refined(graph, dataset, model)
    receipt = erase_user(graph, dataset, "u02")
    assert receipt.runs == 2
    assert receipt.quarantined >= 1
    assert receipt.left.total == 0
    assert rows(graph, "MATCH (n {dataset: $d, user: 'u02'}) RETURN n", d=dataset) == []


def test_chat_models_of_one_class_are_told_apart(
    graph: Graph, dataset: str, server: LanguageServer, tmp_path: Path
) -> None:
    """A chat model that is given is named by its class; a Fit keeps to the model that it was made by."""
    store(graph, dataset, talkers(3))
    given = [ChatOpenAI(model=name, api_key=SecretStr("none"), base_url=server.base_url) for name in ("one", "two")]
    first, same, other = (
        refined(graph, dataset, open_model(chat, cache=tmp_path / "calls.sqlite3")) for chat in (*given[:1], *given)
    )
    assert (first.engine, first.calls) == ("ChatOpenAI", 6)
    assert (same.fit, same.users) == (first.fit, 0)
    assert (other.refitted, other.calls) == (True, 6)


def test_people_named_in_questions_are_known_to_a_models_fit(
    graph: Graph, dataset: str, twin: str, model: LanguageModel
) -> None:
    """A question that names somebody leans on their traits, whichever engine refined the Fit."""
    world = talkers(8)
    first, *others = world.questions
    named = first.model_copy(update={"text": "Is the proposal of Mr. Abramowitz right?"})
    people = (world.people[0].model_copy(update={"name": "Zoe Abramowitz"}), *world.people[1:])
    world = replace(world, people=people, questions=(named, *others))
    found = {}
    for name, how in ((dataset, {"model": model}), (twin, {})):
        store(graph, name, world)
        report = refine(graph, name, embedder=EMBEDDER, **how)  # type: ignore[arg-type]
        found[name] = [
            (row["question"], row["user"])
            for row in graph.read("named", dataset=name, fit=report.fit, as_of="9999-12-30")
        ]
    assert found[dataset] == found[twin] == [(named.id, people[0].id)]


def test_trust_is_judged_once(
    graph: Graph, dataset: str, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new Fit of a model judges everybody's answers once, not again when it is finished."""
    store(graph, dataset, talkers(6))
    module = sys.modules["persona_db.chains.refinement.refine"]
    judged = []

    def counting(signals: Any, settings: Any) -> Any:
        judged.append(len(signals.table.users))
        return trusted(signals, settings)

    monkeypatch.setattr(module, "trusted", counting)
    assert refined(graph, dataset, model).waiting == 0
    assert judged == [6]
