"""Everybody's known answers with their demographics: what the baselines read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.scale import option_ranks
from persona_db.graph.errors import UnknownQuestionError, UnknownUserError
from persona_db.graph.models import HistoryItem, Person, Question
from persona_db.loaders.rows import Quarantine, ignore
from persona_db.loaders.source import Source

__all__ = ["AnswerMatrix", "Answers", "Cells", "Floats", "merged_people"]

Answers = NDArray[np.int16]
Cells = NDArray[np.int64]
"""Row = (user index, question index)."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AnswerMatrix:
    """The answer table of questions with options, and the users' demographics.

    `demographics` is users x values, one column of 0/1 for each value of each attribute.
    """

    table: AnswerTable
    demographics: Floats
    demographic_names: tuple[str, ...]
    cold_start: int | None = None
    """Known answers of the users to be predicted, where they have fewer than others; None where they have as many."""

    def __post_init__(self) -> None:
        shape = (len(self.users), len(self.questions))
        if self.answers.shape != shape:
            raise ValueError(f"answers are {self.answers.shape}, users and questions make {shape}")
        if self.demographics.shape != (len(self.users), len(self.demographic_names)):
            raise ValueError(f"demographics are {self.demographics.shape}, not a row a user and a column a name")
        if bool((self.answers >= self.n_options[None, :]).any()) or bool((self.answers < -1).any()):
            raise ValueError("an answer is no option of its question")

    @classmethod
    def of(cls, questions: Iterable[Question], people: Iterable[Person], items: Iterable[HistoryItem]) -> AnswerMatrix:
        """Return the matrix of *items* that answer a question; it has no free text and no question without options.

        The later of two answers of one user to one question counts.
        """
        closed = {question.id: question for question in questions if question.options}
        persons = merged_people(people)
        row = {person.id: index for index, person in enumerate(persons)}
        column = {question: index for index, question in enumerate(closed)}
        choice = np.full((len(row), len(column)), -1, dtype=np.int16)
        for item in items:
            if item.question is None or item.option is None:
                continue
            if item.user not in row:
                raise UnknownUserError(item.user, dataset="evaluation")
            if item.question not in column:
                raise UnknownQuestionError(item.question, dataset="evaluation")
            choice[row[item.user], column[item.question]] = item.option
        demographics, names = _one_hot(persons)
        return cls(AnswerTable(tuple(row), tuple(closed.values()), choice), demographics, names)

    @classmethod
    def of_source(cls, source: Source, quarantine: Quarantine = ignore) -> AnswerMatrix:
        """Return the matrix of what *source* lets be read: only its history where it has a split."""
        questions: list[Question] = []
        people: list[Person] = []
        items: list[HistoryItem] = []
        for record in source.read(quarantine):
            if isinstance(record, Question):
                questions.append(record)
            elif isinstance(record, Person):
                people.append(record)
            elif isinstance(record, HistoryItem):
                items.append(record)
        return cls.of(questions, people, items)

    @property
    def users(self) -> tuple[str, ...]:
        return self.table.users

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """The questions' ids."""
        return tuple(question.id for question in self.table.questions)

    @property
    def answers(self) -> Answers:
        """Users x questions: the index of the option chosen, -1 where it is not known."""
        return self.table.choice

    @cached_property
    def n_options(self) -> NDArray[np.intp]:
        return np.array([len(question.options) for question in self.table.questions], dtype=np.intp)

    @cached_property
    def ranks(self) -> Floats:
        """Questions x options: each option's rank on its scale, 0 to 1; NaN off the scale or beyond the options."""
        ranks = np.full((len(self.questions), max(self.n_options, default=0)), np.nan)
        for row, question in zip(ranks, self.table.questions, strict=True):
            row[: len(question.options)] = [np.nan if rank is None else rank for rank in option_ranks(question)]
        return ranks

    @property
    def width(self) -> int:
        """The largest number of options of a question: the columns of a prediction."""
        return int(self.ranks.shape[1])

    @property
    def offered(self) -> NDArray[np.bool_]:
        """Return questions x options: True where the question has that option."""
        return np.arange(self.width)[None, :] < self.n_options[:, None]

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Return the questions that nobody answered."""
        return tuple(np.array(self.questions, dtype=object)[~(self.answers >= 0).any(axis=0)])

    def cells(self, pairs: Sequence[tuple[str, str]]) -> Cells:
        """Return the (user, question) indices of *pairs* of ids."""
        row = {user: index for index, user in enumerate(self.users)}
        column = {question: index for index, question in enumerate(self.questions)}
        found = np.empty((len(pairs), 2), dtype=np.int64)
        for index, (user, question) in enumerate(pairs):
            if user not in row:
                raise UnknownUserError(user, dataset="evaluation")
            if question not in column:
                raise UnknownQuestionError(question, dataset="evaluation")
            found[index] = row[user], column[question]
        return found

    def without(self, cells: Cells) -> AnswerMatrix:
        """Return the matrix with the answers at *cells* not known."""
        return replace(self, table=self.table.without(cells))


def merged_people(people: Iterable[Person]) -> list[Person]:
    """Return each person once, with the name and attributes of all their records; the later of two values holds."""
    merged: dict[str, Person] = {}
    for person in people:
        before = merged.get(person.id)
        if before is not None:
            both = {"name": person.name or before.name, "attributes": {**before.attributes, **person.attributes}}
            person = person.model_copy(update=both)  # noqa: PLW2901
        merged[person.id] = person
    return list(merged.values())


def _one_hot(people: Sequence[Person]) -> tuple[Floats, tuple[str, ...]]:
    names = sorted({f"{name}={value}" for person in people for name, value in person.attributes.items() if value})
    column = {name: index for index, name in enumerate(names)}
    table = np.zeros((len(people), len(names)))
    for row, person in enumerate(people):
        for name, value in person.attributes.items():
            if value:
                table[row, column[f"{name}={value}"]] = 1.0
    return table, tuple(names)
