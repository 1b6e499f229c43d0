"""What an answer names: a number is the text of an option before it is a place, and what could be either is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.graph.models import Question
from persona_db.loaders.choices import chosen, is_no_answer
from persona_db.loaders.several import says_several, tick_questions

RATING = ("1", "2", "3", "4", "5")
CODED = ("1. Yes", "2. No")
WRITTEN: dict[tuple[tuple[str, ...], object], str] = {
    (RATING, 3): "3",
    (RATING, 5): "5",
    (RATING, "3"): "3",
    (RATING, 1.0): "1",
    (("-2", "-1", "0", "1", "2"), -2): "-2",
    (("0.5", "1.5"), 1.5): "1.5",
    (("10", "1", "5"), 1): "1",
    (("1", "2", "don't know"), 2): "2",
    (("no", "unsure", "yes"), 1): "unsure",
    (("no", "unsure", "yes"), 2.0): "yes",
    (("18-29", "30-49", "50+"), 1): "30-49",
    (("false", "true"), True): "true",
    (("False", "True"), False): "False",
    (("0 - never", "1 - often"), 1): "1 - often",
    (("Jos\u00e9", "Zoe"), "Jose\u0301"): "Jos\u00e9",
}
REFUSED: dict[tuple[tuple[str, ...], object], str] = {
    (RATING, 0): "0 is no option of 'q', some of which are numbers; write the option's text",
    (RATING, 6): "6 is no option of 'q', some of which are numbers; write the option's text",
    (("1 bad", "2", "3", "4", "5 good"), 1): "1 is no option of 'q', some of which are numbers",
    (CODED, 1): "1 is the place of '2. No', but stands in '1. Yes'; write the option's text",
    (("Rarely (1)", "Often (2)"), 1): "1 is the place of 'Often (2)', but stands in 'Rarely (1)'",
    (("1 child", "2 children"), 1): "1 is the place of '2 children', but stands in '1 child'",
    (CODED, 2): "question 'q' has options 0 to 1, not 2",
    (("1", "1.0"), 1): "1 is no option of 'q'",
    (("no", "yes"), 1.5): "question 'q' has options 0 to 1, not 1.5",
    (("no", "yes"), -1): "question 'q' has options 0 to 1, not -1",
    (("no", "yes"), True): "true is no option of 'q'; write an option's text",
    (("no", "yes"), "Yes"): "'Yes' is no option of 'q'",
    (("no", "yes"), "1"): "'1' is no option of 'q'",
}


def question(options: tuple[str, ...], ordinal: tuple[float | None, ...] = ()) -> Question:
    return Question(id="q", text="?", options=options, ordinal=ordinal)


@pytest.mark.parametrize(("options", "value"), WRITTEN, ids=str)
def test_what_is_written_is_the_option(options: tuple[str, ...], value: object) -> None:
    """By text, by number as text, by place."""
    assert options[chosen(value, question(options))] == WRITTEN[(options, value)]


@pytest.mark.parametrize(("options", "value"), REFUSED, ids=str)
def test_what_could_be_another_option_is_refused(options: tuple[str, ...], value: object) -> None:
    """With the reason, and with what to write."""
    with pytest.raises(ValueError, match="^" + re.escape(REFUSED[(options, value)])):
        chosen(value, question(options))


@pytest.mark.parametrize("value", [["no"], {"no": 1}, ()])
def test_lists_and_objects_are_refused(value: object) -> None:
    """A list with what to write where several may be ticked."""
    with pytest.raises(ValueError, match=r"several options in one answer|is no text or number"):
        chosen(value, question(("no", "yes")))


@pytest.mark.parametrize(
    ("value", "options", "ordinal", "none"),
    [
        (None, ("no", "yes"), (), True),
        ("Refused", ("no", "yes"), (0.0, 1.0), True),
        ("Refused", ("no", "yes", "Refused"), (0.0, 1.0, None), True),
        ("Refused", ("no", "yes", "Refused"), (), True),
        ("Refused", ("no", "Refused", "yes"), (0.0, 1.0, 2.0), False),
        ("refused", ("no", "refused"), (), False),
        ("no", ("no", "yes"), (), False),
    ],
)
def test_no_answer_is_no_opinion(
    value: object, options: tuple[str, ...], ordinal: tuple[float | None, ...], none: bool
) -> None:
    """As in OpinionQA's files: null and 'Refused', unless it has a place on the scale."""
    assert is_no_answer(value, question(options, ordinal)) is none


@given(
    st.lists(st.text(max_size=6) | st.integers(-9, 99).map(str), min_size=1, max_size=6, unique=True),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
)
def test_any_value_is_an_option_or_a_reason(options: list[str], value: Any) -> None:
    """Nothing else is raised, and a text that is an option is that one."""
    try:
        place = chosen(value, question(tuple(options)))
    except ValueError:
        assert value not in options
    else:
        assert 0 <= place < len(options)


def test_wordings_that_ask_for_several() -> None:
    """In the wordings of survey tools; others ask for one."""
    for text in ("Tick all that apply.", "Which? (Select all that apply)", "Check any that apply", "Mehrfachnennungen"):
        assert says_several(text), text
    for text in ("Which one applies?", "Should all taxes rise?", "Choose one.", "Do you check all news you read?"):
        assert not says_several(text), text


def test_an_option_becomes_a_question() -> None:
    """With the text of both, and no and yes on a scale."""
    asked = Question(id="news", text="Where from?", options=("TV", "Web"), label="news source")
    tv, web = tick_questions(asked)
    assert (tv.id, tv.text, tv.options, tv.ordinal, tv.label) == (
        "news=TV", "Where from? TV", ("no", "yes"), (0.0, 1.0), "news source: TV",
    )  # fmt: skip
    assert web.id == "news=Web"
