"""Item response: against the model that answers were drawn from, and against integration on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from persona_db.chains.fit.answers import AnswerTable
from persona_db.chains.fit.item_response import ItemResponse, chances, fit_item_response
from persona_db.chains.fit.scale import Scale
from persona_db.chains.fit.settings import FittedSettings
from persona_db.chains.fit.tuning import choose_together
from persona_db.chains.statistical.explain import pooled
from persona_db.graph.models import Question

Floats = NDArray[np.float64]

OPTIONS = ("disagree", "pass", "agree")
ORDINAL = (0.0, None, 1.0)
PEOPLE, QUESTIONS = 600, 40


def sigmoid(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))


def drawn(seed: int = 1) -> tuple[Floats, NDArray[np.int16]]:
    """The probabilities of the three options by which 600 people answer, and their answers to two thirds of all."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(PEOPLE, 2))
    passing = sigmoid(scores @ rng.normal(0, 0.7, (2, QUESTIONS)) + rng.normal(-1.2, 0.4, QUESTIONS))
    agreeing = sigmoid(scores @ rng.normal(0, 1.5, (2, QUESTIONS)) + rng.normal(0, 0.7, QUESTIONS))
    true = np.stack([(1 - passing) * (1 - agreeing), passing, (1 - passing) * agreeing], axis=-1)
    choice = (rng.random((PEOPLE, QUESTIONS, 1)) > true.cumsum(axis=-1)).sum(axis=-1).clip(0, 2).astype(np.int16)
    choice[rng.random(choice.shape) < 1 / 3] = -1
    return true, choice


def scales_of(choice: NDArray[np.int16], ordinal: tuple[float | None, ...] = ORDINAL) -> list[Scale]:
    counts = [np.bincount(column[column >= 0], minlength=3) + 1 for column in choice.T]
    return [Scale.of(count / count.sum(), ordinal) for count in counts]


def predicted(model: ItemResponse, choice: NDArray[np.int16]) -> Floats:
    scores = [model.scores(row) for row in choice]
    return np.array(
        [[chances(scale, steps, own) for scale, steps in zip(model.scales, model.steps, strict=True)] for own in scores]
    )


@pytest.mark.parametrize("ordinal", [ORDINAL, (), (1.0, 2.0, 0.0)])
def test_chances_are_those_that_answers_were_drawn_with(ordinal: tuple[float | None, ...]) -> None:
    """Of the answers that nobody gave, whatever the order of the options: a third of the divergence of base rates."""
    true, choice = drawn()
    scales = scales_of(choice, ordinal)
    model = fit_item_response(scales, choice)
    true, choice = true[:150], choice[:150]
    made = predicted(model, choice)
    assert np.allclose(made.sum(axis=-1), 1)
    hidden = choice < 0
    usual = np.broadcast_to(np.array([scale.rates for scale in scales]), true.shape)

    def divergence(guess: Floats) -> float:
        return float((true[hidden] * np.log(true[hidden] / guess[hidden])).sum(axis=-1).mean())

    assert divergence(made) < divergence(usual) / 3


def test_scores_are_near_the_mean_of_the_posterior() -> None:
    """Against a grid over one score, of people who gave from no answer to all 40."""
    rng = np.random.default_rng(2)
    numbers = [np.array([[one, other]]) for one, other in rng.normal(0, 1, (QUESTIONS, 2))]
    scale = Scale.of(np.array([0.5, 0.5]), (0.0, 1.0))
    model = ItemResponse((scale,) * QUESTIONS, tuple(numbers))
    grid = np.linspace(-6, 6, 4_001)
    for count in (0, 1, 5, 40):
        choice = np.full(QUESTIONS, -1, dtype=np.int16)
        choice[:count] = rng.integers(2, size=count)
        logs = -(grid**2) / 2
        for question in range(count):
            loading, intercept = numbers[question][0]
            chance = sigmoid(loading * grid + intercept)
            logs += np.log(chance if choice[question] else 1 - chance)
        weight = np.exp(logs - logs.max())
        mean, deviation = (weight @ grid) / weight.sum(), np.sqrt(weight @ grid**2 / weight.sum())
        assert abs(model.scores(choice)[0] - mean) < 0.1 * deviation


def test_numbers_come_back_from_rows() -> None:
    """As the graph keeps them; of a question that the Fit knows nothing of there are none."""
    _, choice = drawn()
    scales = scales_of(choice)
    model = fit_item_response(scales, choice)
    rows = [model.row(question) for question in range(QUESTIONS)]
    again = ItemResponse.of_rows(scales, [[], *rows[1:]])
    assert all(np.array_equal(one, other) for one, other in zip(model.steps[1:], again.steps[1:], strict=True))
    assert again.steps[0].size == 0
    without = choice[0].copy()
    without[0] = -1
    assert np.array_equal(again.scores(choice[0]), model.scores(without))


def test_little_is_said_of_little() -> None:
    """Among 29 people nothing is known; who said nothing is where everybody is."""
    _, choice = drawn()
    scales = scales_of(choice)
    few = fit_item_response(scales, choice[:29])
    assert not any(map(len, few.steps))
    assert len(few.scores(choice[0])) == 0
    assert not fit_item_response(scales, choice).scores(np.full(QUESTIONS, -1, dtype=np.int16)).any()


def test_the_same_answers_give_the_same_numbers() -> None:
    """To the last digit, also of more people than are read."""
    _, choice = drawn()
    many = np.tile(choice[:, :6], (9, 1))
    one, other = (fit_item_response(scales_of(choice)[:6], many) for _ in range(2))
    assert all(np.array_equal(first, second) for first, second in zip(one.steps, other.steps, strict=True))


def test_weights_are_for_what_helps() -> None:
    """Answers that two scores explain give all answers together weight; answers drawn by base rates give them none."""
    questions = tuple(Question(id=f"q{i}", text=f"q{i}", options=OPTIONS, ordinal=ORDINAL) for i in range(QUESTIONS))
    _, choice = drawn()
    rng = np.random.default_rng(3)
    noise = choice.copy()
    for column in noise.T:
        answered = np.flatnonzero(column >= 0)
        column[answered] = rng.permutation(column[answered])
    users = tuple(f"u{i}" for i in range(300))
    weights = [
        choose_together(AnswerTable(users, questions, table[:300]), wording=None, settings=FittedSettings(), seed=0)
        for table in (choice, noise)
    ]
    assert weights[0][1] > 0.3
    scales = scales_of(noise)
    made = predicted(fit_item_response(scales, noise), noise[:50])
    usual = np.array([scale.rates for scale in scales])
    assert np.abs(made - usual).mean() < 0.02


def test_a_pool_keeps_what_both_say() -> None:
    """Equal weights that sum to 1 leave a distribution that both give; a weight of 0 leaves the other."""
    one, other = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.3, 0.1])
    assert np.allclose(pooled(one, one, (0.5, 0.5)), one)
    assert np.allclose(pooled(one, other, (1.0, 0.0)), one)
    assert np.allclose(pooled(np.stack([one, other]), other, (0.0, 1.0)), other)
