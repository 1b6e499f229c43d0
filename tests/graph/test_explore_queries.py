"""Each query of cypher/explore/ says what pandas and networkx find in the same nodes and relationships."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import networkx as nx
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.refinement.refine import refine
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.explore import explore, explore_queries, words_to_find
from persona_db.graph.models import Sharing
from persona_db.loaders import load, open_source
from tests.plans import costly, dummy
from tests.synthetic import rows

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

PRESENT = "9999-12-31"
EMBEDDER = HashEmbedder()
ENOUGH = 10_000_000

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Population:
    """A refined dataset, and what is in the graph of it as tables."""

    graph: Graph
    name: str
    camps: tuple[str, str]
    users: pd.DataFrame
    keys: pd.DataFrame
    holds: pd.DataFrame
    facts: pd.DataFrame
    derived: pd.DataFrame
    evidence: pd.DataFrame

    def run(self, query: str, **params: object) -> Rows:
        return explore(self.graph, query, dataset=self.name, **params)

    @property
    def counted(self) -> int:
        """How many people the Fit learned from."""
        return int(self.users.trusted.sum())

    @property
    def opposite(self) -> dict[str, str]:
        return dict(self.keys.loc[self.keys.opposite.notna(), ["key", "opposite"]].itertuples(index=False))

    def held_by(self, user: str) -> dict[str, tuple[float, float]]:
        mine = self.holds[self.holds.user == user]
        return {key: (weight, unit) for key, weight, unit in mine[["key", "weight", "unit"]].itertuples(index=False)}


def read_population(graph: Graph, name: str, camps: tuple[str, str]) -> Population:
    """Read everything by plain queries that share nothing with those under test."""

    def table(query: str) -> pd.DataFrame:
        return pd.DataFrame(rows(graph, query, dataset=name))

    return Population(
        graph,
        name,
        camps,
        users=table(
            "MATCH (u:User {dataset: $dataset}) RETURN u.id AS user, u.name AS name, u.sharing_rank AS rank, "
            "COUNT { (u)<-[:DISTRUSTS]-() } = 0 AS trusted"
        ),
        keys=table(
            "MATCH (k:CacheKey {dataset: $dataset}) OPTIONAL MATCH (k)-[:OPPOSITE_OF]-(o) "
            "RETURN k.id AS key, k.kind AS kind, k.caption AS name, o.id AS opposite"
        ),
        holds=table(
            "MATCH (u:User {dataset: $dataset})-[h:HOLDS]->(k) WHERE h.retired_at = '9999-12-31' "
            "AND COUNT { (u)<-[:DISTRUSTS]-() } = 0 "
            "RETURN u.id AS user, k.id AS key, k.kind AS kind, k.caption AS name, h.weight AS weight, h.unit AS unit, "
            "h.at AS at"
        ),
        facts=table(
            "MATCH (f:Fact {dataset: $dataset}) WHERE f.retired_at = '9999-12-31' "
            "RETURN f.id AS id, f.user AS user, f.layer AS layer, f.text AS text, f.strength AS strength, f.at AS at, "
            "f.key AS key"
        ),
        derived=table(
            "MATCH (f:Fact {dataset: $dataset})-[r:DERIVED_FROM]->(s) "
            "RETURN f.id AS fact, s.id AS support, labels(s)[0] AS label, r.share AS share"
        ),
        evidence=table(
            "MATCH (f:Fact {dataset: $dataset})-[r:EVIDENCE_FOR]->(k) "
            "RETURN f.id AS fact, k.id AS key, r.share AS share"
        ),
    )


@pytest.fixture(scope="module")
def senate(graph: Graph) -> Iterator[Population]:
    """The bundled votes."""
    name = f"test-{uuid4().hex[:12]}"
    load(graph, open_source("senate"), dataset=name, sharing=Sharing.HISTORY, embedder=EMBEDDER)
    refine(graph, name, embedder=EMBEDDER, settings=EngineSettings(lift_tests=0))
    yield read_population(graph, name, ("Party: Democrat", "Party: Republican"))
    drop_dataset(graph, name)


@pytest.fixture(scope="module")
def gss(graph: Graph, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Population]:
    """The General Social Survey of 2016: a thousand of its 2,867 people."""
    name = f"test-{uuid4().hex[:12]}"
    folder = shutil.copytree(
        shared_data / "gss" / "human_resp" / "GSS_Panel_2016", tmp_path_factory.mktemp("gss") / "GSS_Panel_2016"
    )
    people = pd.read_csv(folder / "responses.csv", dtype=str).head(1_000)
    people.to_csv(folder / "responses.csv", index=False)
    split = pd.read_csv(folder / "split.csv.gz", dtype=str)
    split[split.user.isin(people.QKEY)].to_csv(folder / "split.csv.gz", index=False)
    source = open_source("opinionqa", [folder], split=[folder / "split.csv.gz"])
    load(graph, source, dataset=name, sharing=Sharing.HISTORY, embedder=EMBEDDER)
    refine(graph, name, embedder=EMBEDDER, settings=EngineSettings(lift_tests=0))
    yield read_population(graph, name, ("Polparty: Democrat", "Polparty: Republican"))
    while graph.write("drop_dataset_nodes", dataset=name, limit=1_000)[0]["deleted"]:
        pass  # in small batches, which the memory of the tests' server bears
    drop_dataset(graph, name)


@pytest.fixture(params=["senate", pytest.param("gss", marks=pytest.mark.shared_data)])
def people(request: pytest.FixtureRequest) -> Population:
    """Each of the two, in turn."""
    found: Population = request.getfixturevalue(request.param)
    return found


def some_users(people: Population, count: int = 5) -> list[str]:
    known = people.users.user.sort_values()
    return list(known.iloc[:: max(len(known) // count, 1)][:count])


def test_there_is_a_test_for_every_query() -> None:
    """The name of every query to explore with stands in a file about exploring."""
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_explore_*.py"))
    assert {name for name in explore_queries() if f'"{name}"' not in text} == set()


def test_plans_with_data_are_what_the_headers_say(people: Population) -> None:
    """With thousands of nodes, no query scans more than the cost in its header admits."""
    for name, query in explore_queries().items():
        given = {param.name: dummy(param.type) for param in query.params.values()}
        with people.graph.driver.session(database=people.graph.database) as session:
            plan = session.run(f"EXPLAIN {query.text}", {**given, "dataset": people.name}).consume().plan
        assert plan is not None
        assert [one for one in sorted(costly(plan)) if one not in query.cost] == [], name


def test_history_and_questions(people: Population) -> None:
    """`history_of` returns a person's items up to a date, oldest first, and `questions_of` every question."""
    for user in some_users(people):
        said = pd.DataFrame(
            rows(
                people.graph,
                "MATCH (h:HistoryItem {dataset: $dataset, user: $user})-[:SAYS]->(s:Statement) "
                "RETURN h.id AS id, h.at AS at, s.text AS text, h.option AS option",
                dataset=people.name,
                user=user,
            )
        ).sort_values(["at", "id"])
        for as_of in (PRESENT, said["at"].iloc[len(said) // 2]):
            expected = said[said["at"] <= as_of]
            found = people.run("history_of", user=user, as_of=as_of)
            assert [(row["id"], row["text"], row["option"]) for row in found] == list(
                expected[["id", "text", "option"]].itertuples(index=False, name=None)
            )
    asked = rows(people.graph, "MATCH (q:Question {dataset: $dataset}) RETURN q.id AS id, q.options AS options",
                 dataset=people.name)  # fmt: skip
    found = people.run("questions_of")
    assert {row["id"]: row["options"] for row in found} == {row["id"]: row["options"] for row in asked}
    assert [row["id"] for row in found] == sorted(row["id"] for row in asked)


def test_who_shares_values(people: Population) -> None:
    """Users who hold most of the keys come first, then those who hold them most."""
    wanted = [people.holds[people.holds.kind != "demographic"].key.mode()[0], *people.camps]
    held = people.holds[people.holds.key.isin(wanted) | people.holds.name.isin(wanted)]
    groups = held.groupby("user").agg(held=("key", "size"), weight=("weight", "sum")).round(6).reset_index()
    expected = groups[groups.held >= 2].sort_values(["held", "weight", "user"], ascending=[False, False, True])
    found = pd.DataFrame(people.run("who_shares_values", keys=wanted, least=2, limit=ENOUGH))
    assert set(found.user) == set(expected.user)
    assert found.held.tolist() == expected.held.tolist()
    assert found.weight.tolist() == pytest.approx(expected.weight.tolist(), abs=2e-6)
    assert all(len(one) == n for one, n in zip(found["values"], found.held, strict=True))


def test_what_two_share(people: Population) -> None:
    """Every key of two users comes once, shared, opposed, or of one alone; contributions sum to the JOIN score."""
    graph_of_keys = nx.Graph(people.opposite.items())
    users = some_users(people)
    for first, second in pairwise(users):
        ours, theirs = people.held_by(first), people.held_by(second)
        expected = {key: ("shared", ours[key][1] * theirs[key][1]) for key in ours.keys() & theirs.keys()}
        for key in ours.keys() - expected.keys():
            against = [other for other in graph_of_keys.adj.get(key, ()) if other in theirs]
            expected[key] = ("opposed", -ours[key][1] * theirs[against[0]][1]) if against else ("only the first", 0.0)
        for key in theirs.keys() - ours.keys():
            if not any(other in ours for other in graph_of_keys.adj.get(key, ())):
                expected[key] = ("only the second", 0.0)
        found = people.run("what_two_share", first=first, second=second)
        assert {row["key"]: row["how"] for row in found} == {key: how for key, (how, _) in expected.items()}
        assert {row["key"]: row["contribution"] for row in found} == pytest.approx(
            {key: part for key, (_, part) in expected.items()}, abs=1e-8
        )


def test_splitting_values(people: Population) -> None:
    """Pairs of opposites are ordered by the share of all people who hold the rarer one."""
    holders = people.holds.groupby("key").size()
    expected = {}
    for key, other in people.opposite.items():
        sides = sorted((key, other), key=lambda one: (-holders.get(one, 0), one))
        expected[sides[0]] = (sides[1], 2 * holders.get(sides[1], 0) / people.counted)
    found = people.run("splitting_values", limit=ENOUGH)
    assert {row["key"]: row["opposite"] for row in found} == {key: other for key, (other, _) in expected.items()}
    assert {row["key"]: row["split"] for row in found} == pytest.approx(
        {key: split for key, (_, split) in expected.items()}, abs=1e-5
    )
    assert [row["split"] for row in found] == sorted((row["split"] for row in found), reverse=True)


def interval(both: float, one: float, other: float, everybody: float) -> tuple[float, float]:
    """The 95 % interval of lift by the delta method, written with the gradient over the four cells of the table."""
    cells = np.array([both, one - both, other - both, everybody - one - other + both]) + 0.5
    total = cells.sum()
    p = cells / total
    margins = p[0] + p[1], p[0] + p[2]
    gradient = np.array([1 / p[0] - 1 / margins[0] - 1 / margins[1], -1 / margins[0], -1 / margins[1], 0.0])
    variance = ((p * gradient**2).sum() - (p * gradient).sum() ** 2) / total
    centre = np.log(p[0] / margins[0] / margins[1])
    reach = 1.959964 * np.sqrt(max(variance, 0.0))
    return float(np.exp(centre - reach)), float(np.exp(centre + reach))


def lifts(people: Population, holds: pd.DataFrame) -> pd.DataFrame:
    """Pairs of keys with how many hold both, the lift over independence, and its interval."""
    pairs = holds.merge(holds, on="user", suffixes=("", "_other"))
    pairs = pairs[pairs.key < pairs.key_other].groupby(["key", "key_other"]).size().rename("both").reset_index()
    holders = people.holds.groupby("key").size()
    one, other = pairs.key.map(holders), pairs.key_other.map(holders)
    low = [interval(*cells, people.counted)[0] for cells in zip(pairs.both, one, other, strict=True)]
    return pairs.assign(lift=pairs.both / (one * other / people.counted), low=low)


def test_values_together(people: Population) -> None:
    """Every pair of keys with enough common holders comes with its lift, ordered by the lower end of its interval."""
    found = pd.DataFrame(people.run("values_together", least=5, among=ENOUGH, limit=ENOUGH))
    expected = lifts(people, people.holds)
    expected = expected[expected.both >= 5]
    merged = found.merge(expected, left_on=["first", "second"], right_on=["key", "key_other"])
    assert len(merged) == len(found) == len(expected) > 5
    assert (merged.both_x == merged.both_y).all()
    assert merged.lift_x.tolist() == pytest.approx(merged.lift_y.tolist(), abs=1e-5)
    assert merged.low_x.tolist() == pytest.approx(merged.low_y.tolist(), rel=1e-4, abs=1e-5)
    assert found.low.is_monotonic_decreasing
    popular = {row["key"] for row in people.run("popular_keys", limit=30)}
    some = people.run("values_together", least=5, among=30, limit=ENOUGH)
    assert {(row["first"], row["second"]) for row in some} == {
        pair for pair in zip(found["first"], found.second, strict=True) if popular.issuperset(pair)
    }


def test_goes_with(people: Population) -> None:
    """The other keys of a key's holders are counted; a sample takes those who hold it most."""
    key = people.holds[people.holds.kind != "demographic"].key.mode()[0]
    holders = people.holds[people.holds.key == key].sort_values(["weight", "user"], ascending=[False, True]).user
    share = people.holds.groupby("key").size() / people.counted
    for sample in (7, ENOUGH):
        looked_at = holders[:sample]
        others = people.holds[people.holds.user.isin(looked_at) & (people.holds.key != key)].groupby("key").size()
        expected = {other: n / len(looked_at) / share[other] for other, n in others.items() if n >= 3}
        found = people.run("goes_with", key=key, sample=sample, least=3, limit=ENOUGH)
        assert {row["key"]: row["lift"] for row in found} == pytest.approx(expected, rel=1e-4)
        assert {row["looked_at"] for row in found} == {len(looked_at)}
        assert [row["low"] for row in found] == sorted((row["low"] for row in found), reverse=True)
    lows = {
        other: interval(n, len(holders), share[other] * people.counted, people.counted)[0]
        for other, n in others.items()
        if n >= 3
    }
    assert {row["key"]: row["low"] for row in found} == pytest.approx(lows, rel=1e-4)


def test_bridges(people: Population) -> None:
    """People are ordered by how common their values are in the other camp, against the rest of their own.

    An attribute, the state where one lives, is no value and no reason.
    """
    holds = people.holds
    camps = {name: holds[holds.name == name].user for name in people.camps}
    rest = holds[holds.kind != "demographic"]
    counts = {name: rest[rest.user.isin(members)].groupby("key").size() for name, members in camps.items()}
    expected = {}
    for name, across in (people.camps, people.camps[::-1]):
        inside = rest[rest.user.isin(camps[name])]
        own = inside.unit * (inside.key.map(counts[name]) - 1) / (len(camps[name]) - 1)
        other = inside.unit * inside.key.map(counts[across]).fillna(0) / len(camps[across])
        sums = pd.DataFrame({"user": inside.user, "own": own, "other": other}).groupby("user").sum()
        for user, here, there in sums.itertuples():
            if here + there > 0:
                expected[user, name] = there / (here + there)
    found = people.run("bridges", camp=people.camps[0], other_camp=people.camps[1], least=1, limit=ENOUGH)
    assert {(row["user"], row["camp"]): row["bridge"] for row in found} == pytest.approx(expected, abs=1e-5)
    assert [row["bridge"] for row in found] == sorted((row["bridge"] for row in found), reverse=True)
    for row in found[:5]:
        name, across = row["camp"], next(camp for camp in people.camps if camp != row["camp"])
        inside = rest[rest.user == row["user"]]
        here = (inside.key.map(counts[name]) - 1) / (len(camps[name]) - 1)
        there = inside.key.map(counts[across]).fillna(0) / len(camps[across])
        more = inside.assign(more=inside.unit * (there - here)).sort_values(["more", "key"], ascending=[False, True])
        assert row["because"] == more[more.more > 0].name.head(3).tolist()
    assert not any(reason.startswith(("State: ", "STATE=")) for row in found for reason in row["because"])
    stored = [f"{attribute.upper()}={value}" for attribute, value in (name.split(": ") for name in people.camps)]
    assert found == people.run("bridges", camp=stored[0], other_camp=stored[1], least=1, limit=ENOUGH)


def test_all_groups_that_say_it_most_are_named(senate: Population) -> None:
    """Where several are at the same share, none of them is left out: on some votes two groups are at 100 %."""
    names = [row["name"] for row in senate.run("segments") if row["segment"] != "between"]
    found = senate.run("divisive", least=5, limit=ENOUGH)
    for row in found:
        most = max(row["shares"])
        assert row["most_in"] == [
            name for name, share in zip(names, row["shares"], strict=True) if share >= most - 0.005
        ]
    assert any(len(row["most_in"]) > 1 for row in found)


def test_who_is_alone(people: Population) -> None:
    """People are ordered by how many values a random other person shares, as counted over all pairs."""
    holders = people.holds.groupby("key").size()
    shared = people.holds.assign(others=people.holds.key.map(holders) - 1).groupby("user").others.sum()
    trusted = people.users[people.users.trusted].user
    expected = shared.reindex(trusted, fill_value=0) / (len(trusted) - 1)
    found = people.run("who_is_alone", limit=ENOUGH)
    assert {row["user"]: row["company"] for row in found} == pytest.approx(expected.to_dict(), abs=1e-5)
    assert [row["company"] for row in found] == sorted(row["company"] for row in found)


def test_key_rests_on(people: Population) -> None:
    """The items are those at the end of every path from the key, with shares multiplied along it, as networkx walks."""
    walked: nx.DiGraph[Any] = nx.DiGraph()
    for fact, support, share in people.derived[["fact", "support", "share"]].itertuples(index=False):
        walked.add_edge(fact, support, share=share)
    items = set(people.derived[people.derived.label == "HistoryItem"].support)
    of_user = dict(people.facts[["id", "user"]].itertuples(index=False))
    checked = 0
    for user in some_users(people):
        for key in people.held_by(user):
            expected: dict[tuple[str, str], float] = {}
            for fact, share in people.evidence[people.evidence.key == key][["fact", "share"]].itertuples(index=False):
                if of_user.get(fact) != user:
                    continue
                for item in items & nx.descendants(walked, fact):
                    for path in nx.all_simple_edge_paths(walked, fact, item, cutoff=2):
                        weight = share
                        for edge in path:
                            weight *= walked.edges[edge]["share"]
                        expected[fact, item] = expected.get((fact, item), 0.0) + weight
            found = people.run("key_rests_on", user=user, key=key)
            assert {(row["fact"], row["item"]): row["share"] for row in found} == pytest.approx(expected, abs=2e-6)
            checked += len(found)
    assert checked > 10


def test_holders_of(people: Population) -> None:
    """All holders of a key come by weight, in pages."""
    key = people.holds.key.mode()[0]
    expected = people.holds[people.holds.key == key].sort_values(["weight", "user"], ascending=[False, True])
    pages = [people.run("holders_of", key=key, skip=skip, limit=7)[:7] for skip in (0, 7)]
    assert [row["user"] for page in pages for row in page] == list(expected.user[:14])
    assert len(people.run("holders_of", key=key, limit=ENOUGH)) == len(expected)


def test_popular_keys(people: Population) -> None:
    """Keys come with their number of holders, of all kinds or of one."""
    holders = people.holds.groupby("key").size()
    found = people.run("popular_keys", limit=ENOUGH)
    assert {row["key"]: row["holders"] for row in found if row["holders"]} == holders.to_dict()
    traits = people.run("popular_keys", kind="trait", limit=ENOUGH)
    assert {row["key"] for row in traits} == set(people.keys[people.keys.kind == "trait"].key)


def test_one_key(people: Population) -> None:
    """A key comes with its number of holders and its opposite."""
    holders = people.holds.groupby("key").size()
    for key, name, opposite in people.keys[["key", "name", "opposite"]].head(20).itertuples(index=False):
        [found] = people.run("one_key", key=key)
        assert (found["name"], found["holders"]) == (name, holders.get(key, 0))
        assert found["opposite"] == (opposite if isinstance(opposite, str) else None)
        fit = people.run("fits_of")[-1]["fit"]
        [named] = people.run("keys_named", fit=fit, ids=[key])
        assert named["name"] == name


def test_dataset_names(people: Population) -> None:
    """Datasets come by name, each with its current Fit."""
    found = {row["dataset"]: row["current_fit"] for row in explore(people.graph, "dataset_names", dataset=None)}
    assert found[people.name] == next(row["fit"] for row in people.run("fits_of") if row["current"])
    assert [row["dataset"] for row in people.run("dataset_names")] == [people.name]


def test_facts_and_keys_of_a_user(people: Population) -> None:
    """All facts and keys of a user that are valid now come, strongest first, but that of all answers together."""
    for user in some_users(people):
        expected = people.facts[(people.facts.user == user) & (people.facts["key"] != "position:all")]
        found = people.run("facts_of", user=user)
        assert {row["id"] for row in found} == set(expected.id)
        for layer in ("distilled", "induced"):
            order = [(row["inferred"], -row["strength"]) for row in found if row["layer"] == layer]
            assert order == sorted(order)
        keys = people.run("keys_of", user=user)
        assert {row["key"]: (row["weight"], row["counts"]) for row in keys} == people.held_by(user)


def test_fact_rests_on(people: Population) -> None:
    """A fact comes with its supports, the keys it is evidence for, and its user."""
    sample = people.facts.sort_values("id").iloc[:: max(len(people.facts) // 20, 1)]
    for fact, user in sample[["id", "user"]].itertuples(index=False):
        [found] = people.run("fact_rests_on", fact=fact)
        supports = people.derived[people.derived.fact == fact]
        assert found["user"] == user
        assert {one["id"]: one["share"] for one in (*found["items"], *found["facts"])} == dict(
            supports[["support", "share"]].itertuples(index=False)
        )
        assert {one["id"] for one in found["keys"]} == set(people.evidence[people.evidence.fact == fact].key)


def test_searches(people: Population) -> None:
    """The beginning of a name finds the person; a word of a key or of an answered question finds these."""
    for user, name in people.users[["user", "name"]].sort_values("user")[:5].itertuples(index=False):
        for typed in {user, user.lower(), (name or user)[:4]}:
            found = people.run("find_people", words=words_to_find(typed), limit=5_000)
            assert user in {row["user"] for row in found}, typed
    named = people.keys[people.keys.kind == "stance"].sort_values("key").iloc[0]
    assert named.key in {row["key"] for row in people.run("find_keys", words=words_to_find(named["name"]))}
    question = named.key.removeprefix("stance:").rpartition("=")[0]
    [asked] = rows(
        people.graph,
        "MATCH (q:Question {dataset: $dataset, id: $id}) RETURN coalesce(q.label, q.text) AS text",
        dataset=people.name,
        id=question,
    )
    found = people.run("find_asked", words=words_to_find(asked["text"]))
    assert question in {row["question"] for row in found}


def test_said_of_keys(people: Population) -> None:
    """Of each key's holders those are counted who answered what its name claims, and who said it."""
    claims = pd.DataFrame(
        rows(
            people.graph,
            "MATCH (k:CacheKey {dataset: $dataset})-[c:CLAIMS]->(q) "
            "RETURN k.id AS key, q.id AS question, c.options AS options",
            dataset=people.name,
        )
    )
    items = rows(
        people.graph,
        "MATCH (h:HistoryItem {dataset: $dataset}) WHERE h.option IS NOT NULL "
        "RETURN h.user AS user, h.question AS question, h.option AS option, h.at AS at, h.id AS id",
        dataset=people.name,
    )
    newest = {(one["user"], one["question"]): one["option"] for one in sorted(items, key=lambda one: one["at"])}
    counted = people.holds[people.holds.user.isin(people.users[people.users["rank"] >= 1].user)]
    holders = counted.groupby("key").user.apply(list).to_dict()
    expected = {}
    for key, question, options in claims[["key", "question", "options"]].itertuples(index=False):
        given = [newest.get((user, question)) for user in holders.get(key, [])]
        asked = [option for option in given if option is not None]
        expected[key, question] = (len(given), len(asked), sum(option in options for option in asked))
    found = people.run("said_of_keys")
    assert {
        (row["key"], row["question"]): (row["holders"], row["asked"], row["said"]) for row in found if row["question"]
    } == expected


def test_shares_of(people: Population) -> None:
    """Of each option as many as gave it, each counting one where nobody has a weight; options that nobody chose too."""
    answers = pd.DataFrame(
        rows(
            people.graph,
            "MATCH (h:HistoryItem {dataset: $dataset}) WHERE h.option IS NOT NULL "
            "RETURN h.user AS user, h.question AS question, h.option AS option",
            dataset=people.name,
        )
    )
    for question in sorted(answers.question.unique())[:3]:
        counts = answers[answers.question == question].option.value_counts()
        found = people.run("shares_of", question=question)
        assert [row["people"] for row in found] == [counts.get(place, 0) for place in range(len(found))]
        assert [row["weight"] for row in found] == [row["people"] for row in found]
        assert [row["unweighted"] for row in found] == [row["people"] for row in found]


def test_persona_changes(senate: Population) -> None:
    """Facts and keys valid at only one of two dates are those in which the Fits as of these dates differ."""
    user = some_users(senate)[0]
    dates = ("2005-06-30", "2006-12-31")
    refine(senate.graph, senate.name, as_of=dates[0], embedder=EMBEDDER)
    sides = []
    for date, current in zip(dates, (False, True), strict=True):
        found = rows(
            senate.graph,
            "MATCH (d:Dataset {dataset: $dataset}) MATCH (f:Fit {dataset: $dataset}) "
            "WHERE (f.id = d.current_fit) = $now "
            "MATCH (u:User {dataset: $dataset, id: $user}) CALL (f, u) { "
            "MATCH (u)-[:HAS_FACT]->(n:Fact {fit: f.id}) WHERE n.at <= $date AND n.key <> 'position:all' "
            "RETURN n.layer AS kind, n.text AS text "
            "UNION ALL MATCH (u)-[h:HOLDS {fit: f.id}]->(k) RETURN k.kind AS kind, k.name AS text } RETURN kind, text",
            dataset=senate.name,
            user=user,
            now=current,
            date=date + "T23:59:59Z",
        )
        sides.append({(row["kind"], row["text"]) for row in found})
    found = senate.run("persona_changes", user=user, since=dates[0], until=dates[1])
    gained = {(row["kind"], row["text"]) for row in found if row["change"] == "gained"}
    lost = {(row["kind"], row["text"]) for row in found if row["change"] == "lost"}
    assert (gained, lost) == (sides[1] - sides[0], sides[0] - sides[1])
    assert gained
    assert lost
    assert senate.run("persona_changes", user=user, since=dates[1], until=dates[1]) == []
    assert [row["kept"] for row in senate.run("fits_of")] == [True, False]


def test_quarantined(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Quarantined rows come with their reasons, in the order of the file."""
    source = tmp_path / "people.jsonl"
    source.write_text('{"user": "a", "text": "I like trees"}\n{"user": 3}\nnot json\n', encoding="utf-8")
    load(graph, open_source("jsonl", [source]), dataset=dataset, embedder=EMBEDDER)
    found = explore(graph, "quarantined", dataset=dataset)
    assert [row["row"] for row in found] == [2, 3]
    assert all(row["reason"] for row in found)


def test_left_out(people: Population) -> None:
    """Every excluded user comes, as the DISTRUSTS relationships say, by reason and then the clearest first."""
    query = (
        "MATCH (d:Dataset {dataset: $dataset}) MATCH (f:Fit {dataset: $dataset})-[x:DISTRUSTS]->(u) "
        "WHERE f.id = d.current_fit "
        "RETURN u.id AS user, u.name AS name, x.reason AS reason, x.score AS score, x.at AS at"
    )
    expected = sorted(
        rows(people.graph, query, dataset=people.name), key=lambda row: (row["reason"], -row["score"], row["user"])
    )
    assert people.run("left_out", limit=ENOUGH) == expected
    assert len(expected) == (~people.users.trusted).sum()
    placed = people.run("places_of_people", attribute=None, question=None)
    out = {row["user"]: row["segment"] for row in placed if row["left_out"]}
    assert out == dict.fromkeys((row["user"] for row in expected), "between")


def test_people_who_share_nothing_are_not_shown(senate: Population) -> None:
    """Users who share nothing are in no list: of holders, of common holders, of people alone, or between camps."""
    graph, name = senate.graph, senate.name
    user = senate.holds[senate.holds.name == "Party: Democrat"].user.min()
    rows(graph, "MATCH (u:User {dataset: $dataset, id: $user}) SET u.sharing_rank = 0", dataset=name, user=user)
    try:
        key = next(iter(senate.held_by(user)))
        seen = [
            *senate.run("holders_of", key=key, limit=ENOUGH),
            *senate.run("who_shares_values", keys=[key], limit=ENOUGH),
            *senate.run("who_is_alone", limit=ENOUGH),
            *senate.run("bridges", camp="PARTY=Democrat", other_camp="PARTY=Republican", limit=ENOUGH),
            *senate.run("places_of_people", attribute=None, question=None),
            *[row for one in ("1", "2", "between") for row in senate.run("typical_people", segment=one, limit=ENOUGH)],
        ]
        assert seen
        assert user not in {row["user"] for row in seen}
        assert not any(user in row["such_as"] for row in senate.run("segments"))
    finally:
        rows(graph, "MATCH (u:User {dataset: $dataset, id: $user}) SET u.sharing_rank = 4", dataset=name, user=user)
