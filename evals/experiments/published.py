"""Published: the same items as a published study predicted by language models, where the data hold its predictions."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from persona_db.evals.experiments.result import ExperimentResult, Plot
from persona_db.evals.experiments.run import ExperimentRun
from persona_db.evals.items import Outcome, TestItem, outcome_of
from persona_db.graph.errors import LoadError

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["FILE", "NAME", "QUESTION", "run"]

NAME = "published"
QUESTION = "How do the predictions compare with published ones of a language model on the very same items?"

FILE = "published_gpt3_predictions.csv"
"""Beside a wave's answers: run, user, question, predicted (Hwang, Majumder and Tandon 2023, arXiv:2305.14929)."""

_ARMS = ("persona-db", "no-join")


def run(context: ExperimentContext) -> ExperimentResult:
    """Compare with every published run on all its items; without such a file there are no rows."""
    tests = {(test.user, test.question): test for test in context.records.tests}
    runs = _published(context)
    experiment = ExperimentRun(context, NAME, QUESTION, axes=("published run",))
    asked = [test for pair, test in tests.items() if any(pair in run for run in runs.values())]
    made: dict[str, dict[tuple[str, str], Outcome]] = {}
    if asked:
        every_run = {"published run": "all"}
        for arm in _ARMS:
            outcomes = experiment.cell(arm, dict(every_run), asked, partial(context.base.predict, arm, asked))
            made[arm] = {(one.user, one.question): one for one in outcomes}
        marginal = experiment.cell(
            "marginal", dict(every_run), asked, partial(context.baseline, "marginal", context.records.answers, asked)
        )
        made["marginal"] = {(one.user, one.question): one for one in marginal}
    for name, predicted in runs.items():
        pairs = [pair for pair in tests if pair in predicted]
        if not pairs:
            continue
        experiment.put(
            "published", {"published run": name}, [_outcome(context, tests[pair], predicted[pair]) for pair in pairs]
        )
        for arm, outcomes_of in made.items():
            experiment.put(arm, {"published run": name}, [outcomes_of[pair] for pair in pairs])
    if not runs:
        return experiment.result(notes=[f"No {FILE} is beside the answers: there is nothing to compare with."])
    return experiment.result(
        contrasts=[(arm, "published") for arm in made] + [("persona-db", "no-join")],
        plots=[Plot(kind="bars", measures=("accuracy",))],
        notes=["A published answer that is none of the options counts as wrong, and as the middle of the scale."],
    )


def _published(context: ExperimentContext) -> dict[str, dict[tuple[str, str], str]]:
    """Return run -> (user, question) -> the option's words, from every folder that has such a file."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    by_name = {user.rsplit("_", 1)[-1]: user for user in context.records.users}
    several = len(context.settings.paths) > 1
    users = set(context.records.users)
    for folder in context.settings.paths:
        path = Path(folder) / FILE
        if not path.is_file():
            continue
        wave = Path(folder).name.rsplit("_", 1)[-1]
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                try:
                    name, user, question = row["run"], row["user"], row["question"]
                    answer = row["predicted"]
                except KeyError as error:
                    raise LoadError(f"no column {error.args[0]}", source=str(path), row=number) from error
                known = f"{wave}_{user}" if several else by_name.get(user, user)
                if known in users:
                    found.setdefault(name, {})[known, question] = answer or ""
    return found


def _outcome(context: ExperimentContext, test: TestItem, answer: str) -> Outcome:
    """Return the outcome of a published answer, with certainty; unparsed when it is none of the options."""
    options = next(one.options for one in context.records.questions if one.id == test.question)
    words = [option.strip().casefold() for option in options]
    if answer.strip().casefold() not in words:
        return outcome_of("published", test, None)
    place = words.index(answer.strip().casefold())
    return outcome_of("published", test, [float(index == place) for index in range(len(options))])
