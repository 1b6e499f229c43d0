"""The matrix of answers holds what people, questions and items say, on each question's scale."""

from __future__ import annotations

import numpy as np
import pytest

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.scale import option_ranks
from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.folds import validation_folds
from persona_db.graph.errors import UnknownQuestionError, UnknownUserError
from persona_db.graph.models import HistoryItem, Person, Question

QUESTIONS = [
    Question(id="often", text="How often?", options=("never", "daily", "weekly", "no idea"), ordinal=(0, 9, 4, None)),
    Question(id="colour", text="Which?", options=("red", "blue")),
    Question(id="essay", text="Tell us."),
]
PEOPLE = [
    Person(id="b", attributes={"PARTY": "D", "AGE": "old"}),
    Person(id="a", attributes={"PARTY": "R"}),
    Person(id="b"),
    Person(id="c"),
]


def item(user: str, question: str | None, option: int | None) -> HistoryItem:
    return HistoryItem(id=f"{user}/{question}", user=user, text="so", question=question, option=option)


def matrix(users: int = 30, questions: int = 20, known: float = 0.7) -> AnswerMatrix:
    rng = np.random.default_rng(0)
    answers = rng.integers(0, 3, size=(users, questions)).astype(np.int16)
    answers[rng.random(answers.shape) > known] = -1
    asked = [
        Question(id=f"q{n}", text="?", options=("no", "maybe", "yes"), ordinal=(0, 1, 2)) for n in range(questions)
    ]
    table = AnswerTable(tuple(f"u{n}" for n in range(users)), tuple(asked), answers)
    return AnswerMatrix(table, demographics=np.zeros((users, 0)), demographic_names=())


def test_the_matrix_is_of_answers_to_questions_with_options() -> None:
    """Free text has no place in it; of two answers to one question the later counts; a person named twice is one."""
    items = [item("b", "often", 1), item("a", "colour", 0), item("a", "colour", 1), item("a", None, None)]
    made = AnswerMatrix.of(QUESTIONS, PEOPLE, items)
    assert (made.users, made.questions) == (("b", "a", "c"), ("often", "colour"))
    assert made.answers.tolist() == [[1, -1], [-1, 1], [-1, -1]]
    assert (
        made.demographic_names,
        made.demographics.tolist(),
    ) == (("AGE=old", "PARTY=D", "PARTY=R"), [[1, 1, 0], [0, 0, 1], [0, 0, 0]])


def test_ranks_follow_the_places_and_not_the_order_of_the_options() -> None:
    """Options off the scale, and those of a question without one, have none."""
    assert (option_ranks(QUESTIONS[0]), option_ranks(QUESTIONS[1])) == ((0.0, 1.0, 0.5, None), (None, None))


def test_equal_places_share_a_rank_and_a_single_place_is_no_scale() -> None:
    """Ranks go from 0 to 1 over the places that differ."""
    tied = Question(id="q", text="?", options=("a", "b", "c"), ordinal=(1.0, 2.0, 2.0))
    single = Question(id="q", text="?", options=("a", "b"), ordinal=(1.0, None))
    assert (option_ranks(tied), option_ranks(single)) == ((0.0, 1.0, 1.0), (None, None))


@pytest.mark.parametrize(
    ("wrong", "error"), [(item("z", "often", 0), UnknownUserError), (item("a", "essay", 0), UnknownQuestionError)]
)
def test_an_item_of_nobody_or_of_no_question_is_refused(wrong: HistoryItem, error: type[Exception]) -> None:
    """It names what is not there."""
    with pytest.raises(error):
        AnswerMatrix.of(QUESTIONS, PEOPLE, [wrong])


def test_an_answer_beyond_the_options_is_refused() -> None:
    """It would be counted as another question's."""
    with pytest.raises(ValueError, match="no option"):
        AnswerMatrix.of(QUESTIONS, PEOPLE, [item("a", "colour", 2)])


def test_validation_folds_hold_out_a_tenth_of_each_users_answers_once() -> None:
    """Folds are disjoint, ten of them are everything, and nothing held out is left in the fold's history."""
    made = matrix()
    folds = list(validation_folds(made, seed=4, folds=10))
    seen = np.zeros(made.answers.shape, dtype=int)
    for fold in folds:
        cells = tuple(fold.tests.T)
        seen[cells] += 1
        assert {-1} == set(fold.answers.answers[cells].tolist())
        assert np.array_equal(made.answers[cells], fold.truth)
        held_out = np.bincount(fold.tests[:, 0], minlength=len(made.users))
        own = (made.answers >= 0).sum(axis=1)
        assert (np.abs(held_out - own / 10) < 1).all()
    assert np.array_equal(made.answers >= 0, seen == 1)


def test_the_seed_decides_the_folds() -> None:
    """The same seed gives the same folds, another one others."""
    made = matrix()
    first, again, other = (next(validation_folds(made, seed=seed)).tests for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_fewer_tests_are_those_of_whole_questions_with_as_much_held_out() -> None:
    """A limit saves predictions; it gives nothing away."""
    made = matrix()
    whole, limited = (next(validation_folds(made, seed=1, most_tests=most)) for most in (None, 15))
    kept = np.isin(whole.tests[:, 1], limited.tests[:, 1])
    assert 15 <= len(limited.tests) < len(whole.tests)
    assert np.array_equal(whole.tests[kept], limited.tests)
    assert np.array_equal(whole.answers.answers, limited.answers.answers)
