"""Item links: one ridge regression a question, on all own answers and demographics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from persona_db.evals.answers import AnswerMatrix, Cells, Floats
from persona_db.evals.baselines.baseline import BaselinePrediction
from persona_db.evals.baselines.choice import choose
from persona_db.evals.baselines.features import base_rates, distribution, features_of, hot
from persona_db.evals.baselines.ridge import ridge_by_columns, ridge_by_rows

__all__ = ["item_links"]

SHRINKAGES = (0.3, 0.6, 1.2, 2.5, 5.0, 10.0, 40.0, 160.0)
"""Ridge penalties, multiplied by the number of users who answered the question."""


def item_links(answers: AnswerMatrix, tests: Cells, *, seed: int) -> BaselinePrediction:
    """Predict each option's probability linearly from the user's other answers (unknown ones at the mean)."""
    shrinkage = choose(answers, _predict, SHRINKAGES, seed=seed)
    return BaselinePrediction(_predict(answers, tests, [shrinkage])[shrinkage], {"shrinkage": shrinkage})


def _predict(answers: AnswerMatrix, tests: Cells, shrinkages: Sequence[float]) -> dict[float, Floats]:
    features = features_of(answers)
    values, starts = features.values, features.starts
    everybody = values.T @ values
    rates = base_rates(answers)
    scores = {shrinkage: rates[tests[:, 1]] for shrinkage in shrinkages}
    for question in np.unique(tests[:, 1]):
        rows = np.flatnonzero(tests[:, 1] == question)
        known = answers.answers[:, question] >= 0
        if np.count_nonzero(known) < 2:
            continue
        # the regression may not read the question that it predicts
        others = np.r_[0 : starts[question], starts[question + 1] : values.shape[1]]
        inputs = values[np.ix_(known, others)]
        mean = inputs.mean(axis=0)
        asked = values[np.ix_(tests[rows, 0], others)] - mean
        outputs = hot(answers.answers[known, question], answers.width)
        outputs -= outputs.mean(axis=0)
        penalties = [shrinkage * len(inputs) for shrinkage in shrinkages]
        if len(inputs) < len(others):
            fits = ridge_by_rows(inputs - mean, outputs, asked, penalties)
        else:
            unknown = values[np.ix_(~known, others)]
            # respondents' products are everybody's less those of the others
            products = everybody[np.ix_(others, others)] - unknown.T @ unknown - len(inputs) * np.outer(mean, mean)
            fits = ridge_by_columns(products, inputs.T @ outputs, asked, penalties)
        for shrinkage, fit in zip(shrinkages, fits, strict=True):
            scores[shrinkage][rows] += fit
    offered = answers.offered[tests[:, 1]]
    return {shrinkage: distribution(made, offered) for shrinkage, made in scores.items()}
