"""People of whom little is known: folded in with so many of their answers, into a Fit that knows nothing of them."""

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
    from persona_db.evals.experiments.lab import Lab, Population

__all__ = ["EVERYTHING", "KNOWN", "Cold"]

KNOWN = (0, 1, 2, 5, 10, 20, 40)
"""Known answers of a cold user. The answers are nested: those known of 5 are among those known of 10."""


EVERYTHING = 1_000_000
"""All that is known of a user."""


_SHARE = 3
"""At most one in so many people is cold: the others are whom the Fit is made of."""


class Cold:
    """Some of the lab's tested users, each once for every number of known answers, as guests of others' dataset."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        tested = list(dict.fromkeys(test.user for test in lab.tests))
        most = max(1, len(lab.records.users) // _SHARE)
        drawn = np.random.default_rng(lab.settings.seed).permutation(len(tested))[:most]
        self.users = [tested[index] for index in np.sort(drawn)]
        kept = set(self.users)
        self.tests = [test for test in lab.tests if test.user in kept]
        """The tests of these users."""

    @cached_property
    def others(self) -> Records:
        """Those whom the Fit is made of."""
        return self._lab.records.of(set(self._lab.records.users) - set(self.users))

    @cached_property
    def population(self) -> Population:
        guests = [self.guests(known) for known in (*KNOWN, EVERYTHING)]
        everyone = Records(
            self._lab.records.name,
            self._lab.records.questions,
            tuple(person for some in guests for person in some.people),
            tuple(item for some in guests for item in some.items),
        )
        return self._lab.population("cold", self.others, guests=everyone)

    def guests(self, known: int) -> Records:
        """Return the cold users with that many of their answers, drawn by the seed, under names of their own."""
        records = self._lab.records
        people: list[Person] = []
        items: list[HistoryItem] = []
        for place, user in enumerate(self.users):
            name = _guest(user, known)
            people.append(Person(id=name, attributes=records.attributes.get(user, {})))
            own = records.by_user.get(user, [])
            order = np.random.default_rng([self._lab.settings.seed, place]).permutation(len(own))[:known]
            items += [
                own[index].model_copy(update={"id": f"{known}@{own[index].id}", "user": name})
                for index in np.sort(order).tolist()
            ]
        return Records(records.name, records.questions, tuple(people), tuple(items))

    def predict(self, arm: str, known: int, **places: object) -> list[Outcome]:
        """Return the outcomes of the tests when so many answers are known, by the users' own names."""
        made = self.population.predict(arm, self._tests(known), **places)  # type: ignore[arg-type]
        return self._named(made)

    def peer(self, name: str, known: int) -> list[Outcome]:
        """Return a peer's outcomes when so many answers are known, its settings chosen for people like that."""
        cold = self.guests(known)
        both = self.others.adding(cold.people, cold.items)
        answers = replace(AnswerMatrix.of(both.questions, both.people, both.items), cold=known)
        return self._named(self._lab.peer(name, answers, self._tests(known)))

    def names(self, known: int) -> list[str]:
        """Return the names in the dataset of the users with so many known answers, in the order of `users`."""
        return [_guest(user, known) for user in self.users]

    def _tests(self, known: int) -> list[TestItem]:
        return [test.model_copy(update={"user": _guest(test.user, known)}) for test in self.tests]

    def _named(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        return [one.model_copy(update={"user": test.user}) for one, test in zip(outcomes, self.tests, strict=True)]


def _guest(user: str, known: int) -> str:
    return f"{user}@{known}"
