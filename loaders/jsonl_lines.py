"""The lines of persona-db's own format, each a model, and how a line becomes one (docs/loaders.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import from_json

from persona_db.graph.names import OptionDirection, QuestionContent, QuestionKind
from persona_db.loaders.dates import iso_date
from persona_db.loaders.rows import Id, Storable, Text, composed, shown, storable

__all__ = ["ItemLine", "QuestionLine", "UserLine", "json_object", "line_of", "written_user"]

Date = Annotated[str, AfterValidator(iso_date)]


def _attribute(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ItemLine(_Line):
    """An item of a user: free text, or the answer to a question."""

    type: Literal["item"] = "item"
    user: Id
    text: Text | None = Field(
        default=None, description="The statement, readable by itself; made from question and option unless given."
    )
    id: Id | None = Field(
        default=None,
        description="Unique among the user's items; made from the rest of the line unless given.",
    )
    question: Id | None = Field(default=None, description="Id of the question it answers.")
    option: object = Field(
        default=None,
        description="The answer: an option's text, or its index from 0; a list of them where several may be ticked; "
        "null for none.",
    )
    at: Date = Field(default="", description="ISO 8601 date or time; empty means known from the start.")

    @model_validator(mode="after")
    def _says_something(self) -> ItemLine:
        if self.option is not None and self.question is None:
            raise ValueError("an option needs its question")
        if self.text is None and self.option is None and "option" not in self.model_fields_set:
            raise ValueError("needs text, or a question and an option")
        if self.text is None and self.question is None:
            raise ValueError("needs text, or a question and an option")
        return self


class QuestionLine(_Line):
    """A question; its line comes before those of its answers."""

    type: Literal["question"]
    id: Id
    text: Text
    options: tuple[Annotated[Text, AfterValidator(composed)], ...] = Field(default=(), description="In order.")
    ordinal: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, ...] | None = Field(
        default=None,
        description="Place of each option on a scale from 0 up, null for one off it; no scale unless given.",
    )
    several: bool | None = Field(
        default=None,
        description="Whether several options may be ticked: each becomes a yes/no question. Unless given, read from "
        "the text ('tick all that apply').",
    )
    kind: QuestionKind = "survey"
    label: Annotated[Storable, Field(max_length=200)] = Field(default="", description="Short name, 2 to 6 words.")
    stances: tuple[Storable, ...] = Field(
        default=(), description="What each option stands for, readable alone; '' for `label: option`."
    )
    directions: tuple[OptionDirection, ...] = Field(
        default=(), description="Where each option stands: for, against, middle or none; '' leaves it to its words."
    )
    content: QuestionContent | None = Field(default=None, description="Only opinions and behaviour become values.")
    at: Date = ""

    @model_validator(mode="after")
    def _options_differ(self) -> QuestionLine:
        if len(set(self.options)) < len(self.options):
            raise ValueError("options: the same option twice")
        if self.stances and len(self.stances) != len(self.options):
            raise ValueError(f"stances: {len(self.stances)} for {len(self.options)} options")
        if self.directions and len(self.directions) != len(self.options):
            raise ValueError(f"directions: {len(self.directions)} for {len(self.options)} options")
        if self.several and self.ordinal:
            raise ValueError("several: options that can be ticked together have no places on one scale")
        return self


class UserLine(_Line):
    """A user's name and attributes."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    type: Literal["user"]
    id: Annotated[Id, Field(strict=True)]
    name: Annotated[str, Field(max_length=10_000), AfterValidator(storable)] = ""
    attributes: dict[Text, Annotated[Storable, BeforeValidator(_attribute)]] = Field(
        default_factory=dict, description="Name -> value; they become cache keys. null is not known."
    )

    @model_validator(mode="after")
    def _names_can_be_stored(self) -> UserLine:
        if any("=" in name for name in self.attributes):
            raise ValueError("attributes: a name must not hold '='")
        return self


_LINES: Mapping[object, type[ItemLine | QuestionLine | UserLine]] = {
    "item": ItemLine,
    "question": QuestionLine,
    "user": UserLine,
}


def json_object(text: str) -> dict[str, object]:
    """Return the JSON object of a line; ValueError says why there is none."""
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return value


def line_of(value: Mapping[str, object]) -> ItemLine | QuestionLine | UserLine:
    """Return the line's model; a field that is null is not given. ValueError says why there is none."""
    kind = value.get("type") or "item"
    model = _LINES.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise ValueError(f"type is {shown(kind)}, not item, question or user")
    given = {name: field for name, field in value.items() if field is not None or name == "option"}
    attributes = given.get("attributes")
    if isinstance(attributes, dict):
        given["attributes"] = {name: field for name, field in attributes.items() if field is not None}
    return model.model_validate(given)


def written_user(value: Mapping[str, object]) -> object:
    """Return the id of the user whom a line is about, as it is written."""
    return value.get("id") if value.get("type") == "user" else value.get("user")
