"""`Personas`: what is added counts in the next call, levels are kept, and what is forgotten is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from persona_db import Personas
from persona_db.chains.refinement.refine import refine
from persona_db.graph.datasets import drop_dataset, require_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.erase import Receipt
from persona_db.graph.errors import ConfigError, UnknownDatasetError, UnknownQuestionError, UnknownUserError
from persona_db.graph.ingest import store_people
from persona_db.graph.models import Person, Sharing
from persona_db.graph.session import Graph
from persona_db.graph.users import require_user
from tests.synthetic import dump, make_world, rows, store

WORLD = make_world(seed=5, people=40, questions=10)
EMBEDDER = HashEmbedder()
UNASKED = next(one for one in WORLD.questions if WORLD.answer("u00", one.id) is None)
ASKED = next(one for one in WORLD.questions if WORLD.answer("u00", one.id) is not None)


@pytest.fixture(scope="module")
def refined(graph: Graph) -> Iterator[str]:
    """Forty people who share all, refined; tests add to one of them, and take it away again."""
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, WORLD)
    refine(graph, dataset, embedder=EMBEDDER)
    yield dataset
    drop_dataset(graph, dataset)


@pytest.fixture
def people(graph: Graph, refined: str) -> Personas:
    return Personas(graph, refined, embedder=EMBEDDER)


def test_what_is_added_counts_in_the_next_call(people: Personas) -> None:
    """An answer is given, moves predictions of other questions, makes facts, and leaves everybody else as they were."""
    before = dump(people.graph, people.dataset, leave_out=["u00"])
    others = [one.id for one in WORLD.questions if one.id != UNASKED.id]
    was = [people.ask("u00", question).probabilities for question in others]
    facts = len(_facts(people, "u00"))
    added = people.add("u00", question=UNASKED.id, option=UNASKED.options[-1].upper())
    assert (added.folded_in, added.new_user) == (True, False)
    assert people.ask("u00", UNASKED.id).given == UNASKED.options[-1]
    assert [people.ask("u00", question).probabilities for question in others] != was
    assert len(_facts(people, "u00")) >= facts
    after = [line for line in dump(people.graph, people.dataset, leave_out=["u00"]) if UNASKED.id not in line]
    assert [line for line in after if line not in before and "Statement" not in line] == []
    people.forget("u00", added.item)
    assert people.ask("u00", UNASKED.id).given == ""
    assert [people.ask("u00", question).probabilities for question in others] == was


def test_a_later_answer_counts_and_the_earlier_one_stays(people: Personas) -> None:
    """Also in the same second."""
    first, last = ASKED.options[0], ASKED.options[-1]
    added = [people.add("u00", question=ASKED.id, option=one) for one in (last, first, last)]
    assert people.ask("u00", ASKED.id).given == last
    assert len({one.item for one in added}) == 3
    for one in added:
        people.forget("u00", one.item)
    assert people.ask("u00", ASKED.id).given == ASKED.options[WORLD.answer("u00", ASKED.id) or 0]


def test_a_text_is_found_by_its_topic(people: Personas) -> None:
    """And by nobody's else."""
    added = people.add("u00", text="  My zyxlantern burns all night.\n")
    found = people.recall("u00", "zyxlantern", k=3).items
    assert (found[0].source, found[0].text) == ("own", "My zyxlantern burns all night.")
    assert people.profile("u00").lines[3].endswith("My zyxlantern burns all night.")
    people.forget("u00", added.item)
    assert "zyxlantern" not in repr(people.recall("u00", "zyxlantern", k=3).items)


def test_a_new_person_is_there_at_once(people: Personas) -> None:
    """With the level `keys`, predictions and a profile; then they are forgotten, and adding still needs no refit."""
    added = people.add("new", question=ASKED.id, option=ASKED.options[0])
    assert (added.new_user, added.folded_in) == (True, True)
    assert require_user(people.graph, people.dataset, "new").sharing is Sharing.KEYS
    assert people.ask("new", UNASKED.id).outcome == "answered"
    assert people.profile("new").lines[1].startswith("Said 1 thing here: 1 answer, on ")
    receipt = people.forget("new")
    assert isinstance(receipt, Receipt)
    assert receipt.left.total == 0
    with pytest.raises(UnknownUserError):
        people.profile("new")
    assert require_dataset(people.graph, people.dataset).refit_needed
    fit = require_dataset(people.graph, people.dataset).current_fit
    again = people.add("u00", text="Still here.")
    assert again.folded_in
    assert require_dataset(people.graph, people.dataset).current_fit == fit
    people.forget("u00", again.item)


def test_a_profile_is_five_lines_by_one_query(people: Personas) -> None:
    """With the strongest facts first, none of them a guess."""
    told = people.profile("u01")
    assert len(told.lines) == 5
    assert all(line and len(line) <= 200 for line in told.lines)
    strengths = [fact.strength for fact in told.facts]
    assert 0 < len(strengths) <= 5
    assert strengths == sorted(strengths, reverse=True)
    guesses = {row["id"] for row in _facts(people, "u01") if row["inferred"]}
    assert not {fact.id for fact in told.facts} & guesses
    people.profile("u02")
    began = time.perf_counter()
    for row in range(10):
        people.profile(f"u{row:02}")
    assert (time.perf_counter() - began) / 10 < 0.5  # a busy machine's; benchmarks/profiles.py measures


def test_why_says_whose_each_reason_is(people: Personas) -> None:
    """Of a prediction and of a question the same; others are named in none."""
    made = people.ask("u00", UNASKED.id)
    told = people.why(made)
    assert told == people.why("u00", UNASKED.id)
    assert told.lines[0].startswith("Said: ")
    assert {one.whose for one in told.reasons} <= {"own", "others"}
    assert [abs(one.points) for one in told.reasons] == sorted((abs(one.points) for one in told.reasons), reverse=True)
    own = {one.id for one in made.evidence if one.source == "own"}
    assert all((one.id in own) == (one.whose == "own") for one in told.reasons)
    with pytest.raises(ConfigError, match="name the question"):
        people.why("u00")


def test_who_shares_keeps_levels(people: Personas) -> None:
    """Nobody who shares less than induced facts is named, and ten or more of them are counted in steps of five."""
    graph, dataset = people.graph, people.dataset
    found = people.who_shares("u00", k=5)
    assert found.people
    assert [one.alike for one in found.people] == sorted((one.alike for one in found.people), reverse=True)
    assert any(one.agree_on for one in found.people)
    assert found.unnamed == 0
    one = found.people[0].user
    for level, named in ((Sharing.INDUCED, True), (Sharing.KEYS, False), (Sharing.NONE, False)):
        store_people(graph, dataset, [Person(id=one)], sharing=level)
        told = people.who_shares("u00", k=5)
        assert any(other.user == one for other in told.people) == named
        said = next((other.agree_on for other in told.people if other.user == one), ())
        stances = [row["name"] for row in graph.read("keys_of", dataset=dataset, user=one) if row["kind"] == "stance"]
        assert not set(said) & set(stances)
    store_people(graph, dataset, [Person(id=row.id) for row in WORLD.people], sharing=Sharing.KEYS)
    told = people.who_shares("u00")
    assert told.people == ()
    assert told.unnamed >= 10
    assert told.unnamed % 5 == 0
    store_people(graph, dataset, [Person(id=row.id) for row in WORLD.people], sharing=Sharing.HISTORY)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({}, ConfigError, "give a text, or a question with an option"),
        ({"text": "x", "question": "q00", "option": "no"}, ConfigError, "give a text, or a question"),
        ({"question": "q00"}, ConfigError, "give a text, or a question"),
        ({"question": "q99", "option": "no"}, UnknownQuestionError, "no question 'q99'"),
        ({"question": "q00", "option": "maybe"}, ConfigError, "no option 'maybe'; there are 'never'"),
        ({"text": "half \ud83d"}, ConfigError, "has half a character"),
        ({"text": "  "}, ConfigError, "text: String should have at least 1 character"),
        ({"text": "x" * 100_001}, ConfigError, "text: String should have at most 100000 characters"),
    ],
)
def test_what_can_not_be_added(people: Personas, given: dict[str, str], error: type[Exception], said: str) -> None:
    """Nothing is stored, and the error says what to give."""
    before = dump(people.graph, people.dataset)
    with pytest.raises(error, match=said):
        people.add("u00", **given)
    assert dump(people.graph, people.dataset) == before


def test_without_a_fit_items_wait(graph: Graph, dataset: str) -> None:
    """`folded_in` says so, and the profile tells what was said."""
    with pytest.raises(UnknownDatasetError):
        Personas(graph, dataset)
    store(graph, dataset, WORLD.only(["u00"]))
    people = Personas(graph, dataset, embedder=EMBEDDER)
    assert not people.add("u00", text="Hello there.").folded_in
    assert "Nothing is refined yet" in people.profile("u00").lines[2]


def _facts(people: Personas, user: str) -> list[dict[str, object]]:
    query = (
        "MATCH (f:Fact {dataset: $d, user: $u, retired_at: '9999-12-31'}) "
        "RETURN f.id AS id, coalesce(f.inferred, false) AS inferred"
    )
    return rows(people.graph, query, d=people.dataset, u=user)
