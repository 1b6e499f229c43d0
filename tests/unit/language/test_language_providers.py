"""Providers as they are: what one refuses is left out by itself, and remembered; what is no answer has a name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persona_db.chains.engine import Predicted
from persona_db.chains.language.call import Budget
from persona_db.chains.language.models import LanguageModel, open_model
from persona_db.chains.language.predict import count_asked, predict_contexts, stream_explanation
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.results import Context
from persona_db.graph.errors import BudgetError, ConfigError, ModelUnavailableError
from persona_db.graph.models import Question
from tests.language_server import Asked, LanguageServer, Odd, Said, Status

QUESTION = Question(id="q", text="More trams?", options=("no", "unsure", "yes"))


def context(text: str = "More trams?") -> Context:
    asked = QUESTION.model_copy(update={"text": text})
    return Context(user="u", question=asked, items=(), size=1, borrowed=0)


def opened(path: Path, name: str = "openai:some", **settings: Any) -> LanguageModel:
    return open_model(name, settings=ModelSettings(**{"attempts": 1, **settings}), cache=path / "calls.sqlite")


def predicted(model: LanguageModel, text: str = "More trams?") -> Predicted:
    return predict_contexts(model, [context(text)])[0]


def by(*methods: str) -> Callable[[Asked], bool]:
    """Tell the requests that ask for structure in one of these ways."""
    return lambda asked: asked.method in methods


SCHEMA = "This response_format type is unavailable now"
TOOLS = "registry.test/some does not support tools"
TEMPERATURE = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is supported."
SEED = "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs are not permitted', 'input': 0}]"
LIMIT = SEED.replace("seed", "max_completion_tokens")


@pytest.mark.parametrize(
    ("refusals", "method", "requests"),
    [
        ([(SCHEMA, by("json_schema"))], "function_calling", 2),
        ([(SCHEMA, by("json_schema")), (TOOLS, by("function_calling"))], "json_object", 3),
        ([(SCHEMA, by("json_schema", "json_object")), (TOOLS, by("function_calling"))], "text", 4),
        ([(TEMPERATURE, lambda asked: "temperature" in asked.body)], "json_schema", 2),
        ([(SEED, lambda asked: "seed" in asked.body)], "json_schema", 2),
        ([(LIMIT, lambda asked: "max_completion_tokens" in asked.body)], "json_schema", 2),
        (
            [(TEMPERATURE, lambda asked: "temperature" in asked.body), (SCHEMA, by("json_schema"))],
            "function_calling",
            3,
        ),
    ],
)
@pytest.mark.parametrize("code", [400, 422])
def test_what_a_provider_refuses_is_left_out(
    refusals: Any, method: str, requests: int, code: int, language_server: LanguageServer, tmp_path: Path
) -> None:
    """Found out once in a run; a later run asks as the first one did at last, and pays for nothing twice."""
    for said, where in refusals:
        language_server.fail(Status(code, said=said), where=where)
    model = opened(tmp_path)
    made = predicted(model)
    assert made.prediction.outcome == "answered"
    assert [(call.outcome, call.attempts) for call in made.calls] == [("answered", requests)]
    assert (len(language_server.calls), len(language_server.answered)) == (requests, 1)
    assert language_server.answered[0].asked.method == method
    predicted(model, "More buses?")
    assert len(language_server.calls) == requests + 1
    again = opened(tmp_path)
    assert count_asked(again, context()) > 0
    assert [call.cached for call in predicted(again).calls] == [True]
    predicted(again, "More trains?")
    assert len(language_server.calls) == requests + 2


def test_the_older_name_of_a_limit_is_used_where_it_is_the_only_one(
    language_server: LanguageServer, tmp_path: Path
) -> None:
    """The answer stays bounded."""
    language_server.fail(Status(422, said=LIMIT), where=lambda asked: "max_completion_tokens" in asked.body)
    predicted(opened(tmp_path))
    assert language_server.answered[0].asked.body["max_tokens"] == 1024


def test_log_probabilities_are_given_up(language_server: LanguageServer, tmp_path: Path) -> None:
    """Where a server under the name of a model that gives them does not."""
    said = "logprobs are not supported"
    language_server.fail(Status(400, said=said), where=lambda asked: "logprobs" in asked.body)
    assert predicted(opened(tmp_path, "openai:gpt-4.1-mini")).prediction.outcome == "answered"


@pytest.mark.parametrize(
    ("settings", "said"), [({"method": "json_schema"}, SCHEMA), ({"temperature": 0.5}, TEMPERATURE)]
)
def test_what_was_chosen_is_not_left_out(
    settings: Any, said: str, language_server: LanguageServer, tmp_path: Path
) -> None:
    """The provider's words say why there is no answer."""
    language_server.fail(Status(400, said=said))
    told = predicted(opened(tmp_path, **settings)).prediction
    assert (told.outcome, len(language_server.calls)) == ("invalid", 1)
    assert said[:30] in told.explanation


@pytest.mark.parametrize("code", [400, 401, 404, 429, 500])
def test_an_error_that_names_nothing_of_the_request_changes_nothing(
    code: int, language_server: LanguageServer, tmp_path: Path
) -> None:
    """It is raised as it was."""
    language_server.fail(Status(code, said="Bad luck with your tools" if code in (401, 429) else "Bad luck"))
    model = opened(tmp_path)
    try:
        assert predicted(model).prediction.outcome == "invalid"
    except (ConfigError, ModelUnavailableError):
        assert code != 400
    assert (len(language_server.calls), model.refused) == (1, set())


def test_what_helped_nothing_is_not_remembered(language_server: LanguageServer, tmp_path: Path) -> None:
    """A request that is refused in every form was refused for something else."""
    language_server.fail(Status(400, said="no schema, no tools, no response_format, no temperature"))
    model = opened(tmp_path)
    assert predicted(model).prediction.outcome == "invalid"
    assert len(language_server.calls) <= 6
    language_server.mend()
    predicted(model)
    assert (model.refused, language_server.answered[0].asked.method) == (set(), "json_schema")


def error(message: str, code: Any) -> Odd:
    return Odd(lambda good: dict.fromkeys(good) | {"error": {"message": message, "code": code}})


def test_an_error_inside_an_answer_is_that_error(language_server: LanguageServer, tmp_path: Path) -> None:
    """One that may pass is sent again, one that names what it refuses is answered without it."""
    language_server.fail(error("Provider returned error", 429), times=1)
    made = predicted(opened(tmp_path, attempts=2))
    assert [(call.outcome, call.attempts) for call in made.calls] == [("answered", 2)]
    language_server.fail(error(SCHEMA, "invalid_request_error"), where=by("json_schema"))
    assert predicted(opened(tmp_path), "More buses?").prediction.outcome == "answered"
    language_server.fail(error("Provider returned error", 502))
    with pytest.raises(ModelUnavailableError, match="502: Provider returned error"):
        predicted(opened(tmp_path), "More trains?")


@pytest.mark.parametrize(
    ("change", "outcome", "calls"),
    [
        (lambda good: good | {"choices": []}, "empty", 2),
        (lambda good: good | {"choices": None}, "invalid", 1),
        (lambda good: {"choices": [{"index": 0, "finish_reason": "stop", "message": None}]}, "invalid", 1),
        (lambda good: {"object": "list", "data": []}, "invalid", 1),
    ],
)
def test_an_answer_without_choices_is_none(
    change: Any, outcome: str, calls: int, language_server: LanguageServer, tmp_path: Path
) -> None:
    """It is an outcome with a reason, and no trace of ours."""
    language_server.fail(Odd(change))
    made = predicted(opened(tmp_path))
    assert (made.prediction.outcome, len(made.calls)) == (outcome, calls)
    assert made.prediction.explanation


def test_usage_that_is_missing_is_counted(language_server: LanguageServer, tmp_path: Path) -> None:
    """By our own count."""
    language_server.fail(Odd(lambda good: good | {"usage": None, "id": None, "created": None, "model": None}))
    call = predicted(opened(tmp_path)).calls[0]
    assert (call.outcome, call.tokens_in > 100, call.tokens_out > 10) == ("answered", True, True)


def reasons(tokens: int) -> Callable[[Asked], bool]:
    """Tell the requests that leave less than so many tokens for reasoning and answer."""
    return lambda asked: int(asked.body["max_completion_tokens"]) < tokens


@pytest.mark.parametrize("shown", ["", "<think>The form is {"])
def test_reasoning_that_takes_all_tokens_gets_more(shown: str, language_server: LanguageServer, tmp_path: Path) -> None:
    """Four times as many, for the rest of the run; the answer is found again."""
    language_server.fail(Said(lambda asked, good: shown, finish="length"), where=reasons(3_000))
    model = opened(tmp_path)
    assert [call.outcome for call in predicted(model).calls] == ["truncated", "answered"]
    assert [call.outcome for call in predicted(model, "More buses?").calls] == ["answered"]
    assert [(call.outcome, call.cached) for call in predicted(opened(tmp_path)).calls] == [("answered", True)]


def test_reasoning_without_end_ends(language_server: LanguageServer, tmp_path: Path) -> None:
    """After the calls that repairs may make; what to do is said."""
    language_server.fail(Said(lambda asked, good: "", finish="length"))
    made = predicted(opened(tmp_path))
    assert [call.asked.body["max_completion_tokens"] for call in language_server.calls] == [1024, 4096, 16384]
    assert "--max-tokens" in made.prediction.explanation
    language_server.forget()
    assert "--max-tokens" in predicted(opened(tmp_path, max_tokens_out=1024)).prediction.explanation
    assert len(language_server.calls) == 1


def test_a_longer_answer_that_is_refused_is_asked_for_no_more(language_server: LanguageServer, tmp_path: Path) -> None:
    """Others are answered as before."""
    language_server.fail(Said(lambda asked, good: "", finish="length"), times=1)
    said = "max_tokens or max_completion_tokens is too large: 4096. This model supports at most 2048."
    language_server.fail(Status(400, said=said), where=lambda asked: not reasons(2_049)(asked))
    model = opened(tmp_path)
    assert [call.outcome for call in predicted(model).calls] == ["truncated", "answered"]
    assert [call.attempts for call in predicted(model, "More buses?").calls] == [1]
    assert "longer answers" in model.refused


def test_a_method_that_is_chosen_is_tried_again(language_server: LanguageServer, tmp_path: Path) -> None:
    """Also where it was refused before: a server may have learnt it."""
    language_server.fail(Status(400, said=SCHEMA), where=by("json_schema"), times=1)
    predicted(opened(tmp_path))
    predicted(opened(tmp_path, method="json_schema"), "More buses?")
    assert [call.asked.method for call in language_server.answered] == ["function_calling", "json_schema"]


def test_a_longer_answer_is_reserved_for(language_server: LanguageServer, tmp_path: Path) -> None:
    """Under a budget that does not hold it no longer answer is asked for."""
    language_server.fail(Said(lambda asked, good: "", finish="length"))
    budget = Budget(budget_usd=0.005)
    model = opened(tmp_path, "openai:gpt-4.1-mini")
    with pytest.raises(BudgetError):
        predict_contexts(model, [context()], budget=budget)
    assert len(language_server.calls) == 1
    assert budget.cost_usd < 0.005


def test_many_options_have_room(language_server: LanguageServer, tmp_path: Path) -> None:
    """For a probability each, unless fewer tokens were set."""
    question = Question(id="q", text="How much?", options=tuple(str(n) for n in range(101)))
    slider = Context(user="u", question=question, items=(), size=1, borrowed=0)
    chosen: tuple[dict[str, Any], ...] = ({}, {"max_tokens_out": 1000})
    for settings in chosen:
        predict_contexts(opened(tmp_path / str(len(settings)), **settings), [slider])
    assert [call.asked.body["max_completion_tokens"] for call in language_server.calls] == [2017, 1000]


def test_how_much_a_model_reasons_is_asked_for(language_server: LanguageServer, tmp_path: Path) -> None:
    """As OpenAI's protocol says it; another amount is another call."""
    chosen: tuple[dict[str, Any], ...] = ({}, {"reasoning": "low"}, {"reasoning": "low"}, {"reasoning": "high"})
    for settings in chosen:
        predicted(opened(tmp_path, **settings))
    assert [call.asked.body.get("reasoning_effort") for call in language_server.calls] == [None, "low", "high"]


def test_an_explanation_is_streamed_without_what_is_refused(language_server: LanguageServer, tmp_path: Path) -> None:
    """As an answer is."""
    language_server.fail(Status(400, said=TEMPERATURE), where=lambda asked: "temperature" in asked.body)
    assert "".join(stream_explanation(opened(tmp_path), context()))
    assert json.dumps(language_server.calls[-1].asked.body.get("temperature")) == "null"
