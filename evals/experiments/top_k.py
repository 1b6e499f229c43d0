"""Top-k: from how many collaborators to borrow (the paper's first open question)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.finding import Finding, Plot
from persona_db.evals.experiments.trial import Trial

if TYPE_CHECKING:
    from persona_db.evals.experiments.lab import Lab

__all__ = ["NAME", "QUESTION", "run"]

NAME = "top-k"
QUESTION = "From how many collaborators should be borrowed, and does it depend on the places there are?"

_TOP_K = (1, 5, 10, 20, 40, 100, 200)
_QUICK = (1, 20, 100)
_SIZES = (10, 40)


def run(lab: Lab) -> Finding:
    """Predict at every K, with what is usually borrowed and with collaborators' items alone; summaries know no K."""
    trial = Trial(lab, NAME, QUESTION, axes=("size", "top_k"))
    for size in _SIZES:
        own = None
        for top_k in _QUICK if lab.settings.quick else _TOP_K:
            axes: dict[str, str | float] = {"size": size, "top_k": top_k}
            for arm, recall in (("persona-db", {}), ("collaborators' items", {"summaries": 0.0})):
                trial.cell(
                    arm, axes, lab.tests,
                    partial(lab.base.predict, "persona-db", lab.tests, size=size, top_k=top_k, recall=recall),
                )  # fmt: skip
            if own is None:
                own = trial.cell("no-join", axes, lab.tests, partial(lab.base.predict, "no-join", lab.tests, size=size))
            else:
                trial.put("no-join", axes, own)
    return trial.finding(
        contrasts=[("persona-db", "no-join"), ("collaborators' items", "no-join")],
        plots=[Plot(kind="lines", x="top_k", panel="size", measures=("accuracy", "spearman"))],
    )
