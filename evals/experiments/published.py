"""Published: the same items as language models were asked in a published study, where the data hold its predictions."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from persona_db.evals.experiments.finding import Finding, Plot
from persona_db.evals.experiments.trial import Trial
from persona_db.evals.items import Outcome, TestItem, outcome_of
from persona_db.graph.errors import LoadError

if TYPE_CHECKING:
    from persona_db.evals.experiments.lab import Lab

__all__ = ["FILE", "NAME", "QUESTION", "run"]

NAME = "published"
QUESTION = "How do the predictions compare with published ones of a language model on the very same items?"

FILE = "published_gpt3_predictions.csv"
"""Beside a wave's answers: run, user, question, predicted (Hwang, Majumder and Tandon 2023, arXiv:2305.14929)."""

_ARMS = ("persona-db", "no-join")


def run(lab: Lab) -> Finding:
    """Compare, for every published run, on the items that it has; nothing is drawn. No such file, no rows."""
    tests = {(test.user, test.question): test for test in lab.records.tests}
    told = _published(lab)
    trial = Trial(lab, NAME, QUESTION, axes=("published run",))
    asked = [test for pair, test in tests.items() if any(pair in run for run in told.values())]
    made: dict[str, dict[tuple[str, str], Outcome]] = {}
    if asked:
        whole = {"published run": "all"}
        for arm in _ARMS:
            outcomes = trial.cell(arm, dict(whole), asked, partial(lab.base.predict, arm, asked))
            made[arm] = {(one.user, one.question): one for one in outcomes}
        marginal = trial.cell("marginal", dict(whole), asked, partial(lab.peer, "marginal", lab.records.answers, asked))
        made["marginal"] = {(one.user, one.question): one for one in marginal}
    for name, predicted in told.items():
        pairs = [pair for pair in tests if pair in predicted]
        if not pairs:
            continue
        trial.put("published", {"published run": name}, [_outcome(lab, tests[pair], predicted[pair]) for pair in pairs])
        for arm, outcomes_of in made.items():
            trial.put(arm, {"published run": name}, [outcomes_of[pair] for pair in pairs])
    if not told:
        return trial.finding(notes=[f"No {FILE} is beside the answers: there is nothing to compare with."])
    return trial.finding(
        contrasts=[(arm, "published") for arm in made] + [("persona-db", "no-join")],
        plots=[Plot(kind="bars", measures=("accuracy",))],
        notes=["A published answer that is none of the options counts as wrong, and as the middle of the scale."],
    )


def _published(lab: Lab) -> dict[str, dict[tuple[str, str], str]]:
    """Run -> (user, question) -> the option's words, of every folder that has such a file."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    by_name = {user.rsplit("_", 1)[-1]: user for user in lab.records.users}
    several = len(lab.settings.paths) > 1
    users = set(lab.records.users)
    for folder in lab.settings.paths:
        path = Path(folder) / FILE
        if not path.is_file():
            continue
        wave = Path(folder).name.rsplit("_", 1)[-1]
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                try:
                    name, user, question = row["run"], row["user"], row["question"]
                    said = row["predicted"]
                except KeyError as error:
                    raise LoadError(f"no column {error.args[0]}", source=str(path), row=number) from error
                known = f"{wave}_{user}" if several else by_name.get(user, user)
                if known in users:
                    found.setdefault(name, {})[known, question] = said or ""
    return found


def _outcome(lab: Lab, test: TestItem, said: str) -> Outcome:
    """The published answer as certain of itself; unparsed when it is none of the options."""
    options = next(one.options for one in lab.records.questions if one.id == test.question)
    words = [option.strip().casefold() for option in options]
    if said.strip().casefold() not in words:
        return outcome_of("published", test, None)
    place = words.index(said.strip().casefold())
    return outcome_of("published", test, [float(index == place) for index in range(len(options))])
