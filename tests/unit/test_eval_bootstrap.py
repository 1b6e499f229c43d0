"""Intervals: resampling totals gives what resampling users item by item gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import pearsonr, rankdata
from sklearn.metrics import f1_score

from persona_db.evals.bootstrap import bootstrap
from persona_db.evals.measures import MEASURES, Measure, Sample
from persona_db.evals.measures.sample import Floats
from persona_db.graph.errors import ConfigError

BY_NAME = {measure.name: measure for measure in MEASURES}
abstention_area = BY_NAME["abstention_area"]
accuracy = BY_NAME["accuracy"]
brier = BY_NAME["brier"]
expected_calibration_error = BY_NAME["expected_calibration_error"]
gain_over_marginal = BY_NAME["gain_over_marginal"]
log_loss = BY_NAME["log_loss"]
macro_f1 = BY_NAME["macro_f1"]
pearson = BY_NAME["pearson"]
spearman = BY_NAME["spearman"]
variance_ratio = BY_NAME["variance_ratio"]
wasserstein = BY_NAME["wasserstein"]
within = BY_NAME["within_question_spearman"]

DRAWS = 60


def sample(seed: int = 0, *, users: int = 40, each: int = 5, skill: float = 0.5) -> Sample:
    rng = np.random.default_rng(seed)
    truth = np.random.default_rng(99).integers(0, 3, size=users * each)
    known = rng.random(users * each) < skill
    answer = np.where(known, truth, rng.integers(0, 3, size=users * each))
    odds = rng.random((users * each, 3)) + np.eye(3)[answer]
    return Sample(
        users=np.repeat(np.arange(users), each),
        questions=np.tile(np.arange(each), users),
        truth=truth.astype(np.intp),
        answer=answer.astype(np.intp),
        true_rank=truth / 2.0,
        expected_rank=np.clip(answer / 2.0 + rng.normal(0, 0.1, size=len(answer)), 0, 1),
        probabilities=odds / odds.sum(axis=1, keepdims=True),
        option_ranks=np.tile([0.0, 0.5, 1.0], (users * each, 1)),
        marginal_correct=truth == 1,
    )


def drawn_items(made: Sample, seed: int) -> list[Floats]:
    """The items of each draw, one by one, from the same draws of users."""
    count = int(made.users.max()) + 1
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    return [np.repeat(np.arange(len(made)), row[made.users]) for row in weights]


def test_draws_equal_measures_computed_item_by_item() -> None:
    """Means, macro-F1 and Pearson of each draw are those of its items, and Spearman that of their ranks."""
    made = sample()
    resampled = bootstrap({"a": made}, seed=7, draws=DRAWS)
    ranks = rankdata(made.expected_rank), rankdata(made.true_rank)
    assert made.marginal_correct is not None
    gain = made.correct.astype(float) - made.marginal_correct
    given = made.probabilities[np.arange(len(made)), made.truth]
    squares = ((made.probabilities - np.eye(3)[made.truth]) ** 2).sum(axis=1)
    expected = {
        log_loss.name: [-np.log(given[items]).mean() for items in drawn_items(made, 7)],
        brier.name: [squares[items].mean() for items in drawn_items(made, 7)],
        accuracy.name: [made.correct[items].mean() for items in drawn_items(made, 7)],
        gain_over_marginal.name: [gain[items].mean() for items in drawn_items(made, 7)],
        macro_f1.name: [
            f1_score(made.truth[items], made.answer[items], average="macro") for items in drawn_items(made, 7)
        ],
        pearson.name: [
            pearsonr(made.expected_rank[items], made.true_rank[items]).statistic for items in drawn_items(made, 7)
        ],
        spearman.name: [pearsonr(ranks[0][items], ranks[1][items]).statistic for items in drawn_items(made, 7)],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(np.array(values), resampled.draws["a"][name], atol=1e-9, err_msg=name)


def test_the_interval_is_of_the_draws_quantiles() -> None:
    """The middle 95 %, and it holds the value of the full sample."""
    made = sample()
    estimate = bootstrap({"a": made}, seed=7, draws=DRAWS).estimate("a", "accuracy")
    brute = [made.correct[items].mean() for items in drawn_items(made, 7)]
    assert tuple(np.quantile(brute, [0.025, 0.975])) == pytest.approx(estimate.ci95)
    assert made.correct.mean() == estimate.value


def test_differences_are_taken_within_draws() -> None:
    """Two arms that err on the same items differ by less than their intervals would say."""
    good = sample(skill=0.6)
    answer = good.answer.copy()
    answer[:10] = (good.truth[:10] + 1) % 3
    resampled = bootstrap({"good": good, "bad": replace(good, answer=answer)}, seed=1, draws=DRAWS)
    difference = resampled.difference("good", "bad", "accuracy")
    single = resampled.estimate("good", "accuracy").ci95
    assert difference.ci95 is not None
    assert single is not None
    assert difference.value == pytest.approx(float((good.answer[:10] == good.truth[:10]).sum()) / len(good))
    assert difference.ci95[1] - difference.ci95[0] < single[1] - single[0]


def test_an_arm_does_not_differ_from_itself() -> None:
    """The paired interval of nothing is nothing, for every measure."""
    made = sample()
    resampled = bootstrap({"a": made, "b": made}, seed=1, draws=50)
    for name in resampled.values["a"]:
        assert (
            resampled.difference("a", "b", name).value,
            resampled.difference("a", "b", name).ci95,
        ) == (0.0, (0.0, 0.0))


def test_the_seed_decides_the_draws() -> None:
    """The same seed gives the same interval, another one another."""
    made = sample()
    first, again, other = (bootstrap({"a": made}, seed=seed, draws=50).draws["a"]["accuracy"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_drawing_questions_too_widens_the_interval() -> None:
    """When everything hangs on the question, users alone tell nothing of how far the result would move."""
    made = sample()
    hard = replace(made, answer=np.where(made.questions < 2, made.truth, (made.truth + 1) % 3))
    users = bootstrap({"a": hard}, seed=1, draws=DRAWS).estimate("a", "accuracy")
    both = bootstrap({"a": hard}, seed=1, draws=DRAWS, questions_too=True).estimate("a", "accuracy")
    assert users.ci95 == pytest.approx((0.4, 0.4))
    assert both.ci95 is not None
    assert both.ci95[0] < 0.2
    assert both.ci95[1] > 0.6


@pytest.mark.parametrize("each", [6, 12])
def test_the_interval_within_questions_is_as_wide_as_results_really_spread(each: int) -> None:
    """Over fresh samples of chance predictions the measure spreads as its interval says, with few items a question."""
    values, spreads = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 3, size=each * 30)
        made = Sample(
            users=np.repeat(np.arange(each), 30),
            questions=np.tile(np.arange(30), each),
            truth=truth,
            answer=truth,
            true_rank=truth / 2.0,
            expected_rank=rng.random(each * 30),
            probabilities=np.full((each * 30, 3), 1 / 3),
            option_ranks=np.tile([0.0, 0.5, 1.0], (each * 30, 1)),
        )
        made = replace(made, users=np.arange(len(made)))  # independent items
        resampled = bootstrap({"a": made}, seed=seed, draws=100, measures=[within])
        values.append(resampled.values["a"][within.name])
        spreads.append(resampled.draws["a"][within.name].std())
    assert np.std(values) == pytest.approx(np.mean(spreads), rel=0.25)
    assert np.mean(values) == pytest.approx(0.0, abs=0.05)


def fresh(seed: int, *, bent: float) -> Sample:
    """300 independent items of 6 questions, predicted with their true chances, or with these bent."""
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.ones(3), size=300)
    truth = np.array([rng.choice(3, p=row) for row in chances])
    given = chances ** (1 + bent) * np.array([1.0, 1.0, 1.0 + bent])
    given /= given.sum(axis=1, keepdims=True)
    return Sample(
        users=np.arange(300),
        questions=np.arange(300) % 6,
        truth=truth,
        answer=given.argmax(axis=1),
        true_rank=truth / 2.0,
        expected_rank=given @ np.array([0.0, 0.5, 1.0]),
        probabilities=given,
        option_ranks=np.tile([0.0, 0.5, 1.0], (300, 1)),
    )


@pytest.mark.parametrize("measure", [expected_calibration_error, wasserstein, variance_ratio, abstention_area])
@pytest.mark.parametrize("bent", [0.0, 1.0])
def test_intervals_of_other_measures_hold_what_fresh_samples_spread(measure: Measure, bent: float) -> None:
    """As wide as fresh samples spread, or wider for distances that are nothing but chance; around their own value."""
    values, spreads, inside = [], [], []
    for seed in range(60):
        resampled = bootstrap({"a": fresh(seed, bent=bent)}, seed=seed, draws=100, measures=[measure])
        estimate = resampled.estimate("a", measure.name)
        assert estimate.value is not None
        assert estimate.ci95 is not None
        values.append(estimate.value)
        spreads.append(resampled.draws["a"][measure.name].std())
        inside.append(estimate.ci95[0] <= estimate.value <= estimate.ci95[1])
    distance = measure in (expected_calibration_error, wasserstein)
    assert all(inside)
    assert np.std(values) / np.mean(spreads) == pytest.approx(1.0, abs=0.25) or (
        distance and np.std(values) < np.mean(spreads)
    )


def test_arms_of_other_items_are_refused() -> None:
    """Paired draws need the same items in the same order."""
    made = sample()
    with pytest.raises(ConfigError, match="other items"):
        bootstrap({"a": made, "b": replace(made, truth=(made.truth + 1) % 3)}, seed=0)


def test_nothing_predicted_is_an_error() -> None:
    """There is no interval of nothing."""
    with pytest.raises(ConfigError, match="nothing"):
        bootstrap({}, seed=0)


def test_a_measure_that_is_not_defined_has_no_interval() -> None:
    """Without a marginal there is no gain over it; without a scale no correlation and no area."""
    made = sample()
    bare = replace(made, marginal_correct=None, true_rank=np.full(len(made), np.nan))
    resampled = bootstrap({"a": bare}, seed=0, draws=20)
    undefined = [name for name in resampled.values["a"] if resampled.estimate("a", name).ci95 is None]
    areas = (BY_NAME["auc"], BY_NAME["auc_within_question"])
    assert undefined == [
        measure.name for measure in (spearman, pearson, within, *areas, gain_over_marginal, wasserstein, variance_ratio)
    ]
