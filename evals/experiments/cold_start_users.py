"""Cold-start users: each is folded in with few answers, into a Fit that was learned from others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.experiments.records import Records
from persona_db.evals.items import Outcome, TestItem
from persona_db.graph.models import HistoryItem, Person

if TYPE_CHECKING:
    from persona_db.evals.experiments.context import ExperimentContext
    from persona_db.evals.experiments.population import Population

__all__ = ["EVERYTHING", "KNOWN", "ColdStartUsers"]

KNOWN = (0, 1, 2, 5, 10, 20, 40)
"""Known answers of a cold-start user. The answers are nested: the first 5 are among the first 10."""

EVERYTHING = 1_000_000
"""Stands for all answers of a user."""

_SHARE = 3
"""At most one in three people is a cold-start user; the Fit is learned from the others."""


class ColdStartUsers:
    """Some of the tested users, each once for every number of known answers, as guests in a dataset of the others."""

    def __init__(self, context: ExperimentContext) -> None:
        self._context = context
        tested = list(dict.fromkeys(test.user for test in context.tests))
        most = max(1, len(context.records.users) // _SHARE)
        drawn = np.random.default_rng(context.settings.seed).permutation(len(tested))[:most]
        self.users = [tested[index] for index in np.sort(drawn)]
        kept = set(self.users)
        self.tests = [test for test in context.tests if test.user in kept]
        """The tests of these users."""

    @cached_property
    def others(self) -> Records:
        """The people that the Fit is learned from."""
        return self._context.records.of(set(self._context.records.users) - set(self.users))

    @cached_property
    def population(self) -> Population:
        """The others, and as guests every cold-start user with every number of known answers."""
        guests = [self.guests(known) for known in (*KNOWN, EVERYTHING)]
        everyone = Records(
            self._context.records.name,
            self._context.records.questions,
            tuple(person for records in guests for person in records.people),
            tuple(item for records in guests for item in records.items),
        )
        return self._context.population("cold", self.others, guests=everyone)

    def guests(self, known: int) -> Records:
        """Return the cold-start users with *known* of their answers, drawn by the seed, under names of their own."""
        records = self._context.records
        people: list[Person] = []
        items: list[HistoryItem] = []
        for index, user in enumerate(self.users):
            name = _guest(user, known)
            people.append(Person(id=name, attributes=records.attributes.get(user, {})))
            own = records.by_user.get(user, [])
            order = np.random.default_rng([self._context.settings.seed, index]).permutation(len(own))[:known]
            items += [
                own[item].model_copy(update={"id": f"{known}@{own[item].id}", "user": name})
                for item in np.sort(order).tolist()
            ]
        return Records(records.name, records.questions, tuple(people), tuple(items))

    def predict(self, arm: str, known: int, **recall: object) -> list[Outcome]:
        """Return the arm's outcomes of the tests when *known* answers are known, under the users' own names."""
        made = self.population.predict(arm, self._tests(known), **recall)  # type: ignore[arg-type]
        return self._named(made)

    def baseline(self, name: str, known: int) -> list[Outcome]:
        """Return a baseline's outcomes when *known* answers are known; its settings are chosen for such users."""
        guests = self.guests(known)
        both = self.others.adding(guests.people, guests.items)
        answers = replace(AnswerMatrix.of(both.questions, both.people, both.items), cold_start=known)
        return self._named(self._context.baseline(name, answers, self._tests(known)))

    def names(self, known: int) -> list[str]:
        """Return the names in the dataset of `users` with *known* answers, in their order."""
        return [_guest(user, known) for user in self.users]

    def _tests(self, known: int) -> list[TestItem]:
        return [test.model_copy(update={"user": _guest(test.user, known)}) for test in self.tests]

    def _named(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        return [one.model_copy(update={"user": test.user}) for one, test in zip(outcomes, self.tests, strict=True)]


def _guest(user: str, known: int) -> str:
    return f"{user}@{known}"
