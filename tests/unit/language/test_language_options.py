"""Options as a model names them: copied exactly it is that option; read alike it is one only where no other is."""

from __future__ import annotations

import json
from math import log
from typing import Any

import pytest

from persona_db.chains.language.grounding import check_answer
from persona_db.chains.language.logprobs import choice_probabilities
from persona_db.chains.language.models import open_model
from persona_db.chains.language.outputs import PredictedAnswer
from persona_db.chains.language.predict import predict_contexts
from persona_db.chains.language.prompts import predict_prompt
from persona_db.chains.results import Context
from persona_db.graph.models import Question
from tests.unit.language.scripted import Scripted

SCALE = ("-2", "-1", "0", "1", "2")
SLIDER = tuple(str(k) for k in range(101))


def said(option: Any, options: tuple[str, ...] = (), *, share: float = 1.0) -> str:
    """An answer that gives *option* that share, and the others equal shares of the rest."""
    rest = (1 - share) / max(len(options) - 1, 1)
    stated = [{"option": one, "probability": share if one == option else rest} for one in options]
    return json.dumps({"answer": option, "probabilities": stated, "explanation": "x", "evidence": []})


def understood(option: Any, options: tuple[str, ...]) -> str | None:
    """The option that an answer is taken for; None where it is none."""
    question = Question(id="q", text="Which?", options=options)
    answer = PredictedAnswer.model_validate_json(said(option))
    checked = check_answer(predict_prompt(question, (), ()), question)(answer)
    return checked.value.answer if checked.kept else None


@pytest.mark.parametrize(
    ("options", "given", "meant"),
    [
        (SCALE, "-2", "-2"),
        (SCALE, "2", "2"),
        (SCALE, -2, "-2"),
        (SCALE, "\u22122", "-2"),
        (SCALE, "- -1", "-1"),
        (("0", "1", "2"), "-2", None),
        (("5", "6"), ".5", None),
        (("A", "B"), "B-", None),
        (("A-", "A", "A+"), "A-", "A-"),
        (("A-", "A", "A+"), "a+", "A+"),
        (("no", "No", "NO"), "No", "No"),
        (("no", "No", "NO"), "nO", None),
        (("Yes, much", "No"), " 'yes,  much.' ", "Yes, much"),
        (("Yes.", "Yes"), "Yes", "Yes"),
        (("Yes.", "Yes"), "Yes.", "Yes."),
        (("a b", "a  b", "c"), "a  b", "a  b"),
        (("a b", "a  b", "c"), "a b", "a b"),
        (("a b", "a  b", "c"), "A b", None),
        (("under <18", "18+"), "under \u203918", "under <18"),
        (("yes", "no"), "yes or no", None),
        (("yes", "-"), "", None),
        (("yes", "-"), "-", "-"),
        (("1", "2"), True, None),
    ],
)
def test_an_option_copied_is_that_option(options: tuple[str, ...], given: Any, meant: str | None) -> None:
    """Signs, case and blanks matter where they tell options apart; what could be two is none."""
    if given is True:
        with pytest.raises(ValueError, match="string"):
            understood(given, options)
    else:
        assert understood(given, options) == meant


@pytest.mark.parametrize("option", SCALE)
def test_probabilities_are_those_of_the_options_named(option: str) -> None:
    """-2 and 2 have each their own."""
    question = Question(id="q", text="Which?", options=SCALE)
    model = open_model(Scripted(script=lambda _: said(option, SCALE, share=0.8)))
    made = predict_contexts(model, [Context(user="u", question=question, items=(), size=1, borrowed=0)])[0]
    assert (made.prediction.answer, len(made.calls)) == (option, 1)
    assert made.prediction.confidence == pytest.approx(0.8)
    assert made.prediction.probabilities == pytest.approx([0.8 if one == option else 0.05 for one in SCALE])


def test_a_hundred_and_one_options_have_a_probability_each() -> None:
    """In one call."""
    question = Question(id="q", text="How much?", options=SLIDER)
    model = open_model(Scripted(script=lambda _: said("50", SLIDER, share=1 / 101)))
    made = predict_contexts(model, [Context(user="u", question=question, items=(), size=1, borrowed=0)])[0]
    assert (made.prediction.answer, len(made.calls)) == ("50", 1)
    assert made.prediction.probabilities == pytest.approx([1 / 101] * 101)


def test_options_that_differ_in_blanks_are_shown_apart() -> None:
    """As JSON, with no sign that could open a tag; others are shown as they were."""
    question = Question(id="q", text="Which?", options=("a b", "a  b", "<c"))
    shown = predict_prompt(question, (), ()).text
    assert '- "a b"\n- "a  b"\n- "\\u003cc"' in shown
    plain = predict_prompt(question.model_copy(update={"options": ("a b", "<c")}), (), ()).text
    assert "- a b\n- \u2039c" in plain


def token(text: str, share: float, **others: float) -> dict[str, Any]:
    top = [{"token": text, "logprob": log(share)}, *({"token": t, "logprob": log(p)} for t, p in others.items())]
    return {"token": text, "logprob": log(share), "top_logprobs": top}


def test_log_probabilities_are_those_of_the_answer_that_was_read() -> None:
    """Not of one that was considered before it; a comma is part of an option."""
    drafted = [token('{"answer": "', 0.9), token("No", 0.9, Yes=0.1), token('"}', 0.9)]
    final = [
        token('{"answer": "', 0.9),
        token("Yes", 0.8, No=0.2),
        token(", much", 0.7, **{'"': 0.3}),
        token('"}', 0.9),
    ]
    options = ("Yes", "Yes, much", "No")
    metadata = {"logprobs": {"content": [*drafted, *final]}}
    found = choice_probabilities(metadata, field="answer", chosen="Yes, much", options=options)
    assert found == pytest.approx([0.24, 0.56, 0.2])
    assert choice_probabilities(metadata, field="answer", chosen="No", options=options) is None
