"""How consistent people are themselves: the same questions answered again, and predictions beside that.

The second answers are outcomes of their own, read when everything has been predicted.
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
"""Stands for an arm in a file of outcomes: what the same person said the second time."""

_USER = "QKEY"


class ArmRetest(Model):
    """How one arm predicts the first answers of those who answered again."""

    accuracy: float | None
    normalised: float | None = Field(description="Accuracy over the person's own agreement: above 1 is better than it.")
    ci95: dict[str, tuple[float, float] | None]


class Retest(Model):
    """Items that were answered again, and how often the two answers are the same."""

    n: int
    users: int
    own_agreement: float | None
    ci95: tuple[float, float] | None
    arms: dict[str, ArmRetest]


def check_again(format: str, path: Path) -> None:
    """Stop where second answers cannot be read: they are a table as OpinionQA's responses.csv. No row is read."""
    if format != "opinionqa":
        raise ConfigError(f"second answers (--again) are read for opinionqa only, not for {format}")
    Table(path, required=(_USER,))


def answered_again(path: Path, source: Source, tests: Sequence[TestItem]) -> list[Outcome]:
    """Return what the users of *tests* said of the same questions the second time, in the order of the tests.

    *path* has a row a user and a column a question. What was not asked again, or is no option, is left out.
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

    *outcomes* are those that *samples* were made of. Intervals draw the users of these items, the same for all.
    """
    place = {(outcome.user, outcome.question): index for index, outcome in enumerate(outcomes)}
    known = [one for one in again if (one.user, one.question) in place]
    if not known:
        return Retest(n=0, users=0, own_agreement=None, ci95=None, arms={})
    items = np.array([place[one.user, one.question] for one in known], dtype=np.intp)
    parts = {arm: sample.taken(items) for arm, sample in samples.items()}
    resampled = bootstrap({AGAIN: sample_of(known, ranks=ranks), **parts}, seed=seed, draws=draws, measures=[accuracy])
    own = resampled.estimate(AGAIN, accuracy.NAME)
    arms = {}
    for arm in samples:
        made = resampled.estimate(arm, accuracy.NAME)
        normalised = resampled.ratio(arm, AGAIN, accuracy.NAME)
        arms[arm] = ArmRetest(
            accuracy=made.value,
            normalised=normalised.value,
            ci95={"accuracy": made.ci95, "normalised": normalised.ci95},
        )
    users = len({one.user for one in known})
    return Retest(n=len(known), users=users, own_agreement=own.value, ci95=own.ci95, arms=arms)
