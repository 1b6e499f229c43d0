"""What a language model is asked to return, as frozen pydantic models.

Ids are the short handles of a prompt (`i1`, `f2`), never those of the graph. That they name something, and that
quotes are in what they name, is checked by `structured`; here only what an answer can be held to by itself.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import BaseModel, BeforeValidator, Field, field_validator

from persona_db.graph.models import Model

__all__ = [
    "DISTILLED_KINDS",
    "MORALS",
    "OPEN_KINDS",
    "VALUES",
    "Distillation",
    "DistilledFact",
    "Induction",
    "MoralTrait",
    "OpenTrait",
    "OptionProbability",
    "Polarity",
    "PredictedAnswer",
    "QuotedItem",
    "Reaction",
    "Trait",
    "ValueTrait",
    "schema_of",
]

ValueName = Literal[
    "self-direction",
    "stimulation",
    "hedonism",
    "achievement",
    "power",
    "security",
    "conformity",
    "tradition",
    "benevolence",
    "universalism",
]
MoralName = Literal[
    "care",
    "harm",
    "fairness",
    "cheating",
    "loyalty",
    "betrayal",
    "authority",
    "subversion",
    "purity",
    "degradation",
]
OpenKind = Literal["ideology", "topic", "issue", "entity", "role", "trait"]
DistilledKind = Literal["stance", "topic", "issue", "entity", "role", "pattern"]
Polarity = Literal["negative", "neutral", "positive"]

VALUES: tuple[str, ...] = get_args(ValueName)
"""Schwartz's ten basic values, as the vocabulary of the statistical engine has them; a test holds that."""
MORALS: tuple[str, ...] = get_args(MoralName)
"""The ten words of the moral foundations, likewise."""
OPEN_KINDS: tuple[str, ...] = get_args(OpenKind)
DISTILLED_KINDS: tuple[str, ...] = get_args(DistilledKind)


def _word(given: Any) -> Any:
    """A word of a closed vocabulary however it is spaced and capitalised."""
    return "-".join(given.strip().casefold().replace("_", " ").split()) if isinstance(given, str) else given


def _said(given: Any) -> Any:
    return " ".join(given.split()) if isinstance(given, str) else given


Word = BeforeValidator(_word)
Sentence = Annotated[str, BeforeValidator(_said), Field(min_length=1, max_length=400)]
Name = Annotated[str, BeforeValidator(_said), Field(min_length=1, max_length=80)]
Handle = Annotated[str, BeforeValidator(_word), Field(min_length=1, max_length=8, json_schema_extra={"x-is": "handle"})]
Option = Annotated[str, BeforeValidator(_said), Field(max_length=2_000, json_schema_extra={"x-is": "option"})]


class QuotedItem(Model):
    """A history item that supports a fact, and the words of it that do."""

    id: Handle = Field(description="Id of the item, such as i3.")
    quote: str = Field(max_length=600, description="Words copied from that item exactly.")


class DistilledFact(Model):
    """Something the history states of the person."""

    text: Sentence = Field(description="One short sentence about the person.")
    kind: Annotated[DistilledKind, Word] = Field(description="What the fact is about.")
    items: tuple[QuotedItem, ...] = Field(min_length=1, max_length=8, description="The items that show it.")


class Distillation(Model):
    """The facts that a history states."""

    facts: tuple[DistilledFact, ...] = Field(max_length=24)


class _Trait(Model):
    text: Sentence = Field(description="One short sentence about the person.")
    weight: float = Field(ge=0, le=1, description="How clearly they hold it, 0 to 1.")
    facts: tuple[Handle, ...] = Field(min_length=1, max_length=12, description="Ids of what shows it, such as f2.")


class ValueTrait(_Trait):
    """A basic human value that the person holds."""

    kind: Annotated[Literal["value"], Word]
    name: Annotated[ValueName, Word]


class MoralTrait(_Trait):
    """A moral foundation that the person argues from."""

    kind: Annotated[Literal["moral"], Word]
    name: Annotated[MoralName, Word]


class OpenTrait(_Trait):
    """Anything more abstract that others may share."""

    kind: Annotated[OpenKind, Word]
    name: Name = Field(description="One to four words that others would be called by as well.")


Trait = ValueTrait | MoralTrait | OpenTrait


class Induction(Model):
    """What can be inferred of the person."""

    traits: tuple[Trait, ...] = Field(max_length=24)


class OptionProbability(Model):
    """How probable one of the options is."""

    option: Option = Field(description="One of the options, copied exactly.")
    probability: float = Field(ge=0, le=100, description="0 to 1.")


class PredictedAnswer(Model):
    """How the person would answer."""

    answer: Option = Field(description="One of the options, copied exactly.")
    probabilities: tuple[OptionProbability, ...] = Field(
        max_length=100, description="Every option with its probability; sum 1."
    )
    explanation: str = Field(max_length=1_000, description="One or two sentences.")
    evidence: tuple[Handle, ...] = Field(max_length=40, description="Ids of the items that it rests on.")


class Reaction(Model):
    """How the person would react to a post."""

    polarity: Annotated[Polarity, Word]
    intensity: int = Field(ge=0, le=3, description="0 none to 3 strong; 0 when neutral.")
    comment: str = Field(max_length=600, description="What they would write.")
    explanation: str = Field(max_length=1_000, description="One or two sentences.")
    evidence: tuple[Handle, ...] = Field(max_length=40, description="Ids of the items that it rests on.")

    @field_validator("intensity", mode="before")
    @classmethod
    def _whole(cls, given: Any) -> Any:
        return int(given) if isinstance(given, float) and given.is_integer() else given


@lru_cache(maxsize=1_000)
def schema_of(
    output: type[BaseModel],
    *,
    bounded: bool = False,
    handles: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the JSON schema of *output* as providers take it: all properties required, nothing beside them.

    Limits of length and size are left out, which strict modes refuse; they are checked when the answer is read. Where
    the schema steers every token (a grammar made of it), *bounded* keeps them, and handles and options become
    enums: a small model then cannot name what there is not, nor write on for ever. The same object each time: do not
    change it.
    """
    if not bounded and (handles or options):
        return schema_of(output)
    return cast("dict[str, Any]", _provided(_full_schema(output), bounded, list(handles), list(options)))


@cache
def _full_schema(output: type[BaseModel]) -> dict[str, Any]:
    return output.model_json_schema()


_LIMITS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
_NEVER = ("discriminator", "default", "title")


def _provided(schema: Any, bounded: bool, handles: list[str], options: list[str]) -> Any:
    if isinstance(schema, list):
        return [_provided(one, bounded, handles, options) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if bounded and schema.get("x-is") == "handle" and handles:
        return {"type": "string", "enum": handles}
    if bounded and schema.get("x-is") == "option" and options:
        return {"type": "string", "enum": options}
    left_out = {"x-is", *_NEVER, *(() if bounded else _LIMITS)}
    made = {
        "anyOf" if name == "oneOf" else name: (
            {key: _provided(one, bounded, handles, options) for key, one in value.items()}
            if name in ("properties", "$defs")
            else _provided(value, bounded, handles, options)
        )
        for name, value in schema.items()
        if name not in left_out
    }
    if "properties" in made:
        made["required"] = list(made["properties"])
        made["additionalProperties"] = False
    return made
