"""Validation folds: parts of the history that are held out to choose settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from persona_db.evals.answers import AnswerMatrix, Answers, Cells

__all__ = ["ValidationFold", "cold_start_fold", "validation_folds"]

SHARE = 10
"""A fold holds out a tenth of each user's answers."""


@dataclass(frozen=True, eq=False)
class ValidationFold:
    """A history without some of its answers, and the answers to predict."""

    answers: AnswerMatrix
    tests: Cells
    truth: Answers


def validation_folds(
    answers: AnswerMatrix, *, seed: int, folds: int = 1, most_tests: int | None = None
) -> Iterator[ValidationFold]:
    """Yield *folds* disjoint folds, each holding out a tenth of every user's known answers.

    A user's answers are dealt to the ten shares in a random order, starting at a random share, so that not every user
    with few answers loses one. *most_tests* limits the tests to randomly drawn questions, just enough to reach that
    number: all held-out answers stay out, and fewer of them are predicted.
    """
    if not 1 <= folds <= SHARE:
        raise ValueError(f"folds must be 1 to {SHARE}, not {folds}")
    rng = np.random.default_rng(seed)
    share = np.full(answers.answers.shape, -1, dtype=np.int16)
    for user, known in enumerate(answers.answers >= 0):
        own = rng.permutation(np.flatnonzero(known))
        share[user, own] = (np.arange(len(own)) + rng.integers(SHARE)) % SHARE
    for fold in range(folds):
        held_out = np.argwhere(share == fold)
        tests = held_out if most_tests is None else _of_some_questions(held_out, most=most_tests, rng=rng)
        yield ValidationFold(
            answers=answers.without(held_out), tests=tests, truth=answers.answers[tests[:, 0], tests[:, 1]]
        )


def cold_start_fold(
    answers: AnswerMatrix, *, known: int, seed: int, users: int = 200, most_tests: int | None = None
) -> Iterator[ValidationFold]:
    """Yield one fold in which *users* users, drawn among those with more answers, keep *known* of theirs.

    *most_tests* limits how many of the held-out answers are predicted.
    """
    rng = np.random.default_rng(seed)
    more = np.flatnonzero((answers.answers >= 0).sum(axis=1) > known)
    held_out = [np.zeros((0, 2), dtype=np.intp)]
    for user in rng.permutation(more)[:users].tolist():
        own = rng.permutation(np.flatnonzero(answers.answers[user] >= 0))[known:]
        held_out.append(np.column_stack([np.full(len(own), user), own]))
    cells = np.concatenate(held_out)
    tests = cells if most_tests is None else cells[np.sort(rng.permutation(len(cells))[:most_tests])]
    yield ValidationFold(answers=answers.without(cells), tests=tests, truth=answers.answers[tests[:, 0], tests[:, 1]])


def _of_some_questions(cells: Cells, *, most: int, rng: np.random.Generator) -> Cells:
    if len(cells) <= most:
        return cells
    questions, counts = np.unique(cells[:, 1], return_counts=True)
    order = rng.permutation(len(questions))
    enough = int(np.searchsorted(np.cumsum(counts[order]), most)) + 1
    return cells[np.isin(cells[:, 1], questions[order[:enough]])]
