"""Matching: whether the shared keys help, or anybody's answers would do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.retrieval.join import Match
from persona_db.chains.retrieval.recall import RecallSettings
from persona_db.chains.statistical.engine import StatisticalEngine
from persona_db.evals.experiments.cold_start_users import EVERYTHING, KNOWN, ColdStartUsers
from persona_db.evals.experiments.result import ExperimentResult, Measured, Plot, Row
from persona_db.evals.experiments.run import DRAWS, ExperimentRun
from persona_db.evals.items import Outcome
from persona_db.evals.predict import outcome_of_prediction
from persona_db.evals.random_collaborators import first_alike, predict_at_random

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext

__all__ = ["NAME", "QUESTION", "run"]

NAME = "matching"
QUESTION = "Is it the matching by shared keys that helps, or would anybody's answers do?"

_SEEDS = 20
_QUICK_SEEDS = 3
_USERS_AT_ONCE = 500


def run(context: ExperimentContext) -> ExperimentResult:
    """Borrow collaborators' items alone: from those matched, random people, those of most equal demographics, and
    those of the most opposite keys.

    All arms borrow from the same number of people, of whom the same number answered the very question, with the same
    scores in the same order; only the people differ. Then, for cold-start users, the overlap of the collaborators
    found from some of their answers with those found from all.
    """
    experiment = ExperimentRun(context, NAME, QUESTION)
    people = _People(context)
    items_alone: dict[str, Any] = {"recall": {"summaries": 0.0}}
    seeds = _QUICK_SEEDS if context.settings.quick else _SEEDS
    experiment.cell("no-join", {}, context.tests, partial(context.base.predict, "no-join", context.tests))
    experiment.cell(
        "matched", {}, context.tests, partial(context.base.predict, "persona-db", context.tests, **items_alone)
    )
    for arm in ("equal demographics", "most opposite"):
        experiment.cell(arm, {}, context.tests, partial(people.predict, arm))
    drawn = [
        experiment.cell(f"random {seed}", {}, context.tests, partial(people.predict, "random", seed))
        for seed in range(seeds)
    ]
    experiment.cell("persona-db", {}, context.tests, partial(context.base.predict, "persona-db", context.tests))
    experiment.cell("random users and keys", {}, context.tests, partial(_at_random, context))
    found = experiment.result(
        contrasts=[
            *(("matched", arm) for arm in ("no-join", "random 0", "equal demographics", "most opposite")),
            ("persona-db", "random users and keys"),
        ],
        plots=[Plot(kind="bars", measures=("accuracy", "spearman"))],
        notes=[_spread(drawn)],
    )
    overlaps = _overlaps(context)
    shown = (*found.shown, "overlap")
    return found.model_copy(update={"rows": (*found.rows, *overlaps), "shown": shown, "axes": ("known",)})


def _at_random(context: ExperimentContext) -> list[Outcome]:
    """Predict with random people and random keys for those of the JOIN, summaries included."""
    places = RecallSettings(size=context.settings.size, ratio=context.settings.ratio, top_k=context.settings.top_k)
    made = predict_at_random(
        context.base.snapshot(), [(test.user, test.question) for test in context.tests], engine=StatisticalEngine(),
        settings=places, answers=context.records.answers, seed=context.settings.seed, progress=context.progress,
    )  # fmt: skip
    return [outcome_of_prediction("random", test, one) for test, one in zip(context.tests, made, strict=True)]


def _spread(drawn: Sequence[Sequence[Outcome]]) -> str:
    shares = [float(np.mean([one.answer == one.truth for one in outcomes])) for outcomes in drawn]
    spread = f"from {min(shares):.4f} to {max(shares):.4f}"
    return f"Random people, {len(shares)} draws: accuracy {np.mean(shares):.4f} in the mean, {spread}."


class _People:
    """Everybody who can be borrowed from, in each arm's order of preference."""

    def __init__(self, context: ExperimentContext) -> None:
        self._context = context

    def predict(self, arm: str, seed: int = 0) -> list[Outcome]:
        """Predict the context's tests, with the matched collaborators replaced one by one."""
        context = self._context
        base = context.base
        tests = context.tests
        users = list(dict.fromkeys(test.user for test in tests))
        matched = base.joined(users, top_k=context.settings.top_k)
        answers = context.records.answers
        place = {user: row for row, user in enumerate(answers.users)}
        column = {question: index for index, question in enumerate(answers.questions)}
        orders = self._orders(arm, [place[user] for user in users], seed)
        collaborators: list[list[Match]] = []
        for test in tests:
            matches = matched[test.user]
            others = first_alike(
                [place[match.user] for match in matches],
                answers.answers[:, column[test.question]] >= 0,
                without=place[test.user],
                order=orders[place[test.user]],
            )
            collaborators.append(
                [match._replace(user=answers.users[row], name="") for match, row in zip(matches, others, strict=True)]
            )
        return base.predict("persona-db", tests, recall={"summaries": 0.0}, collaborators=collaborators)

    def _orders(self, arm: str, rows: Sequence[int], seed: int) -> dict[int, NDArray[np.intp]]:
        """Return for each row of the answers all rows in the arm's order of preference; ties in random order."""
        rng = np.random.default_rng([self._context.settings.seed, seed])
        answers = self._context.records.answers
        mixed = {row: rng.permutation(len(answers.users)) for row in rows}
        if arm == "random":
            return mixed
        if arm == "equal demographics":
            similarity = np.asarray(answers.demographics[rows] @ answers.demographics.T)
        else:
            similarity = -self._scores(rows)
        return {
            row: mixed[row][np.argsort(-similarity[line][mixed[row]], kind="stable")] for line, row in enumerate(rows)
        }

    def _scores(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """Return the exact JOIN scores of some rows of the answers with all rows, negative ones too."""
        from scipy.sparse import csr_array

        snapshot = self._context.base.snapshot()
        keys = self._context.base.keys()
        opposite = {id_: key.opposite for id_, key in keys.items() if key.opposite is not None and id_ > key.opposite}
        columns: dict[str, int] = {}
        lines, places, values = [], [], []
        everyone = self._context.records.answers.users
        line = {user: row for row, user in enumerate(everyone)}
        for start in range(0, len(everyone), _USERS_AT_ONCE):
            found = snapshot.graph.read(
                "personas", dataset=snapshot.dataset, fit=snapshot.fit,
                users=list(everyone[start : start + _USERS_AT_ONCE]), as_of=snapshot.as_of,
            )  # fmt: skip
            for one in found:
                for key, _, unit in one["keys"]:
                    lines.append(line[one["user"]])
                    places.append(columns.setdefault(opposite.get(key, key), len(columns)))
                    values.append(-unit if key in opposite else unit)
        held = csr_array((values, (lines, places)), shape=(len(everyone), max(len(columns), 1)))
        return np.asarray((held[list(rows)] @ held.T).toarray())


def _overlaps(context: ExperimentContext) -> list[Row]:
    """Return the share of the collaborators found from all answers that each number of answers finds."""
    top_k = context.settings.top_k
    cold = context.once(ColdStartUsers)
    users = cold.users
    guests = [name for known in (*KNOWN, EVERYTHING) for name in cold.names(known)]
    joined = cold.population.joined(guests, top_k=top_k)
    rng = np.random.default_rng(context.settings.seed)
    rows = []
    for known in KNOWN:
        shares = []
        for name, full in zip(cold.names(known), cold.names(EVERYTHING), strict=True):
            best = {match.user for match in joined[full]}
            if best:
                shares.append(len(best & {match.user for match in joined[name]}) / len(best))
        if shares:
            values = np.array(shares)
            draws = values[rng.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
            low, high = np.quantile(draws, [0.025, 0.975])
            overlap = Measured(value=float(values.mean()), ci95=(float(low), float(high)))
            rows.append(
                Row(arm=f"overlap of {top_k}", axes={"known": known}, n=len(users), measures={"overlap": overlap})
            )
    return rows
