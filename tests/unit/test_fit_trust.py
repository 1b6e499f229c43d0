"""Whom a Fit does not learn from: copies, random tickers and outliers are found, and minorities are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_db.chains.fit.answers import AnswerTable, Signals
from persona_db.chains.fit.conditioning import condition
from persona_db.chains.fit.copies import near_copies
from persona_db.chains.fit.learn import learn
from persona_db.chains.fit.population import fit_population
from persona_db.chains.fit.settings import EngineSettings, FittedSettings
from persona_db.chains.fit.trust import counted, judge_one, left_out, person_fit_of, trusted
from persona_db.graph.models import HistoryItem, Question
from persona_db.loaders import open_source
from tests.synthetic import make_survey, question, signals_of

USUAL = EngineSettings()
ASKED = 80
OFF = EngineSettings(copies=0, most_noise=0, most_surprise=0)


def people(*, seed: int = 0, number: int = 80) -> Signals:
    """So many people with about seventy answers each."""
    return signals_of(make_survey(seed=seed, people=number, questions=ASKED), vectors=False)


def joined(signals: Signals, rows: np.ndarray, *, name: str) -> Signals:
    """The same people and others, whose ids come after theirs."""
    table = signals.table
    added = tuple(f"{name}{place:03}" for place in range(len(rows)))
    choice = np.vstack([table.choice, rows]).astype(np.int16)
    return replace(
        signals,
        table=AnswerTable((*table.users, *added), table.questions, choice),
        attributes=(*signals.attributes, *(() for _ in added)),
    )


def ticked(signals: Signals, number: int, *, seed: int = 0) -> np.ndarray:
    """Rows of random answers."""
    rng = np.random.default_rng(seed)
    widths = np.array([len(one.options) for one in signals.table.questions])
    return np.asarray(rng.random((number, len(widths))) * widths, dtype=np.int16)


def found(signals: Signals, setting: EngineSettings = USUAL) -> set[str]:
    return {one.user for one in left_out(signals.table, wording=None, settings=setting)}


@given(seed=st.integers(0, 50), copied=st.integers(0, 79), times=st.integers(1, 60))
@settings(max_examples=15, deadline=None)
def test_copies_change_nothing_that_is_learned(seed: int, copied: int, times: int) -> None:
    """However many exact copies of a person are added, what is learned from is what it was; the person stays."""
    alone = people(seed=seed)
    row = alone.table.choice[copied]
    same, told = trusted(alone, USUAL)
    after, out = trusted(joined(alone, np.tile(row, (times, 1)), name="x"), USUAL)
    copies = {f"x{place:03}" for place in range(times)}
    assert {one.user for one in out} == {one.user for one in told} | copies
    assert after.table.users == same.table.users
    assert after.attributes == same.attributes
    counts = [np.bincount(column[column >= 0]).tolist() for column in after.table.choice.T]
    assert counts == [np.bincount(column[column >= 0]).tolist() for column in same.table.choice.T]


@pytest.mark.parametrize(("changed", "copies"), [(0, True), (1, True), (20, False)])
def test_near_copies_are_those_who_differ_in_hardly_anything(changed: int, copies: bool) -> None:
    """One other answer of seventy makes a copy still, twenty do not."""
    signals = people()
    rows = np.tile(signals.table.choice[3], (10, 1))
    rng = np.random.default_rng(1)
    for row in rows:
        places = rng.permutation(np.flatnonzero(row >= 0))[:changed]
        row[places] = 3 - row[places]
    copied = near_copies(joined(signals, rows, name="x").table, least=0.9)
    assert set(copied) == (set(range(80, 90)) if copies else set())


def test_the_first_by_id_stays_of_each_cluster() -> None:
    """Whatever the rows' order is."""
    signals = people()
    rows = np.repeat(signals.table.choice[[5, 7]], 3, axis=0)
    whole = joined(signals, rows, name="a")  # before every u by id
    users = whole.table.users
    assert {users[row] for row in near_copies(whole.table, least=0.98)} == {
        "a001",
        "a002",
        "u005",
        "a004",
        "a005",
        "u007",
    }


def test_those_who_vote_with_their_party_are_no_copies() -> None:
    """Forty votes on party lines, a deviation in fifty: many agree in all, and nobody is left out."""
    rng = np.random.default_rng(0)
    party = rng.random(100) < 0.45
    votes = np.where(rng.random((100, 40)) < 0.02, ~party[:, None], party[:, None]).astype(np.int16)
    asked = tuple(question(1).model_copy(update={"id": f"v{place}"}) for place in range(40))
    table = AnswerTable(tuple(f"s{place:03}" for place in range(100)), asked, votes)
    assert len(np.unique(votes, axis=0)) < 100
    assert left_out(table, wording=None, settings=USUAL) == ()


def test_no_senator_is_left_out() -> None:
    """Of the bundled votes: all, those that a tenth or more was against, and the narrow ones alone."""
    asked: list[Question] = []
    said: list[HistoryItem] = []
    for record in open_source("senate", ()).read(lambda row: None):
        if isinstance(record, Question):
            asked.append(record)
        elif isinstance(record, HistoryItem) and record.option is not None:
            said.append(record)
    users = sorted({item.user for item in said})
    column = {one.id: place for place, one in enumerate(asked)}
    choice = np.full((len(users), len(asked)), -1, dtype=np.int16)
    for item in said:
        choice[users.index(item.user), column[str(item.question)]] = -1 if item.option is None else item.option
    yes = (choice == 0).sum(axis=0) / (choice >= 0).sum(axis=0)
    for least in (0.0, 0.1, 0.4):
        kept = np.flatnonzero((yes >= least) & (yes <= 1 - least))
        table = AnswerTable(tuple(users), tuple(asked[place] for place in kept), choice[:, kept])
        assert left_out(table, wording=None, settings=USUAL) == ()


@pytest.mark.parametrize("number", [3, 75])
def test_random_tickers_are_left_out(number: int) -> None:
    """Among three hundred people, nearly all of them, and hardly anybody else: one in a hundred at most."""
    signals = people(number=300)
    out = found(joined(signals, ticked(signals, number), name="x"))
    random = {user for user in out if user.startswith("x")}
    assert len(random) >= 0.9 * number
    assert len(out - random) <= 3


def test_a_few_with_rarest_answers_are_left_out() -> None:
    """Who answers what hardly anybody answers, each in most questions and not the same ones."""
    signals = people(number=200)
    choice = signals.table.choice
    rarest = [np.argmin(np.bincount(c[c >= 0], minlength=len(q.options))) for c, q in
              zip(choice.T, signals.table.questions, strict=True)]  # fmt: skip
    rng = np.random.default_rng(2)
    rows = np.where(rng.random((4, ASKED)) < 0.6, np.array(rarest), choice[:4])
    assert {f"x{place:03}" for place in range(4)} <= found(joined(signals, rows, name="x"))


def test_fewer_than_thirty_people_are_all_learned_from() -> None:
    """What is usual among so few cannot be told."""
    signals = people(number=20)
    assert found(joined(signals, ticked(signals, 9), name="x")) == set()


def test_each_defence_can_be_turned_off() -> None:
    """With all off nobody is left out; with one off nobody is for its reason."""
    signals = people()
    rows = np.vstack([ticked(signals, 8), np.tile(signals.table.choice[0], (8, 1))])
    both = joined(signals, rows, name="x")
    assert found(both, OFF) == set()
    reasons = [
        set(counted(left_out(both.table, wording=None, settings=USUAL.model_copy(update={name: 0}))))
        for name in ("copies", "most_noise")
    ]
    assert ["copy" in reasons[0], "noise" in reasons[1]] == [False, False]
    assert "noise" in reasons[0]
    assert "copy" in reasons[1]


def test_chance_is_weighed_against_each_answer_given_the_others() -> None:
    """The sum equals conditioning on all other answers, one answer at a time, in the factor model of the traits."""
    table = people(seed=3).table
    population = fit_population(table, wording=None, settings=FittedSettings.of(USUAL))
    loadings = population.loadings[:, :4]
    assert 0 < loadings.shape[1] <= 4
    unique = np.maximum(1 - (loadings**2).sum(axis=1), 0.3)
    values = population.standardise(table.choice)
    person_fit = person_fit_of(population, table.choice)
    for user in range(0, 80, 20):
        total = 0.0
        for asked in np.flatnonzero(table.choice[user] >= 0):
            others = np.flatnonzero(table.choice[user] >= 0)
            others = others[others != asked]
            to_target = loadings[others] @ loadings[asked]
            told = condition(
                to_target, loadings[others] @ loadings[others].T, values[user, others], ridge=unique[others]
            )
            prior = loadings[asked] @ loadings[asked] + unique[asked]
            variance = prior - (1 - told.variance)
            scale = population.scales[asked]
            likely = scale.distribution(told.mean / np.sqrt(prior), variance / prior)
            total -= np.log(likely[table.choice[user, asked]] * len(likely))
        assert person_fit.chance[user] == pytest.approx(total, abs=0.02)


def test_who_comes_later_is_judged_by_the_fit() -> None:
    """One by one, a random ticker is left out and somebody like the others is not."""
    everybody = people(number=160)
    first = replace(
        everybody,
        table=AnswerTable(everybody.table.users[:100], everybody.table.questions, everybody.table.choice[:100]),
        attributes=everybody.attributes[:100],
    )
    population = learn(first, USUAL, seed=0).population
    late = [judge_one(population, "late", row) is not None for row in everybody.table.choice[100:]]
    random = [judge_one(population, "odd", row) is not None for row in ticked(first, 60, seed=5)]
    assert sum(late) <= 2
    assert sum(random) >= 54
