"""Which way options point: told by their words, whatever their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.chains.fit.directions import aligned
from persona_db.chains.labels.polarity import polarity
from persona_db.chains.retrieval.questions import is_same, new_question
from persona_db.graph.models import Question


def asked(*options: str, text: str = "?") -> Question:
    """A question whose options are a scale in their order."""
    return Question(id="q", text=text, options=options, ordinal=tuple(range(len(options))))


@pytest.mark.parametrize("option", ["yes", "Strongly agree", "favor", "not wrong at all", "should be allowed", "ja"])
def test_options_that_say_yes(option: str) -> None:
    """A denied wrong is a right."""
    assert polarity(option) == 1


@pytest.mark.parametrize("option", ["no", "Oppose", "not allowed", "never", "disagree", "should not be", "nein", "Nay"])
def test_options_that_say_no(option: str) -> None:
    """A denied right is a wrong."""
    assert polarity(option) == -1


@pytest.mark.parametrize("option", ["blue", "18-29", "choice 3", "Democrat"])
def test_options_that_tell_nothing(option: str) -> None:
    """Neither yes nor no."""
    assert polarity(option) == 0


def test_scales_that_point_one_way_or_the_contrary() -> None:
    """Equal options by their order, others by the end that says yes; unknown where nothing tells."""
    assert aligned(asked("no", "yes"), asked("oppose", "favor")) == 1
    assert aligned(asked("yes", "no"), asked("oppose", "favor")) == -1
    assert aligned(asked("a", "b", "c"), asked("a", "b", "c")) == 1
    assert aligned(asked("c", "b", "a"), asked("A", "B ", "C")) == -1
    assert aligned(asked("a", "b"), asked("no", "yes")) == 0
    assert aligned(asked("too little", "too much"), asked("left", "right side of town", "up")) == 0


@pytest.mark.parametrize(
    ("new", "known"),
    [
        ("Should fireworks be allowed?", "Should fireworks be banned?"),
        ("Should the town tax be raised?", "Should the town tax be cut?"),
        ("Should buses not run at night?", "Should buses run at night?"),
        ("Should there be no ban on fireworks?", "Should fireworks be banned?"),
        ("Are you against night buses?", "Should buses run at night?"),
    ],
)
def test_contrary_wording_tells_nothing(new: str, known: str) -> None:
    """Of a question that is against something and one that is not, no direction follows, whatever the options say."""
    assert aligned(asked("no", "yes", text=new), asked("no", "yes", text=known)) == 0
    assert aligned(asked("no", "yes", text=known), asked("no", "yes", text=known)) == 1
    rollcall = asked("Nay", "Yea", text=new).model_copy(update={"kind": "rollcall"})
    assert aligned(rollcall, asked("Nay", "Yea", text=known)) == 1


@given(st.lists(st.sampled_from(["yes", "no", "never", "agree", "blue", "always wrong"]), min_size=2, unique=True))
def test_turning_one_scale_turns_the_sign(options: list[str]) -> None:
    """So what is known of another question is mirrored, and nothing else."""
    other = asked("strongly oppose", "oppose", "favor")
    assert aligned(asked(*options[::-1]), other) == -aligned(asked(*options), other)


@given(st.lists(st.text("abcd", min_size=1), min_size=2, max_size=5, unique=True))
def test_options_in_reverse_are_the_same_question(options: list[str]) -> None:
    """The same id and the same order: what follows cannot depend on which end was given first."""
    assert new_question("Well?", options) == new_question("Well?", options[::-1])


@pytest.mark.parametrize(
    ("text", "options", "same"),
    [
        ("Should buses run at night?", ["no", "yes"], True),
        ("should BUSES run at night", [" Yes", "no"], True),
        ("At night, should buses run?", ["yes", "no"], True),
        ("Should buses run at night?", ["no", "unsure", "yes"], False),
        ("Should buses run at night?", ["yes"], True),
        ("Should trams run at night?", ["no", "yes"], False),
        ("Should buses not run at night?", ["no", "yes"], False),
        ("Do you think that a bus should be running at night?", ["no", "yes"], True),
        ("Ought buses to run at night?", ["no", "yes"], True),
        ("Should buses run at day?", ["no", "yes"], False),
        ("Should buses never run at night?", ["no", "yes"], False),
        ("Should buses stop running at night?", ["no", "yes"], False),
    ],
)
def test_a_known_question_is_recognised(text: str, options: list[str], *, same: bool) -> None:
    """In other order, case and forms of words, and other words of asking; what is asked about may not differ."""
    assert is_same(asked("no", "yes", text="Should buses run at night?"), text, options) == same
