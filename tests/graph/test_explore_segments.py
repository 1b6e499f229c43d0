"""Segments in the graph: everybody is in one, what they stand for is what their people said, and dates are kept to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.refinement.refine import refine
from persona_db.chains.segments import report
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import ConfigError, NoFitError
from persona_db.graph.explore import explore
from persona_db.graph.ingest import ensure_dataset, store_items, store_people, store_questions
from persona_db.graph.models import HistoryItem, Person, Sharing
from tests.synthetic import rows, unsearched
from tests.unit.test_segments import planted

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

PEOPLE = 120
ENOUGH = 10_000
SETTINGS = EngineSettings(lift_tests=0)


def person(name: str, weight: float | None = None) -> Person:
    return Person(id=name, name=f"Person {name}", attributes={"town": "A"}, weight=weight)


def answers(user: str, given: dict[str, int], at: str = "2020-01-01") -> list[HistoryItem]:
    return [
        HistoryItem(
            id=f"{user}-{one}-{at}", user=user, text=f"{one} {option}", question=one, option=option, at=at
        )
        for one, option in given.items()
    ]  # fmt: skip


@pytest.fixture(scope="module")
def town(graph: Graph) -> Iterator[str]:
    """Three planted groups, some of whom have a weight, and one person who shares nothing."""
    name = f"test-{uuid4().hex[:12]}"
    table, _ = planted(PEOPLE, noise=0.12)
    ensure_dataset(graph, name)
    store_questions(graph, name, table.questions)
    weights = [3.0 if place % 4 == 0 else None for place in range(PEOPLE)]
    people = [person(user, weight=weight) for user, weight in zip(table.users, weights, strict=True)]
    store_people(graph, name, people)
    store_people(graph, name, [person("silent")], sharing=Sharing.NONE)
    items = [
        item
        for user, row in zip(table.users, table.choice, strict=True)
        for item in answers(user, {q.id: int(option) for q, option in zip(table.questions, row, strict=True)})
    ]
    store_items(graph, name, [*items, *answers("silent", {"q00": 1})])
    with unsearched():
        refine(graph, name, embedder=HashEmbedder(), settings=SETTINGS)
    yield name
    drop_dataset(graph, name)


def run(graph: Graph, town: str, query: str, **params: object) -> list[dict[str, Any]]:
    return explore(graph, query, dataset=town, **params)


def said(graph: Graph, town: str) -> pd.DataFrame:
    """Who said what, with their weight and segment, of those who are in one."""
    return pd.DataFrame(
        rows(
            graph,
            "MATCH (s:Segment {dataset: $dataset})<-[r:IN_SEGMENT {retired_at: '9999-12-31'}]-(u:User) "
            "MATCH (u)-[:HAS_HISTORY]->(h) "
            "RETURN u.id AS user, s.id AS segment, coalesce(u.weight, 1.0) AS weight, h.question AS question, "
            "h.option AS option, r.typical AS typical, r.clear AS clear",
            dataset=town,
        )
    )


def shares(found: pd.DataFrame) -> pd.DataFrame:
    """The share of each option by survey weights (rows: question, option; columns: segments)."""
    sums = found.groupby(["question", "option", "segment"]).weight.sum().unstack(fill_value=0.0)
    return sums / sums.groupby(level=0).transform("sum")


def test_everybody_is_in_a_segment(graph: Graph, town: str) -> None:
    """Three groups and those in between hold everybody who shares something, once; the report says the same."""
    found = run(graph, town, "segments")
    assert [row["segment"] for row in found] == ["1", "2", "3", "between"]
    counts = said(graph, town).drop_duplicates("user").segment.value_counts()
    assert {row["segment"]: row["people"] for row in found if row["people"]} == counts.to_dict()
    assert counts.sum() == PEOPLE
    weights = said(graph, town).drop_duplicates("user").groupby("segment").weight.sum()
    assert {row["segment"]: row["share"] for row in found if row["people"]} == pytest.approx(
        (weights / weights.sum()).to_dict(), abs=1e-5
    )
    told = report.segments(graph, town)
    assert [one.name for one in told.segments] == [row["name"] for row in found]
    assert told.stability is not None
    assert told.stability > 0.8
    assert told.tried[0][0] == 3
    places = run(graph, town, "places_of_people", attribute="town", question="q00")
    assert len(places) == PEOPLE
    assert {row["group"] for row in places} == {"A"}
    given = said(graph, town).query("question == 'q00'").set_index("user").option.to_dict()
    assert {row["user"]: row["option"] for row in places} == given
    [columns] = run(graph, town, "places_in_columns", attribute="town", question="q00")
    options = dict(zip(columns["answered"], columns["options"], strict=True))
    listed = zip(*(columns[name] for name in ("users", "names", "segments", "x", "y", "groups")), strict=True)
    assert sorted((*row, options.get(row[0])) for row in listed) == [
        (row["user"], row["name"] or row["user"], *(row[name] for name in ("segment", "x", "y", "group", "option")))
        for row in places
    ]


def test_what_segments_stand_for(graph: Graph, town: str) -> None:
    """The shares of their answers are those by survey weights, in the segment and outside it."""
    found = said(graph, town)
    for one in ("1", "2", "3"):
        told = run(graph, town, "segment_answers", segment=one)
        assert told
        inside = found.assign(segment=np.where(found.segment == one, "in", "out"))
        expected = shares(inside)
        stands = rows(
            graph,
            "MATCH (:Segment {dataset: $dataset, id: $id})-[r:STANDS_FOR]->(q) RETURN q.id AS q, r.options AS options",
            dataset=town,
            id=one,
        )
        options = {row["q"]: row["options"] for row in stands}
        for row in told:
            own = expected.loc[row["question"]].loc[options[row["question"]]].sum()
            assert (row["share"], row["others"]) == pytest.approx((own["in"], own["out"]), abs=1e-4)
            assert row["z"] > 2.326
        page = report.segment(graph, town, one)
        assert [told.question for told in page.answers] == [row["question"] for row in told]
        assert {difference.other for difference in page.differences} == {"1", "2", "3"} - {one}
    with pytest.raises(ConfigError, match="no segment '9'"):
        report.segment(graph, town, "9")


def test_why_something_is_missing(graph: Graph, town: str) -> None:
    """Of people in between it is said that they stand for nothing, and of nobody that there is nothing to compare."""
    between = report.segment(graph, town, "between")
    assert between.answers == ()
    assert any("stand for nothing together" in note or "Nobody is in between" in note for note in between.notes)
    assert report.segment(graph, town, "1").notes == ()
    scope = {"dataset": town, "name": "between"}
    people = rows(graph, "MATCH (s:Segment {dataset: $dataset, id: $name}) RETURN s.people AS n", **scope)[0]["n"]
    rows(graph, "MATCH (s:Segment {dataset: $dataset, id: $name}) SET s.people = 0", **scope)
    try:
        assert report.segment(graph, town, "between").notes == (
            "Nobody is in between: everybody is in a group, so that there is nothing to compare.",
        )
    finally:
        rows(graph, "MATCH (s:Segment {dataset: $dataset, id: $name}) SET s.people = $n", **scope, n=people)


def test_where_segments_agree_and_differ(graph: Graph, town: str) -> None:
    """Consensus is what most of each say; divisive answers and differences are ordered by how sure they are."""
    table = shares(said(graph, town))[["1", "2", "3"]]
    agreed = run(graph, town, "consensus", least=1, limit=ENOUGH)
    expected = table[table.min(axis=1) > 0.5]
    assert {(row["question"], row["option"]): row["least_share"] for row in agreed} == pytest.approx(
        expected.min(axis=1).to_dict(), abs=1e-3
    )
    for row in agreed:
        assert row["shares"] == pytest.approx(table.loc[row["question"], row["option"]].tolist(), abs=1e-3)
    assert [row["agreement"] for row in agreed] == sorted((row["agreement"] for row in agreed), reverse=True)
    apart = run(graph, town, "divisive", least=1, limit=ENOUGH)
    named = {row["segment"]: row["name"] for row in run(graph, town, "segments")}
    assert len(apart) == 40
    for row in apart:
        own = table.loc[row["question"], row["option"]]
        assert row["apart"] == pytest.approx(own.max() - own.min(), abs=1e-3)
        assert row["low"] < row["apart"]
        assert row["most_in"] == [named[one] for one in own.index if own[one] >= own.max() - 0.0055]
    assert [row["low"] for row in apart] == sorted((row["low"] for row in apart), reverse=True)
    for row in run(graph, town, "segments_differ", segment="1", other="3", least=1):
        own = table.loc[row["question"], row["option"]]
        assert (row["first_share"], row["second_share"]) == pytest.approx((own["1"], own["3"]), abs=1e-3)
        assert np.sign(row["z"]) == np.sign(row["difference"])


def test_who_is_typical(graph: Graph, town: str) -> None:
    """Those come first who say most of what the segment stands for, then those who are most clearly in it."""
    people = said(graph, town).drop_duplicates("user")
    own = people[people.segment == "1"].sort_values(["typical", "clear", "user"], ascending=[False, False, True])
    found = run(graph, town, "typical_people", segment="1", limit=ENOUGH)
    assert [row["user"] for row in found] == own.user.tolist()
    assert found[0]["typical"] > found[-1]["typical"]


def test_later_answers_and_dates(graph: Graph, town: str) -> None:
    """A person folded in is in a segment from their newest item on; a past Fit keeps its own, and others are kept."""
    before = {row["user"]: row["segment"] for row in run(graph, town, "places_of_people")}
    like = next(user for user, segment in before.items() if segment == "1")
    given = said(graph, town).set_index("user").loc[like].set_index("question").option.to_dict()
    store_people(graph, town, [person("late")])
    store_items(graph, town, answers("late", given, at="2022-05-05"))
    refine(graph, town, embedder=HashEmbedder(), settings=SETTINGS)
    after = {row["user"]: row["segment"] for row in run(graph, town, "places_of_people")}
    assert after == {**before, "late": "1"}
    for as_of, there in (("2021-01-01", False), ("2023-01-01", True)):
        people = report.segment(graph, town, "1", as_of=as_of, people=ENOUGH).people
        assert ("late" in {one.user for one in people}) == there
    with pytest.raises(NoFitError):
        report.segments(graph, town, as_of="2019-01-01")
    fit = refine(graph, town, refit=True, embedder=HashEmbedder(), settings=SETTINGS).fit
    found = rows(graph, "MATCH (s:Segment {dataset: $dataset}) RETURN DISTINCT s.fit AS fit", dataset=town)
    assert [row["fit"] for row in found] == [fit]
    assert "late" in {row["user"] for row in run(graph, town, "places_of_people")}


def test_lists_about_answers(graph: Graph, town: str) -> None:
    """Who gave an answer, what people are described by, and which questions there are."""
    given = said(graph, town).query("question == 'q03' and option == 1")
    found = run(graph, town, "people_who", question="q03", option=1, limit=ENOUGH)
    assert {row["user"] for row in found} == set(given.user)
    typical = given.set_index("user").typical
    order = [typical[row["user"]] for row in found]
    assert order == sorted(order, reverse=True)
    assert run(graph, town, "attributes_of_people", sample=50) == [{"attribute": "town", "people": 50, "values": 1}]
    asked = run(graph, town, "questions_answered", limit=ENOUGH)
    assert [row["question"] for row in asked] == [f"q{number:02}" for number in range(40)]


def test_people_by_attribute_and_segment(graph: Graph, town: str) -> None:
    """Filters leave those who have all that is asked for; a person's own segment is the one they are listed in."""
    members = {row["user"]: row["segment"] for row in run(graph, town, "places_of_people")}
    found = run(graph, town, "people_filtered", attributes=["town=A"], segment="2", limit=ENOUGH)
    assert [row["user"] for row in found] == sorted(user for user, one in members.items() if one == "2")
    assert run(graph, town, "people_filtered", attributes=["town=B"]) == []
    assert run(graph, town, "facets_of_people", sample=30) == [
        {"attribute": "town", "options": ["town=A"], "people": 30}
    ]
    user = found[0]["user"]
    assert run(graph, town, "segment_of", user=user)[0]["segment"] == "2"
