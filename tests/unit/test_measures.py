"""The measures equal those of scikit-learn and scipy, and hold their bounds whatever is predicted."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr, wasserstein_distance
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from persona_db.evals.items import Outcome, TestItem, outcome_of
from persona_db.evals.measures import MEASURES, Measure, Sample, abstention_curve, sample_of, value_of
from persona_db.evals.measures.log_loss import FLOOR
from persona_db.graph.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {measure.name: measure for measure in MEASURES}
abstention_area = BY_NAME["abstention_area"]
accuracy = BY_NAME["accuracy"]
auc = BY_NAME["auc"]
auc_within_question = BY_NAME["auc_within_question"]
brier = BY_NAME["brier"]
expected_calibration_error = BY_NAME["expected_calibration_error"]
gain_over_marginal = BY_NAME["gain_over_marginal"]
log_loss = BY_NAME["log_loss"]
macro_f1 = BY_NAME["macro_f1"]
pearson = BY_NAME["pearson"]
spearman = BY_NAME["spearman"]
variance_ratio = BY_NAME["variance_ratio"]
wasserstein = BY_NAME["wasserstein"]
within_question_spearman = BY_NAME["within_question_spearman"]

SCALE = (0.0, 0.5, 1.0, None)


def drawn(seed: int, *, items: int = 300, questions: int = 12, missing: float = 0.1) -> Sample:
    """Items of one scale, whose last option is off it; distributions that lean to the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, size=items)
    odds = rng.random((items, 4)) ** 2 + 0.5 * np.eye(4)[truth] * rng.random((items, 1))
    odds[rng.random((items, 4)) < 0.1] = 0.0
    odds[:, 1] += 1e-9
    gone = rng.random(items) < missing
    probabilities = np.where(gone[:, None], 0.25, odds / odds.sum(axis=1, keepdims=True))
    places = np.tile([0.0, 0.5, 1.0, np.nan], (items, 1))
    on_scale = probabilities[:, :3].sum(axis=1)
    return Sample(
        users=np.unique(rng.integers(0, 30, size=items), return_inverse=True)[1].astype(np.intp),
        questions=np.unique(rng.integers(0, questions, size=items), return_inverse=True)[1].astype(np.intp),
        truth=truth.astype(np.intp),
        answer=np.where(gone, -1, probabilities.argmax(axis=1)),
        true_rank=places[np.arange(items), truth],
        expected_rank=np.round((probabilities[:, 1] * 0.5 + probabilities[:, 2]) / on_scale, 2),
        probabilities=probabilities,
        option_ranks=places,
        marginal_correct=rng.random(items) < 0.4,
    )


def outcome(question: str, truth: int, probabilities: tuple[float, ...] | None, *, user: str = "u") -> Outcome:
    return outcome_of("a", TestItem(user=user, question=question, option=truth), probabilities)


@pytest.mark.parametrize("seed", range(3))
def test_accuracy_is_that_of_scikit_learn(seed: int) -> None:
    """A missing prediction is wrong."""
    sample = drawn(seed)
    assert accuracy_score(sample.truth, sample.answer) == pytest.approx(value_of(accuracy, sample))


@pytest.mark.parametrize("seed", range(3))
def test_macro_f1_is_that_of_scikit_learn_over_the_labels_that_are_true(seed: int) -> None:
    """A missing prediction misses its label and raises no false alarm of another."""
    sample = drawn(seed)
    labels = np.unique(sample.truth)
    expected = f1_score(sample.truth, sample.answer, labels=labels, average="macro", zero_division=0)
    assert expected == pytest.approx(value_of(macro_f1, sample))


@pytest.mark.parametrize("seed", range(3))
def test_correlations_are_those_of_scipy_over_items_on_the_scale(seed: int) -> None:
    """Items whose truth is off the scale have no part in them."""
    sample = drawn(seed)
    x, y = sample.expected_rank[sample.on_scale], sample.true_rank[sample.on_scale]
    expected = (pearsonr(x, y).statistic, spearmanr(x, y).statistic)
    assert expected == pytest.approx((value_of(pearson, sample), value_of(spearman, sample)))


@pytest.mark.parametrize("seed", range(3))
def test_within_question_spearman_is_the_mean_of_scipys(seed: int) -> None:
    """Questions with fewer than five items, or one true answer, are left out; a constant prediction counts 0."""
    sample = drawn(seed, items=90)
    made = []
    for question in np.unique(sample.questions):
        kept = sample.on_scale & (sample.questions == question)
        x, y = sample.expected_rank[kept], sample.true_rank[kept]
        if len(y) >= 5 and len(set(y)) > 1:
            made.append(spearmanr(x, y).statistic if len(set(x)) > 1 else 0.0)
    assert len(made) >= 4
    assert np.mean(made) == pytest.approx(value_of(within_question_spearman, sample))


@given(st.integers(0, 1_000))
def test_areas_under_the_curve_are_those_of_scikit_learn(seed: int) -> None:
    """Pooled and the mean within questions: upper against lower side, without the middle and what is off the scale."""
    sample = drawn(seed)
    chosen = np.flatnonzero((sample.true_rank == 0.0) | (sample.true_rank == 1.0))
    sides = sample.probabilities[chosen][:, [0, 2]]
    total = sides.sum(axis=1)
    chance = np.where((total > 0) & (sample.answer[chosen] >= 0), sides[:, 1] / np.maximum(total, 1e-300), 0.5).round(
        12
    )
    upper = sample.true_rank[chosen] == 1.0
    assert value_of(auc, sample) == pytest.approx(roc_auc_score(upper, chance))
    areas = []
    for question in np.unique(sample.questions):
        items = sample.questions[chosen] == question
        if items.sum() >= 5 and 0 < upper[items].sum() < items.sum():
            areas.append(roc_auc_score(upper[items], chance[items]))
    assert value_of(auc_within_question, sample) == pytest.approx(np.mean(areas))


def test_an_interval_of_an_area_is_as_wide_as_fresh_samples_spread() -> None:
    """The influences vary as much as areas of other samples of the same distribution do."""
    samples = [drawn(seed, items=400, questions=4) for seed in range(150)]
    for measure in (auc, auc_within_question):
        values = [value_of(measure, sample) for sample in samples]
        told = [measure.numbers(sample).toarray()[:, 1].std() / np.sqrt(len(sample)) for sample in samples]
        assert np.mean(told) == pytest.approx(np.std(values), rel=0.2)


def test_an_area_needs_both_sides() -> None:
    """Of answers on one side alone nothing is known."""
    sample = drawn(1)
    one_side = sample.taken(np.flatnonzero(sample.true_rank == 1.0))
    assert np.isnan([value_of(measure, one_side) for measure in (auc, auc_within_question)]).all()


@pytest.mark.parametrize("seed", range(3))
def test_log_loss_is_that_of_scikit_learn(seed: int) -> None:
    """Of probabilities that are no less than the floor; a missing prediction is a uniform one."""
    sample = drawn(seed)
    floored = np.maximum(sample.probabilities, FLOOR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # floored rows sum to a little more than 1
        expected = sklearn_log_loss(sample.truth, floored, labels=range(4))
    assert expected == pytest.approx(value_of(log_loss, sample), abs=0.003)
    bare = sample_of([outcome("q", 1, None), outcome("q", 1, (0.0, 0.5, 0.5, 0.0))], ranks={"q": SCALE})
    assert value_of(log_loss, bare) == pytest.approx((np.log(4) + np.log(2)) / 2)


def test_an_impossible_truth_costs_no_more_than_the_floor() -> None:
    """One certain error does not make the mean infinite."""
    sample = sample_of([outcome("q", 0, (0.0, 1.0, 0.0, 0.0))], ranks={"q": SCALE})
    assert value_of(log_loss, sample) == pytest.approx(-np.log(0.001))


@pytest.mark.parametrize("seed", range(3))
def test_brier_is_the_squared_distance_of_all_options(seed: int) -> None:
    """Computed from indicators; a missing prediction is a uniform one."""
    sample = drawn(seed)
    expected = np.mean(
        [np.sum((p - np.eye(4)[t]) ** 2) for p, t in zip(sample.probabilities, sample.truth, strict=True)]
    )
    assert expected == pytest.approx(value_of(brier, sample))


@pytest.mark.parametrize("seed", range(3))
def test_calibration_is_that_of_scikit_learns_curve(seed: int) -> None:
    """Its ten bins, weighted by their items."""
    sample = drawn(seed, missing=0.0)
    accurate, sure = calibration_curve(sample.correct, sample.confidence, n_bins=10)
    counts = np.histogram(sample.confidence, bins=np.linspace(0, 1, 11))[0]
    expected = np.abs(accurate - sure) @ counts[counts > 0] / len(sample)
    assert expected == pytest.approx(value_of(expected_calibration_error, sample))


def test_a_missing_prediction_is_calibrated() -> None:
    """It is sure of nothing and wrong."""
    sample = sample_of([outcome("q", 0, None), outcome("q", 0, (1.0, 0.0, 0.0, 0.0))], ranks={"q": SCALE})
    assert (sample.confidence.tolist(), value_of(expected_calibration_error, sample)) == ([0.0, 1.0], 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_wasserstein_is_that_of_scipy_for_each_question(seed: int) -> None:
    """Between all answers predicted and all given; questions count by their items on the scale."""
    sample = drawn(seed)
    total = 0.0
    for question in np.unique(sample.questions):
        kept = sample.on_scale & (sample.questions == question)
        given = sample.probabilities[kept, :3]
        predicted = (given / given.sum(axis=1, keepdims=True)).mean(axis=0)
        true = np.array([(sample.true_rank[kept] == place).mean() for place in SCALE[:3]])
        total += kept.sum() * wasserstein_distance(SCALE[:3], SCALE[:3], predicted, true)
    assert total / sample.on_scale.sum() == pytest.approx(value_of(wasserstein, sample))


def test_who_predicts_the_shares_for_everybody_is_at_no_distance_and_flat() -> None:
    """Knowing the question alone makes the two distributions equal, and all people alike."""
    made = [outcome("q", truth, (0.25, 0.25, 0.5, 0.0)) for truth in (0, 1, 2, 2)]
    sample = sample_of(made, ranks={"q": SCALE})
    assert (value_of(wasserstein, sample), value_of(variance_ratio, sample)) == (0.0, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_the_variance_ratio_is_of_variances_within_questions(seed: int) -> None:
    """Sums over questions of numpy's variances, each by its items."""
    sample = drawn(seed)
    sums = np.zeros(2)
    for question in np.unique(sample.questions):
        kept = sample.on_scale & (sample.questions == question)
        sums += kept.sum() * np.array([sample.expected_rank[kept].var(), sample.true_rank[kept].var()])
    assert sums[0] / sums[1] == pytest.approx(value_of(variance_ratio, sample))


@pytest.mark.parametrize("seed", range(3))
def test_the_abstention_area_is_the_mean_accuracy_of_the_surest(seed: int) -> None:
    """Of a hundred items: the mean over k of the accuracy on the k surest."""
    sample = drawn(seed, items=100, missing=0.0)
    right = sample.correct[np.argsort(-sample.confidence)]
    accuracies = [right[:k].mean() for k in range(1, 101)]
    assert np.mean(accuracies) == pytest.approx(value_of(abstention_area, sample))
    assert pytest.approx(accuracies) == [accuracy for _, accuracy in abstention_curve(sample)]


def test_the_abstention_curve_ends_at_the_accuracy_and_missing_predictions_come_last() -> None:
    """Equal confidences are one point: their order says nothing."""
    answers: list[tuple[float, ...] | None] = [None, (0.9, 0.1), (0.9, 0.1), (0.4, 0.6)]
    made = [outcome("q", truth, given) for truth, given in zip((0, 0, 1, 1), answers, strict=True)]
    sample = sample_of(made, ranks={"q": (0.0, 1.0)})
    assert abstention_curve(sample) == [(0.5, 0.5), (0.75, pytest.approx(2 / 3)), (1.0, 0.5)]
    assert value_of(abstention_area, sample) == pytest.approx((0.5 + 0.5 + 2 / 3 + 0.5) / 4)
    assert abstention_curve(drawn(0, items=0)) == []


def test_gain_is_over_the_marginal_on_the_same_items() -> None:
    """It is the difference of two accuracies."""
    sample = drawn(0)
    assert sample.marginal_correct is not None
    expected = sample.correct.mean() - sample.marginal_correct.mean()
    assert expected == pytest.approx(value_of(gain_over_marginal, sample))


def test_the_expected_rank_is_that_of_the_options_on_the_scale() -> None:
    """What a distribution gives to options off the scale is shared among the others in proportion."""
    sample = sample_of([outcome("q", 2, (0.1, 0.1, 0.2, 0.6))], ranks={"q": SCALE})
    assert pytest.approx(sample.expected_rank[0]) == (0.1 * 0.5 + 0.2) / 0.4


@pytest.mark.parametrize("probabilities", [None, (0.0, 0.0, 0.0, 1.0)])
def test_what_says_nothing_on_the_scale_has_the_middle_rank(probabilities: tuple[float, ...] | None) -> None:
    """A missing prediction, and one that lies wholly off the scale."""
    sample = sample_of([outcome("q", 2, probabilities)], ranks={"q": SCALE})
    assert (sample.expected_rank[0], sample.correct[0]) == (0.5, False)


def test_an_answer_without_a_distribution_counts_as_certain() -> None:
    """Its rank is the rank of the option named."""
    said = Outcome(arm="a", user="u", question="q", truth=0, probabilities=None, answer=2)
    assert sample_of([said], ranks={"q": SCALE}).expected_rank[0] == 1.0


def test_a_truth_off_the_scale_is_left_out_of_correlations_only() -> None:
    """It is an item like others for accuracy."""
    made = [outcome("q", 3, (0.0, 0.0, 0.1, 0.9)), outcome("q", 0, (0.8, 0.2, 0.0, 0.0))]
    sample = sample_of(made, ranks={"q": SCALE})
    assert (sample.on_scale.tolist(), value_of(accuracy, sample)) == ([False, True], 1.0)


def test_a_question_without_a_scale_has_no_correlation() -> None:
    """The measure is not defined, instead of being zero or an error."""
    sample = sample_of([outcome("q", 0, (1.0, 0.0))] * 6, ranks={"q": (None, None)})
    assert np.isnan([value_of(measure, sample) for measure in (pearson, spearman, within_question_spearman)]).all()


def test_a_constant_prediction_correlates_zero() -> None:
    """One who says the same of everybody tells nobody apart."""
    made = [outcome("q", truth, (0.2, 0.3, 0.5, 0.0)) for truth in (0, 1, 2, 2, 1, 0)]
    sample = sample_of(made, ranks={"q": SCALE})
    values = [value_of(measure, sample) for measure in (pearson, spearman, within_question_spearman)]
    assert values == [0.0, 0.0, 0.0]


def test_options_that_do_not_fit_the_question_are_refused() -> None:
    """A file of outcomes and the scale of another data set do not go together."""
    with pytest.raises(ConfigError, match="options"):
        sample_of([outcome("q", 3, (0.25,) * 4)], ranks={"q": (0.0, 1.0)})


def test_the_marginal_must_be_of_the_same_items() -> None:
    """A gain over the marginal of other items would be no gain."""
    with pytest.raises(ConfigError, match="other items"):
        sample_of([outcome("q", 0, None)], ranks={"q": SCALE}, marginal=[outcome("q", 1, None)])


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_no_items_have_no_value(measure: Measure) -> None:
    """The mean of nothing is not zero."""
    assert np.isnan(value_of(measure, drawn(0, items=0)))


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_a_measure_says_what_it_is(measure: Measure) -> None:
    """A name, a sentence, where it is from, and what a missing prediction counts as."""
    assert all(text.strip() for text in (measure.name, measure.sentence, measure.citation, measure.missing))


_ADDED = """
from persona_db.evals.measures.mean import mean_of, one_each
from persona_db.evals.measures.measure import Measure

MEASURE = Measure(
    name="share_of_first", heading="first\\noption", sentence="How often the first option is predicted.",
    citation="Own.", missing="is not the first option",
    numbers=lambda sample: one_each((sample.answer == 0).astype(float)), fold=mean_of,
)
"""
_WITH_IT = """
import importlib.util, io, json, sys
spec = importlib.util.find_spec("persona_db.evals.measures")
spec.submodule_search_locations.append(sys.argv[1])
package = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)

from rich.console import Console
from docs.generate import evaluation_page
from persona_db.evals.table import show
from tests.unit.test_eval_report import report

text = io.StringIO()
show(report(), Console(file=text, width=200))
print(json.dumps([report().model_dump(mode="json"), text.getvalue(), evaluation_page()]))
"""


def test_a_measure_is_added_in_one_file(tmp_path: Path) -> None:
    """One more module in the package is in the report, in its differences, in the table and on the docs page."""
    (tmp_path / "share_of_first.py").write_text(_ADDED, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-c", _WITH_IT, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    made, table, page = json.loads(run.stdout)
    arm = made["arms"]["good"]
    assert list(arm)[14:17] == ["abstention_area", "share_of_first", "ci95"]
    assert arm["share_of_first"] == pytest.approx(12 / 37)
    assert set(made["differences"]["good-marginal"]) == {"share_of_first", *BY_NAME}
    assert "option" in table
    assert f"{12 / 37:.3f}" in table
    assert "\n| `share_of_first` | How often the first option is predicted. | is not the first option |\n" in page


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), items=st.integers(1, 60), missing=st.sampled_from([0.0, 0.5, 1.0]))
def test_measures_hold_their_bounds_and_do_not_depend_on_the_order(seed: int, items: int, missing: float) -> None:
    """Shares are 0 to 1, correlations and gain -1 to 1, losses as far as they can go, else NaN, no warning."""
    sample = drawn(seed, items=items, missing=missing)
    order = np.random.default_rng(seed).permutation(items)
    assert sample.marginal_correct is not None
    shuffled = Sample(
        users=sample.users[order],
        questions=sample.questions[order],
        truth=sample.truth[order],
        answer=sample.answer[order],
        true_rank=sample.true_rank[order],
        expected_rank=sample.expected_rank[order],
        probabilities=sample.probabilities[order],
        option_ranks=sample.option_ranks[order],
        marginal_correct=sample.marginal_correct[order],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = {measure.name: value_of(measure, sample) for measure in MEASURES}
        again = {measure.name: value_of(measure, shuffled) for measure in MEASURES}
    for name, value in values.items():
        low = -1.0 if "spearman" in name or name in {"pearson", "gain_over_marginal"} else 0.0
        high = {"log_loss": -np.log(0.001), "brier": 2.0, "variance_ratio": np.inf}.get(name, 1.0)
        assert np.isnan(value) or low <= value <= high + 1e-12
        assert value == pytest.approx(again[name], nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), power=st.sampled_from([0.5, 2.0, 3.0]))
def test_rank_correlations_do_not_change_with_a_monotone_scale(seed: int, power: float) -> None:
    """Only the order of expected ranks counts."""
    sample = drawn(seed, missing=0.0)
    bent = Sample(**{**sample.__dict__, "expected_rank": sample.expected_rank**power})
    for measure in (spearman, within_question_spearman):
        assert value_of(measure, sample) == pytest.approx(value_of(measure, bent))


@pytest.mark.parametrize("seed", range(3))
def test_the_truth_itself_is_predicted_perfectly(seed: int) -> None:
    """Losses and distances are 0, all else but the gain is 1."""
    sample = drawn(seed, missing=0.0)
    perfect = Sample(
        **{
            **sample.__dict__,
            "answer": sample.truth,
            "expected_rank": np.nan_to_num(sample.true_rank, nan=0.5),
            "probabilities": np.eye(4)[sample.truth],
        }
    )
    losses = (log_loss, brier, expected_calibration_error, wasserstein)
    for measure in MEASURES:
        if measure is not gain_over_marginal:
            assert value_of(measure, perfect) == pytest.approx(0.0 if measure in losses else 1.0, abs=1e-9)
