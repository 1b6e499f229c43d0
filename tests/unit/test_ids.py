"""Ids are stored: what they are made of gives the same id in every version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.graph import ids


@pytest.mark.parametrize(
    ("made", "stored"),
    [
        (ids.statement_id("hi"), "8f434346648f6b96df89dda901c5176b"),
        (ids.quarantine_id("a", "b"), "7e18f737311b2dc3b2f269dd78396b03"),
        (ids.item_id("a/b%", "c"), "a%2Fb%25/c"),
        (ids.derived_item_key("u", None, "hi", "2001"), "c9432714cc215131787642d6098b49c1"),
        (ids.new_question_id("Well?", ["no", "yes"]), "new:0b7398d9bbe5af52"),
        (ids.fit_id(b"\x8a\xae"), "fit-8aae"),
        (ids.persona_id("u", 3), "u/3"),
        (ids.fact_id("u", "stance:q=1", "hi", 0.5, [("u/q", 1.0)]), "706d0b90cdbc0e1c0a0fa56183d5609e"),
        (ids.fact_id("u", "induced", "value:x", "hi", 0.5, ["f"]), "f01e268c8c3b2cdf057eea8ce7347c09"),
        (ids.numbered_fact_id("f", 0), "f"),
        (ids.numbered_fact_id("f", 2), "f.2"),
        (ids.run_id("u", "s", "m", "p"), "63b8b3b69426afe4f8950bc37496524f"),
        (ids.key_id("value", "care"), "value:care"),
        (ids.stance_id("q", 1), "stance:q=1"),
        (ids.demographic_id("A=b"), "demographic:A=b"),
        (ids.demographic_id("A=" + "b" * 300), f"demographic:A={'b' * 198} 441a5e2b33a02647"),
        (ids.pole_id(0, positive=True), "trait:1+"),
        (ids.pole_id(11, positive=False), "trait:12-"),
        (ids.summary_id("value:care", "q"), "value:care -> q"),
    ],
)
def test_an_id_is_what_the_graph_has(made: str, stored: str) -> None:
    """Ids of version 0.1.0: an id that changes is a node that nobody finds again."""
    assert made == stored


@given(st.integers(0, 50), st.booleans())
def test_a_pole_is_read_as_it_was_made(trait: int, positive: bool) -> None:
    """Its trait, its side and its opposite; a trait that a language model named is no pole."""
    pole = ids.pole_id(trait, positive=positive)
    assert ids.is_pole(pole)
    assert (ids.trait_of(pole), ids.is_positive(pole)) == (trait, positive)
    assert ids.opposite_pole(pole) == ids.pole_id(trait, positive=not positive)
    assert not ids.is_pole(ids.key_id("trait", "kind"))


@given(st.text("q=1"), st.text("q=1"), st.integers(0, 3))
def test_a_stance_is_known_by_its_question(question: str, other: str, option: int) -> None:
    """A stance on the question `q=1` is none on the question `q`."""
    assert ids.is_stance_on(ids.stance_id(other, option), question) == (other == question)


@given(st.integers(0, 9))
def test_a_stored_fact_names_its_fact(times: int) -> None:
    """Whichever time it holds."""
    fact = ids.fact_id("u", "key", "text", 0.5, [])
    assert ids.fact_of(ids.numbered_fact_id(fact, times)) == fact


@given(st.lists(st.tuples(st.text("a/%2F", max_size=4), st.text("a/%2F", max_size=4)), unique=True, max_size=8))
def test_items_of_different_users_have_different_ids(named: list[tuple[str, str]]) -> None:
    """User 'a' with key 'b/c' is not user 'a/b' with key 'c'."""
    assert len({ids.item_id(user, key) for user, key in named}) == len(named)
