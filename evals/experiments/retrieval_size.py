"""Retrieval size: with and without the JOIN over the places there are (paper table 3)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.finding import Finding, Plot
from persona_db.evals.experiments.trial import Trial

if TYPE_CHECKING:
    from persona_db.evals.experiments.lab import Lab

__all__ = ["NAME", "QUESTION", "run"]

NAME = "retrieval-size"
QUESTION = "How many recalled items does a prediction need, with the JOIN and without?"

_SIZES = (5, 10, 20, 30, 40, 80)
_QUICK = (5, 10, 40)
_ARMS = ("persona-db", "no-join", "history", "recency")


def run(lab: Lab) -> Finding:
    """Predict at every size r; `full-history` has no size, and is the same line at all of them."""
    trial = Trial(lab, NAME, QUESTION, axes=("size",))
    sizes = _QUICK if lab.settings.quick else _SIZES
    whole = None
    for size in sizes:
        for arm in _ARMS:
            trial.cell(arm, {"size": size}, lab.tests, partial(lab.base.predict, arm, lab.tests, size=size))
        if whole is None:
            whole = trial.cell(
                "full-history", {"size": size}, lab.tests, partial(lab.base.predict, "full-history", lab.tests)
            )
        else:
            trial.put("full-history", {"size": size}, whole)
    return trial.finding(
        contrasts=[("persona-db", "no-join"), ("persona-db", "history"), ("persona-db", "full-history")],
        shown=("accuracy", "spearman", "within_question_spearman", "items"),
        plots=[Plot(kind="lines", x="size", measures=("accuracy", "spearman"))],
    )
