"""Implicit ALS: factors of users and options by alternating least squares, from the library `implicit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.answers import AnswerMatrix, Cells, Floats
from persona_db.evals.baselines.baseline import BaselinePrediction
from persona_db.evals.baselines.choice import choose
from persona_db.evals.baselines.features import base_rates
from persona_db.graph.errors import ConfigError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["implicit_als"]

Setting = tuple[int, float, float, float]
"""Factors, penalty, temperature, exponent of the base rates."""

FACTORS = (4, 8, 16, 32)
PENALTIES = (10.0, 30.0, 100.0)
TEMPERATURES = (0.1, 0.2, 0.3, 0.5, 1.0)
PRIORS = (0.25, 0.5, 1.0)
WEIGHT = 10.0
"""Weight of an answer, relative to an unanswered question."""
ROUNDS = 10


def implicit_als(answers: AnswerMatrix, tests: Cells, *, seed: int) -> BaselinePrediction:
    """Predict by a softmax of the options' scores, on top of others' answers.

    The matrix is users x options and demographics. The chosen option of an answered question counts for, its other
    options against (Hu, Koren and Volinsky 2008, with options that were seen and not taken).
    """

    def predict(known: AnswerMatrix, cells: Cells, settings: Sequence[Setting]) -> dict[Setting, Floats]:
        return _predict(known, cells, settings, seed=seed)

    most = max(1, len(answers.users) - 1)
    factors = [size for size in FACTORS if size <= most] or [most]
    settings = [
        (size, penalty, temperature, prior)
        for size in factors
        for penalty in PENALTIES
        for temperature in TEMPERATURES
        for prior in PRIORS
    ]
    chosen = choose(answers, predict, settings, seed=seed)
    names = ("factors", "penalty", "temperature", "prior")
    return BaselinePrediction(predict(answers, tests, [chosen])[chosen], dict(zip(names, chosen, strict=True)))


def _predict(answers: AnswerMatrix, tests: Cells, settings: Sequence[Setting], *, seed: int) -> dict[Setting, Floats]:
    offered = answers.offered[tests[:, 1]]
    rates = np.log(np.where(offered, base_rates(answers)[tests[:, 1]], 1.0))
    table = _table(answers)
    made: dict[Setting, Floats] = {}
    for size, penalty in dict.fromkeys(setting[:2] for setting in settings):
        scores = _scores(table, answers, tests, factors=size, penalty=penalty, seed=seed)
        for setting in settings:
            if setting[:2] == (size, penalty):
                made[setting] = _softmax(setting[3] * rates + scores / setting[2], offered)
    return made


def _table(answers: AnswerMatrix) -> csr_array[np.float32, tuple[int, int]]:
    """Return users x (option of each question, demographics): 1 for a chosen option or own group, -1 for others."""
    from scipy.sparse import csr_array

    users, questions = np.nonzero(answers.answers >= 0)
    options = np.arange(answers.width)[None, :]
    chosen = options == answers.answers[users, questions][:, None]
    there = answers.offered[questions]
    columns = questions[:, None] * answers.width + options
    people, groups = np.nonzero(answers.demographics)
    rows = np.concatenate([np.broadcast_to(users[:, None], there.shape)[there], people])
    places = np.concatenate([columns[there], len(answers.questions) * answers.width + groups])
    values = np.concatenate([np.where(chosen, 1.0, -1.0)[there], np.ones(len(people))])
    width = len(answers.questions) * answers.width + answers.demographics.shape[1]
    return csr_array((values.astype(np.float32), (rows, places)), shape=(len(answers.users), width))


def _scores(
    table: csr_array[np.float32, tuple[int, int]],
    answers: AnswerMatrix,
    tests: Cells,
    *,
    factors: int,
    penalty: float,
    seed: int,
) -> Floats:
    """Return tests x options: the product of the user's and the option's factors."""
    from scipy.sparse import csr_matrix

    try:
        from implicit.als import AlternatingLeastSquares
    except ImportError as error:
        raise ConfigError(
            "the arm 'implicit-als' needs the library implicit: pip install 'persona-db[baselines]'"
        ) from error
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # once more: the library may have loaded a BLAS of its own just now
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=penalty,
            alpha=WEIGHT,
            iterations=ROUNDS,
            use_gpu=False,
            num_threads=1,  # the order of sums is the same, and so the last digits
            random_state=seed,
        )
        model.fit(csr_matrix(table), show_progress=False)
    users = np.asarray(model.user_factors, dtype=np.float64)[tests[:, 0]]
    options = np.asarray(model.item_factors, dtype=np.float64)
    first = tests[:, 1] * answers.width
    return np.column_stack([(users * options[first + option]).sum(axis=1) for option in range(answers.width)])


def _softmax(logits: Floats, offered: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Floats:
    logits = np.where(offered, logits, -np.inf)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
