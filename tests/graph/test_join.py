"""The JOIN: `join_exact` is the sum over shared keys as networkx finds it, and `join` agrees with it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_db.chains.fit.keys import idf, units
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.models import END_OF_TIME, Sharing
from persona_db.graph.session import Graph

USERS = [f"u{number}" for number in range(6)]
KEYS = [f"k{number}" for number in range(6)]
PLACES = [("first", "fit-a"), ("first", "fit-b"), ("second", "fit-a")]
DATES = ["", "2019-04-01", "2020-04-01T10:00:00Z", "2021-04-01", END_OF_TIME]
TIMES = ["2018-01-01", "2019-04-01T23:59:59Z", "2020-12-31", "9999-12-30"]
PRESENT = "9999-12-30"
ALL = 100


@dataclass(frozen=True)
class Hold:
    """That a user holds a key from DATES[start] until DATES[end]; for no time at all when they are the same."""

    user: str
    key: str
    unit: float
    start: int
    end: int


@dataclass(frozen=True)
class World:
    """A Fit of a dataset: who shares how much, which keys oppose each other, who holds which and when."""

    ranks: Mapping[str, int]
    opposites: tuple[tuple[str, str], ...]
    holds: tuple[Hold, ...]


@st.composite
def worlds(draw: st.DrawFn, ranks: Mapping[str, int]) -> World:
    """Small ones. Units are sixteenths, so that sums are exact and ties real; opposites come in pairs."""
    pairs = draw(st.sampled_from([(), (("k0", "k1"),), (("k0", "k1"), ("k2", "k3"))]))
    intervals = st.tuples(st.integers(0, 3), st.integers(0, 4)).map(lambda pair: (min(pair), max(pair)))
    sixteenths = st.integers(1, 16).map(lambda number: number / 16)
    held = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(USERS), st.sampled_from(KEYS)),
            st.tuples(sixteenths, intervals, sixteenths),
            max_size=30,
        )
    )
    holds = []
    for (user, key), (first, (start, end), then) in held.items():
        holds.append(Hold(user, key, first, start, end))
        if end < len(DATES) - 1:  # held again, with another weight
            holds.append(Hold(user, key, then, end, len(DATES) - 1))
    return World(ranks, pairs, tuple(holds))


@st.composite
def databases(draw: st.DrawFn) -> dict[tuple[str, str], World]:
    """Two datasets with the same user and key ids, two Fits in the first."""
    ranks = {name: {user: draw(st.integers(0, 4)) for user in USERS} for name in ("first", "second")}
    return {place: draw(worlds(ranks[place[0]])) for place in PLACES}


def oracle(world: World, user: str, *, as_of: str, min_rank: int, top_k: int = ALL) -> list[tuple[str, float]]:
    """Walk user - key - user and user - key - opposite - user in networkx and add up."""
    net: nx.MultiGraph[tuple[str, str]] = nx.MultiGraph()
    net.add_nodes_from(("user", name) for name in USERS)
    for one, other in world.opposites:
        net.add_edge(("key", one), ("key", other), kind="opposite")
    for hold in world.holds:
        if DATES[hold.start] <= as_of < DATES[hold.end]:
            net.add_edge(("user", hold.user), ("key", hold.key), kind="holds", unit=hold.unit)
    scores: dict[str, float] = {}
    for _, key, mine in net.edges(("user", user), data=True):
        reached = [(key, 1.0)]
        reached += [(other, -1.0) for _, other, edge in net.edges(key, data=True) if edge["kind"] == "opposite"]
        for there, sign in reached:
            for _, (kind, name), theirs in net.edges(there, data=True):
                if kind == "user" and name != user:
                    scores[name] = scores.get(name, 0.0) + sign * mine["unit"] * theirs["unit"]
    kept = [(name, score) for name, score in scores.items() if score > 0 and world.ranks[name] >= min_rank]
    return sorted(kept, key=lambda pair: (-pair[1], pair[0]))[:top_k]


def store_people(graph: Graph, dataset: str, ranks: Mapping[str, int]) -> None:
    levels = list(Sharing)
    rows = [
        {"id": user, "name": user.upper(), "attributes": [], "sharing": levels[rank], "sharing_rank": rank}
        for user, rank in ranks.items()
    ]
    graph.write("store_people", dataset=dataset, rows=rows)


def store_keys(graph: Graph, dataset: str, fit: str, keys: Sequence[str], opposites: Sequence[tuple[str, str]]) -> None:
    rows = [
        {
            "id": key,
            "kind": "topic",
            "name": key,
            "n_holders": 1,
            "idf": 1.0,
            "share": 0.1,
            "n_stated": 1,
            "loadings": [],
        }
        for key in keys
    ]
    graph.write("store_keys", dataset=dataset, fit=fit, rows=rows)
    pairs = [{"key": one, "opposite": other} for one, other in opposites]
    graph.write("store_opposites", dataset=dataset, fit=fit, rows=pairs)


def store_holds(graph: Graph, dataset: str, fit: str, holds: Sequence[Hold]) -> None:
    rows = [
        {
            "user": h.user,
            "at": DATES[h.start],
            "keys": [{"key": h.key, "weight": h.unit, "unit": h.unit, "inferred": h.unit < 0.5}],
        }
        for h in holds
    ]
    graph.write("store_holds", dataset=dataset, fit=fit, rows=rows)


def retire_holds(graph: Graph, dataset: str, fit: str, holds: Sequence[Hold]) -> None:
    rows = [{"user": h.user, "key": h.key, "at": DATES[h.end]} for h in holds]
    graph.write("retire_holds", dataset=dataset, fit=fit, rows=rows)


def store_personas(graph: Graph, dataset: str, fit: str, users: Sequence[str], *, at: str, version: str) -> None:
    rows: list[dict[str, object]] = [
        {"user": user, "id": f"{user}/{version}", "version": 0, "traits": [], "at": at} for user in users
    ]
    graph.write("store_personas", dataset=dataset, fit=fit, rows=rows)


def live_through(graph: Graph, dataset: str, fit: str, world: World) -> None:
    """Write a world date by date, as one refinement after another leaves it; some are undone the same day."""
    store_people(graph, dataset, world.ranks)
    store_keys(graph, dataset, fit, KEYS, world.opposites)
    for index, date in enumerate(DATES[:-1]):
        retire_holds(graph, dataset, fit, [h for h in world.holds if h.start < index == h.end])
        brief = [h for h in world.holds if h.start == index == h.end]
        if brief:
            store_holds(graph, dataset, fit, brief)
            store_personas(graph, dataset, fit, USERS, at=date, version=f"{index}, undone")
            retire_holds(graph, dataset, fit, brief)
        store_holds(graph, dataset, fit, [h for h in world.holds if h.start == index < h.end])
        store_personas(graph, dataset, fit, USERS, at=date, version=str(index))


def found(graph: Graph, query: str, **params: Any) -> dict[str, list[tuple[str, float]]]:
    """The rows of a JOIN as user -> [(collaborator, score)], in their order."""
    answer: dict[str, list[tuple[str, float]]] = {user: [] for user in params["users"]}
    for row in graph.read(query, **params):
        assert row["name"] == row["collaborator"].upper()
        answer[row["user"]].append((row["collaborator"], row["score"]))
    return answer


@given(
    database=databases(),
    place=st.sampled_from(PLACES),
    as_of=st.sampled_from(TIMES),
    min_rank=st.integers(0, 4),
    top_k=st.sampled_from([1, 3, ALL]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_joins_equal_the_oracle(
    graph: Graph, database: dict[tuple[str, str], World], place: tuple[str, str], as_of: str, min_rank: int, top_k: int
) -> None:
    """Whatever is held when, opposed or shared how far: same people, same scores, best first, ties by id.

    The other Fit and the other dataset, with the same ids, change nothing. All are candidates here.
    """
    names = {name: f"test-{uuid4().hex[:12]}" for name in ("first", "second")}
    try:
        for (name, fit), world in database.items():
            live_through(graph, names[name], fit, world)
        expected = {user: oracle(database[place], user, as_of=as_of, min_rank=min_rank, top_k=top_k) for user in USERS}
        asked = {"dataset": names[place[0]], "fit": place[1], "users": USERS, "as_of": as_of, "min_rank": min_rank}
        assert found(graph, "join_exact", **asked, top_k=top_k) == expected
        assert found(graph, "join", **asked, top_k=top_k, candidates=ALL) == expected
    finally:
        for name in names.values():
            drop_dataset(graph, name)


CROWD = [f"p{number:03d}" for number in range(300)]
TOPICS = [f"t{number:02d}" for number in range(60)]


@pytest.fixture
def crowd(graph: Graph, dataset: str) -> dict[str, int]:
    """300 people who hold 8 of 60 keys each, in two Fits of a dataset; their sharing ranks."""
    rng = random.Random(7)
    ranks = {user: rng.randrange(5) for user in CROWD}
    store_people(graph, dataset, ranks)
    opposites = list(zip(TOPICS[:20:2], TOPICS[1:20:2], strict=True))
    opposite = {one: other for pair in opposites for one, other in (pair, pair[::-1])}
    weight = [1 / (1 + number) for number in range(len(TOPICS))]
    for fit in ("fit-a", "fit-b"):
        store_keys(graph, dataset, fit, TOPICS, opposites)
        rows: list[dict[str, Any]] = []
        for user in CROWD:
            keys: list[str] = []
            while len(keys) < 8:
                (key,) = rng.choices(TOPICS, weight)
                if key not in keys and opposite.get(key) not in keys:
                    keys.append(key)
            weights = [rng.uniform(0.2, 1.0) for _ in keys]
            scaled = units([(w, idf(60 - TOPICS.index(key), 300)) for key, w in zip(keys, weights, strict=True)])
            held = zip(keys, weights, scaled, strict=True)
            rows.append(
                {
                    "user": user,
                    "at": "",
                    "keys": [{"key": k, "weight": w, "unit": unit, "inferred": False} for k, w, unit in held],
                }
            )
        graph.write("store_holds", dataset=dataset, fit=fit, rows=rows)
        store_personas(graph, dataset, fit, CROWD, at="", version="0")
    return ranks


def test_candidates_score_as_all_do(graph: Graph, dataset: str, crowd: dict[str, int]) -> None:
    """With fewer candidates than people, who is returned has the exact score, and nearly all of the best are."""
    asked = {"dataset": dataset, "fit": "fit-a", "users": CROWD[:60], "as_of": PRESENT, "min_rank": 2}
    exact = found(graph, "join_exact", **asked, top_k=300)
    quick = found(graph, "join", **asked, top_k=20, candidates=60)
    hits = 0
    for user in CROWD[:60]:
        scores = dict(exact[user])
        assert len(quick[user]) == 20
        assert all(crowd[other] >= 2 and other != user for other, _ in quick[user])
        assert quick[user] == sorted(quick[user], key=lambda pair: (-pair[1], pair[0]))
        assert [score for _, score in quick[user]] == pytest.approx([scores[o] for o, _ in quick[user]], abs=2e-9)
        worst = exact[user][19][1]
        hits += sum(score >= worst - 2e-9 for _, score in quick[user])
    assert hits / (60 * 20) >= 0.98


def test_an_unequal_few_fill_the_places(graph: Graph, dataset: str, crowd: dict[str, int]) -> None:
    """Who shares too little takes no candidate's place: the few who share are found among very few candidates."""
    chosen = {user: 4 if number % 30 == 0 else 0 for number, user in enumerate(CROWD)}
    store_people(graph, dataset, chosen)
    asked = {"dataset": dataset, "fit": "fit-a", "users": CROWD[1:9], "as_of": PRESENT, "min_rank": 4, "top_k": 10}
    assert found(graph, "join", **asked, candidates=10) == found(graph, "join_exact", **asked)


def test_who_stops_sharing_is_not_found(graph: Graph, dataset: str, crowd: dict[str, int]) -> None:
    """A lower sharing holds at once, with no refinement in between."""
    asked = {"dataset": dataset, "fit": "fit-a", "users": [CROWD[0]], "as_of": PRESENT, "min_rank": 1, "top_k": 10}
    best = found(graph, "join", **asked, candidates=ALL)[CROWD[0]][0][0]
    store_people(graph, dataset, {best: 0})
    for query, candidates in (("join", {"candidates": ALL}), ("join_exact", {})):
        assert best not in dict(found(graph, query, **asked, **candidates)[CROWD[0]])
    store_people(graph, dataset, {best: 1})
    assert found(graph, "join", **asked, candidates=ALL)[CROWD[0]][0][0] == best


@pytest.mark.parametrize("as_of", ['9999-12-30" OR sharing:history OR at:"', "9999-12-30\\", "9999-12-30*"])
def test_a_date_is_never_a_query(graph: Graph, dataset: str, crowd: dict[str, int], as_of: str) -> None:
    """What is given for a date is compared with dates, whatever it says in Lucene's language."""
    asked = {"dataset": dataset, "fit": "fit-a", "users": CROWD[:3], "min_rank": 1, "top_k": 10}
    expected = found(graph, "join", **asked, as_of=PRESENT, candidates=ALL)
    assert found(graph, "join", **asked, as_of=as_of, candidates=ALL) == expected


def test_who_is_unknown_or_holds_nothing_has_no_collaborators(
    graph: Graph, dataset: str, crowd: dict[str, int]
) -> None:
    """No row and no error, beside others who have some."""
    store_people(graph, dataset, {"new": 4})
    asked = {"dataset": dataset, "fit": "fit-a", "as_of": PRESENT, "min_rank": 1, "top_k": 10}
    users = ["nobody", "new", CROWD[0]]
    for query, candidates in (("join", {"candidates": ALL}), ("join_exact", {})):
        answer = found(graph, query, **asked, users=users, **candidates)
        assert [len(answer[user]) for user in users] == [0, 0, 10]
    for dataset_, fit in (("no such dataset", "fit-a"), (dataset, "no such fit")):
        missing = asked | {"dataset": dataset_, "fit": fit}
        assert graph.read("join", **missing, users=CROWD[:2], candidates=ALL) == []
        assert graph.read("join_exact", **missing, users=CROWD[:2]) == []
