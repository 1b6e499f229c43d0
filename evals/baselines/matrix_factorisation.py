"""Matrix factorisation: a truncated SVD fills in unknown answers, then ridge regression on the users' factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from persona_db.evals.answers import AnswerMatrix, Cells, Floats
from persona_db.evals.baselines.baseline import BaselinePrediction
from persona_db.evals.baselines.choice import choose
from persona_db.evals.baselines.features import Features, base_rates, distribution, features_of, hot
from persona_db.evals.baselines.ridge import ridge_by_columns

__all__ = ["matrix_factorisation"]

Setting = tuple[int, float]
"""Rank, ridge penalty for each user who answered."""

RANKS = (2, 5, 10, 20, 40, 60, 90, 130, 180)
SHRINKAGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
FILLINGS = 3


def matrix_factorisation(answers: AnswerMatrix, tests: Cells, *, seed: int) -> BaselinePrediction:
    """Predict each option's probability linearly from the user's factors without the question's own answer."""

    def predict(known: AnswerMatrix, cells: Cells, settings: Sequence[Setting]) -> dict[Setting, Floats]:
        return _predict(known, cells, settings, seed=seed)

    most = max(1, min(features_of(answers).values.shape) - 1)
    ranks = [rank for rank in RANKS if rank <= most] or [most]
    settings = [(rank, shrinkage) for rank in ranks for shrinkage in SHRINKAGES]
    chosen = choose(answers, predict, settings, seed=seed)
    return BaselinePrediction(predict(answers, tests, [chosen])[chosen], {"rank": chosen[0], "shrinkage": chosen[1]})


def _predict(answers: AnswerMatrix, tests: Cells, settings: Sequence[Setting], *, seed: int) -> dict[Setting, Floats]:
    features = features_of(answers)
    rates = base_rates(answers)
    scores = {setting: rates[tests[:, 1]] for setting in settings}
    most = min(features.values.shape) - 1
    for rank in sorted({setting[0] for setting in settings}):
        if most < 1:
            break
        filled, directions = _factorise(answers, features, rank=min(rank, most), seed=seed)
        factors = filled @ directions
        shrinkages = [shrinkage for of_rank, shrinkage in settings if of_rank == rank]
        for question in np.unique(tests[:, 1]):
            rows = np.flatnonzero(tests[:, 1] == question)
            known = np.flatnonzero(answers.answers[:, question] >= 0)
            if len(known) < 2:
                continue
            own = slice(features.starts[question], features.starts[question + 1])
            # without this, respondents' factors would hold the very answer that they are fitted to
            apart = factors - filled[:, own] @ directions[own]
            inputs = apart[known]
            mean = inputs.mean(axis=0)
            scale = float(inputs[:, 0].std()) or 1.0
            inputs, asked = (inputs - mean) / scale, (apart[tests[rows, 0]] - mean) / scale
            outputs = hot(answers.answers[known, question], answers.width)
            outputs -= outputs.mean(axis=0)
            penalties = [shrinkage * len(known) for shrinkage in shrinkages]
            fits = ridge_by_columns(inputs.T @ inputs, inputs.T @ outputs, asked, penalties)
            for shrinkage, fit in zip(shrinkages, fits, strict=True):
                scores[rank, shrinkage][rows] += fit
    offered = answers.offered[tests[:, 1]]
    return {setting: distribution(made, offered) for setting, made in scores.items()}


def _factorise(answers: AnswerMatrix, features: Features, *, rank: int, seed: int) -> tuple[Floats, Floats]:
    """Return the filled features and their leading directions (columns x rank).

    Unknown cells start at the mean and take the factors' prediction, shrunk by the least singular value
    kept (soft impute: Mazumder, Hastie and Tibshirani 2010), three times.
    """
    from sklearn.utils.extmath import randomized_svd

    known = np.ones(features.values.shape, dtype=bool)
    for question in range(len(answers.questions)):
        known[:, features.starts[question] : features.starts[question + 1]] = (answers.answers[:, question] >= 0)[
            :, None
        ]
    filled = features.values
    for _ in range(FILLINGS):
        left, sizes, right = randomized_svd(filled, n_components=rank, random_state=seed)
        filled = np.where(known, features.values, (left * (sizes - sizes[-1])) @ right)
    _, _, right = randomized_svd(filled, n_components=rank, random_state=seed)
    return filled, right.T
