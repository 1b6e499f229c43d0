"""Matching: is it the shared keys that help, or would anybody's answers do?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.retrieval.join import Match
from persona_db.chains.retrieval.recall import RecallSettings
from persona_db.chains.statistical.engine import StatisticalEngine
from persona_db.evals.evaluate import outcome_of_prediction
from persona_db.evals.experiments.cold import EVERYTHING, KNOWN
from persona_db.evals.experiments.finding import Finding, Measured, Plot, Row
from persona_db.evals.experiments.trial import DRAWS, Trial
from persona_db.evals.items import Outcome
from persona_db.evals.random_collaborators import first_alike, predict_at_random

if TYPE_CHECKING:
    from persona_db.evals.experiments.lab import Lab

__all__ = ["NAME", "QUESTION", "run"]

NAME = "matching"
QUESTION = "Is it the matching by shared keys that helps, or would anybody's answers do?"

_SEEDS = 20
_QUICK_SEEDS = 3
_USERS_AT_ONCE = 500


def run(lab: Lab) -> Finding:
    """Borrow collaborators' items alone: from those matched, random people, those of most equal demographics, and
    those of the most opposite keys.

    All arms borrow from as many people, of whom as many answered the very question, with the same scores in the same
    order; only who they are differs. Then the overlap of the collaborators found from some answers with those found
    from all of them, of people folded in.
    """
    trial = Trial(lab, NAME, QUESTION)
    people = _People(lab)
    places: dict[str, Any] = {"recall": {"summaries": 0.0}}
    seeds = _QUICK_SEEDS if lab.settings.quick else _SEEDS
    trial.cell("no-join", {}, lab.tests, partial(lab.base.predict, "no-join", lab.tests))
    trial.cell("matched", {}, lab.tests, partial(lab.base.predict, "persona-db", lab.tests, **places))
    for arm in ("equal demographics", "most opposite"):
        trial.cell(arm, {}, lab.tests, partial(people.predict, arm))
    drawn = [
        trial.cell(f"random {seed}", {}, lab.tests, partial(people.predict, "random", seed)) for seed in range(seeds)
    ]
    trial.cell("persona-db", {}, lab.tests, partial(lab.base.predict, "persona-db", lab.tests))
    trial.cell("random users and keys", {}, lab.tests, partial(_at_random, lab))
    found = trial.finding(
        contrasts=[
            *(("matched", arm) for arm in ("no-join", "random 0", "equal demographics", "most opposite")),
            ("persona-db", "random users and keys"),
        ],
        plots=[Plot(kind="bars", measures=("accuracy", "spearman"))],
        notes=[_spread(drawn)],
    )
    overlaps = _overlaps(lab)
    shown = (*found.shown, "overlap")
    return found.model_copy(update={"rows": (*found.rows, *overlaps), "shown": shown, "axes": ("known",)})


def _at_random(lab: Lab) -> list[Outcome]:
    """Random people and random keys in the place of those of the JOIN, summaries and all."""
    places = RecallSettings(size=lab.settings.size, ratio=lab.settings.ratio, top_k=lab.settings.top_k)
    made = predict_at_random(
        lab.base.snapshot(), [(test.user, test.question) for test in lab.tests], engine=StatisticalEngine(),
        settings=places, answers=lab.records.answers, seed=lab.settings.seed, progress=lab.progress,
    )  # fmt: skip
    return [outcome_of_prediction("random", test, one) for test, one in zip(lab.tests, made, strict=True)]


def _spread(drawn: Sequence[Sequence[Outcome]]) -> str:
    shares = [float(np.mean([one.answer == one.truth for one in outcomes])) for outcomes in drawn]
    spread = f"from {min(shares):.4f} to {max(shares):.4f}"
    return f"Random people, {len(shares)} draws: accuracy {np.mean(shares):.4f} in the mean, {spread}."


class _People:
    """Everybody who can be borrowed from, and in which order each arm prefers them."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def predict(self, arm: str, seed: int = 0) -> list[Outcome]:
        """Predict the lab's tests, with the matched collaborators replaced one by one."""
        lab = self._lab
        base = lab.base
        tests = lab.tests
        users = list(dict.fromkeys(test.user for test in tests))
        matched = base.joined(users, top_k=lab.settings.top_k)
        answers = lab.records.answers
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
        """For each of some rows of the answers all rows, those first whom the arm takes first; ties in random order."""
        rng = np.random.default_rng([self._lab.settings.seed, seed])
        answers = self._lab.records.answers
        mixed = {row: rng.permutation(len(answers.users)) for row in rows}
        if arm == "random":
            return mixed
        if arm == "equal demographics":
            likeness = np.asarray(answers.demographics[rows] @ answers.demographics.T)
        else:
            likeness = -self._scores(rows)
        return {
            row: mixed[row][np.argsort(-likeness[line][mixed[row]], kind="stable")] for line, row in enumerate(rows)
        }

    def _scores(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """The exact JOIN scores of some rows of the answers with all, also those below 0."""
        from scipy.sparse import csr_array

        snapshot = self._lab.base.snapshot()
        keys = self._lab.base.keys()
        opposite = {id_: key.opposite for id_, key in keys.items() if key.opposite is not None and id_ > key.opposite}
        columns: dict[str, int] = {}
        lines, places, values = [], [], []
        everyone = self._lab.records.answers.users
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


def _overlaps(lab: Lab) -> list[Row]:
    """The share of the collaborators found from all answers that is found from so many."""
    top_k = lab.settings.top_k
    users = lab.cold.users
    guests = [name for known in (*KNOWN, EVERYTHING) for name in lab.cold.names(known)]
    joined = lab.cold.population.joined(guests, top_k=top_k)
    rng = np.random.default_rng(lab.settings.seed)
    rows = []
    for known in KNOWN:
        shares = []
        for name, whole in zip(lab.cold.names(known), lab.cold.names(EVERYTHING), strict=True):
            best = {match.user for match in joined[whole]}
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
