"""Spoilt answers, nine hundred: none is stored wrong, none crashes, none is paid more than the repairs allowed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from persona_db.chains.language.engine import LanguageEngine
from persona_db.chains.language.models import open_model
from persona_db.chains.language.predict import predict_contexts
from persona_db.chains.language.scheduler import refine_people
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.language.structured import REPAIRS
from persona_db.chains.language.wording import wrong_wording
from persona_db.chains.results import Context, Recalled
from persona_db.graph.models import Question
from tests.unit.language.scripted import Scripted, asked_of, does_as_told, person

ANSWERS, REFINED = 400, 500
OPTIONS = (
    ("no", "unsure", "yes"), ("-2", "-1", "0", "1", "2"), ("No", "no", "NO", "Yes"), ("A-", "A", "A+", "B"),
    ("a b", "a  b", "c"), ("Yes", "Yes, much", "No"), ("1", "1.0", "10"), ("oui", "ouï", "non"), ("<5", ">5", "5"),
    ('"quoted"', "quoted", "{braced}"),
)  # fmt: skip
Spoil = Callable[[random.Random, str, str], str | AIMessage]
"""Makes an answer of a good one, and of another that was not meant."""


def _cut(draw: random.Random, good: str, other: str) -> str:
    return good[: draw.randrange(len(good))]


def _flipped(draw: random.Random, good: str, other: str) -> str:
    place = draw.randrange(len(good))
    return (
        good[:place] + draw.choice(["", '"', "{", "}", "\\", "\n", "\x00", ",", "\ud83d", "\u2028"]) + good[place + 1 :]
    )


def _with_field(draw: random.Random, good: str, other: str) -> str:
    told = json.loads(good)
    name = draw.choice([*told, "confidence", "answer ", "Answer"])
    value = draw.choice([None, "", 7, -0.5, True, [], {}, "x" * 5_000, ["x"], {"x": "y"}, [None], [{"id": None}]])
    return json.dumps({name: value, **told} if draw.random() < 0.5 and name not in told else told | {name: value})


def _called(draw: random.Random, good: str, other: str) -> AIMessage:
    text = draw.choice(["", other, "Let me call {it}."])
    if draw.random() < 0.5:
        return AIMessage(text, invalid_tool_calls=[{"name": "f", "args": good, "id": "1", "error": "x"}])
    return AIMessage(text, tool_calls=[{"name": "f", "args": json.loads(good), "id": "1", "type": "tool_call"}])


def _message(draw: random.Random, good: str, other: str) -> AIMessage:
    finish = draw.choice(["length", "content_filter", "error", "tool_calls", None, 7])
    content: Any = draw.choice([good, "", [], [{"type": "text", "text": good}], [{"type": "refusal", "refusal": "no"}]])
    return AIMessage(content, response_metadata={"finish_reason": finish, "logprobs": None})


SPOILT: tuple[Spoil, ...] = (
    _cut, _flipped, _with_field, _called, _message,
    lambda draw, good, other: f"<think>{other}</think>{good}",
    lambda draw, good, other: f"{other}\n</think>\n{good}",
    lambda draw, good, other: f"<think>{other}",
    lambda draw, good, other: f"{other}\n{good}",
    lambda draw, good, other: f"{good}\n{other}",
    lambda draw, good, other: f"{good}\n{other[: draw.randrange(1, len(other))]}",
    lambda draw, good, other: f"{other[: draw.randrange(1, len(other))]}\n{good}",
    lambda draw, good, other: f"```json\n{good}\n```\nI {{hope}} this helps.",
    lambda draw, good, other: f"{other[:-1]}, {good[1:]}",
    lambda draw, good, other: json.dumps({"result": json.loads(good)}),
    lambda draw, good, other: json.dumps([json.loads(good), json.loads(other)]),
    lambda draw, good, other: json.dumps(good),
    lambda draw, good, other: good.replace("0.", "NaN"),
    lambda draw, good, other: good.upper(),
    lambda draw, good, other: draw.choice(["", " ", "null", "{}", "[]", "yes", "\ud83d", "{" * 999, "I'm sorry, no."]),
)  # fmt: skip


def _answer(option: str, options: tuple[str, ...]) -> str:
    rest = 0.3 / (len(options) - 1)
    stated = [{"option": one, "probability": 0.7 if one == option else rest} for one in options]
    answer = {"answer": option, "probabilities": stated, "explanation": "So {it} is.", "evidence": ["i1"]}
    return json.dumps(answer, ensure_ascii=False)


def _says_plainly(said: str | AIMessage) -> object:
    """The answer of a text that is one JSON object and nothing else."""
    try:
        told = json.loads(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return told.get("answer") if isinstance(told, dict) else None


@pytest.mark.parametrize("spoil", range(len(SPOILT)))
def test_a_spoilt_answer_is_stored_right_or_not_at_all(spoil: int) -> None:
    """The answer is the one that was meant, and so are its probabilities; otherwise there is none."""
    usable = 0
    for seed in range(ANSWERS // len(SPOILT)):
        draw = random.Random(f"{spoil} {seed}")
        options = draw.choice(OPTIONS)
        meant, not_meant = draw.sample(options, 2)
        said: list[str | AIMessage] = []

        def script(
            messages: Any, draw: Any = draw, meant: str = meant, other: str = not_meant,
            options: Any = options, said: Any = said,
        ) -> str | AIMessage:  # fmt: skip
            said.append(SPOILT[spoil](draw, _answer(meant, options), _answer(other, options)))
            answered: str | AIMessage = said[-1]
            return answered

        question = Question(id="q", text="Which?", options=options)
        items = (Recalled(id="o1", source="own", layer="history", text="mine", score=1.0),)
        context = Context(user="u", question=question, items=items, size=1, borrowed=0)
        made = predict_contexts(open_model(Scripted(script=script)), [context])[0]
        assert 1 <= len(made.calls) == len(said) <= 1 + REPAIRS
        told = made.prediction
        made.prediction.model_dump_json().encode()
        if told.outcome != "answered":
            assert (told.answer, told.probabilities) == ("", ())
            continue
        usable += 1
        plainly = {one for one in map(_says_plainly, said) if one in options}
        assert told.answer in {meant, *plainly}, said
        assert sum(told.probabilities) == pytest.approx(1)
        if told.answer == meant and SPOILT[spoil] is not _flipped:  # a digit that is another is what was said
            assert told.confidence in (pytest.approx(0.7), 1.0), said
    assert usable or spoil not in {5, 6, 12, 14}


def _reworded(draw: random.Random, good: str, other: str) -> str:
    """The good answer, of which some entries say labels, somebody's own words, nothing, or quote what nobody said."""
    told = json.loads(good)
    for entry in next(iter(told.values())):
        if draw.random() < 0.6:
            entry["text"] = draw.choice([*NO_SENTENCES, entry["text"]])
        if draw.random() < 0.1:
            entry.update(draw.choice([{"facts": ["f99"]}, {"items": [{"id": "i1", "quote": "what nobody said"}]}]))
    return json.dumps(told)


NO_SENTENCES = (
    "hedonism, achievement, conformity", "Values care, fairness and loyalty", "stance", "i1", "", "I like it",
    "Statement 1 of u1: word0 word1 word2 word3 word4 word5", "word3 word4 word5 word6",
    "Says word0 word1 word2 word3 word4 word5 word6 word7 word8 word9", "f1 | Statement 2 of u1: word0 word1 word2",
)  # fmt: skip


def test_a_spoilt_refinement_rests_on_what_was_said() -> None:
    """Each fact on items that exist, as a sentence of its own; and whoever has no answer waits."""
    spoilt = refinements = stored = 0
    while spoilt < REFINED:
        draw = random.Random(refinements)
        refinements += 1
        asked: list[str] = []

        def script(messages: Any, draw: Any = draw, asked: Any = asked) -> str | AIMessage:
            nonlocal spoilt
            good = does_as_told(messages)
            asked.append(asked_of(messages).task)
            if draw.random() < 0.3:
                return good
            spoilt += 1
            spoil = _reworded if draw.random() < 0.5 else draw.choice(SPOILT)
            return spoil(draw, good, json.dumps({next(iter(json.loads(good))): []}))

        history = person(items=4)
        model = open_model(Scripted(script=script), settings=ModelSettings(concurrency=1))
        refined = next(iter(refine_people(LanguageEngine(model), [history])))
        assert refined.error is None
        assert max(asked.count(task) for task in asked) <= 1 + REPAIRS
        assert len(refined.calls) == len(asked)
        if refined.persona is None:
            assert not refined.complete
            continue
        refined.persona.model_dump_json().encode()
        texts = {item.id: item.text for item in history.items}
        for fact in refined.persona.distilled:
            assert fact.supports
            assert {support.id for support in fact.supports} <= texts.keys()
        ids = texts.keys() | {fact.id for fact in refined.persona.distilled}
        for fact in refined.persona.induced:
            assert {support.id for support in fact.supports} <= ids
        for fact in (*refined.persona.distilled, *refined.persona.induced):
            stored += 1
            assert wrong_wording(fact.text, said=texts.values()) == ""
    assert stored > REFINED
