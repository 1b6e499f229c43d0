"""Subgroups: the measures of people of one value, as if they alone had been predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.items import Outcome, OutcomeFile, RunHeader, TestItem, outcome_of, read_outcomes
from persona_db.evals.report import report_of
from persona_db.evals.subgroups import groups_of
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Person, Question

GROUPS = {f"u{n:02}": "a" if n < 32 else "b" if n < 64 else "few" for n in range(70)}
HEADER = RunHeader(
    dataset="d",
    split="s",
    command="c",
    seed=1,
    ranks={f"q{n}": (0.0, 0.5, 1.0) for n in range(4)},
    by="SIDE",
    groups={user: value for user, value in GROUPS.items() if user != "u00"},
)


def outcomes(arm: str, seed: int) -> list[Outcome]:
    """People of 'a' are predicted well, others by chance; u01 has no item."""
    rng = np.random.default_rng(seed)
    made = []
    for place, (user, value) in enumerate(GROUPS.items()):
        for number in range(4):
            truth = (place + number) % 3
            odds = rng.random(3) + (np.eye(3)[truth] * 2 if value == "a" else 0)
            if user != "u01":
                made.append(outcome_of(arm, TestItem(user=user, question=f"q{number}", option=truth), odds.tolist()))
    return made


def test_a_subgroup_has_the_measures_of_its_people_alone() -> None:
    """Values and intervals equal those of a report on their outcomes; who has no value is in none."""
    arms = {"x": outcomes("x", 0), "y": outcomes("y", 1)}
    report = report_of(HEADER, arms, draws=50)
    assert {name: (kind.users, kind.n) for name, kind in report.subgroups.items()} == {
        "SIDE=a": (30, 120),
        "SIDE=b": (32, 128),
    }
    for value in "ab":
        part = {arm: [one for one in made if HEADER.groups.get(one.user) == value] for arm, made in arms.items()}
        alone = report_of(HEADER.model_copy(update={"groups": {}}), part, draws=50)
        for arm in arms:
            kind = report.subgroups[f"SIDE={value}"].arms[arm]
            assert (kind.accuracy, kind.spearman) == (alone.arms[arm].accuracy, alone.arms[arm].spearman)
            assert kind.ci95 == {name: alone.arms[arm].ci95[name] for name in ("accuracy", "spearman")}
    assert report.subgroups["SIDE=a"].arms["x"].accuracy > 0.8  # type: ignore[operator]


def test_groups_are_in_the_file_of_outcomes(tmp_path: Path) -> None:
    """A report from the file alone has them too."""
    made = outcomes("x", 0)
    with OutcomeFile(tmp_path / "o.jsonl", HEADER) as file:
        file.write(made)
    header, arms = read_outcomes(tmp_path / "o.jsonl")
    assert report_of(header, arms, draws=20).subgroups == report_of(HEADER, {"x": made}, draws=20).subgroups


def test_an_attribute_that_nobody_has_is_an_error() -> None:
    """It names those there are; a value is what comes after the first equals sign."""
    people = [Person(id="u", attributes={"SIDE": "a=b", "AGE": "old"}), Person(id="v", attributes={"AGE": "old"})]
    answers = AnswerMatrix.of([Question(id="q", text="?", options=("no", "yes"))], people, [])
    assert groups_of(answers, "SIDE") == {"u": "a=b"}
    with pytest.raises(ConfigError, match="AGE, SIDE"):
        groups_of(answers, "PARTY")
