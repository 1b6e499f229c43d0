"""Queries about answers say what pandas counts: who else says what, by group, with weights."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.refinement.refine import refine
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.explore import explore
from persona_db.graph.models import Sharing
from persona_db.loaders import load, open_source
from tests.graph.test_explore_queries import interval
from tests.synthetic import rows, unsearched

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

EMBEDDER = HashEmbedder()
ENOUGH = 10_000_000
QUESTIONS = 20
NEEDED = ("ABANY", "ABSINGLE", "GUNLAW")


class Survey:
    """A refined survey whose people have weights, and its answers as a table (people x questions)."""

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph, self.name = graph, name
        items = rows(
            graph,
            "MATCH (u:User {dataset: $dataset})-[:HAS_HISTORY]->(h:HistoryItem) WHERE h.option IS NOT NULL "
            "AND u.sharing_rank >= 1 AND COUNT { (u)<-[:DISTRUSTS]-() } = 0 "
            "RETURN u.id AS user, h.question AS question, h.option AS option",
            dataset=name,
        )
        self.answers = pd.DataFrame(items).pivot(index="user", columns="question", values="option")
        people = rows(
            graph,
            "MATCH (u:User {dataset: $dataset}) RETURN u.id AS user, u.weight AS weight, u.attributes AS attributes",
            dataset=name,
        )
        self.people = pd.DataFrame(people).set_index("user").loc[self.answers.index]
        held = rows(
            graph,
            "MATCH (u:User {dataset: $dataset})-[h:HOLDS {retired_at: '9999-12-31'}]->(k:CacheKey) "
            "WHERE k.kind <> 'stance' "
            "RETURN u.id AS user, k.id AS key, [(k)-[:CLAIMS]->(q) | q.id] AS claims",
            dataset=name,
        )
        self.held = pd.DataFrame(held)

    def run(self, query: str, **params: object) -> list[dict[str, Any]]:
        return explore(self.graph, query, dataset=self.name, **params)


@pytest.fixture(scope="module")
def survey(graph: Graph, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survey]:
    """The General Social Survey of 2016: every eighth of its people, some of whom weigh 2.5, and every ninth question.

    The search for the best settings is left out, which is what takes long: queries count by any.
    """
    name = f"test-{uuid4().hex[:12]}"
    folder = shutil.copytree(
        shared_data / "gss" / "human_resp" / "GSS_Panel_2016", tmp_path_factory.mktemp("gss") / "GSS_Panel_2016"
    )
    asked = pd.read_csv(folder / "info.csv", index_col=0)
    asked[(np.arange(len(asked)) % 9 == 0) | asked.key.isin(NEEDED)].to_csv(folder / "info.csv")
    people = pd.read_csv(folder / "responses.csv", dtype=str).iloc[::8]
    people.to_csv(folder / "responses.csv", index=False)
    load(graph, open_source("opinionqa", [folder]), dataset=name, sharing=Sharing.KEYS, embedder=EMBEDDER)
    rows(
        graph,
        "MATCH (u:User {dataset: $dataset}) WITH u ORDER BY u.id WITH collect(u) AS some "
        "UNWIND range(0, size(some) - 1, 3) AS n WITH some[n] AS u SET u.weight = 2.5",
        dataset=name,
    )
    with unsearched():
        refine(graph, name, embedder=EMBEDDER, settings=EngineSettings(lift_tests=0))
    yield Survey(graph, name)
    while graph.write("drop_dataset_nodes", dataset=name, limit=1_000)[0]["deleted"]:
        pass  # in small batches, which the memory of the tests' server bears
    drop_dataset(graph, name)


def counted(asked: pd.Series, says: pd.DataFrame, known: pd.DataFrame, weight: pd.Series) -> pd.DataFrame:
    """The columns of each value or answer: what those who gave an answer say more than all of whom both are known."""
    among, among_weight = asked.astype(float), asked * weight
    cells = pd.DataFrame({
        "both": says.T @ among, "among": known.T @ among, "people": known.sum(),
        "w_both": says.T @ among_weight, "w_one": known.T @ among_weight,
        "w_other": says.T @ weight, "w_all": known.T @ weight, "squares": known.T @ weight**2,
    })  # fmt: skip
    cells = cells[cells.both >= 20]
    share, usual = cells.w_both / cells.w_one, cells.w_other / cells.w_all
    effective = cells.w_all**2 / cells.squares
    table = [
        interval(size * both / whole, size * one / whole, size * other / whole, size)
        for size, both, one, other, whole in zip(
            effective, cells.w_both, cells.w_one, cells.w_other, cells.w_all, strict=True
        )
    ]
    return cells[["both", "among", "people"]].assign(
        share=share, usual=usual, lift=share / usual, low=[low for low, _ in table], high=[high for _, high in table]
    )


@pytest.mark.shared_data
def test_values_of_those_who(survey: Survey) -> None:
    """For 20 questions: all answers and values of 20 people and more, by survey weights, as pandas counts them."""
    weight = survey.people.weight.fillna(1.0)
    says = pd.get_dummies(survey.answers.stack()).groupby(level=[0, 1]).max().unstack(fill_value=False)
    says.columns = pd.MultiIndex.from_tuples([("answer", question, int(place)) for place, question in says.columns])
    says = says.astype(float)
    known = pd.DataFrame({one: survey.answers[one[1]].notna().astype(float) for one in says.columns})
    holds = pd.crosstab(survey.held.user, survey.held.key).reindex(survey.answers.index, fill_value=0).astype(float)
    holds.columns = pd.MultiIndex.from_tuples([("value", key, -1) for key in holds.columns])
    claims = {key: set(own.iloc[0]) for key, own in survey.held.groupby("key").claims}
    answered = survey.answers.notna().sum().sort_values(ascending=False)
    for question in answered.index[:: len(answered) // QUESTIONS][:QUESTIONS]:
        there = survey.answers[question].notna()
        option = int(survey.answers[question].mode()[0])
        asked = (survey.answers[question] == option)[there]
        others = [one for one in says.columns if one[1] != question]
        values = [one for one in holds.columns if question not in claims[one[1]]]
        everybody = pd.DataFrame(1.0, index=asked.index, columns=holds[values].columns)
        expected = pd.concat([
            counted(asked, says.loc[there, others], known.loc[there, others], weight[there]),
            counted(asked, holds.loc[there, values], everybody, weight[there]),
        ])  # fmt: skip
        found = survey.run("values_of_those_who", question=question, options=[option], limit=ENOUGH)
        table = pd.DataFrame(found)
        table.index = pd.MultiIndex.from_tuples(
            [(row["what"], row["id"], -1 if row["option"] is None else row["option"]) for row in found]
        )
        assert set(table.index) == set(expected.index), question
        pd.testing.assert_frame_equal(
            table.loc[expected.index, expected.columns], expected, check_dtype=False, rtol=1e-4, atol=2e-6
        )
        order = [(row["battery"], -row["low"]) for row in found]
        assert order == sorted(order)


@pytest.mark.shared_data
def test_batteries_are_apart(survey: Survey) -> None:
    """Who allows abortion for one reason allows it for another: that comes last, as of one battery."""
    found = survey.run("values_of_those_who", question="ABSINGLE", options=[1], limit=ENOUGH)
    battery = {row["id"] for row in found if row["battery"]}
    assert "ABANY" in battery
    assert "ABANY" not in {row["id"] for row in found[:20]}
    assert all(row["battery"] for row in found[-len([row for row in found if row["battery"]]) :])


@pytest.mark.shared_data
@pytest.mark.parametrize("by", ["POLPARTY", "segment", "key"])
def test_answers_by_group(survey: Survey, by: str) -> None:
    """Shares by survey weights of each option in each group, with Wilson's interval on effective people."""
    from scipy.stats import binomtest

    question, weight = "GUNLAW", survey.people.weight.fillna(1.0)
    users = survey.answers.index
    if by == "key":
        by = survey.held.groupby("key").size().sort_index().idxmax()
        held = set(survey.held[survey.held.key == by].user)
        group = pd.Series([by if user in held else "~" for user in users], index=users)
    elif by == "segment":
        members = rows(
            survey.graph,
            "MATCH (u:User {dataset: $dataset})-[:IN_SEGMENT]->(s) RETURN u.id AS user, s.id AS segment",
            dataset=survey.name,
        )
        group = pd.DataFrame(members).set_index("user").segment.reindex(users)
    else:
        pairs = survey.people.attributes.map(lambda own: dict(one.split("=", 1) for one in own))
        group = pairs.map(lambda own: own.get("POLPARTY"))
    given = survey.answers[question].dropna()
    found = survey.run("answers_by_group", question=question, by=by)
    assert {row["group"] for row in found} == set(group[given.index].dropna())
    for row in found:
        inside = given[group[given.index] == row["group"]]
        own = weight[inside.index]
        share = own[inside == row["option"]].sum() / own.sum()
        size = own.sum() ** 2 / (own**2).sum()
        assert (row["people"], row["asked"]) == ((inside == row["option"]).sum(), len(inside))
        assert row["share"] == pytest.approx(share, abs=1e-6)
        assert row["low"] <= row["share"] <= row["high"]
        if np.allclose([size, share * size], np.round([size, share * size])):
            wilson = binomtest(round(share * size), round(size)).proportion_ci(method="wilson")
            assert (row["low"], row["high"]) == pytest.approx((wilson.low, wilson.high), abs=1e-4)


@pytest.mark.shared_data
def test_what_the_fit_counted_is_what_is_counted_anew(survey: Survey) -> None:
    """Shares, groups by segment and attribute, and what goes with an answer: all stored, and equal to the queries."""
    answered = survey.answers.notna().sum().sort_values(ascending=False)
    weight = survey.people.weight.fillna(1.0)
    for question in answered.index[::5]:
        given = survey.answers[question].dropna()
        stored = survey.run("shares_counted", question=question)
        assert [row["people"] for row in stored] == [(given == place).sum() for place in range(len(stored))]
        sums = [weight[given.index][given == place].sum() for place in range(len(stored))]
        assert [row["share"] for row in stored] == pytest.approx([one / sum(sums) for one in sums], abs=1e-5)
        for by in ("segment", "POLPARTY"):
            expected = survey.run("answers_by_group", question=question, by=by, limit=ENOUGH)
            found = survey.run("groups_counted", question=question, by=by, limit=ENOUGH)
            assert expected
            same(found, expected)
        for option in {int(one) for one in survey.answers[question].dropna()}:
            expected = survey.run("values_of_those_who", question=question, options=[option], limit=12)
            same(survey.run("answers_go_with", question=question, option=option), expected)


def same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Raise unless the rows are equal, numbers to five digits."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for name, value in other.items():
            assert one[name] == (pytest.approx(value, rel=1e-4, abs=1e-4) if isinstance(value, float) else value), name
