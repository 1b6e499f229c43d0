"""What a Fit is learned from: everybody's answers and attributes, and the vectors of questions, options and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.fit.scale import Scale
from persona_db.graph.models import Question

__all__ = ["AnswerTable", "Signals", "Wording"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Signals:
    """What a Fit is learned from.

    `statements` has the text of an answer, where everybody words it alike. `terms` says how
    clearly each person's texts speak for each term (people x vocabulary), 0 where they do not; None where nobody's do.
    """

    table: AnswerTable
    attributes: tuple[tuple[str, ...], ...]
    wording: Wording | None
    statements: Mapping[tuple[str, int], str]
    terms: Floats | None = None

    def on_questions(self, questions: tuple[Question, ...]) -> Signals:
        """Return the same over *questions* alone, in their order; texts beside them are left out."""
        column = {question.id: index for index, question in enumerate(self.table.questions)}
        columns = [column[question.id] for question in questions]
        table = AnswerTable(self.table.users, questions, self.table.choice[:, columns])
        wording = None if self.wording is None else self.wording.of(columns)
        return Signals(table, self.attributes, wording, self.statements)


@dataclass(frozen=True)
class AnswerTable:
    """Everybody's answers: `choice[user, question]` is the index of an option, -1 without an answer."""

    users: tuple[str, ...]
    questions: tuple[Question, ...]
    choice: NDArray[np.int16]

    def without(self, cells: NDArray[np.int64]) -> AnswerTable:
        """The same table with the (user, question) pairs of *cells* unanswered."""
        choice = self.choice.copy()
        choice[cells[:, 0], cells[:, 1]] = -1
        return AnswerTable(self.users, self.questions, choice)


@dataclass(frozen=True)
class Wording:
    """The vectors of questions (unit rows) and of their options (for each question unit rows)."""

    questions: Floats
    options: tuple[Floats, ...] | None = None

    def of(self, columns: Sequence[int]) -> Wording:
        """Return the vectors of the questions of *columns*, in that order."""
        options = None if self.options is None else tuple(self.options[column] for column in columns)
        return Wording(self.questions[list(columns)], options)

    def directions(self, scales: Sequence[Scale]) -> Floats:
        """Return the direction in which options' texts change from low to high: unit rows, 0 where it is unknown.

        It is the covariance of an option's value and vector over the base rates.
        """
        rows = np.zeros_like(self.questions)
        for row, scale, options in zip(rows, scales, self.options or (), strict=False):
            row[:] = (np.nan_to_num(scale.values) * scale.rates) @ options
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
