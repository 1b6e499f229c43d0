"""Unseen question: questions that nobody has answered, such as news and new bills."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.experiments.records import Records
from persona_db.evals.experiments.result import ExperimentResult, Plot
from persona_db.evals.experiments.run import ExperimentRun
from persona_db.evals.items import Outcome, TestItem, outcome_of
from persona_db.graph.errors import ConfigError

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "SENATE_CUT", "after", "run", "unasked"]

NAME = "unseen-question"
QUESTION = "How well are questions predicted that nobody has answered, from their words alone?"

SENATE_CUT = "2006-06-15"
"""Roll calls after this day are the unseen ones."""

_SHARE = 0.1
_CONTESTED = (0.1, 0.9)


def run(context: ExperimentContext) -> ExperimentResult:
    """Remove questions for everybody, and predict the tested users' answers to them.

    Where answers are dated (the Senate), these are the contested questions after a date, and nothing later is loaded.
    Else they are a tenth of all questions, drawn by the seed. Intervals resample users and questions.
    """
    dated = any(item.at for item in context.records.items)
    everything = context.everything
    records, held = (
        after(everything, SENATE_CUT) if dated else unasked(everything, share=_SHARE, seed=context.settings.seed)
    )
    tests = replace(everything, tests=tuple(held)).sample(
        users=context.settings.users, tests_each=context.settings.tests_each, seed=context.settings.seed
    )
    if not tests:
        raise ConfigError(f"nothing in {context.settings.format} is asked later than {SENATE_CUT}")
    population = context.population("unseen", records)
    experiment = ExperimentRun(context, NAME, QUESTION)
    what = SENATE_CUT if dated else f"{_SHARE:g} of the questions"
    for arm in ("persona-db", "no-join", "history", "demographics"):
        experiment.cell(arm, {}, tests, partial(population.predict, arm, tests), what=what)
    experiment.cell(
        "base rates by meaning", {}, tests, partial(population.predict, "no-join", tests, size=0), what=what
    )
    experiment.cell("own most like", {}, tests, partial(_most_like, context, records, tests), what=what)
    experiment.cell("majority option", {}, tests, partial(_majority, records, tests), what=what)
    return experiment.result(
        contrasts=[
            ("persona-db", "no-join"), ("persona-db", "own most like"), ("persona-db", "demographics"),
            ("persona-db", "majority option"),
        ],
        shown=("accuracy", "spearman", "within_question_spearman", "items"),
        plots=[Plot(kind="bars", measures=("accuracy", "spearman"))],
        notes=[
            f"Unseen are {len({test.question for test in tests})} questions: "
            + (f"contested roll calls after {SENATE_CUT}." if dated else "drawn, and removed for everybody."),
        ],
        questions_too=True,
        of_tests=len(held),
    )  # fmt: skip


def after(everything: Records, day: str) -> tuple[Records, list[TestItem]]:
    """Return the items up to *day*, and the answers to contested questions that were first asked after it."""
    first: dict[str, str] = {}
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for item in everything.items:
        if item.question is not None and item.option is not None:
            first[item.question] = min(first.get(item.question, item.at), item.at)
            counts[item.question][item.option] += 1
    late = {question for question, at in first.items() if at[:10] > day}
    low, high = _CONTESTED
    contested = {q for q in late if low <= counts[q].most_common(1)[0][1] / counts[q].total() <= high}
    return everything.keeping(lambda item: item.at[:10] <= day and item.question not in late), _answers_to(
        contested, everything
    )


def unasked(everything: Records, *, share: float, seed: int) -> tuple[Records, list[TestItem]]:
    """Return the records without a *share* of the questions, and everybody's answers to these."""
    asked = [question.id for question in everything.questions if question.options]
    drawn = np.random.default_rng(seed).permutation(len(asked))[: max(1, round(share * len(asked)))]
    gone = {asked[index] for index in drawn.tolist()}
    return everything.keeping(lambda item: item.question not in gone), _answers_to(gone, everything)


def _answers_to(questions: Collection[str], everything: Records) -> list[TestItem]:
    return [
        TestItem(user=item.user, question=item.question, option=item.option)
        for item in everything.items
        if item.question in questions and item.option is not None
    ]


def _majority(records: Records, tests: list[TestItem]) -> list[Outcome]:
    """Predict the option index that is most frequent among seen questions with the same number of options."""
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


def _most_like(context: ExperimentContext, records: Records, tests: list[TestItem]) -> list[Outcome]:
    """Predict by own answers to the eight most similar questions with as many options, weighted by similarity."""
    questions = [question for question in records.questions if question.options]
    place = {question.id: index for index, question in enumerate(questions)}
    vectors = np.asarray(context.embedder.embed([question.text for question in questions]), dtype=np.float64)
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
