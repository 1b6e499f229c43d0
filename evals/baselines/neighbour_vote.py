"""Neighbour vote: the most similar users who answered the question, weighted by similarity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from persona_db.evals.answers import AnswerMatrix, Cells, Floats
from persona_db.evals.baselines.baseline import BaselinePrediction
from persona_db.evals.baselines.choice import choose
from persona_db.evals.baselines.features import base_rates, features_of, hot

__all__ = ["neighbour_vote"]

Setting = tuple[int, float, float]
"""Neighbours, prior in neighbours of mean similarity, scale of demographics."""

NEIGHBOURS = (5, 10, 20, 50, 100, 200)
PRIORS = (1.0, 5.0, 25.0)
DEMOGRAPHICS = (0.5, 1.0)


def neighbour_vote(answers: AnswerMatrix, tests: Cells, *, seed: int) -> BaselinePrediction:
    """Predict by a vote of the K users most similar by cosine who answered the question; base rates are the prior."""
    settings = [(k, prior, scale) for scale in DEMOGRAPHICS for k in NEIGHBOURS for prior in PRIORS]
    chosen = choose(answers, _predict, settings, seed=seed)
    neighbours, prior, scale = chosen
    return BaselinePrediction(
        _predict(answers, tests, [chosen])[chosen],
        {"neighbours": neighbours, "prior": prior, "demographics": scale},
    )


def _predict(answers: AnswerMatrix, tests: Cells, settings: Sequence[Setting]) -> dict[Setting, Floats]:
    rates = base_rates(answers)
    made: dict[Setting, Floats] = {setting: np.zeros((len(tests), answers.width)) for setting in settings}
    for scale in sorted({setting[2] for setting in settings}):
        similarity = _cosine(features_of(answers, demographics=scale).values)
        of_scale = [setting for setting in settings if setting[2] == scale]
        for question in np.unique(tests[:, 1]):
            rows = np.flatnonzero(tests[:, 1] == question)
            voters = np.flatnonzero(answers.answers[:, question] >= 0)
            # a neighbour on the other side of the mean is no evidence here: similarities below zero have no vote
            near = np.clip(similarity[np.ix_(tests[rows, 0], voters)], 0.0, None)
            near[tests[rows, 0][:, None] == voters[None, :]] = 0.0
            order = np.argsort(-near, axis=1, kind="stable")
            near = np.take_along_axis(near, order, axis=1)
            votes = hot(answers.answers[voters, question], answers.width)[order]
            for setting in of_scale:
                made[setting][rows] = _vote(near, votes, rates[question], neighbours=setting[0], prior=setting[1])
    return made


def _cosine(values: Floats) -> Floats:
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.where(length > 0, length, 1.0)
    return np.asarray(unit @ unit.T)


def _vote(near: Floats, votes: Floats, rates: Floats, *, neighbours: int, prior: float) -> Floats:
    weight = near[:, :neighbours]
    if weight.shape[1] == 0:
        return np.broadcast_to(rates, (len(near), len(rates)))
    cast = np.einsum("tk,tko->to", weight, votes[:, :neighbours])
    # a tiny constant lets the prior decide where nobody is similar
    prior_weight = prior * weight.mean(axis=1, keepdims=True) + 1e-9
    return np.asarray((cast + prior_weight * rates) / (weight.sum(axis=1, keepdims=True) + prior_weight))
