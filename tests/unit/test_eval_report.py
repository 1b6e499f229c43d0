"""The report: one object with every arm, its measures and intervals, and what makes it again."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from persona_db.evals.items import Outcome, RunHeader, TestItem, outcome_of
from persona_db.evals.report import ArmCost, Report, report_of
from persona_db.evals.table import show
from persona_db.graph.errors import ConfigError

COMMAND = "persona-db evaluate jsonl answers.jsonl --split split.csv --arms good,marginal --json"
HEADER = RunHeader(
    dataset="d",
    split="split.csv",
    command=COMMAND,
    seed=3,
    settings={"size": 40},
    data={"split.csv": "ab"},
    ranks={f"q{n}": (0.0, 0.5, 1.0) for n in range(3)} | {"off": (None, None)},
)
ITEMS = [TestItem(user=f"u{n}", question=f"q{q}", option=(n + q) % 3) for n in range(12) for q in range(3)] + [
    TestItem(user="u0", question="off", option=1)
]
MEASURES = [
    "accuracy",
    "macro_f1",
    "spearman",
    "pearson",
    "within_question_spearman",
    "auc",
    "auc_within_question",
    "gain_over_marginal",
    "log_loss",
    "brier",
    "expected_calibration_error",
    "wasserstein",
    "variance_ratio",
    "abstention_area",
]


def outcomes() -> dict[str, list[Outcome]]:
    certain = [outcome_of("good", item, [float(n == item.option) for n in range(3)], items=4) for item in ITEMS[:-1]]
    return {
        "good": [*certain, outcome_of("good", ITEMS[-1], None, tokens=37)],
        "marginal": [
            outcome_of("marginal", item, [0.4, 0.3, 0.3][: 2 if item.question == "off" else 3]) for item in ITEMS
        ],
    }


def report() -> Report:
    return report_of(HEADER, outcomes(), costs={"good": ArmCost(seconds=1.5, cost_usd=0.01)}, draws=100)


def test_the_object_has_the_documented_fields() -> None:
    """What programs read of `--json`."""
    made = json.loads(report().model_dump_json())
    assert list(made) == [
        "dataset",
        "split",
        "users",
        "questions",
        "tests",
        "warnings",
        "settings",
        "arms",
        "differences",
        "subgroups",
        "retest",
    ]
    assert ["n", *MEASURES, "ci95"] == list(made["arms"]["good"])[:16]
    assert list(made["arms"]["good"])[16:] == [
        "off_scale",
        "unparsed",
        "abstained",
        "items_per_prediction",
        "tokens_per_prediction",
        "seconds",
        "cost_usd",
        "calls",
        "cached",
        "said",
    ]
    assert (
        list(made["differences"]["good-marginal"]),
        list(made["differences"]["good-marginal"]["accuracy"]),
    ) == (MEASURES, ["mean", "ci95"])


def test_missing_predictions_are_counted_and_kept() -> None:
    """Wrong, off no denominator, and beside the measures."""
    arm = report().arms["good"]
    assert (arm.n, arm.accuracy, arm.unparsed, arm.abstained, arm.off_scale) == (37, 36 / 37, 1, 0, 1)
    assert (
        arm.items_per_prediction,
        arm.tokens_per_prediction,
        arm.seconds,
        arm.cost_usd,
    ) == (4 * 36 / 37, 1.0, 1.5, 0.01)


def test_differences_are_of_the_first_arm_unless_others_are_named() -> None:
    """With a paired interval that holds the difference."""
    made = report().differences["good-marginal"]["accuracy"]
    assert made.mean is not None
    assert made.ci95 is not None
    assert made.ci95[0] <= made.mean <= made.ci95[1]
    other = report_of(HEADER, outcomes(), pairs=[("marginal", "good")], draws=100)
    assert -made.mean == pytest.approx(other.differences["marginal-good"]["accuracy"].mean)


def test_the_gain_is_over_the_marginal_given_when_it_is_no_arm() -> None:
    """An evaluation of one arm still has it."""
    made = outcomes()
    alone = report_of(HEADER, {"good": made["good"]}, marginal=made["marginal"], draws=20)
    assert report().arms["good"].gain_over_marginal == alone.arms["good"].gain_over_marginal
    assert report_of(HEADER, {"good": made["good"]}, draws=20).arms["good"].gain_over_marginal is None


def test_the_settings_say_what_the_numbers_rest_on() -> None:
    """The seed, the draws, the data's hashes and the command."""
    assert report().settings == {
        "size": 40,
        "seed": 3,
        "draws": 100,
        "resampled": "users and questions",
        "data": {"split.csv": "ab"},
        "command": COMMAND,
    }


def test_the_same_outcomes_make_the_same_report() -> None:
    """To the last digit, intervals included."""
    assert report().model_dump_json() == report().model_dump_json()


@pytest.mark.parametrize("width", [80, 120])
def test_the_tables_show_counts_intervals_and_the_command(width: int) -> None:
    """Whatever the width, with nothing cut off."""
    out = io.StringIO()
    show(report(), Console(file=out, width=width))
    text = out.getvalue()
    assert COMMAND in text
    for piece in (
        "good",
        "marginal",
        "37",
        "0.973",
        "±0.",
        "good-marginal",
        "37 held-out answers of 12 users to 4 questions",
    ):
        assert piece in text
    assert "…" not in text


@pytest.mark.parametrize("made", [{}, {"a": []}])
def test_nothing_predicted_is_an_error(made: dict[str, list[Outcome]]) -> None:
    """There is nothing to report."""
    with pytest.raises(ConfigError, match="nothing"):
        report_of(HEADER, made)


def test_a_pair_of_an_arm_that_was_not_run_is_an_error() -> None:
    """It names the arms there are."""
    with pytest.raises(ConfigError, match="good, marginal"):
        report_of(HEADER, outcomes(), pairs=[("good", "best")])
