"""What a report says where there is too little to tell arms apart."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from persona_db.evals.items import Outcome, RunHeader, TestItem, outcome_of
from persona_db.evals.report import Report, report_of
from persona_db.evals.small_samples import FEW_QUESTIONS, FEW_USERS, small_sample_warnings
from persona_db.evals.table import show


def outcomes(arm: str, *, users: int, questions: int) -> list[Outcome]:
    """Everybody is asked everything; about every other prediction is right."""
    items = [
        TestItem(user=f"u{u}", question=f"q{q}", option=(u + q) % 2) for u in range(users) for q in range(questions)
    ]
    return [outcome_of(arm, item, [0.6, 0.4]) for item in items]


def report(*, users: int, questions: int, unanswered: tuple[str, ...] = ()) -> Report:
    header = RunHeader(
        dataset="d", split="s", command="persona-db evaluate", seed=0, unanswered=unanswered,
        ranks={f"q{q}": (0.0, 1.0) for q in range(questions)},
    )  # fmt: skip
    return report_of(header, {"a": outcomes("a", users=users, questions=questions)}, draws=50)


def shown(made: Report) -> str:
    out = io.StringIO()
    show(made, Console(file=out, width=200))
    return out.getvalue()


def test_enough_users_and_questions_need_no_note() -> None:
    """Intervals are over users alone, and nothing is said."""
    made = report(users=FEW_USERS, questions=FEW_QUESTIONS)
    assert (made.warnings, made.questions, made.settings["resampled"]) == ((), FEW_QUESTIONS, "users")
    assert "Note" not in shown(made)


def test_few_questions_are_said_to_be_too_few() -> None:
    """In the object and below the table; intervals are over questions as well, and wider for it."""
    made = report(users=FEW_USERS, questions=6)
    [note] = made.warnings
    assert note.startswith("6 questions asked, fewer than 10: too few to tell arms apart.")
    assert (made.settings["resampled"], made.questions) == ("users and questions", 6)
    assert f"Note: {note}" in shown(made)
    over_users = report_of(
        RunHeader(dataset="d", split="s", command="c", seed=0, ranks={f"q{q}": (0.0, 1.0) for q in range(6)}),
        {"a": outcomes("a", users=FEW_USERS, questions=6)}, draws=50, questions_too=False,
    )  # fmt: skip
    narrow, wide = over_users.arms["a"].ci95["accuracy"], made.arms["a"].ci95["accuracy"]
    assert narrow is not None
    assert wide is not None
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_few_users_are_said_to_be_too_few() -> None:
    """Intervals stay those over users."""
    made = report(users=FEW_USERS - 1, questions=FEW_QUESTIONS)
    assert [note.split(":")[0] for note in made.warnings] == ["29 users asked, fewer than 30"]
    assert made.settings["resampled"] == "users"


@pytest.mark.parametrize(("unanswered", "new"), [(("q3", "q4"), 2), (("elsewhere",), 0)])
def test_new_questions_are_named_and_drawn(unanswered: tuple[str, ...], new: int) -> None:
    """Only those among the tests; of others that nobody answered nothing is said."""
    made = report(users=FEW_USERS, questions=12, unanswered=unanswered)
    assert made.settings["resampled"] == ("users and questions" if new else "users")
    expected = [f"{new} of 12 questions asked had no answer in the history"] if new else []
    assert [note.split(":")[0] for note in made.warnings] == expected


def test_one_is_not_many() -> None:
    """A single question and a single user."""
    notes = small_sample_warnings(outcomes("a", users=1, questions=1), unanswered=())
    assert [note.split(" asked")[0] for note in notes] == ["1 question", "1 user"]
