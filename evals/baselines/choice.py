"""Settings chosen on validation folds, by the Brier score."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from persona_db.evals.answers import AnswerMatrix, Answers, Cells, Floats
from persona_db.evals.baselines.features import hot
from persona_db.evals.folds import SHARE, cold_start_fold, validation_folds

__all__ = ["brier", "choose"]

Setting = TypeVar("Setting")

ENOUGH_TESTS = 5_000
MOST_TESTS = 10_000
MOST_FOLDS = 5


def brier(probabilities: Floats, truth: Answers) -> float:
    """Return the mean squared distance between distributions and what came true: 0 is perfect, 2 the worst."""
    return float(((probabilities - hot(truth, probabilities.shape[1])) ** 2).sum(axis=1).mean())


def choose(
    answers: AnswerMatrix,
    predict: Callable[[AnswerMatrix, Cells, Sequence[Setting]], Mapping[Setting, Floats]],
    settings: Sequence[Setting],
    *,
    seed: int,
) -> Setting:
    """Return the setting with the least Brier score over validation folds of *answers*; the first of equals.

    There are enough folds for 5,000 tests, but at most five, and at most about 10,000 tests a fold.
    *predict* learns everything again from each fold's history. Cold-start users have a single fold, in which other
    people keep as few answers as they have.
    """
    known = int((answers.answers >= 0).sum())
    if known < SHARE or len(settings) == 1:
        return settings[0]
    folds = min(MOST_FOLDS, max(1, math.ceil(ENOUGH_TESTS * SHARE / known)))
    loss = np.zeros(len(settings))
    made_of = (
        validation_folds(answers, seed=seed, folds=folds, most_tests=MOST_TESTS)
        if answers.cold_start is None
        else cold_start_fold(answers, known=answers.cold_start, seed=seed, most_tests=MOST_TESTS)
    )
    for fold in made_of:
        if len(fold.tests) == 0:
            continue
        made = predict(fold.answers, fold.tests, settings)
        loss += [brier(made[setting], fold.truth) * len(fold.tests) for setting in settings]
    return settings[int(np.argmin(loss))]
