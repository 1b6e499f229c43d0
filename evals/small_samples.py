"""Small-sample warnings: when the tests are too few to compare arms."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from persona_db.evals.items import Outcome

__all__ = ["FEW_QUESTIONS", "FEW_USERS", "draws_questions", "small_sample_warnings"]

FEW_QUESTIONS = 10
"""Results on fewer distinct questions than this say little about other questions: any one can reverse the arms."""
FEW_USERS = 30
"""Intervals over fewer users than this are too narrow."""


def draws_questions(outcomes: Sequence[Outcome], *, unanswered: Collection[str]) -> bool:
    """Return whether intervals resample questions too: there are few, or nobody had answered one of them."""
    asked = {outcome.question for outcome in outcomes}
    return len(asked) < FEW_QUESTIONS or not asked.isdisjoint(unanswered)


def small_sample_warnings(outcomes: Sequence[Outcome], *, unanswered: Collection[str]) -> tuple[str, ...]:
    """Return the warnings about an arm's *outcomes*, a sentence or two each; *unanswered* are ids of questions."""
    asked, users = {outcome.question for outcome in outcomes}, {outcome.user for outcome in outcomes}
    warnings = []
    if len(asked) < FEW_QUESTIONS:
        warnings.append(
            f"{_counted(len(asked), 'question')} asked, fewer than {FEW_QUESTIONS}: too few to tell arms apart. "
            "Intervals are over users and questions, and with so few questions still too narrow."
        )
    if len(users) < FEW_USERS:
        warnings.append(
            f"{_counted(len(users), 'user')} asked, fewer than {FEW_USERS}: too few to tell arms apart. "
            "Intervals over so few users are too narrow."
        )
    if new := len(asked.intersection(unanswered)):
        warnings.append(
            f"{new} of {_counted(len(asked), 'question')} asked had no answer in the history: baselines that "
            "use answers to the same question know nothing of them."
        )
    return tuple(warnings)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
