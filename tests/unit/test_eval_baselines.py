"""Baselines: distributions from others' known answers that beat the marginal where people resemble each other."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from persona_db.chains.fit.answers import AnswerTable
from persona_db.evals.answers import AnswerMatrix, Answers, Cells, Floats
from persona_db.evals.baselines import BASELINES, predict_baseline
from persona_db.evals.baselines.choice import brier, choose
from persona_db.evals.baselines.features import features_of
from persona_db.evals.splits import contested_split, items_to_predict
from persona_db.graph.errors import ConfigError, LeakError
from persona_db.graph.models import Question
from persona_db.loaders.formats import open_source
from persona_db.loaders.senate import SenateSource
from persona_db.loaders.split import Split

LEARNED = ("neighbour-vote", "matrix-factorisation", "item-links", "implicit-als")


def ordinal(name: str, options: int) -> Question:
    return Question(
        id=name, text="?", options=tuple("abc"[:options]), ordinal=tuple(float(place) for place in range(options))
    )


@cache
def low_rank(users: int = 100, questions: int = 20) -> tuple[AnswerMatrix, Cells, Answers]:
    """Answers that two traits of a person decide, with noise; one in ten held out."""
    rng = np.random.default_rng(0)
    traits = rng.normal(size=(users, 2))
    leaning = traits @ rng.normal(size=(2, questions)) + 0.5 * rng.normal(size=(users, questions))
    options = np.digitize(leaning, [-0.8, 0.8]).astype(np.int16)
    options[:, -5:] = leaning[:, -5:] > 0
    options[rng.random(options.shape) > 0.8] = -1
    nominal = Question(id="q0", text="?", options=("a", "b", "c"))
    asked = [nominal, *(ordinal(f"q{n}", 3 if n < questions - 5 else 2) for n in range(1, questions))]
    table = AnswerTable(tuple(f"u{n}" for n in range(users)), tuple(asked), options)
    whole = AnswerMatrix(table, demographics=(traits[:, :1] > 0).astype(float), demographic_names=("SIDE=right",))
    known = np.argwhere(options >= 0)
    tests = known[rng.permutation(len(known))[: len(known) // 10]]
    return whole.without(tests), tests, options[tests[:, 0], tests[:, 1]]


@cache
def predicted(name: str) -> Floats:
    answers, tests, _ = low_rank()
    return predict_baseline(name, answers, tests, seed=1).probabilities


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_gives_a_distribution_over_the_options_there_are(name: str) -> None:
    """Sums are 1, nothing is negative, and options that a question does not have get nothing."""
    answers, tests, _ = low_rank()
    made = predicted(name)
    assert (len(tests), 3) == made.shape
    assert made.sum(axis=1) == pytest.approx(1.0)
    assert made.min() >= 0.0
    assert made[~answers.offered[tests[:, 1]]].sum() == 0.0


@pytest.mark.parametrize("name", BASELINES)
def test_people_without_attributes_are_predicted(name: str) -> None:
    """By what is left of the data; where groups are all that a baseline goes by, that is the base rates."""
    answers, tests, _ = low_rank()
    bare = replace(answers, demographics=np.zeros((len(answers.users), 0)), demographic_names=())
    made = predict_baseline(name, bare, tests, seed=1).probabilities
    assert made.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("name", LEARNED)
def test_a_learned_baseline_beats_the_marginal_where_traits_decide(name: str) -> None:
    """By accuracy and by the score it chooses its settings with."""
    _, _, truth = low_rank()
    accuracy, base = ((predicted(baseline).argmax(axis=1) == truth).mean() for baseline in (name, "marginal"))
    assert accuracy > base + 0.15
    assert brier(predicted(name), truth) < brier(predicted("marginal"), truth) - 0.1


def test_boosted_groups_see_what_only_two_groups_together_tell() -> None:
    """Young left and old right agree: neither attribute alone says anything, and trees of more leaves are chosen."""
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 2, size=(400, 2))
    options = (groups[:, :1] ^ groups[:, 1:] ^ (rng.random((400, 3)) < 0.1)).astype(np.int16)
    tests = np.argwhere(rng.random(options.shape) < 0.1)
    asked = (ordinal("q0", 2), ordinal("q1", 2), ordinal("q2", 2))
    whole = AnswerMatrix(
        AnswerTable(tuple(f"u{n}" for n in range(400)), asked, options),
        demographics=np.hstack([groups, 1 - groups]).astype(float),
        demographic_names=("AGE=old", "SIDE=right", "AGE=young", "SIDE=left"),
    )
    made = predict_baseline("boosted-groups", whole.without(tests), tests)
    truth = options[tests[:, 0], tests[:, 1]]
    assert made.settings["leaves"] > 2
    assert (made.probabilities.argmax(axis=1) == truth).mean() > 0.8


@pytest.mark.parametrize("name", BASELINES)
def test_the_same_seed_gives_the_same_numbers(name: str) -> None:
    """To the last digit."""
    answers, tests, _ = low_rank()
    assert np.array_equal(predicted(name), predict_baseline(name, answers, tests, seed=1).probabilities)


@pytest.mark.parametrize("name", LEARNED)
def test_a_prediction_does_not_depend_on_the_other_tests(name: str) -> None:
    """A test asked alone is predicted as among all."""
    answers, tests, _ = low_rank()
    alone = predict_baseline(name, answers, tests[7:8], seed=1).probabilities
    assert predicted(name)[7:8] == pytest.approx(alone)


@pytest.mark.parametrize("name", LEARNED)
def test_settings_are_chosen_without_the_tests(name: str) -> None:
    """The same settings whichever tests are asked."""
    answers, tests, _ = low_rank()
    first, second = (predict_baseline(name, answers, part, seed=1).settings for part in (tests[:5], tests[5:]))
    assert first == second


@pytest.mark.parametrize("name", BASELINES)
def test_a_user_of_whom_nothing_is_known_is_predicted(name: str) -> None:
    """With a distribution, from demographics and from the others."""
    answers, _, _ = low_rank()
    known = np.argwhere(answers.answers >= 0)
    own = known[known[:, 0] == 3]
    made = predict_baseline(name, answers.without(own), own[:4], seed=1).probabilities
    assert made.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("name", BASELINES)
def test_questions_that_nobody_or_one_person_answered_are_predicted(name: str) -> None:
    """By the same chance for every option, or nearly so; and questions that all answer alike."""
    answers = np.full((12, 4), -1, dtype=np.int16)
    answers[0, 1] = 1
    answers[:6, 2] = 0
    answers[:9, 3] = [0, 1, 0, 1, 0, 1, 0, 1, 0]
    asked = tuple(ordinal(name, 2) for name in ("nobody", "one", "alike", "mixed"))
    table = AnswerTable(tuple(f"u{n}" for n in range(12)), asked, answers)
    matrix = AnswerMatrix(table, demographics=np.zeros((12, 0)), demographic_names=())
    tests = np.array([[11, question] for question in range(4)])
    made = predict_baseline(name, matrix, tests, seed=0).probabilities
    assert made.sum(axis=1) == pytest.approx(1.0)
    assert made[1:3].argmax(axis=1).tolist() == [1, 0]


def test_the_marginal_is_others_answers_with_one_more_for_each_option() -> None:
    """Counted by hand."""
    answers, tests, _ = low_rank()
    question = int(tests[0, 1])
    counts = np.bincount(answers.answers[answers.answers[:, question] >= 0, question], minlength=3) + 1
    assert predicted("marginal")[0] == pytest.approx(counts / counts.sum())


def test_a_test_whose_answer_is_known_is_a_leak() -> None:
    """It stops, naming the first."""
    answers, _, _ = low_rank()
    known = np.argwhere(answers.answers >= 0)[:2]
    with pytest.raises(LeakError, match="2 answers"):
        predict_baseline("marginal", answers, known)


def test_a_baseline_that_is_not_there_is_an_error() -> None:
    """It names those there are."""
    answers, tests, _ = low_rank()
    with pytest.raises(ConfigError, match="neighbour-vote"):
        predict_baseline("oracle", answers, tests)


def test_the_setting_with_the_least_loss_on_validation_folds_is_chosen() -> None:
    """Predictions of a fold never see what it holds out."""
    answers, _, _ = low_rank()
    whole = answers.answers

    def predict(known: AnswerMatrix, cells: Cells, settings: list[float]) -> dict[float, Floats]:
        assert (known.answers[cells[:, 0], cells[:, 1]] == -1).all()
        truth = np.eye(3)[whole[cells[:, 0], cells[:, 1]]]
        return {setting: setting * truth + (1 - setting) / 3 for setting in settings}

    assert choose(answers, predict, [0.2, 0.9, 0.5], seed=0) == 0.9  # type: ignore[arg-type]


def test_features_of_a_question_have_mean_zero_and_variance_two() -> None:
    """Whatever the number of its options, so that no question outweighs another by having more."""
    answers, _, _ = low_rank()
    features = features_of(answers)
    for question in range(len(answers.questions)):
        known = answers.answers[:, question] >= 0
        own = features.values[:, features.starts[question] : features.starts[question + 1]]
        assert own[known].mean(axis=0) == pytest.approx(0.0, abs=1e-9)
        assert own[known].var(axis=0).sum() == pytest.approx(2.0)
        assert not own[~known].any()


def test_senators_are_predicted_by_those_who_vote_alike() -> None:
    """On the bundled votes: well above others' votes, which say 0.59."""
    source = SenateSource(split=Split(contested_split(SenateSource().votes(), seed=0)))
    tests = items_to_predict(source)
    answers = AnswerMatrix.of_source(source)
    cells = answers.cells([(item.user, item.question) for item in tests])
    made = predict_baseline("neighbour-vote", answers, cells).probabilities
    assert (made.argmax(axis=1) == [item.option for item in tests]).mean() > 0.88


@pytest.mark.shared_data
def test_eight_waves_are_predicted_as_well_as_plain_methods_do(shared_data: Path) -> None:
    """Few users, few answers each: others' answers reach 0.522, and what is learned does not fall below."""
    folders = sorted((shared_data / "opinionqa" / "human_resp").iterdir())
    source = open_source("opinionqa", folders, split=[folder / "split.csv" for folder in folders])
    tests = items_to_predict(source)
    answers = AnswerMatrix.of_source(source)
    cells = answers.cells([(item.user, item.question) for item in tests])
    truth = [item.option for item in tests]
    marginal, links = (
        (predict_baseline(name, answers, cells).probabilities.argmax(axis=1) == truth).mean()
        for name in ("marginal", "item-links")
    )
    assert len(tests) == 2_737
    assert marginal == pytest.approx(0.522, abs=0.001)
    assert links > 0.52
