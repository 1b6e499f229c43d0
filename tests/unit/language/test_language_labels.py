"""Labels that a model reads: what is accepted, what stays in the safe form, and that nothing turned round gets in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from persona_db.chains.language.call import Budget
from persona_db.chains.language.label_reading import Reading, read_labels
from persona_db.chains.language.models import open_model
from persona_db.graph.models import Question
from tests.scripted_answers import obedient
from tests.unit.language.scripted import Scripted, asked_of

SPENDING = Question(
    id="nat", text="Are we spending too much or too little on space exploration?",
    options=("too little", "about right", "too much", "Refused"), ordinal=(0, 1, 2, None),
)  # fmt: skip
LAW = Question(id="law", text="Do you favor or oppose gun permits for everybody?", options=("favor", "oppose"))
PERMITS = Question(id="gun", text="Do you favor or oppose gun permits?", options=("favor", "oppose"))
GOOD = {
    "label": "space exploration", "kind": "Opinion",
    "stances": [
        {"option": "o1", "stance": "Too little is spent on space exploration"},
        {"option": "o2", "stance": "Space spending is about right."},
        {"option": "o3", "stance": "Too much goes to space exploration"},
        {"option": "o4", "stance": "No answer"},
    ],
}  # fmt: skip


def read(first: dict[str, Any], *, back: dict[str, str] | None = None, question: Question = SPENDING) -> Reading:
    """What comes of a first reading and of a second one that gives *back* an option for each stance's text."""

    def said(messages: Any) -> str:
        asked = asked_of(messages)
        if asked.task == "label":
            return json.dumps(first)
        chosen = back or {one["stance"].strip(" ."): one["option"] for one in first["stances"]}
        pairs = [
            {"stance": handle, "option": chosen[text]}
            for handle, text in asked.items.items()
            if handle.startswith("s") and text in chosen
        ]
        return json.dumps({"pairs": pairs})

    [found] = read_labels(open_model(Scripted(script=said)), [question])
    return found


def test_what_comes_back_to_its_option_is_accepted() -> None:
    """Label and stances begin with a capital; an option that expresses nothing has no stance; two calls in all."""
    found = read(GOOD)
    assert found.label is not None
    assert (found.label.label, found.label.content) == ("Space exploration", "opinion")
    assert found.label.stances == (
        "Too little is spent on space exploration",
        "Space spending is about right",
        "Too much goes to space exploration",
        "",
    )  # fmt: skip
    assert found.rejected == ()
    assert [call.stage for call in found.calls] == ["label", "label"]


def test_a_stance_that_another_reading_puts_elsewhere_stays_in_the_safe_form() -> None:
    """So does one that it leaves out, or puts to two options."""
    found = read(GOOD, back={"Too little is spent on space exploration": "o3", "Space spending is about right": "o2"})
    assert found.label is not None
    assert found.label.stances == ("", "Space spending is about right", "", "")
    assert len(found.rejected) == 2
    assert all("was not put back" in reason for reason in found.rejected)


@pytest.mark.parametrize(
    ("question", "option", "stance"),
    [
        (SPENDING, "o1", "Spends too much on space"),
        (SPENDING, "o3", "Spends too little on space"),
        (PERMITS, "o1", "Opposes gun permits"),
        (PERMITS, "o2", "Supports gun permits"),
    ],
)
def test_a_stance_that_says_the_contrary_is_refused_even_if_it_comes_back(
    question: Question, option: str, stance: str
) -> None:
    """Words of amount, or of yes and no, stand against each other."""
    places = [f"o{place + 1}" for place in range(len(question.options))]
    stances = [{"option": one, "stance": stance if one == option else f"Would say {one}"} for one in places]
    found = read({**GOOD, "label": "gun permits space", "stances": stances}, question=question)
    assert found.label is not None
    assert not any(found.label.stances)
    assert any("says the contrary" in reason for reason in found.rejected)


@pytest.mark.parametrize(
    ("stance", "reason"),
    [
        ("Too little", "cannot be read alone"),
        ("Likes space exploration", "says something else"),
        ("Against space exploration", "says something else"),
    ],
)
def test_a_stance_names_the_matter_and_says_what_its_option_says(stance: str, reason: str) -> None:
    """In the words of the option, or plainly for or against as it is."""
    stances = [{"option": "o1", "stance": stance}, *GOOD["stances"][1:]]
    found = read({**GOOD, "stances": stances})
    assert found.label is not None
    assert found.label.stances[0] == ""
    assert any(reason in one for one in found.rejected)
    permits = read(
        {
            **GOOD,
            "label": "gun permits",
            "stances": [
                {"option": "o1", "stance": "For gun permits"},
                {"option": "o2", "stance": "Against gun permits"},
            ],
        },
        question=PERMITS,
    )
    assert permits.label is not None
    assert permits.label.stances == ("For gun permits", "Against gun permits")


def test_a_label_is_about_the_question_and_short() -> None:
    """One that shares no word with it, or is a sentence, leaves the label by rule; the stances are kept."""
    for label, reason in (("Weather tomorrow", "shares no word"), ("space " * 12, "too long")):
        found = read({**GOOD, "label": label})
        assert found.label is not None
        assert (found.label.label, len(found.label.stances)) == ("", 4)
        assert any(reason in one for one in found.rejected)


def test_labels_are_unique() -> None:
    """The second question of the same label keeps its own by rule, and so does one whose label is taken."""
    chat = Scripted(script=lambda messages: _same_label(asked_of(messages)))
    other = SPENDING.model_copy(update={"id": "nat2"})
    named = Question(id="named", text="?", options=("a", "b"), label="GUN PERMITS")
    found = read_labels(open_model(chat), [SPENDING, other, LAW], among=[SPENDING, other, LAW, named])
    assert [one.label.label if one.label else None for one in found] == ["Space exploration", "", ""]


def _same_label(asked: Any) -> str:
    if asked.task == "label":
        text = "space exploration" if "space" in asked.blocks["data"] else "gun permits"
        return json.dumps({**json.loads(obedient(asked)), "label": text})
    return obedient(asked)


@pytest.mark.parametrize(
    "words", ["no JSON at all", '{"label": "x"}', '{"label": "a b", "kind": "feeling", "stances": []}']
)
def test_an_answer_that_cannot_be_used_leaves_the_safe_form(words: str) -> None:
    """After the repairs; every call is accounted for."""
    budget = Budget()
    script: Callable[[Any], str] = lambda _: words  # noqa: E731
    [found] = read_labels(open_model(Scripted(script=script)), [PERMITS], budget=budget)
    assert found.label is None
    assert found.rejected
    assert len(found.calls) == budget.calls > 1
