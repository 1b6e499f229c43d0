"""Boosted groups: scikit-learn's gradient-boosted trees on demographics alone, interactions included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from persona_db.evals.answers import AnswerMatrix, Cells, Floats
from persona_db.evals.baselines.baseline import BaselinePrediction
from persona_db.evals.baselines.choice import choose
from persona_db.evals.baselines.features import base_rates

__all__ = ["boosted_groups"]

Setting = tuple[int, int]
"""Rounds of boosting, leaves of a tree: groups add up in trees of two leaves and interact in larger ones."""

SETTINGS: tuple[Setting, ...] = ((20, 2), (60, 2), (20, 6))
RATE = 0.08
LEAST_IN_A_LEAF = 20
LEAST_ANSWERS = 2 * LEAST_IN_A_LEAF
MIXED = 0.1
"""Share of base rates in every prediction, so that a few people rule out no option."""


def boosted_groups(answers: AnswerMatrix, tests: Cells, *, seed: int) -> BaselinePrediction:
    """Predict each question by a classifier of everybody's demographics, without the person's own answers.

    It returns the base rates where under 40 people answered, all gave the same answer, or no group is known.
    """

    def predict(known: AnswerMatrix, asked: Cells, settings: Sequence[Setting]) -> dict[Setting, Floats]:
        return {setting: _predict(known, asked, setting, seed=seed) for setting in settings}

    rounds, leaves = choose(answers, predict, SETTINGS, seed=seed)
    return BaselinePrediction(
        _predict(answers, tests, (rounds, leaves), seed=seed), {"rounds": rounds, "leaves": leaves}
    )


def _predict(answers: AnswerMatrix, tests: Cells, setting: Setting, *, seed: int) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier

    rounds, leaves = setting
    rates = base_rates(answers)
    made = rates[tests[:, 1]].copy()
    if not answers.demographics.shape[1]:
        return made
    for question in np.unique(tests[:, 1]):
        people = np.flatnonzero(answers.answers[:, question] >= 0)
        chosen = answers.answers[people, question]
        if len(people) < LEAST_ANSWERS or len(np.unique(chosen)) == 1:
            continue
        trees = HistGradientBoostingClassifier(
            learning_rate=RATE, max_iter=rounds, max_leaf_nodes=leaves, min_samples_leaf=LEAST_IN_A_LEAF,
            early_stopping=False, random_state=seed,
        )  # fmt: skip
        trees.fit(answers.demographics[people], chosen)
        rows = np.flatnonzero(tests[:, 1] == question)
        given = np.zeros((len(rows), answers.width))
        given[:, trees.classes_] = trees.predict_proba(answers.demographics[tests[rows, 0]])
        made[rows] = (1 - MIXED) * given + MIXED * rates[question]
    return made
