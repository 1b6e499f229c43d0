"""Refinement: what a Fit holds, that it changes only for those who said something new, and that it is swapped whole."""

from __future__ import annotations

import sys
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from persona_db.chains import RecallSettings, open_snapshot, predict_many, refine
from persona_db.chains.fit.settings import EngineSettings
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import ConfigError, NoFitError, UnknownDatasetError
from persona_db.graph.ingest import store_items, store_people
from persona_db.graph.models import END_OF_TIME, HistoryItem, Person, Sharing
from persona_db.graph.session import Graph
from tests.synthetic import World, answer, dump, make_world, rows, store

EMBEDDER = HashEmbedder()


@dataclass(frozen=True)
class Refined:
    """A dataset that tests only read."""

    graph: Graph
    dataset: str
    world: World
    fit: str

    def rows(self, query: str, **params: object) -> list[dict[str, Any]]:
        return rows(self.graph, query, d=self.dataset, **params)


@pytest.fixture(scope="module")
def refined(graph: Graph) -> Iterator[Refined]:
    """Forty people who said something in fifteen years, refined."""
    dataset = f"test-{uuid4().hex[:12]}"
    world = make_world(dated=True)
    store(graph, dataset, world)
    report = refine(graph, dataset, embedder=EMBEDDER)
    yield Refined(graph, dataset, world, report.fit)
    drop_dataset(graph, dataset)


def test_facts_rest_on_the_users_own_history(refined: Refined) -> None:
    """Each on items of that user, or on facts of theirs that do; `n_support` counts them all."""
    found = refined.rows(
        """
        MATCH (u:User {dataset: $d})-[:HAS_FACT]->(f:Fact)
        RETURN u.id AS user, f.user AS of, f.layer AS layer, f.n_support AS n, f.strength AS strength,
               f.retired_at AS retired_at, f.fit AS fit,
               [(f)-[r:DERIVED_FROM]->(s) | [labels(s)[0], s.user, r.share, coalesce(s.layer, 'history')]] AS supports,
               [(f)-[:SAYS]->(s:Statement) | s.text] AS says, f.text AS text
        """
    )
    assert {row["layer"] for row in found} == {"distilled", "induced"}
    for row in found:
        assert row["of"] == row["user"]
        assert row["fit"] == refined.fit
        assert row["retired_at"] == END_OF_TIME
        assert row["says"] == [row["text"]]
        assert len(row["supports"]) == min(row["n"], 5) >= 1
        assert all(owner == row["user"] for _, owner, _, _ in row["supports"])
        assert 0 < sum(share for _, _, share, _ in row["supports"]) <= 1 + 1e-5
        assert 0 < row["strength"] <= 1
        kinds = {layer for _, _, _, layer in row["supports"]}
        assert kinds <= ({"history"} if row["layer"] == "distilled" else {"history", "distilled"})


def test_keys_held_are_weighted(refined: Refined) -> None:
    """Weights in (0, 1], squares of units sum to 1, evidence is the holder's own."""
    found = refined.rows(
        """
        MATCH (u:User {dataset: $d})-[:HAS_PERSONA]->(p:Persona)
        RETURN u.id AS user, p.version = u.version AS done, p.sharing_rank AS rank,
               [(u)-[h:HOLDS|LEANS_TO]->(k:CacheKey) | [k.id, h.weight, h.unit, h.fit, k.fit, k.kind,
                 COUNT { (f:Fact {user: u.id})-[:EVIDENCE_FOR]->(k) },
                 COUNT { (f:Fact)-[:EVIDENCE_FOR]->(k) WHERE f.user = u.id AND f.key <> k.id }]] AS held
        """
    )
    assert len(found) == len(refined.world.people)
    for row in found:
        assert row["done"]
        assert row["rank"] == Sharing.HISTORY.rank
        assert all(0 < weight <= 1 for _, weight, *_ in row["held"])
        assert sum(unit**2 for _, _, unit, *_ in row["held"]) == pytest.approx(1)
        for _, _, _, fit, of, kind, evidence, foreign in row["held"]:
            assert fit == of == refined.fit
            assert foreign == 0
            assert (evidence > 0) == (kind != "demographic")


def test_a_key_counts_its_holders(refined: Refined) -> None:
    """`n_holders` and `share` are what HOLDS and LEANS_TO say: the same engine learned the one and wrote the other."""
    found = refined.rows(
        """
        MATCH (k:CacheKey {dataset: $d})
        RETURN k.id AS id, k.n_holders AS said, k.share AS share, COUNT { (k)<-[:HOLDS|LEANS_TO]-(:User) } AS holders
        """
    )
    assert [(row["id"], row["said"]) for row in found] == [(row["id"], row["holders"]) for row in found]
    assert all(row["share"] == pytest.approx(row["holders"] / len(refined.world.people)) for row in found)


def test_opposite_poles_are_linked(refined: Refined) -> None:
    """Every trait with both poles held has them linked once; mirrored stances too."""
    linked = refined.rows("MATCH (k:CacheKey {dataset: $d})-[:OPPOSITE_OF]->(o:CacheKey) RETURN k.id AS k, o.id AS o")
    pairs = [frozenset((row["k"], row["o"])) for row in linked]
    assert len(set(pairs)) == len(pairs)
    poles = [row["id"] for row in refined.rows("MATCH (k:CacheKey {dataset: $d, kind: 'trait'}) RETURN k.id AS id")]
    both = {frozenset((f"{pole[:-1]}+", f"{pole[:-1]}-")) for pole in poles}
    assert {pair for pair in both if pair <= set(poles)} == {pair for pair in pairs if min(pair).startswith("trait")}
    assert any(min(pair).startswith("stance") for pair in pairs)


def test_summaries_count_holders_answers(refined: Refined) -> None:
    """As counted in Cypher; none of fewer than ten."""
    found = refined.rows(
        """
        MATCH (k:CacheKey {dataset: $d})-[s:SUMMARISES]->(q:Question)
        RETURN k.id AS key, q.id AS question, s.counts AS counts, s.n AS n,
               [option IN range(0, size(q.options) - 1) | COUNT {
                 (k)<-[:HOLDS|LEANS_TO]-(:User)-[:HAS_HISTORY]->(:HistoryItem {question: q.id, option: option})
               }] AS counted
        """
    )
    assert found
    for row in found:
        assert row["counts"] == row["counted"]
        assert row["n"] == sum(row["counts"]) >= 10


def test_only_those_who_share_are_counted(graph: Graph, dataset: str) -> None:
    """Who shares nothing is in no base rate, link, key count or summary, but is refined for themself."""
    world = make_world(people=44)
    hidden = [person.id for person in world.people[40:]]
    store(graph, dataset, world)
    store_people(graph, dataset, world.people[40:], sharing=Sharing.NONE)
    refine(graph, dataset)
    without = f"{dataset}-without"
    items = tuple(item for item in world.items if item.user not in hidden)
    store(graph, without, World(world.questions, world.people[:40], items))
    refine(graph, without)
    try:
        assert _learned(graph, dataset) == _learned(graph, without)
        own = rows(graph, "MATCH (u:User {dataset: $d})-[:HAS_FACT]->() RETURN DISTINCT u.id AS id", d=dataset)
        assert set(hidden) <= {row["id"] for row in own}
    finally:
        drop_dataset(graph, without)


def _learned(graph: Graph, dataset: str) -> list[dict[str, Any]]:
    """What a Fit says of everybody."""
    nodes = "MATCH (n:CacheKey {dataset: $d}) RETURN n {.*, dataset: null, fit: null, token: null} AS n ORDER BY n.id"
    edges = """
        MATCH (a {dataset: $d})-[r:BASE_RATE|TELLS|SUMMARISES|OPPOSITE_OF]->(b)
        RETURN type(r) AS type, CASE WHEN a:Fit THEN '' ELSE a.id END AS a, b.id AS b, r {.*, fit: null} AS r
        ORDER BY type, a, b
    """
    return rows(graph, nodes, d=dataset) + rows(graph, edges, d=dataset)


def test_a_question_has_its_strongest_links(graph: Graph, dataset: str) -> None:
    """At most as many as the settings say, to itself none, and the same both ways where both are kept."""
    store(graph, dataset, make_world())
    refine(graph, dataset, settings=EngineSettings(links=4))
    found = rows(
        graph,
        "MATCH (q:Question {dataset: $d})-[t:TELLS]->(o:Question) RETURN q.id AS q, o.id AS o, t.r AS r, t.n AS n",
        d=dataset,
    )
    strength = {(row["q"], row["o"]): row["r"] for row in found}
    for question in {row["q"] for row in found}:
        assert 1 <= sum(row["q"] == question for row in found) <= 4
        assert (question, question) not in strength
    assert all(strength.get((o, q), r) == r for (q, o), r in strength.items())
    assert all(-1 < row["r"] < 1 and row["n"] <= 40 for row in found)


def test_refining_again_does_nothing(refined: Refined) -> None:
    """Neither the command again nor a refit of the same people writes anything."""
    before = dump(refined.graph, refined.dataset)
    again = refine(refined.graph, refined.dataset, embedder=EMBEDDER)
    assert (again.users, again.unchanged, again.refitted, again.fit) == (0, 40, False, refined.fit)
    refit = refine(refined.graph, refined.dataset, refit=True, embedder=EMBEDDER)
    assert (refit.users, refit.unchanged, refit.refitted, refit.fit) == (0, 40, True, refined.fit)
    assert dump(refined.graph, refined.dataset) == before


def test_one_answer_changes_one_persona(graph: Graph, dataset: str) -> None:
    """What others have is left as it was, node by node; the one's old facts and keys are retired, none is gone."""
    world = make_world(dated=True).without("u03", "q14").without("u03", "q13")
    store(graph, dataset, world)
    refine(graph, dataset, embedder=EMBEDDER)
    others = set(dump(graph, dataset, leave_out=["u03"]))
    facts_before = _facts_of(graph, dataset, "u03")
    said = answer("u03", world.questions[14], 0, at="2016-01-01")
    assert store_items(graph, dataset, [said]).created == 1

    report = refine(graph, dataset, embedder=EMBEDDER)
    assert (report.users, report.unchanged, report.refitted) == (1, 39, False)
    after = set(dump(graph, dataset, leave_out=["u03"]))
    assert others - after == set()
    assert {kind(line) for line in after - others} <= {"Statement", "ANSWERS"}  # what u03 says is everybody's text

    facts = _facts_of(graph, dataset, "u03")
    assert set(facts_before) <= set(facts)
    retired = {id_ for id_ in facts_before if facts[id_] != END_OF_TIME}
    fresh = set(facts) - set(facts_before)
    assert retired
    assert fresh
    assert {facts[id_] for id_ in retired} == {"2016-01-01"}
    assert {facts[id_] for id_ in fresh} == {END_OF_TIME}
    personas = rows(
        graph,
        "MATCH (p:Persona {dataset: $d, user: 'u03'}) RETURN p.at AS at, p.retired_at AS until ORDER BY at",
        d=dataset,
    )
    assert [(row["at"] < "2016", row["until"]) for row in personas] == [(True, "2016-01-01"), (False, END_OF_TIME)]
    units = rows(
        graph,
        "MATCH (:User {dataset: $d, id: 'u03'})-[h:HOLDS|LEANS_TO {retired_at: $end}]->() "
        "RETURN sum(h.unit * h.unit) AS s",
        d=dataset,
        end=END_OF_TIME,
    )
    assert units[0]["s"] == pytest.approx(1)
    assert refine(graph, dataset, embedder=EMBEDDER).users == 0


def _facts_of(graph: Graph, dataset: str, user: str) -> dict[str, str]:
    query = "MATCH (f:Fact {dataset: $d, user: $u}) RETURN f.id AS id, f.retired_at AS retired_at"
    return {row["id"]: row["retired_at"] for row in rows(graph, query, d=dataset, u=user)}


def test_a_new_name_changes_no_fact(graph: Graph, dataset: str) -> None:
    """A Fit read back refines as the one that was just learned: only the persona says that it was looked at."""
    store(graph, dataset, make_world(questions=24))
    refine(graph, dataset)
    before = dump(graph, dataset)
    store_people(graph, dataset, [Person(id=f"u{n:02}", name="Someone else") for n in range(40)])
    assert refine(graph, dataset).users == 40
    after = dump(graph, dataset)
    changed = {kind(line) for line in set(before) ^ set(after)}
    assert changed <= {"Persona", "User", "HAS_PERSONA"}


def kind(line: str) -> str:
    """The label or type in a line of a dump."""
    return str(literal_eval(line)["label"])


def test_a_changed_mind_comes_back(graph: Graph, dataset: str) -> None:
    """No, yes, no again: the fact that comes back is another node, so that each time keeps its own."""
    world = make_world(dated=True)
    store(graph, dataset, world)
    refine(graph, dataset)
    asked = world.questions[14]
    for year in (2017, 2018, 2019, 2020):
        said = answer("u05", asked, 0 if year % 2 else 4, at=f"{year}-01-01")
        store_items(graph, dataset, [said.model_copy(update={"id": f"u05/{year}"})])
        assert refine(graph, dataset).users == 1
    found = rows(
        graph,
        """
        MATCH (f:Fact {dataset: $d, user: 'u05'}) WHERE f.question = $q AND f.at > '2016'
        RETURN f.option AS option, f.at AS at, f.retired_at AS until ORDER BY at
        """,
        d=dataset,
        q=asked.id,
    )
    spans = [(row["option"], row["at"][:4], row["until"][:4]) for row in found]
    assert spans == [(0, "2017", "2018"), (4, "2018", "2019"), (0, "2019", "2020"), (4, "2020", "9999")]
    both = rows(
        graph,
        """
        MATCH (u:User {dataset: $d, id: 'u05'})-[h:HOLDS|LEANS_TO {retired_at: $end}]->(k)
        WITH k, count(h) AS n WHERE n > 1 RETURN k.id AS id
        """,
        d=dataset,
        end=END_OF_TIME,
    )
    assert both == []


def test_a_new_user_is_folded_in(graph: Graph, dataset: str) -> None:
    """Without a word about anybody else; and predicted from then on."""
    world = make_world(dated=True)
    store(graph, dataset, World(world.questions, world.people[:39], tuple(i for i in world.items if i.user != "u39")))
    refine(graph, dataset, embedder=EMBEDDER)
    before = set(dump(graph, dataset))
    store(graph, dataset, world)
    report = refine(graph, dataset, embedder=EMBEDDER)
    assert (report.users, report.unchanged, report.refitted) == (1, 39, False)
    assert before - set(dump(graph, dataset, leave_out=["u39"])) == set()
    snapshot = open_snapshot(graph, dataset)
    [plain] = predict_many(snapshot, [("u39", "q00")], settings=RecallSettings(ratio=0))
    [alone] = predict_many(snapshot, [("u39", "q00")], settings=RecallSettings(size=0))
    assert plain.probabilities != alone.probabilities


def test_a_refit_swaps_whole(graph: Graph, dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the last moment readers see the old Fit as it was, then the new one; nothing of the old is left."""
    world = make_world(dated=True)
    store(graph, dataset, world)
    first = refine(graph, dataset, embedder=EMBEDDER)
    pairs = [("u01", "q03"), ("u02", "q14"), ("u30", "q07")]
    before = predict_many(open_snapshot(graph, dataset), pairs)
    flipped = [
        answer(user, asked, 0, at="2020-01-01").model_copy(update={"id": f"{user}/{asked.id}/new"})
        for user in ("u01", "u02", "u03", "u04")
        for asked in world.questions
    ]
    store_items(graph, dataset, flipped)
    seen: list[bool] = []

    def during(what: str, done: int, total: int | None = None) -> None:
        if what == "refining users":
            now = predict_many(open_snapshot(graph, dataset, as_of="2015-12-31"), pairs)
            seen.append(now == before)

    monkeypatch.setattr(sys.modules["persona_db.chains.refinement.refine"], "_USERS_AT_ONCE", 15)
    second = refine(graph, dataset, refit=True, embedder=EMBEDDER, progress=during)
    assert seen == [True, True, True]
    assert first.fit != second.fit
    assert open_snapshot(graph, dataset).fit == second.fit
    assert predict_many(open_snapshot(graph, dataset), pairs) != before
    left = rows(graph, "MATCH (n {dataset: $d}) WHERE n.fit = $f OR n.id = $f RETURN n", d=dataset, f=first.fit)
    links = rows(graph, "MATCH ({dataset: $d})-[r {fit: $f}]->() RETURN r", d=dataset, f=first.fit)
    assert (left, links) == ([], [])


def test_a_refit_is_what_a_fresh_dataset_gets(graph: Graph, dataset: str) -> None:
    """Nothing of what was folded in before shows through."""
    world = make_world(dated=True)
    store(graph, dataset, world.until("2010-12-31"))
    refine(graph, dataset, embedder=EMBEDDER)
    store(graph, dataset, world)
    refine(graph, dataset, embedder=EMBEDDER)
    refine(graph, dataset, refit=True, embedder=EMBEDDER)
    fresh = f"{dataset}-fresh"
    store(graph, fresh, world)
    refine(graph, fresh, embedder=EMBEDDER)
    try:
        changed = set(dump(graph, dataset, versions=False)) ^ set(dump(graph, fresh, versions=False))
        # texts of facts that are gone stay until somebody is erased
        assert [line for line in changed if "'Statement'" not in line] == []
    finally:
        drop_dataset(graph, fresh)


def test_leaving_makes_the_next_refinement_a_refit(graph: Graph, dataset: str) -> None:
    """Who stops sharing is out of all that was learned after the next refinement, without asking for it."""
    world = make_world()
    store(graph, dataset, world)
    first = refine(graph, dataset)
    store_people(graph, dataset, world.people[:1], sharing=Sharing.NONE)
    second = refine(graph, dataset)
    assert second.refitted
    assert second.fit != first.fit
    assert not refine(graph, dataset).refitted


@pytest.mark.parametrize("sharing", [Sharing.NONE, Sharing.KEYS])
def test_few_or_none_can_be_refined(graph: Graph, dataset: str, sharing: Sharing) -> None:
    """Three people of whom one said nothing; with nobody sharing, the Fit knows nothing of anybody."""
    world = make_world(people=3, questions=2)
    store(graph, dataset, World(world.questions, world.people, world.items[:2]), sharing=sharing)
    assert refine(graph, dataset).users == 3
    assert refine(graph, dataset).users == 0
    [made] = predict_many(open_snapshot(graph, dataset), [("u02", "q01")])
    assert sum(made.probabilities) == pytest.approx(1)


def test_free_answers_only(graph: Graph, dataset: str) -> None:
    """Questions without options and texts without questions are refined without an embedder, too: into nothing."""
    people = tuple(Person(id=f"p{n}") for n in range(3))
    items = tuple(HistoryItem(id=f"p{n}/1", user=f"p{n}", text="I like trees.") for n in range(3))
    store(graph, dataset, World((), people, items))
    assert refine(graph, dataset).users == 3
    assert refine(graph, dataset).users == 0


def test_what_cannot_be_refined_is_said(graph: Graph, dataset: str) -> None:
    """An unknown dataset, an empty one, a date that is none."""
    with pytest.raises(UnknownDatasetError):
        refine(graph, dataset)
    world = make_world(people=2)
    store(graph, dataset, World((), (), ()), embed=False)
    with pytest.raises(ConfigError, match="no users"):
        refine(graph, dataset)
    with pytest.raises(NoFitError, match="persona-db refine --dataset"):
        open_snapshot(graph, dataset)
    store(graph, dataset, world, embed=False)
    for date in ("yesterday", "2006-13-01", "2006-06-15 or so"):
        with pytest.raises(ConfigError, match="ISO 8601"):
            refine(graph, dataset, as_of=date)
