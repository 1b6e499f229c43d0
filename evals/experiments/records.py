"""A data set in memory, of which experiments take parts, to which they add people, and which they load as a source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from persona_db.evals.answers import AnswerMatrix, merged_people
from persona_db.evals.items import TestItem
from persona_db.graph.models import HistoryItem, Person, Question
from persona_db.loaders.rows import Quarantine, ignore
from persona_db.loaders.source import Counts, HeldOut, Record, Source

__all__ = ["Records", "read_records"]


@dataclass(eq=False)
class Records(Source):
    """Questions, people and their items, with the held-out answers apart; it is a source to load."""

    name: str
    questions: tuple[Question, ...]
    people: tuple[Person, ...]
    items: tuple[HistoryItem, ...]
    tests: tuple[TestItem, ...] = ()
    counts: Counts = field(default_factory=Counts)

    def read(self, quarantine: Quarantine) -> Iterator[Record]:  # noqa: ARG002
        """Yield questions, people and items, and no test."""
        yield from self.questions
        yield from self.people
        yield from self.items

    def test_answers(self, quarantine: Quarantine) -> Iterator[HeldOut]:  # noqa: ARG002
        """Yield the tests."""
        yield from (HeldOut(test.user, test.question, test.option) for test in self.tests)

    @cached_property
    def answers(self) -> AnswerMatrix:
        """What the baselines read."""
        return AnswerMatrix.of(self.questions, self.people, self.items)

    @cached_property
    def by_user(self) -> dict[str, list[HistoryItem]]:
        """Each user's items, in their order."""
        found: dict[str, list[HistoryItem]] = {person.id: [] for person in self.people}
        for item in self.items:
            found.setdefault(item.user, []).append(item)
        return found

    @cached_property
    def attributes(self) -> dict[str, dict[str, str]]:
        """Each person's attributes, by id."""
        return {person.id: person.attributes for person in self.people}

    @cached_property
    def users(self) -> tuple[str, ...]:
        """Every user once, in the order in which they first appear."""
        return tuple(dict.fromkeys([person.id for person in self.people] + [item.user for item in self.items]))

    def of(self, users: Collection[str]) -> Records:
        """Return the records of *users* alone; all questions stay."""
        kept = set(users)
        return replace(
            self,
            people=tuple(person for person in self.people if person.id in kept),
            items=tuple(item for item in self.items if item.user in kept),
            tests=tuple(test for test in self.tests if test.user in kept),
            counts=Counts(),
        )

    def keeping(self, keep: Callable[[HistoryItem], bool]) -> Records:
        """Return the records without the items for which *keep* is False."""
        return replace(self, items=tuple(item for item in self.items if keep(item)), counts=Counts())

    def adding(self, people: Sequence[Person], items: Sequence[HistoryItem]) -> Records:
        """Return the records with more people and items."""
        return replace(self, people=(*self.people, *people), items=(*self.items, *items), counts=Counts())

    def sample(self, *, users: int | None, tests_each: int | None, seed: int) -> list[TestItem]:
        """Return the tests of *users* drawn users, at most *tests_each* a user, in the order of the tests."""
        rng = np.random.default_rng(seed)
        asked = list(dict.fromkeys(test.user for test in self.tests))
        drawn = set(asked if users is None else [asked[i] for i in rng.permutation(len(asked))[:users]])
        of_user: dict[str, list[int]] = {}
        for index, test in enumerate(self.tests):
            if test.user in drawn:
                of_user.setdefault(test.user, []).append(index)
        kept = [
            index
            for indices in of_user.values()
            for index in (indices if tests_each is None else rng.permutation(indices)[:tests_each].tolist())
        ]
        return [self.tests[index] for index in sorted(kept)]


def read_records(source: Source, quarantine: Quarantine = ignore) -> Records:
    """Return everything that *source* lets be read, and what it holds out."""
    questions: dict[str, Question] = {}
    people: list[Person] = []
    items: list[HistoryItem] = []
    for record in source.read(quarantine):
        if isinstance(record, Question):
            questions[record.id] = record
        elif isinstance(record, Person):
            people.append(record)
        elif isinstance(record, HistoryItem):
            items.append(record)
    tests = tuple(
        TestItem(user=held.user, question=held.question, option=held.option) for held in source.test_answers(quarantine)
    )
    return Records(source.name, tuple(questions.values()), tuple(merged_people(people)), tuple(items), tests)
