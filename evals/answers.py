"""Who answered what, as one matrix: what the peers read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from persona_db.evals.scale import option_ranks
from persona_db.graph.errors import UnknownQuestionError, UnknownUserError
from persona_db.graph.models import HistoryItem, Person, Question
from persona_db.loaders.rows import Quarantine, ignore
from persona_db.loaders.source import Source

__all__ = ["AnswerMatrix", "Answers", "Cells", "Floats", "merged_people"]

Answers = NDArray[np.int16]
Cells = NDArray[np.intp]
"""Row = (user index, question index)."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AnswerMatrix:
    """The known answers of everybody, with the questions' scales and the users' demographics.

    `answers` is users x questions: the index of the option chosen, -1 where not known.
    `ranks` is questions x options: each option's place on its scale as 0..1, NaN off the scale or beyond the options.
    `demographics` is users x values, one column of 0/1 for each value of each attribute.
    """

    users: tuple[str, ...]
    questions: tuple[str, ...]
    answers: Answers
    n_options: NDArray[np.intp]
    ranks: Floats
    demographics: Floats
    demographic_names: tuple[str, ...]
    cold: int | None = None
    """Known answers of the users to be predicted, where that is fewer than others have; None where it is as many."""

    def __post_init__(self) -> None:
        shape = (len(self.users), len(self.questions))
        if self.answers.shape != shape:
            raise ValueError(f"answers are {self.answers.shape}, users and questions make {shape}")
        if self.demographics.shape != (len(self.users), len(self.demographic_names)):
            raise ValueError(f"demographics are {self.demographics.shape}, not a row a user and a column a name")
        if self.n_options.shape != (len(self.questions),) or len(self.ranks) != len(self.questions):
            raise ValueError("every question needs its number of options and their ranks")
        if bool((self.answers >= self.n_options[None, :]).any()) or bool((self.answers < -1).any()):
            raise ValueError("an answer is no option of its question")

    @classmethod
    def of(cls, questions: Iterable[Question], people: Iterable[Person], items: Iterable[HistoryItem]) -> AnswerMatrix:
        """Return the matrix of *items* that answer a question; free text is passed over.

        Of two answers of one user to one question the later item counts. Questions without options are left out.
        """
        asked = [question for question in questions if question.options]
        persons = merged_people(people)
        row = {person.id: index for index, person in enumerate(persons)}
        column = {question.id: index for index, question in enumerate(asked)}
        answers = np.full((len(row), len(column)), -1, dtype=np.int16)
        for item in items:
            if item.question is None or item.option is None:
                continue
            if item.user not in row:
                raise UnknownUserError(item.user, dataset="evaluation")
            if item.question not in column:
                raise UnknownQuestionError(item.question, dataset="evaluation")
            answers[row[item.user], column[item.question]] = item.option
        demographics, names = _one_hot(persons)
        widest = max((len(question.options) for question in asked), default=0)
        ranks = np.full((len(asked), widest), np.nan)
        for index, question in enumerate(asked):
            ranks[index, : len(question.options)] = [
                np.nan if rank is None else rank for rank in option_ranks(question)
            ]
        return cls(
            users=tuple(row),
            questions=tuple(column),
            answers=answers,
            n_options=np.array([len(question.options) for question in asked], dtype=np.intp),
            ranks=ranks,
            demographics=demographics,
            demographic_names=names,
        )

    @classmethod
    def of_source(cls, source: Source, quarantine: Quarantine = ignore) -> AnswerMatrix:
        """Return the matrix of what *source* lets be read: with a split, its history alone."""
        questions: list[Question] = []
        people: list[Person] = []
        items: list[HistoryItem] = []
        for record in source.read(quarantine):
            if isinstance(record, Question):
                questions.append(record)
            elif isinstance(record, Person):
                people.append(record)
            else:
                items.append(record)
        return cls.of(questions, people, items)

    @property
    def width(self) -> int:
        """The most options that a question has: the columns of a prediction."""
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
        found = np.empty((len(pairs), 2), dtype=np.intp)
        for index, (user, question) in enumerate(pairs):
            if user not in row:
                raise UnknownUserError(user, dataset="evaluation")
            if question not in column:
                raise UnknownQuestionError(question, dataset="evaluation")
            found[index] = row[user], column[question]
        return found

    def without(self, cells: Cells) -> AnswerMatrix:
        """Return the matrix with the answers at *cells* not known."""
        answers = self.answers.copy()
        answers[cells[:, 0], cells[:, 1]] = -1
        return replace(self, answers=answers)


def merged_people(people: Iterable[Person]) -> list[Person]:
    """Return each person once, with the name and attributes of all their records; of two values the later holds."""
    merged: dict[str, Person] = {}
    for person in people:
        before = merged.get(person.id)
        if before is not None:
            told = {"name": person.name or before.name, "attributes": {**before.attributes, **person.attributes}}
            person = person.model_copy(update=told)  # noqa: PLW2901
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
