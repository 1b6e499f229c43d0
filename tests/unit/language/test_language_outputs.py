"""What models return: closed words, schemas that providers take, names that meet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import log
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from persona_db.chains.fit.vocabulary import VOCABULARY
from persona_db.chains.language.facts_and_keys import Ideologies, canonical, opposite_of
from persona_db.chains.language.logprobs import choice_probabilities
from persona_db.chains.language.output_schema import schema_of
from persona_db.chains.language.outputs import (
    MORALS,
    VALUES,
    Distillation,
    Induction,
    PredictedAnswer,
    Reaction,
    ValueTrait,
)

OUTPUTS = (Distillation, Induction, PredictedAnswer, Reaction)


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for one in schema:
            yield from nodes(one)


def test_closed_words_are_those_of_the_vocabulary() -> None:
    """One set of values and morals for both engines."""
    assert tuple(term.name for term in VOCABULARY if term.kind == "value") == VALUES
    assert tuple(term.name for term in VOCABULARY if term.kind == "moral") == MORALS


@pytest.mark.parametrize("kind", ["value", "moral"])
def test_a_word_outside_the_closed_ones_is_refused(kind: str) -> None:
    """However it is capitalised and spaced, it is one of them or none."""
    trait = {"kind": kind, "name": "patriotism", "text": "x", "weight": 0.5, "facts": ["f1"]}
    with pytest.raises(ValidationError):
        Induction.model_validate({"traits": [trait]})
    good = {"kind": " Value ", "name": "Self Direction", "text": "x", "weight": 0.5, "facts": ["F1"]}
    made = Induction.model_validate({"traits": [good]}).traits[0]
    assert isinstance(made, ValueTrait)
    assert (made.name, made.facts) == ("self-direction", ("f1",))


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_schema_is_one_that_strict_modes_take(output: Any) -> None:
    """Every property required, nothing beside them, and none of the words that are refused."""
    schema = schema_of(output)
    for node in nodes(schema):
        if isinstance(node.get("properties"), dict):
            assert node["required"] == list(node["properties"])
            assert node["additionalProperties"] is False
    refused = {"maxLength", "minLength", "maxItems", "minItems", "oneOf", "discriminator", "default"}
    assert not refused & {name for node in nodes(schema) for name in node}


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_grammar_has_the_limits_and_nothing_else_of_its_own(output: Any) -> None:
    """It bounds facts and traits by what the prompt asks for; without its limits it is the schema of all others."""

    def without_limits(schema: Any) -> Any:
        if isinstance(schema, list):
            return [without_limits(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        return {
            key: without_limits(value)
            for key, value in schema.items()
            if key not in {"maxLength", "minLength", "maxItems", "minItems", "maximum", "minimum"}
        }

    schema = schema_of(output, 4)
    assert without_limits(schema) == schema_of(output)
    for name in {"facts", "traits"} & set(schema["properties"]):
        assert schema["properties"][name]["maxItems"] == 4


@pytest.mark.parametrize(
    ("kind", "name", "meant"),
    [
        ("topic", "  The Privacy, ", "privacy"),
        ("topic", "ＡＩ  chatbots!", "ai chatbots"),
        ("issue", "Pro-gun control", "for gun control"),
        ("issue", "support for gun control", "for gun control"),
        ("issue", "Opposed to the gun control", "against gun control"),
        ("entity", "against Google", "against google"),
        ("value", "self direction", "self-direction"),
        ("topic", "Women\u2019s rights", "womens rights"),
        ("topic", "!?", ""),
    ],
)
def test_names_have_one_spelling(kind: str, name: str, meant: str) -> None:
    """So that those who share them meet."""
    assert canonical(kind, name) == meant


def test_canonical_names_stay_as_they_are() -> None:
    """Canonical once is canonical for ever."""
    for kind, name in (("issue", "Anti the tax"), ("topic", "A-B, c"), ("value", "self direction")):
        once = canonical(kind, name)
        assert canonical(kind, once) == once


def test_sides_of_an_issue_oppose_each_other() -> None:
    """Both ways, and nothing else has an opposite."""
    assert opposite_of("issue:for gun control") == "issue:against gun control"
    assert opposite_of("issue:against gun control") == "issue:for gun control"
    assert opposite_of("issue:gun control") is None
    assert opposite_of("topic:for gun control") is None


class Meanings:
    """An embedder that knows two words."""

    name, dimension = "meanings", 3

    def embed(self, texts: Any) -> NDArray[np.float32]:
        known = {"liberal": (1, 0, 0), "socially liberal": (0.9, 0.436, 0), "odd": (0, 0, 1)}
        return np.array([known.get(text, (0, 1, 0)) for text in texts], dtype=np.float32)


def test_ideologies_go_by_the_name_of_the_nearest() -> None:
    """By the list, by meaning where near, and by their own name otherwise."""
    assert Ideologies().named("progressive") == "liberal"
    assert Ideologies().named("socialist") == "socialist"
    near = Ideologies(Meanings())
    assert near.named("socially liberal") == "liberal"
    assert near.named("odd") == "odd"


def token(text: str, share: float, **others: float) -> dict[str, Any]:
    top = [{"token": text, "logprob": log(share)}, *({"token": t, "logprob": log(p)} for t, p in others.items())]
    return {"token": text, "logprob": log(share), "top_logprobs": top}


def test_log_probabilities_go_to_the_options_that_go_on_so() -> None:
    """Token by token; what begins no option is left out; several that begin alike share."""
    sure = [token(text, 0.99) for text in ('{"', 'answer": "')]
    found = choice_probabilities(
        {"logprobs": {"content": [*sure, token("Yes", 0.6, No=0.2, May=0.1, Hm=0.1), token('"}', 0.99)]}},
        field="answer", chosen="Yes", options=("Yes", "No", "Maybe", "May not"),
    )  # fmt: skip
    assert found is not None
    assert found == pytest.approx([0.6 / 0.9, 0.2 / 0.9, 0.05 / 0.9, 0.05 / 0.9])
    deeper = [*sure, token("very", 0.8, good=0.2), token(" good", 0.75, **{" bad": 0.25})]
    found = choice_probabilities(
        {"logprobs": {"content": deeper}}, field="answer", chosen="very good", options=("very good", "very bad", "good")
    )
    assert found == pytest.approx([0.6, 0.2, 0.2])


def test_log_probabilities_without_alternatives_tell_nothing() -> None:
    """Nor those of another field, nor none at all."""
    alone = {"logprobs": {"content": [token('{"answer": "', 0.9), token("Yes", 0.6), token('"}', 0.9)]}}
    for metadata, field in ((alone, "answer"), (alone, "polarity"), ({}, "answer")):
        assert choice_probabilities(metadata, field=field, chosen="Yes", options=("Yes", "No")) is None
    assert json.dumps(schema_of(Reaction)) == json.dumps(schema_of(Reaction))
