"""Predictions by the letter of an option alone: whatever stands where, in few tokens, or by JSON as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from persona_db.chains.language import llama
from persona_db.chains.language.models import LanguageModel, open_model
from persona_db.chains.language.predict import predict_contexts
from persona_db.chains.language.prompts import choose_prompt
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.results import Context, Recalled
from persona_db.graph.errors import ModelConfigError
from persona_db.graph.models import Question
from tests.language_server import LanguageServer, Odd, Said, Status
from tests.unit.language.scripted import Scripted, does_as_told

QUESTION = Question(id="q", text="More of it?", options=("Yes, much", "No", "It depends"))
REACTIONS = ("very negative", "negative", "slightly so", "neutral", "slightly", "positive", "very positive")
POST = Question(id="p", text="News!", kind="post", options=REACTIONS)
ITEMS = (
    Recalled(id="o1", source="own", layer="history", text="mine", score=1.0),
    Recalled(id="c1", source="collaborator", layer="history", text="theirs", score=0.2, user="someone"),
)


def context(question: Question) -> Context:
    return Context(user="u", question=question, items=ITEMS, size=2, borrowed=1)


def opened(folder: Path, name: str = "openai:scripted", **settings: Any) -> LanguageModel:
    asked = ModelSettings(answer="letters", attempts=1, **settings)
    return open_model(name, settings=asked, cache=folder / "calls.sqlite")


@pytest.mark.parametrize("question", [QUESTION, POST])
def test_options_count_and_not_their_places(
    question: Question, language_server: LanguageServer, tmp_path: Path
) -> None:
    """The share of each is the mean of two orders, in which another stands first; the answer has no reasons."""
    made = predict_contexts(opened(tmp_path), [context(question)])[0]
    weight = [1 + crc32(option.encode()) % 5 for option in question.options]
    first, last = sum(weight) + weight[0] / 2, sum(weight) + weight[-1] / 2
    shares = [one / first / 2 + one / last / 2 for one in weight]
    shares[0] += weight[0] / 2 / first / 2
    shares[-1] += weight[-1] / 2 / last / 2
    told = made.prediction
    assert told.probabilities == pytest.approx(shares)
    assert (told.outcome, told.answer) == ("answered", question.options[shares.index(max(shares))])
    assert told.confidence == max(told.probabilities)
    assert (told.explanation, told.evidence, told.recalled, told.borrowed) == ("", (), 2, 1)
    assert [call.prompt for call in made.calls] == ["choose", "choose"]
    assert all(call.tokens_out < 10 for call in made.calls)
    assert len(language_server.calls) == 2


def test_the_reverse_order_gives_the_reverse_and_no_more(language_server: LanguageServer, tmp_path: Path) -> None:
    """And the same question is not paid for twice."""
    model = opened(tmp_path)
    turned = QUESTION.model_copy(update={"options": QUESTION.options[::-1]})
    one, other = (predict_contexts(model, [context(question)])[0].prediction for question in (QUESTION, turned))
    assert one.probabilities == pytest.approx(other.probabilities[::-1])
    asked = len(language_server.calls)
    again = predict_contexts(model, [context(QUESTION)])[0]
    assert [call.cached for call in again.calls] == [True, True]
    assert (again.prediction, len(language_server.calls)) == (one, asked)


def test_both_orders_begin_alike() -> None:
    """Up to the options, so that a local model reads the items once."""
    own, borrowed = [ITEMS[0]], [ITEMS[1]]
    one, other = (str(choose_prompt(QUESTION, own, borrowed, order).messages[1].content) for order in (None, (2, 1, 0)))
    assert "A | Yes, much\nB | No\nC | It depends\n" in one
    assert "A | It depends\nB | No\nC | Yes, much\n" in other
    assert one[: one.index("A | ")] == other[: other.index("A | ")]


def test_more_options_than_letters_are_asked_for_in_json(language_server: LanguageServer, tmp_path: Path) -> None:
    """Twenty-six are asked by letter."""
    for number, prompt in ((26, "choose"), (27, "predict")):
        question = Question(id=f"q{number}", text="Which?", options=tuple(f"one {place}" for place in range(number)))
        made = predict_contexts(opened(tmp_path), [context(question)])[0]
        assert (made.prediction.outcome, {call.prompt for call in made.calls}) == ("answered", {prompt})


def test_an_answer_without_a_letter_falls_back_to_json(language_server: LanguageServer, tmp_path: Path) -> None:
    """After the repairs allowed."""
    language_server.fail(Said(lambda asked, answer: '{"answer": "Yes"}'), where=lambda asked: asked.task == "choose")
    made = predict_contexts(opened(tmp_path), [context(QUESTION)])[0]
    assert made.prediction.outcome == "answered"
    assert made.calls[-1].prompt == "predict"
    assert sum(call.prompt == "choose" for call in made.calls) <= 3


def test_a_provider_without_log_probabilities_is_named(language_server: LanguageServer, tmp_path: Path) -> None:
    """One that refuses them, one that ignores them, and one whose class gives none."""
    language_server.fail(Status(400, said="logprobs are not supported"), where=lambda asked: "logprobs" in asked.body)
    with pytest.raises(ModelConfigError, match="leave out --answer letters"):
        predict_contexts(opened(tmp_path), [context(QUESTION)])
    language_server.mend()
    language_server.fail(Odd(lambda body: {**body, "choices": [one | {"logprobs": None} for one in body["choices"]]}))
    with pytest.raises(ModelConfigError, match="no log-probabilities"):
        predict_contexts(opened(tmp_path / "other", "openai:other"), [context(QUESTION)])
    given = open_model(Scripted(script=does_as_told), settings=ModelSettings(answer="letters"))
    with pytest.raises(ModelConfigError, match="Scripted gives no log-probabilities"):
        predict_contexts(given, [context(QUESTION)])


def test_the_bundled_model_answers_by_letters() -> None:
    """With probabilities of all options, in an answer of a dozen tokens at most."""
    model = open_model("llama", settings=ModelSettings(answer="letters", keeps_prompt=True))
    made = predict_contexts(model, [context(QUESTION)])[0]
    llama.stop_servers()
    told = made.prediction
    assert {call.prompt for call in made.calls} == {"choose"}
    assert (told.outcome, told.answer in QUESTION.options) == ("answered", True)
    assert sum(told.probabilities) == pytest.approx(1)
    assert min(told.probabilities) > 0
    assert max(call.tokens_out for call in made.calls) <= 12


def test_the_command_that_does_the_same_says_so() -> None:
    """So that an evaluation can be repeated."""
    assert ModelSettings(answer="letters").command[-2:] == ["--answer", "letters"]
    assert "--answer" not in ModelSettings().command
