"""Response style: habits, ease and factors of answers off the scale, against what made them and other optimisers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from persona_db.chains.fit.scale import Scale, off_scale_options, on_scale
from persona_db.chains.fit.style import NO_HABIT, PersonStyle, ResponseStyle, fit_style, log_odds_off

PEOPLE, QUESTIONS = 300, 40
OFF = np.tile([False, True, False], (QUESTIONS, 1))
"""Three options a question, the middle one off the scale."""


def made(seed: int = 0, *, factor: float = 0.0, answered: float = 0.6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return answers with the habits and the log odds they were drawn from."""
    rng = np.random.default_rng(seed)
    habits, ease = rng.normal(0, 1.5, PEOPLE), rng.normal(-1, 0.6, QUESTIONS)
    odds = habits[:, None] + ease[None, :] + factor * np.outer(rng.normal(size=PEOPLE), rng.normal(size=QUESTIONS))
    off = rng.random(odds.shape) < 1 / (1 + np.exp(-odds))
    choice = np.where(off, 1, 2 * rng.integers(0, 2, odds.shape)).astype(np.int16)
    choice[rng.random(odds.shape) > answered] = -1
    return choice, habits, odds


def loss(style: ResponseStyle, people: list[PersonStyle], truth: np.ndarray, cells: np.ndarray) -> float:
    odds = np.array([log_odds_off(style.row(q), people[u]) for u, q in cells])
    return float(np.log1p(np.exp(np.where(truth, -odds, odds))).mean())


def test_habits_and_ease_are_those_that_made_the_answers() -> None:
    choice, habits, _ = made()
    style = fit_style(OFF, choice)
    found = np.array([one.habit for one in style.of(OFF, choice)])
    assert np.corrcoef(found, habits)[0, 1] > 0.9
    assert style.spread == pytest.approx(1.5, abs=0.2)


def test_a_habit_is_the_most_likely_one_under_its_prior() -> None:
    """An optimiser that knows nothing of the steps finds the same."""
    choice, _, _ = made()
    style = fit_style(OFF, choice)
    found = style.of(OFF, choice)
    for row in range(0, PEOPLE, 40):
        asked = choice[row] >= 0
        off = choice[row][asked] == 1

        def against(habit: np.ndarray, off: np.ndarray = off, ease: np.ndarray = style.ease[asked]) -> float:
            odds = habit[0] + ease
            return float(np.log1p(np.exp(np.where(off, -odds, odds))).sum() + habit[0] ** 2 / 2 / style.spread**2)

        assert found[row].habit == pytest.approx(minimize(against, [0.0]).x[0], abs=2e-3)
        assert (found[row].asked, found[row].off) == (asked.sum(), off.sum())


@pytest.mark.parametrize("factor", [0.0, 1.5])
def test_held_out_answers_are_told_better_than_by_each_questions_share(factor: float) -> None:
    """Factors help where there are some, and cost next to nothing where there are none."""
    choice, _, odds = made(factor=factor)
    rng = np.random.default_rng(1)
    cells = np.argwhere(choice >= 0)
    cells = cells[rng.permutation(len(cells))[:700]]
    truth = choice[cells[:, 0], cells[:, 1]] == 1
    known = choice.copy()
    known[cells[:, 0], cells[:, 1]] = -1
    style = fit_style(OFF, known)
    people = style.of(OFF, known)
    share = np.array([(known[:, q] == 1).sum() / (known[:, q] >= 0).sum() for q in cells[:, 1]])
    by_share = float(-np.log(np.where(truth, share, 1 - share)).mean())
    best = odds[cells[:, 0], cells[:, 1]]
    possible = float(np.log1p(np.exp(np.where(truth, -best, best))).mean())
    bare = [PersonStyle(one.asked, one.off, one.habit) for one in people]
    with_factors, without = loss(style, people, truth, cells), loss(style, bare, truth, cells)
    assert possible < with_factors < by_share - 0.08
    assert with_factors < (without - 0.02 if factor else without + 0.003)


def test_order_of_people_and_what_others_are_given_change_nothing() -> None:
    choice, _, _ = made()
    style = fit_style(OFF, choice)
    turned = fit_style(OFF, choice[::-1])
    assert turned.ease == pytest.approx(style.ease, abs=1e-6)
    assert style.of(OFF, choice[:5]) == style.of(OFF, choice)[:5]


def test_what_is_stored_gives_the_same_back() -> None:
    choice, _, _ = made()
    style = fit_style(OFF, choice)
    again = ResponseStyle.of_rows([style.row(q) for q in range(QUESTIONS)], spread=style.spread)
    assert again.of(OFF, choice) == style.of(OFF, choice)
    for person in style.of(OFF, choice)[:10]:
        assert PersonStyle.of_row(person.row) == person
    assert PersonStyle.of_row([]) == NO_HABIT


def test_nothing_is_known_without_options_off_the_scale_or_of_few_people() -> None:
    choice, _, _ = made()
    for style in (fit_style(np.zeros_like(OFF), choice), fit_style(OFF, choice[:29]), fit_style(OFF, choice[:0])):
        assert np.isnan(style.ease).all()
        assert style.row(0) == []
        assert style.of(OFF, choice[:2]) == [NO_HABIT] * 2
    nobody = np.where(choice == 1, -1, choice)
    assert np.isnan(fit_style(OFF, nobody).ease).all()


def test_an_answer_is_on_the_scale_when_it_is_given_and_has_a_place_there() -> None:
    scales = [Scale.of(np.full(3, 1 / 3), (0.0, None, 1.0)), Scale.of(np.full(2, 0.5), ())]
    off = off_scale_options(scales)
    assert off.tolist() == [[False, True, False], [False, False, False]]
    choice = np.array([[0, 1], [1, -1], [-1, 0]], dtype=np.int16)
    assert on_scale(off, choice).tolist() == [[True, True], [False, False], [False, True]]


def test_the_chance_of_options_off_the_scale_is_the_one_asked_for() -> None:
    scale = Scale.of(np.array([0.3, 0.1, 0.4, 0.2]), (0.0, None, 1.0, None))
    usual = scale.distribution(0.5, 0.8)
    made = scale.with_off(usual, np.log(0.6 / 0.4))
    assert made.sum() == pytest.approx(1.0)
    assert made[[1, 3]].sum() == pytest.approx(0.6)
    assert made[1] / made[3] == pytest.approx(0.1 / 0.2)
    assert made[0] / made[2] == pytest.approx(usual[0] / usual[2])
    assert scale.rate_off == pytest.approx(0.3)
