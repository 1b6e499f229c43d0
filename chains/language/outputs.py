"""What a language model is asked to return, as frozen pydantic models.

Ids are the citation ids of a prompt (`i1`, `f2`), never those of the graph. `grounding` checks that they name
something and that quotes stand there; here an answer is held to what can be checked without its prompt. Docstrings and
descriptions of these classes are part of the schema that models are sent, and so of the cache's keys. So is the order
of fields: under a grammar an answer has them in this order, which is that of the prompt's example. Evidence comes first
and names come last, so that a small model sums up what it has just written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, WrapValidator, field_validator

from persona_db.graph.models import Model
from persona_db.graph.names import QuestionContent

__all__ = [
    "DISTILLED_KINDS",
    "MORALS",
    "OPEN_KINDS",
    "VALUES",
    "ChosenLetter",
    "Distillation",
    "DistilledFact",
    "Induction",
    "MoralTrait",
    "OpenTrait",
    "OptionProbability",
    "Output",
    "Polarity",
    "PredictedAnswer",
    "QuotedItem",
    "Reaction",
    "ReadLabel",
    "ReadStance",
    "SortedStance",
    "SortedStances",
    "Trait",
    "ValueTrait",
    "Verdict",
    "VerdictName",
]

ValueName = Literal[
    "self-direction", "stimulation", "hedonism", "achievement", "power", "security", "conformity", "tradition",
    "benevolence", "universalism",
]  # fmt: skip
MoralName = Literal[
    "care", "harm", "fairness", "cheating", "loyalty", "betrayal", "authority", "subversion", "purity", "degradation",
]  # fmt: skip
OpenKind = Literal["ideology", "topic", "issue", "entity", "role", "trait"]
DistilledKind = Literal["stance", "topic", "issue", "entity", "role", "pattern"]
Polarity = Literal["negative", "neutral", "positive"]
VerdictName = Literal["shown", "partly", "not shown"]
_LONGEST_ID, _MOST_CITED = 8, 40
VALUES: tuple[str, ...] = get_args(ValueName)
"""Schwartz's ten basic values, as the vocabulary of the statistical engine has them; a test holds that."""
MORALS: tuple[str, ...] = get_args(MoralName)
"""The ten words of the moral foundations, likewise."""
OPEN_KINDS: tuple[str, ...] = get_args(OpenKind)
DISTILLED_KINDS: tuple[str, ...] = get_args(DistilledKind)


def _word(given: Any) -> Any:
    """Return a word of a closed vocabulary, however it is spaced and capitalised."""
    return "-".join(given.strip().casefold().replace("_", " ").split()) if isinstance(given, str) else given


def _plain(given: Any) -> Any:
    """Return words, however they are spaced and capitalised."""
    return " ".join(given.casefold().replace("_", " ").replace("-", " ").split()) if isinstance(given, str) else given


def _single_spaced(given: Any) -> Any:
    return " ".join(given.split()) if isinstance(given, str) else given


def _written(given: Any) -> Any:
    """Return an option that was given as a number as it is written."""
    return str(given) if isinstance(given, int | float) and not isinstance(given, bool) else given


def _within(most: int) -> BeforeValidator:
    """Take a text that is longer as far as *most* characters, and null as none."""
    return BeforeValidator(lambda given: given[:most] if isinstance(given, str) else "" if given is None else given)


def _cited(given: Any) -> Any:
    """Return those of the ids named that can be ids; one id may stand without a list."""
    named = given if isinstance(given, list | tuple) else [given]
    return [one for one in named if isinstance(one, str) and 0 < len(one.strip()) <= _LONGEST_ID][:_MOST_CITED]


def _stated(given: Any, read: Callable[[Any], Any]) -> Any:
    """Return probabilities, also where options are names of fields; none at all where they can't be read."""
    if isinstance(given, dict):
        given = [{"option": option, "probability": probability} for option, probability in given.items()]
    try:
        return read(given or ())
    except ValidationError:
        return ()


class Output(Model):
    """What a model answers with; fields beyond those asked for are left out."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


Word = BeforeValidator(_word)
Sentence = Annotated[str, BeforeValidator(_single_spaced), Field(min_length=1, max_length=400)]
Name = Annotated[str, BeforeValidator(_single_spaced), Field(min_length=1, max_length=80)]
Explanation = Annotated[str, Field(max_length=1_000), _within(1_000)]
Comment = Annotated[str, Field(max_length=600), _within(600)]
Citation = Annotated[str, BeforeValidator(_word), Field(min_length=1, max_length=_LONGEST_ID)]
Cited = Annotated[tuple[Citation, ...], Field(max_length=_MOST_CITED), BeforeValidator(_cited)]
Option = Annotated[str, BeforeValidator(_written), Field(max_length=2_000)]


class QuotedItem(Output):
    """A history item that supports a fact, and the words of it that do."""

    id: Citation = Field(description="Id of the item, such as i3.")
    quote: str = Field(
        max_length=600, json_schema_extra={"maxLength": 90}, description="Words copied from that item exactly."
    )
    """A grammar ends a quote early: a small model copies to the end of the text, and more wrongly the longer."""


class DistilledFact(Output):
    """Something the history states of the person."""

    items: tuple[QuotedItem, ...] = Field(min_length=1, max_length=8, description="The items that show it.")
    text: Sentence = Field(description="One short sentence about the person.")
    kind: Annotated[DistilledKind, Word] = Field(description="What the fact is about.")


class Distillation(Output):
    """The facts that a history states."""

    facts: tuple[DistilledFact, ...] = Field(max_length=24)


class _Trait(Output):
    facts: tuple[Citation, ...] = Field(min_length=1, max_length=12, description="Ids of what shows it, such as f2.")
    text: Sentence = Field(description="One short sentence about the person.")
    weight: float = Field(ge=0, le=1, description="How clearly they hold it, 0 to 1.")


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


class Induction(Output):
    """What can be inferred of the person."""

    traits: tuple[Trait, ...] = Field(max_length=24)


class OptionProbability(Output):
    """How probable one of the options is."""

    option: Option = Field(description="One of the options, copied exactly.")
    probability: float = Field(ge=0, le=100, description="0 to 1.")


class PredictedAnswer(Output):
    """How the person would answer."""

    answer: Option = Field(description="One of the options, copied exactly.")
    probabilities: Annotated[tuple[OptionProbability, ...], WrapValidator(_stated)] = Field(
        default=(), json_schema_extra={"maxItems": 100}, description="Every option with its probability; sum 1."
    )
    explanation: Explanation = Field(default="", description="One or two sentences.")
    evidence: Cited = Field(default=(), description="Ids of the items that it rests on.")


class ChosenLetter(Output):
    """The option that the person would choose."""

    answer: str = Field(max_length=8, description="The option's letter.")


class Reaction(Output):
    """How the person would react to a post."""

    polarity: Annotated[Polarity, Word]
    intensity: int = Field(ge=0, le=3, description="0 none to 3 strong; 0 when neutral.")
    comment: Comment = Field(description="What they would write.")
    explanation: Explanation = Field(default="", description="One or two sentences.")
    evidence: Cited = Field(default=(), description="Ids of the items that it rests on.")

    @field_validator("intensity", mode="before")
    @classmethod
    def _whole(cls, given: Any) -> Any:
        return int(given) if isinstance(given, float) and given.is_integer() else given


class Verdict(Output):
    """Whether the sources of a fact show it."""

    verdict: Annotated[VerdictName, BeforeValidator(_plain)]


class ReadStance(Output):
    """What somebody says who chooses an option."""

    option: str = Field(max_length=8, description="The option's id, such as o1.")
    stance: str = Field(max_length=200, description="At most 8 words.")


class ReadLabel(Output):
    """A short name of a question, and what its options stand for."""

    label: str = Field(max_length=200, description="2 to 6 words.")
    kind: Annotated[QuestionContent, BeforeValidator(_plain)]
    stances: tuple[ReadStance, ...] = Field(json_schema_extra={"maxItems": 200})


class SortedStance(Output):
    """The option that a stance stands for."""

    stance: str = Field(max_length=8, description="The statement's id, such as s1.")
    option: str = Field(max_length=8, description="The answer's id, such as o1.")


class SortedStances(Output):
    """Which option each stance stands for."""

    pairs: tuple[SortedStance, ...] = Field(json_schema_extra={"maxItems": 200})
