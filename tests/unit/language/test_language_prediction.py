"""Predictions by a model: an option with probabilities and evidence, or an outcome that says why not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from persona_db.chains.calls import CallRecord
from persona_db.chains.language.call import Budget
from persona_db.chains.language.logprobs import signed
from persona_db.chains.language.models import LanguageModel, open_model
from persona_db.chains.language.predict import predict_as_completed, predict_contexts, stream_explanation
from persona_db.chains.language.pricing import Price
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.results import Context, Recalled
from persona_db.graph.errors import BudgetError
from persona_db.graph.models import Question
from tests.unit.language.scripted import Scripted, does_as_told

QUESTION = Question(id="q", text="More of it?", options=("Yes, much", "No", "It depends"))
POST = Question(id="p", text="News!", kind="post", options=tuple("abcdefg"))


def context(question: Question = QUESTION, *, items: int = 3) -> Context:
    own = [
        Recalled(id=f"o{n}", source="own", layer="history", text=f"mine {n}", score=1 - n / 10) for n in range(items)
    ]
    lent = [Recalled(id="c1", source="collaborator", layer="history", text="theirs", score=0.2, user="someone")]
    return Context(user="u", question=question, items=(*own, *lent), size=9, borrowed=1)


def model_of(script: Any, **settings: Any) -> tuple[LanguageModel, Scripted]:
    model = open_model(Scripted(script=script), settings=ModelSettings(**settings))
    assert isinstance(model.chat, Scripted)
    return model, model.chat


def answer(option: str = "no.", **more: Any) -> str:
    whole = {
        "answer": option,
        "probabilities": [
            {"option": "Yes, much", "probability": 20}, {"option": "No", "probability": 60},
            {"option": "It depends", "probability": 20},
        ],
        "explanation": "So.",
        "evidence": ["i2", "b1"],
    }  # fmt: skip
    return json.dumps(whole | more)


def test_an_answer_becomes_a_distribution_with_evidence() -> None:
    """Options are meant by their words, probabilities summed to one, handles put back to ids."""
    model, chat = model_of(lambda messages: answer())
    made = predict_contexts(model, [context()])[0]
    told = made.prediction
    assert (told.answer, told.outcome, told.engine, told.confidence) == ("No", "answered", "Scripted", 0.6)
    assert told.probabilities == pytest.approx((0.2, 0.6, 0.2))
    assert [(one.id, one.source, one.text) for one in told.evidence] == [
        ("o1", "own", "mine 1"), ("c1", "collaborator", "theirs"),
    ]  # fmt: skip
    assert (told.recalled, told.borrowed) == (4, 1)
    assert [call.stage for call in made.calls] == ["predict"]
    assert "o1" not in str(chat.asked[0])
    assert "someone" not in str(chat.asked[0])


@pytest.mark.parametrize(
    ("said", "outcome", "calls"),
    [
        (answer("Nope"), "outside", 2),
        ("I cannot say that about a person.", "refused", 1),
        ("", "empty", 2),
        ("no JSON", "invalid", 2),
        (answer()[:40], "invalid", 2),
    ],
)
def test_what_is_no_answer_is_never_a_guess(said: str, outcome: str, calls: int) -> None:
    """It is an outcome of its own, without an answer and without probabilities."""
    made = predict_contexts(model_of(lambda messages: said)[0], [context()])[0]
    told = made.prediction
    assert (told.outcome, told.answer, told.probabilities, told.confidence) == (outcome, "", (), 0.0)
    assert len(made.calls) == calls


def test_a_misspelt_option_is_repaired() -> None:
    """The model is told that it is none of them."""
    model, chat = model_of(lambda messages: answer("Nope") if len(messages) == 2 else answer("No"))
    made = predict_contexts(model, [context()])[0]
    assert (made.prediction.answer, [call.outcome for call in made.calls]) == ("No", ["outside", "answered"])
    assert "none of the options" in str(chat.asked[1][-1].content)


def test_probabilities_that_are_none_leave_the_answer() -> None:
    """A model that states none that can be used is as sure as it says; evidence there is not is left out."""
    said = answer("No", probabilities=[{"option": "Nope", "probability": 1}], evidence=["i1", "i7"])
    told = predict_contexts(model_of(lambda messages: said)[0], [context()])[0].prediction
    assert (told.answer, told.probabilities) == ("No", (0.0, 1.0, 0.0))
    assert [one.id for one in told.evidence] == ["o0"]


def reaction(polarity: str, intensity: int) -> str:
    return json.dumps(
        {"polarity": polarity, "intensity": intensity, "comment": "Hm.", "explanation": "So.", "evidence": ["i1"]}
    )


def test_a_reaction_is_placed_on_the_scale_of_seven() -> None:
    """Signed intensity, with the comment kept (paper, A.6)."""
    told = predict_contexts(model_of(lambda messages: reaction("Negative", 2))[0], [context(POST)])[0].prediction
    assert (told.answer, told.comment, told.probabilities[1]) == ("b", "Hm.", 1.0)
    assert [signed("negative", 3), signed("neutral", 0), signed("positive", 1)] == [0, 3, 4]
    wrong = predict_contexts(model_of(lambda messages: reaction("neutral", 2))[0], [context(POST)])[0].prediction
    assert (wrong.outcome, wrong.answer) == ("invalid", "")


def test_tokens_of_items_are_bounded_and_those_that_tell_least_go_first() -> None:
    """None at all without history: what the model knows by heart."""
    model, chat = model_of(does_as_told)
    assert predict_contexts(model, [context()], token_budget=17)[0].prediction.recalled == 2
    assert "i2 | mine 1" in str(chat.asked[0][1].content)
    assert "mine 2" not in str(chat.asked[0])
    told = predict_contexts(model, [context()], history=False)[0].prediction
    assert (told.recalled, told.borrowed, told.evidence) == (0, 0, ())
    assert "mine" not in str(chat.asked[1])


def test_many_are_predicted_in_their_order() -> None:
    """Whichever completes first."""
    model, _ = model_of(does_as_told, concurrency=4)
    contexts = [context(QUESTION.model_copy(update={"id": f"q{n}", "text": f"{n}?"})) for n in range(9)]
    assert [one.prediction.question for one in predict_contexts(model, contexts)] == [f"q{n}" for n in range(9)]


def test_a_budget_keeps_what_was_predicted() -> None:
    """Each is yielded before the error is raised."""
    model, _ = model_of(does_as_told, concurrency=1, max_tokens_out=64)
    object.__setattr__(model, "price", Price(tokens_in=1_000, tokens_out=1_000))
    contexts = [context(QUESTION.model_copy(update={"id": f"q{n}", "text": f"{n}?"})) for n in range(9)]
    budget, kept = Budget(budget_usd=2.0), list[int]()

    def keep() -> None:
        for place, _ in predict_as_completed(model, contexts, budget=budget):
            kept.append(place)

    with pytest.raises(BudgetError):
        keep()
    assert 0 < len(kept) < 9
    assert budget.cost_usd <= 2.0


class Heard(BaseCallbackHandler):
    def __init__(self) -> None:
        self.tags: list[list[str]] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        self.tags.append(kwargs["tags"])


def test_callbacks_and_tags_reach_the_model() -> None:
    """So that traces see every call."""
    heard = Heard()
    model, _ = model_of(does_as_told)
    predict_contexts(model, [context(), context(POST)], config={"callbacks": [heard], "tags": ["mine"]})
    assert heard.tags == [["mine"], ["mine"]]


def test_an_explanation_is_streamed_and_accounted_for() -> None:
    """The pieces are the whole; one call."""
    model, _ = model_of(lambda messages: "Because of i1.")
    calls: list[CallRecord] = []
    assert "".join(stream_explanation(model, context(), calls=calls)) == "Because of i1."
    assert [(call.prompt, call.outcome) for call in calls] == [("explain", "answered")]


def test_what_a_message_quotes_does_not_matter_to_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed, and messages are not changed by being sent."""
    model, chat = model_of(does_as_told)
    predict_contexts(model, [context()])
    before = list(chat.asked[0])
    predict_contexts(model, [context()])
    assert list(chat.asked[1]) == before
    assert capsys.readouterr().out == ""
