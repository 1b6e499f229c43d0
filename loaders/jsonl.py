"""persona-db's own format: one JSON object a line, an item, a question or a user (docs/loaders.md)."""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)
from pydantic_core import from_json

from persona_db.graph.errors import LoadError
from persona_db.graph.ids import derived_item_key, item_id
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow, Question
from persona_db.graph.names import Keep, QuestionContent, QuestionKind
from persona_db.loaders.dates import iso_date
from persona_db.loaders.lines import check_file, numbered_lines
from persona_db.loaders.rows import Id, Quarantine, Storable, Text, ignore, normalised, reason_of, shown, storable
from persona_db.loaders.source import Counts, HeldOut, Record, Source
from persona_db.loaders.split import Part, Split
from persona_db.loaders.tabular.open import ENDINGS

__all__ = ["ItemLine", "JsonlSource", "QuestionLine", "UserLine"]

_LOOKED_AT = 20
"""Lines that are checked to see whether a file has JSON lines at all."""

Date = Annotated[str, AfterValidator(iso_date)]


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
    option: StrictStr | StrictInt | None = Field(
        default=None, description="The answer: an option's text, or its index from 0."
    )
    at: Date = Field(default="", description="ISO 8601 date or time; empty means known from the start.")

    @model_validator(mode="after")
    def _says_something(self) -> ItemLine:
        if self.option is not None and self.question is None:
            raise ValueError("an option needs its question")
        if self.text is None and self.option is None:
            raise ValueError("needs text, or a question and an option")
        return self


class QuestionLine(_Line):
    """A question; its line comes before those of its answers."""

    type: Literal["question"]
    id: Id
    text: Text
    options: tuple[Text, ...] = Field(default=(), description="In order.")
    ordinal: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)] | None, ...] | None = Field(
        default=None,
        description="Place of each option on a scale from 0 up, null for one off it; no scale unless given.",
    )
    kind: QuestionKind = "survey"
    label: Annotated[Storable, Field(max_length=200)] = Field(default="", description="Short name, 2 to 6 words.")
    stances: tuple[Storable, ...] = Field(
        default=(), description="What each option stands for, readable alone; '' for `label: option`."
    )
    content: QuestionContent | None = Field(default=None, description="Only opinions and behaviour become values.")
    at: Date = ""

    @model_validator(mode="after")
    def _options_differ(self) -> QuestionLine:
        if len(set(self.options)) < len(self.options):
            raise ValueError("options: the same option twice")
        if self.stances and len(self.stances) != len(self.options):
            raise ValueError(f"stances: {len(self.stances)} for {len(self.options)} options")
        return self


class UserLine(_Line):
    """A user's name and attributes."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    type: Literal["user"]
    id: Annotated[Id, Field(strict=True)]
    name: Annotated[str, Field(max_length=10_000), AfterValidator(storable)] = ""
    attributes: dict[Text, Storable] = Field(default_factory=dict, description="Name -> value; they become cache keys.")

    @model_validator(mode="after")
    def _names_can_be_stored(self) -> UserLine:
        if any("=" in name for name in self.attributes):
            raise ValueError("attributes: a name must not hold '='")
        return self


_LINES: dict[object, type[ItemLine | QuestionLine | UserLine]] = {
    "item": ItemLine,
    "question": QuestionLine,
    "user": UserLine,
}


class _Answer(NamedTuple):
    """An item with its mark in the split."""

    item: HistoryItem
    part: Part | None


class JsonlSource(Source):
    """Items, questions and users from JSON-lines files, read in their order; '-' is standard input."""

    name = "jsonl"

    def __init__(self, paths: Sequence[Path], *, split: Split | None = None, keep: Keep = "history") -> None:
        self._files = [self._file(path) for path in paths]
        self._split = split
        self._keep = keep
        self._stored: dict[str, Question] = {}
        self.counts = Counts()

    def know(self, questions: Iterable[Question]) -> None:
        """Let items answer these questions too, which the dataset already has."""
        self._stored = {question.id: question for question in questions}

    def read(self, quarantine: Quarantine) -> Iterator[Record]:
        """Yield the records of the lines in their order, each user before their first item."""
        self.counts = counts = Counts()
        split = self._split if self._keep == "history" else None
        self._check()
        held_out = self._held_out_texts(split) if split is not None else frozenset()
        for record in self._records(quarantine):
            if not isinstance(record, _Answer):
                yield record
                continue
            item, part = record
            if split is not None:
                if item.question is None:
                    if (item.user, normalised(item.text)) in held_out:
                        counts.skipped_test += 1
                        continue
                elif not counts.keeps(part):
                    continue
            yield item

    def test_answers(self, quarantine: Quarantine = ignore) -> Iterator[HeldOut]:
        """Yield the answers that the split marks `test`."""
        self._check()
        for record in self._records(quarantine):
            if isinstance(record, _Answer) and record.part == "test":
                item = record.item
                if item.question is not None and item.option is not None:
                    yield HeldOut(item.user, item.question, item.option, item.at)

    def _held_out_texts(self, split: Split) -> frozenset[tuple[str, str]]:
        """Return (user, text) of the held-out answers: the same text as a free item would give the answer away."""
        texts = set()
        answered = set()
        for record in self._records(ignore):
            if isinstance(record, _Answer) and record.item.question is not None:
                answered.add(record.item.question)
                if record.part == "test":
                    texts.add((record.item.user, normalised(record.item.text)))
        split.check_questions(answered, source=", ".join(name for name, _ in self._files))
        return frozenset(texts)

    def _records(self, quarantine: Quarantine) -> Iterator[Question | Person | _Answer]:
        questions: dict[str, Question] = {}
        people: dict[str, Person] = {}
        seen: set[str] = set()
        for name, path in self._files:
            for number, text, problem in numbered_lines(path, name=name):
                if not problem and not text.strip():
                    continue
                try:
                    if problem:
                        raise ValueError(problem)
                    line = _parse(text)
                    if isinstance(line, QuestionLine):
                        question = self._question(line, questions)
                        if question is not None:
                            yield question
                        continue
                    if isinstance(line, UserLine):
                        person = Person(id=line.id, name=line.name, attributes=line.attributes)
                        before = people.setdefault(person.id, person)
                        if before is person:
                            seen.add(person.id)
                            yield person
                        elif before != person:
                            raise ValueError(f"user {shown(person.id)} was described otherwise before; that is kept")
                        continue
                    answer = self._answer(line, questions)
                except ValidationError as error:
                    quarantine(QuarantinedRow(source=name, row=number, reason=reason_of(error)))
                    continue
                except ValueError as error:
                    quarantine(QuarantinedRow(source=name, row=number, reason=str(error)))
                    continue
                if line.user not in seen:
                    seen.add(line.user)
                    yield Person(id=line.user)
                yield answer

    def _question(self, line: QuestionLine, questions: dict[str, Question]) -> Question | None:
        """Return the question of a line, None when it is known; ValueError when it differs from the known one."""
        question = Question(
            id=line.id,
            text=line.text,
            options=line.options,
            ordinal=line.ordinal or (),
            kind=line.kind,
            label=line.label,
            stances=line.stances,
            content=line.content,
            at=line.at,
        )
        before = questions.get(line.id) or self._stored.get(line.id)
        if before is not None and _unlabelled(before) != _unlabelled(question):
            raise ValueError(f"question {shown(line.id)} is known with another text, options or date; that is kept")
        questions[line.id] = question
        return question if before is None else None

    def _answer(self, line: ItemLine, questions: dict[str, Question]) -> _Answer:
        option: int | None = None
        text = line.text
        part: Part | None = None
        if line.question is not None:
            question = questions.get(line.question) or self._stored.get(line.question)
            if question is None:
                raise ValueError(f"no question {shown(line.question)}; its line must come before its answers")
            option = _option(line.option, question)
            if text is None and option is not None:
                text = f'Asked "{question.text}", answered "{question.options[option]}"'
            part = self._split.part(line.user, question.id) if self._split is not None else None
        if text is None:
            raise ValueError("needs text, or a question and an option")
        key = line.id if line.id is not None else derived_item_key(line.user, line.question, text, line.at)
        item = HistoryItem(
            id=item_id(line.user, key), user=line.user, text=text, question=line.question, option=option, at=line.at
        )
        return _Answer(item, part)

    def _file(self, path: Path) -> tuple[str, Path]:
        if str(path) != "-":
            return str(path), path
        spool = tempfile.NamedTemporaryFile(prefix="persona-db-", suffix=".jsonl")  # noqa: SIM115 - lives as long as we
        weakref.finalize(self, spool.close)
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        return "stdin", Path(spool.name)

    def _check(self) -> None:
        """Raise LoadError where a file cannot be read, or none of its first lines is a JSON object."""
        for name, path in self._files:
            check_file(path, name=name)
            lines = (line for line in numbered_lines(path, name=name) if line.problem or line.text.strip())
            reasons = []
            for line in islice(lines, _LOOKED_AT):
                try:
                    if not line.problem and isinstance(from_json(line.text), dict):
                        break
                    reasons.append((line.number, line.problem or "is no JSON object"))
                except ValueError as error:
                    reasons.append((line.number, f"is no JSON: {error}"))
            else:
                number, reason = reasons[0]
                remedy = "each line must be a JSON object (docs/loaders.md)"
                if path.suffix.lower() in ENDINGS:
                    remedy = f"a table is loaded with `persona-db load table {name}`"
                raise LoadError(f"{reason}; {remedy}", source=name, row=number)


def _unlabelled(question: Question) -> Question:
    """Return the question without what it is called, which may change."""
    return question.model_copy(update={"label": "", "stances": (), "content": None})


def _parse(text: str) -> ItemLine | QuestionLine | UserLine:
    """Return the line's model; ValueError says why there is none."""
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise ValueError(f"is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    kind = value.get("type", "item")
    model = _LINES.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise ValueError(f"type is {shown(kind)}, not item, question or user")
    return model.model_validate(value)


def _option(given: str | int | None, question: Question) -> int | None:
    if given is None:
        return None
    if isinstance(given, int):
        if not 0 <= given < len(question.options):
            raise ValueError(f"question {shown(question.id)} has options 0 to {len(question.options) - 1}, not {given}")
        return given
    if given not in question.options:
        raise ValueError(f"{shown(given)} is no option of {shown(question.id)}")
    return question.options.index(given)
