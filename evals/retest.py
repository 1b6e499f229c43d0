"""Test-retest consistency: how often people repeat their own answers, and predictions beside that.

The second answers are outcomes of their own, which are read after all predictions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path

import numpy as np
from pydantic import Field

from persona_db.evals.bootstrap import bootstrap
from persona_db.evals.items import Outcome, TestItem
from persona_db.evals.measures import Sample, accuracy, sample_of
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Model, Question
from persona_db.loaders.rows import ignore
from persona_db.loaders.source import Source
from persona_db.loaders.table import Table

__all__ = ["AGAIN", "ArmRetest", "Retest", "answered_again", "check_again", "retest_of"]

AGAIN = "again"
"""The arm's name of second answers in a file of outcomes."""

_USER = "QKEY"


class ArmRetest(Model):
    """How well one arm predicts the first answers of people who answered again."""

    accuracy: float | None
    normalised: float | None = Field(
        description="Accuracy over the people's own agreement; above 1 it predicts better."
    )
    ci95: dict[str, tuple[float, float] | None]


class Retest(Model):
    """Items that were answered again, and how often both answers are the same."""

    n: int
    users: int
    own_agreement: float | None
    ci95: tuple[float, float] | None
    arms: dict[str, ArmRetest]


def check_again(format: str, path: Path) -> None:
    """ConfigError where second answers, a table like OpinionQA's responses.csv, cannot be read. No row is read."""
    if format != "opinionqa":
        raise ConfigError(f"second answers (--again) are read for opinionqa only, not for {format}")
    Table(path, required=(_USER,))


def answered_again(path: Path, source: Source, tests: Sequence[TestItem]) -> list[Outcome]:
    """Return the second answers of the users of *tests* to the same questions, in the order of the tests.

    *path* has a row a user and a column a question. Tests without a second answer that is an option are skipped.
    """
    questions = takewhile(lambda record: isinstance(record, Question), source.read(ignore))
    options = {question.id: question.options for question in questions if isinstance(question, Question)}
    table = Table(path, required=(_USER,))
    asked = {test.user for test in tests}
    wanted = [(table.place(name), name) for name in table.columns if name in options]
    second: dict[tuple[str, str], int] = {}
    for _, row in table.rows(ignore):
        user = row[table.place(_USER)]
        if user in asked:
            for place, question in wanted:
                if row[place] in options[question]:
                    second[user, question] = options[question].index(row[place])
    return [
        Outcome(
            arm=AGAIN,
            user=test.user,
            question=test.question,
            truth=test.option,
            probabilities=None,
            answer=second[test.user, test.question],
        )
        for test in tests
        if (test.user, test.question) in second
    ]


def retest_of(
    samples: Mapping[str, Sample],
    outcomes: Sequence[Outcome],
    again: Sequence[Outcome],
    *,
    ranks: Mapping[str, Sequence[float | None]],
    seed: int,
    draws: int,
) -> Retest:
    """Return each arm's accuracy on the items answered *again*, beside the agreement of the two answers.

    *samples* were made of *outcomes*. Intervals resample the users of these items, the same for all arms.
    """
    place = {(outcome.user, outcome.question): index for index, outcome in enumerate(outcomes)}
    known = [one for one in again if (one.user, one.question) in place]
    if not known:
        return Retest(n=0, users=0, own_agreement=None, ci95=None, arms={})
    items = np.array([place[one.user, one.question] for one in known], dtype=np.intp)
    parts = {arm: sample.taken(items) for arm, sample in samples.items()}
    resampled = bootstrap(
        {AGAIN: sample_of(known, ranks=ranks), **parts}, seed=seed, draws=draws, measures=[accuracy.MEASURE]
    )
    own = resampled.estimate(AGAIN, accuracy.MEASURE.name)
    arms = {}
    for arm in samples:
        made = resampled.estimate(arm, accuracy.MEASURE.name)
        normalised = resampled.ratio(arm, AGAIN, accuracy.MEASURE.name)
        arms[arm] = ArmRetest(
            accuracy=made.value,
            normalised=normalised.value,
            ci95={"accuracy": made.ci95, "normalised": normalised.ci95},
        )
    users = len({one.user for one in known})
    return Retest(n=len(known), users=users, own_agreement=own.value, ci95=own.ci95, arms=arms)
