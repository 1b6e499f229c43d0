"""Replies as providers really send them: the one JSON object that is meant is read, and nothing is guessed."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from persona_db.chains.language.outputs import Distillation, PredictedAnswer
from persona_db.chains.language.structured import read_reply

YES: dict[str, Any] = {
    "answer": "yes", "probabilities": [{"option": "yes", "probability": 1}], "explanation": "{so}", "evidence": ["i1"],
}  # fmt: skip
NO = YES | {"answer": "no"}
GOOD = json.dumps(YES)
FORM = '{"answer": ...}'


def called(arguments: Any, text: str = "") -> AIMessage:
    return AIMessage(text, tool_calls=[{"name": "PredictedAnswer", "args": arguments, "id": "1", "type": "tool_call"}])


@pytest.mark.parametrize(
    "message",
    [
        AIMessage(GOOD),
        AIMessage(f"<think>The form is {FORM}. So: yes.</think>\n{GOOD}"),
        AIMessage(f"<think>Perhaps {json.dumps(NO)}? No.</think>{GOOD}"),
        AIMessage(f"Perhaps {json.dumps(NO)}? No.\n</think>\n\n{GOOD}"),
        AIMessage(f"<thinking>\n{FORM}\n</thinking>\n```json\n{GOOD}\n```\nLet me know {{if}} you need more."),
        AIMessage(f"<|channel|>analysis<|message|>{json.dumps(NO)}<|channel|>final<|message|>{GOOD}"),
        AIMessage(f'I fill in {{"answer": "no"}}, no: {GOOD} I hope {{this}} helps.'),
        AIMessage(f"{GOOD}\n{GOOD}"),
        AIMessage(f"[{GOOD}]"),
        AIMessage(json.dumps({"PredictedAnswer": YES})),
        AIMessage(json.dumps({"name": "PredictedAnswer", "parameters": YES})),
        AIMessage(json.dumps(YES | {"confidence": "high"})),
        AIMessage(GOOD.replace("{so}", "line\nbreak")),
        AIMessage([{"type": "reasoning", "reasoning": json.dumps(NO)}, {"type": "text", "text": GOOD}]),
        called(YES),
        called(YES, f"I consider {FORM}"),
        called({}, GOOD),
        AIMessage("", additional_kwargs={"function_call": {"name": "PredictedAnswer", "arguments": GOOD}}),
        AIMessage("", invalid_tool_calls=[{"name": "P", "args": f"{GOOD}}}", "id": "1", "error": "extra data"}]),
        AIMessage('{"answer": "yes"}'),
        AIMessage('{"answer": "yes", "explanation": null, "evidence": null, "probabilities": null}'),
    ],
)
def test_the_answer_is_read(message: AIMessage) -> None:
    """Whatever stands around it."""
    reply = read_reply(message, PredictedAnswer)
    assert (reply.outcome, reply.reason) == ("answered", "")
    assert PredictedAnswer.model_validate(reply.value).answer == "yes"


@pytest.mark.parametrize(
    ("message", "outcome", "words"),
    [
        (AIMessage(f"{json.dumps(NO)}\n{GOOD}"), "invalid", "2 different"),
        (AIMessage(f'{json.dumps(NO)} or rather {{"answer": "yes", "prob'), "invalid", "not one complete"),
        (AIMessage('{"answer": "no", "answer": "yes"}'), "invalid", "not one complete"),
        (AIMessage('{"answer": "yes", "x": NaN}'), "invalid", "not one complete"),
        (AIMessage('{"answer": "\\ud83d"}'), "invalid", "not one complete"),
        (AIMessage(GOOD[:30]), "invalid", "not one complete"),
        (AIMessage(GOOD.replace('"explanation":', '"explanation"')), "invalid", "Expecting ':'"),
        (AIMessage("yes"), "invalid", "no JSON object"),
        (AIMessage(f"<think>{GOOD}"), "empty", "empty"),
        (AIMessage("<think>Hm", response_metadata={"finish_reason": "length"}), "truncated", "reasoning"),
        (AIMessage("", response_metadata={"finish_reason": "length"}), "truncated", "reasoning"),
        (AIMessage(GOOD, response_metadata={"finish_reason": "length"}), "truncated", "cut off"),
        (
            AIMessage(
                "",
                invalid_tool_calls=[{"name": "P", "args": GOOD[:30], "id": "1", "error": "cut"}],
                response_metadata={"finish_reason": "length"},
            ),
            "truncated",
            "cut off",
        ),
        (
            AIMessage(GOOD, invalid_tool_calls=[{"name": "P", "args": '{"answer": "no', "id": "1", "error": ""}]),
            "invalid",
            "not one",
        ),
        (AIMessage("<think>{</think>I'm sorry, I can't."), "refused", "refused"),
    ],
)
def test_what_could_be_two_things_is_none(message: AIMessage, outcome: str, words: str) -> None:
    """It is an outcome with a reason."""
    reply = read_reply(message, PredictedAnswer)
    assert (reply.value, reply.outcome) == (None, outcome)
    assert words in reply.reason


def test_a_schema_sent_back_is_no_answer() -> None:
    """Its fields have no values."""
    reply = read_reply(AIMessage(json.dumps(Distillation.model_json_schema())), Distillation)
    with pytest.raises(ValueError, match="facts"):
        Distillation.model_validate(reply.value)


def test_an_answer_survives_what_is_wrong_beside_it() -> None:
    """Probabilities by option count; those that can't be read, and ids that are none, do not."""
    stated = PredictedAnswer.model_validate({"answer": "yes", "probabilities": {"yes": 0.7, "no": "0.3"}})
    assert [(one.option, one.probability) for one in stated.probabilities] == [("yes", 0.7), ("no", 0.3)]
    made = PredictedAnswer.model_validate(
        {
            "answer": "yes",
            "probabilities": [{"yes": "most"}],
            "explanation": "x" * 2_000,
            "evidence": ["i1", 7, "x" * 99],
        }
    )
    assert (made.probabilities, len(made.explanation), made.evidence) == ((), 1_000, ("i1",))


def test_many_braces_take_no_time() -> None:
    """Nor does depth."""
    began = time.process_time()
    for text in ("{" * 20_000, '{"a":' * 5_000, "[" * 20_000 + "{}"):
        assert read_reply(AIMessage(text), PredictedAnswer).outcome in ("invalid", "answered")
    assert time.process_time() - began < 5
