"""JOIN gain: with the JOIN and without, by known answers of the person and slots of the prediction."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from persona_db.evals.experiments.cold_start_users import KNOWN, ColdStartUsers
from persona_db.evals.experiments.result import ExperimentResult, Measured, Plot, Row
from persona_db.evals.experiments.run import ExperimentRun

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "run"]

NAME = "join-gain"
QUESTION = "Where does the JOIN help: with sparse people, with few slots, or with both?"

_SIZES = (5, 10, 20, 40)
_QUICK_SIZES = (10, 40)
_QUICK_KNOWN = (0, 5, 40)
_GAIN = "gain of the JOIN"


def run(context: ExperimentContext) -> ExperimentResult:
    """Predict at every number of known answers and of slots, with the JOIN and without."""
    experiment = ExperimentRun(context, NAME, QUESTION, axes=("known", "size"))
    cold = context.once(ColdStartUsers)
    for known in _QUICK_KNOWN if context.settings.quick else KNOWN:
        for size in _QUICK_SIZES if context.settings.quick else _SIZES:
            for arm in ("persona-db", "no-join"):
                axes: dict[str, str | float] = {"known": known, "size": size}
                experiment.cell(arm, axes, cold.tests, partial(cold.predict, arm, known, size=size))
    found = experiment.result(contrasts=[("persona-db", "no-join")])
    gains = tuple(
        Row(arm=_GAIN, axes=one.axes, n=found.tests, measures=_gains(one.measures)) for one in found.contrasts
    )
    plot = Plot(kind="heat", x="known", y="size", arms=(_GAIN,), measures=("accuracy", "spearman"))
    return found.model_copy(update={"rows": (*found.rows, *gains), "plots": (plot,)})


def _gains(measures: dict[str, Measured]) -> dict[str, Measured]:
    return {name: measures[name] for name in ("accuracy", "spearman")}
