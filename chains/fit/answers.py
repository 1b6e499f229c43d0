"""Everybody's answers as a table, what questions and options say, and all that a Fit is learned from."""

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
    """What a Fit is made of: everybody's answers and attributes, and how near their texts come to each term.

    `terms` is people x vocabulary, NaN rows for people without free text; None where nobody has any.
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
    """Who answered what: `choice[user, question]` is an option's index, -1 where there is no answer."""

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
    """What questions and their options say: unit vectors, a row a question, and for each of them a row an option."""

    questions: Floats
    options: tuple[Floats, ...] | None = None

    def of(self, places: Sequence[int]) -> Wording:
        """Return that of some questions, in the order of *places*."""
        options = None if self.options is None else tuple(self.options[place] for place in places)
        return Wording(self.questions[list(places)], options)

    def directions(self, scales: Sequence[Scale]) -> Floats:
        """Return what an answer says more of the higher it is: unit rows, 0 where that cannot be told.

        It is the covariance of place and option text over the base rates.
        """
        rows = np.zeros_like(self.questions)
        for row, scale, options in zip(rows, scales, self.options or (), strict=False):
            row[:] = (np.nan_to_num(scale.values) * scale.rates) @ options
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
