"""When there is too little to tell arms apart, and what is then said."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from persona_db.evals.items import Outcome

__all__ = ["FEW_QUESTIONS", "FEW_USERS", "cautions", "draws_questions"]

FEW_QUESTIONS = 10
"""Fewer distinct questions than this say little of others: any one of them can turn the order of the arms."""
FEW_USERS = 30
"""Fewer users than this make intervals that are too narrow."""


def draws_questions(outcomes: Sequence[Outcome], *, unanswered: Collection[str]) -> bool:
    """Whether intervals are over questions as well as users: where few are asked, or one that nobody had answered."""
    asked = {outcome.question for outcome in outcomes}
    return len(asked) < FEW_QUESTIONS or not asked.isdisjoint(unanswered)


def cautions(outcomes: Sequence[Outcome], *, unanswered: Collection[str]) -> tuple[str, ...]:
    """Return what to bear in mind of an arm's *outcomes*, a sentence or two each; *unanswered* are questions."""
    asked, users = {outcome.question for outcome in outcomes}, {outcome.user for outcome in outcomes}
    said = []
    if len(asked) < FEW_QUESTIONS:
        said.append(
            f"{_counted(len(asked), 'question')} asked, fewer than {FEW_QUESTIONS}: too few to tell arms apart. "
            "Intervals are over users and questions, and with so few questions still too narrow."
        )
    if len(users) < FEW_USERS:
        said.append(
            f"{_counted(len(users), 'user')} asked, fewer than {FEW_USERS}: too few to tell arms apart. "
            "Intervals over so few users are too narrow."
        )
    if new := len(asked.intersection(unanswered)):
        said.append(
            f"{new} of {_counted(len(asked), 'question')} asked had no answer in the history: peers that go by answers "
            "to the same question know nothing of them."
        )
    return tuple(said)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
