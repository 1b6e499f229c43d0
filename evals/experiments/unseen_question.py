"""Unseen question: what nobody has answered, such as news and new bills."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.experiments.finding import Finding, Plot
from persona_db.evals.experiments.records import Records
from persona_db.evals.experiments.trial import Trial
from persona_db.evals.items import Outcome, TestItem, outcome_of
from persona_db.graph.errors import ConfigError

if TYPE_CHECKING:
    from persona_db.evals.experiments.lab import Lab

__all__ = ["NAME", "QUESTION", "SENATE_CUT", "after", "run", "unasked"]

NAME = "unseen-question"
QUESTION = "How well are questions predicted that nobody has answered, from their words alone?"

SENATE_CUT = "2006-06-15"
"""Roll calls of later days are the unseen ones."""

_SHARE = 0.1
_CONTESTED = (0.1, 0.9)


def run(lab: Lab) -> Finding:
    """Take questions away from everybody, and predict the answers of the tested users to them.

    Where answers are dated (the Senate) the questions are those after a date, contested ones alone, and nothing later
    is loaded. Else they are a tenth of all, drawn by the seed. Intervals resample users and questions.
    """
    dated = any(item.at for item in lab.records.items)
    whole = lab.everything
    records, held = after(whole, SENATE_CUT) if dated else unasked(whole, share=_SHARE, seed=lab.settings.seed)
    tests = replace(whole, tests=tuple(held)).sample(
        users=lab.settings.users, tests_each=lab.settings.tests_each, seed=lab.settings.seed
    )
    if not tests:
        raise ConfigError(f"nothing in {lab.settings.format} is asked later than {SENATE_CUT}")
    population = lab.population("unseen", records)
    trial = Trial(lab, NAME, QUESTION)
    what = SENATE_CUT if dated else f"{_SHARE:g} of the questions"
    for arm in ("persona-db", "no-join", "history", "demographics"):
        trial.cell(arm, {}, tests, partial(population.predict, arm, tests), what=what)
    trial.cell("base rates by meaning", {}, tests, partial(population.predict, "no-join", tests, size=0), what=what)
    trial.cell("own most like", {}, tests, partial(_most_like, lab, records, tests), what=what)
    trial.cell("majority option", {}, tests, partial(_majority, records, tests), what=what)
    return trial.finding(
        contrasts=[
            ("persona-db", "no-join"), ("persona-db", "own most like"), ("persona-db", "demographics"),
            ("persona-db", "majority option"),
        ],
        shown=("accuracy", "spearman", "within_question_spearman", "items"),
        plots=[Plot(kind="bars", measures=("accuracy", "spearman"))],
        notes=[
            f"Unseen are {len({test.question for test in tests})} questions: "
            + (f"contested roll calls after {SENATE_CUT}." if dated else "drawn, and taken away from everybody."),
        ],
        questions_too=True,
        of_tests=len(held),
    )  # fmt: skip


def after(whole: Records, day: str) -> tuple[Records, list[TestItem]]:
    """Return what was said up to *day*, and the answers to contested questions that are asked first after it."""
    first: dict[str, str] = {}
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for item in whole.items:
        if item.question is not None and item.option is not None:
            first[item.question] = min(first.get(item.question, item.at), item.at)
            counts[item.question][item.option] += 1
    late = {question for question, at in first.items() if at[:10] > day}
    low, high = _CONTESTED
    contested = {q for q in late if low <= counts[q].most_common(1)[0][1] / counts[q].total() <= high}
    return whole.keeping(lambda item: item.at[:10] <= day and item.question not in late), _answers_to(contested, whole)


def unasked(whole: Records, *, share: float, seed: int) -> tuple[Records, list[TestItem]]:
    """Return the records with a *share* of the questions taken away from everybody, and the answers to them."""
    asked = [question.id for question in whole.questions if question.options]
    drawn = np.random.default_rng(seed).permutation(len(asked))[: max(1, round(share * len(asked)))]
    gone = {asked[index] for index in drawn.tolist()}
    return whole.keeping(lambda item: item.question not in gone), _answers_to(gone, whole)


def _answers_to(questions: Collection[str], whole: Records) -> list[TestItem]:
    return [
        TestItem(user=item.user, question=item.question, option=item.option)
        for item in whole.items
        if item.question in questions and item.option is not None
    ]


def _majority(records: Records, tests: list[TestItem]) -> list[Outcome]:
    """The place that answers to seen questions with as many options take most often."""
    width = {question.id: len(question.options) for question in records.questions}
    counts: dict[int, Counter[int]] = defaultdict(Counter)
    for item in records.items:
        if item.question is not None and item.option is not None:
            counts[width[item.question]][item.option] += 1
    made = []
    for test in tests:
        seen = counts[width[test.question]]
        made.append(outcome_of("majority option", test, [1.0 + seen[option] for option in range(width[test.question])]))
    return made


def _most_like(lab: Lab, records: Records, tests: list[TestItem]) -> list[Outcome]:
    """The user's own answers to the eight questions of nearest wording and as many options, weighed by nearness."""
    questions = [question for question in records.questions if question.options]
    place = {question.id: index for index, question in enumerate(questions)}
    vectors = np.asarray(lab.embedder.embed([question.text for question in questions]), dtype=np.float64)
    own: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for item in records.items:
        if item.question in place and item.option is not None:
            own[item.user].append((place[item.question], item.option))
    made = []
    for test in tests:
        asked = place[test.question]
        width = len(questions[asked].options)
        like = [
            (float(vectors[asked] @ vectors[q]), option)
            for q, option in own[test.user]
            if len(questions[q].options) == width
        ]
        weights = np.full(width, 0.05)
        for similarity, option in sorted(like, reverse=True)[:8]:
            weights[option] += max(similarity, 0.0) ** 2
        made.append(outcome_of("own most like", test, weights.tolist()))
    return made
