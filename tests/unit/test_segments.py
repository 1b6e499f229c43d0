"""Segments: groups planted are found, the same in halves, and what they stand for holds of people not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import fisher_exact
from sklearn.metrics import adjusted_rand_score

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.population import Population, fit_population
from persona_db.chains.fit.settings import FittedSettings
from persona_db.chains.labels.names import Names
from persona_db.chains.segments.learn import learn_segments, members
from persona_db.chains.segments.partition import BETWEEN, assign, said_enough
from persona_db.chains.segments.representative import two_proportions
from persona_db.graph.models import HistoryItem, Person, Question
from persona_db.loaders import open_source


def planted(people: int, *, seed: int = 0, noise: float = 0.15) -> tuple[AnswerTable, NDArray[np.int64]]:
    """Three groups of people of different size who answer 40 yes/no questions alike but for some noise."""
    rng = np.random.default_rng(seed)
    group = rng.choice(3, size=people, p=(0.5, 0.3, 0.2))
    usual = np.array([[1] * 20 + [1] * 20, [0] * 20 + [1] * 20, [0] * 20 + [0] * 20])
    other = rng.random((people, 40)) < noise
    choice = np.where(other, 1 - usual[group], usual[group]).astype(np.int16)
    questions = tuple(
        Question(id=f"q{number:02}", text=f"Thing{number}?", options=("no", "yes"), ordinal=(0.0, 1.0))
        for number in range(40)
    )
    return AnswerTable(tuple(f"u{number}" for number in range(people)), questions, choice), group


def fitted(table: AnswerTable) -> Population:
    return fit_population(table, wording=None, settings=FittedSettings())


def test_planted_groups_are_found() -> None:
    """As many as were planted, the largest first, with everybody in theirs; names and answers say what they say."""
    table, group = planted(300)
    found = learn_segments(fitted(table), table.choice, np.ones(300), Names.of(table.questions), seed=0)
    assert found is not None
    assert found.groups == 3
    own = np.array([one.group for one in found.members])
    assert adjusted_rand_score(group, own) > 0.95
    sizes = np.bincount(own[own != BETWEEN])
    assert sizes.tolist() == sorted(sizes, reverse=True)
    largest = np.bincount(group[own == 0]).argmax()
    usual = [[1] * 40, [0] * 20 + [1] * 20, [0] * 40][largest]
    assert found.told[0]
    assert all(one.options == (usual[int(one.question[1:])],) for one in found.told[0])
    assert len(set(found.names)) == 4
    assert found.names[-1] == "In between"


def test_the_same_people_give_the_same_segments() -> None:
    """Bit for bit; and people added later are put where the fit would put them."""
    table, _ = planted(200)
    population, names = fitted(table), Names.of(table.questions)
    first, again = (learn_segments(population, table.choice, np.ones(200), names, seed=0) for _ in range(2))
    assert first is not None
    assert again is not None
    assert first.members == again.members
    assert np.array_equal(first.partition.centres, again.partition.centres)
    later = members(first.axes, first.partition.centres, population, table.choice[:7], first.told)
    assert later == list(first.members[:7])


def test_few_people_and_few_answers() -> None:
    """Of fewer than 60 people there are no groups; who answered six questions is in between."""
    few, _ = planted(59)
    assert learn_segments(fitted(few), few.choice, np.ones(59), Names.of(few.questions), seed=0) is None
    table, _ = planted(120)
    table.choice[0, 6:] = -1
    found = learn_segments(fitted(table), table.choice, np.ones(120), Names.of(table.questions), seed=0)
    assert found is not None
    assert (found.members[0].group, found.members[0].few) == (BETWEEN, True)
    assert not found.members[1].few


def test_names_say_what_their_people_say_in_full() -> None:
    """A group is named by answers that need no question beside them: none is cut, a statement is quoted."""
    statements = tuple(
        Question(id=f"s{number}", text=f"{text}.", options=("disagree", "pass", "agree"), ordinal=(0.0, 1.0, 2.0))
        for number, text in enumerate(
            (
                "Our town needs a new library with more rooms for the children of all its people",
                "Our town needs a wall all around it so that nobody comes in or out who was not born there",
                "Our town needs better roads, since those we have are full of holes that nobody mends in time, "
                "whatever is paid for it year after year by everybody who lives here and drives on them",
            )
        )
    )
    table, _ = planted(200)
    asked = (*table.questions[:37], *statements)
    choice = table.choice.copy()
    choice[:, 37:] *= 2
    table = AnswerTable(table.users, asked, choice)
    found = learn_segments(fitted(table), table.choice, np.ones(200), Names.of(asked), seed=0)
    assert found is not None
    assert all("…" not in name and len(name) <= 100 for name in found.names)
    names = Names.of(asked)
    assert names.sentence("s0", (2,), longest=100) == f"Agree: “{asked[37].text}”"
    assert "Our town needs a wall" in names.labels["s1"]


def test_clearness() -> None:
    """1 at a centre and beyond, 0 on the border, and below 0.1 in between."""
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 50.0]])
    group, clear = assign(centres, np.array([[0.0, 0.0], [-3.0, 0.0], [5.0, 0.0], [4.6, 0.0], [4.4, 0.0]]))
    assert clear == pytest.approx([1.0, 1.0, 0.0, 0.08, 0.12])
    assert group.tolist() == [0, 0, BETWEEN, BETWEEN, 0]


def test_the_test_of_two_proportions() -> None:
    """With many people it gives what Fisher's exact test says, its sign is the difference's, and equals give 0."""
    for some, others in ((120, 90), (90, 120), (300, 100)):
        z = two_proportions(some, 1_000, others, 1_000)
        expected = fisher_exact(np.array([[some, 1_000 - some], [others, 1_000 - others]])).pvalue
        from scipy.stats import norm

        assert 2 * norm.sf(abs(z)) == pytest.approx(expected, rel=0.25)
        assert np.sign(z) == np.sign(some - others)
    assert two_proportions(50, 100, 50, 100) == 0.0


def answers_of(kind: str, paths: list[Path]) -> tuple[AnswerTable, dict[str, Person]]:
    """Everybody's answers as a source has them, and the people."""
    questions: dict[str, Question] = {}
    people: dict[str, Person] = {}
    items: list[HistoryItem] = []
    for record in open_source(kind, paths).read(lambda row: None):
        if isinstance(record, Question):
            questions[record.id] = record
        elif isinstance(record, Person):
            people[record.id] = record
        elif isinstance(record, HistoryItem):
            items.append(record)
    asked = tuple(question for _, question in sorted(questions.items()) if question.options)
    users = tuple(sorted({item.user for item in items}))
    row, column = ({one: at for at, one in enumerate(ids)} for ids in (users, [one.id for one in asked]))
    choice = np.full((len(users), len(asked)), -1, dtype=np.int16)
    for item in sorted(items, key=lambda item: (item.at, item.id)):
        if item.option is not None and item.question in column:
            choice[row[item.user], column[item.question]] = item.option
    return AnswerTable(users, asked, choice), people


def some(table: AnswerTable, people: NDArray[np.int64]) -> AnswerTable:
    return AnswerTable(tuple(table.users[one] for one in people), table.questions, table.choice[people])


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["bowling-green", "gss"])
def test_segments_of_real_people_hold(name: str, shared_data: Path) -> None:
    """Halves of a bootstrap resample group everybody alike, and what groups stand for holds of people not seen.

    The adjusted Rand index is 0.7 or more of all who answered enough, those in between counted as a group.
    """
    kind, path = {
        "bowling-green": ("polis", shared_data / "polis" / "american-assembly.bowling-green"),
        "gss": ("opinionqa", shared_data / "gss" / "human_resp" / "GSS_Panel_2016"),
    }[name]
    table, _ = answers_of(kind, [path])
    names = Names.of(table.questions)
    drawn = np.random.default_rng(100).integers(0, len(table.users), len(table.users))
    column = {question.id: at for at, question in enumerate(table.questions)}
    labels, held = [], []
    for half in map(np.sort, np.array_split(drawn, 2)):
        population = fitted(some(table, half))
        found = learn_segments(population, table.choice[half], np.ones(len(half)), names, seed=0)
        assert found is not None
        assert 3 <= found.groups <= 8
        everybody = members(found.axes, found.partition.centres, population, table.choice, found.told)
        labels.append(np.array([one.group for one in everybody]))
        rest = np.setdiff1d(np.arange(len(table.users)), half)
        unseen = labels[-1][rest]
        for group, told in enumerate(found.told):
            assert told
            for one in told:
                given = table.choice[rest, column[one.question]]
                says = np.isin(given, one.options)
                inside, outside = (given >= 0) & (unseen == group), (given >= 0) & (unseen != group)
                held.append(
                    two_proportions(
                        (says & inside).sum(), inside.sum(), (says & outside).sum(), outside.sum()
                    ) > 1.645
                )  # fmt: skip
    enough = said_enough(table.choice)
    assert adjusted_rand_score(labels[0][enough], labels[1][enough]) >= 0.7
    placed = (labels[0] != BETWEEN) & (labels[1] != BETWEEN)
    assert adjusted_rand_score(labels[0][placed], labels[1][placed]) >= 0.8
    assert placed.sum() / enough.sum() >= 0.8
    assert np.mean(held) >= 0.95


def test_the_parties_of_the_senate_come_out() -> None:
    """95 of 100 senators who are in a group are in one where most are of their party."""
    table, people = answers_of("senate", [])
    found = learn_segments(fitted(table), table.choice, np.ones(len(table.users)), Names.of(table.questions), seed=0)
    assert found is not None
    own = np.array([one.group for one in found.members])
    party = np.array([people[user].attributes["PARTY"] for user in table.users])
    right = sum(
        max((party[own == group] == one).sum() for one in ("Democrat", "Republican")) for group in range(found.groups)
    )
    assert right / (own != BETWEEN).sum() >= 0.95
    assert (own != BETWEEN).mean() >= 0.9
