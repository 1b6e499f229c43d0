"""Baselines: other methods that predict the same tests from the same known answers, each by its own library."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from persona_db.chains.fit.threads import one_thread
from persona_db.evals.answers import AnswerMatrix, Cells
from persona_db.evals.baselines.baseline import Baseline, BaselinePrediction
from persona_db.evals.baselines.boosted_groups import boosted_groups
from persona_db.evals.baselines.implicit_als import implicit_als
from persona_db.evals.baselines.item_links import item_links
from persona_db.evals.baselines.marginal import majority, marginal
from persona_db.evals.baselines.matrix_factorisation import matrix_factorisation
from persona_db.evals.baselines.neighbour_vote import neighbour_vote
from persona_db.graph.errors import ConfigError, LeakError

__all__ = ["BASELINES", "AnswerMatrix", "Baseline", "BaselinePrediction", "predict_baseline"]

BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        "neighbour-vote": neighbour_vote,
        "matrix-factorisation": matrix_factorisation,
        "item-links": item_links,
        "implicit-als": implicit_als,
        "boosted-groups": boosted_groups,
        "marginal": marginal,
        "majority": majority,
    }
)


def predict_baseline(name: str, answers: AnswerMatrix, tests: Cells, *, seed: int = 0) -> BaselinePrediction:
    """Return the baseline's distribution for each test (a row of user and question indices) and its chosen settings.

    LeakError when *answers* hold the answer to a test.
    """
    if name not in BASELINES:
        raise ConfigError(f"no baseline {name!r}; there are {', '.join(BASELINES)}")
    known = answers.answers[tests[:, 0], tests[:, 1]] >= 0
    if bool(known.any()):
        user, question = tests[int(np.flatnonzero(known)[0])]
        raise LeakError(
            f"{int(known.sum())} answers to be predicted are among the known ones, the first of user "
            f"{answers.users[user]!r} to {answers.questions[question]!r}; load only the history part of the split"
        )
    # many small products: threads that wait for each other cost more than they save, and change the last digits
    with one_thread():
        return BASELINES[name](answers, tests, seed=seed)
