"""Baselines that know nothing of the person: others' answers, and the most frequent one."""

from __future__ import annotations

from persona_db.evals.answers import AnswerMatrix, Cells
from persona_db.evals.baselines.baseline import BaselinePrediction
from persona_db.evals.baselines.features import base_rates, hot

__all__ = ["majority", "marginal"]


def marginal(answers: AnswerMatrix, tests: Cells, *, seed: int) -> BaselinePrediction:  # noqa: ARG001  (nothing is drawn)
    """Predict what others answered to the same question, with one answer added for each option (Laplace)."""
    return BaselinePrediction(base_rates(answers)[tests[:, 1]], {"smoothing": 1.0})


def majority(answers: AnswerMatrix, tests: Cells, *, seed: int) -> BaselinePrediction:  # noqa: ARG001  (nothing is drawn)
    """Predict others' most frequent answer with certainty; the first of equals."""
    rates = base_rates(answers)[tests[:, 1]]
    return BaselinePrediction(hot(rates.argmax(axis=1), answers.width), {})
