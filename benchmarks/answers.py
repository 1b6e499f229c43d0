"""People made up with answers, as a source to be loaded: what has to be refined and predicted is measured on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from persona_db.graph.models import HistoryItem, Person, Question
from persona_db.loaders.rows import Quarantine
from persona_db.loaders.source import Counts, HeldOut, Record, Source

__all__ = ["MadeUpSurvey"]

NAMES = ("Ada", "Bo", "Chen", "Dara", "Edo", "Fay", "Gus", "Hal", "Ida", "Jun")
REGIONS = ("north", "east", "south", "west")
TOPICS = ("taxes", "forests", "schools", "trains", "churches", "borders", "farms", "banks", "parks", "ports")
OPTIONS = (
    ("no", "yes"),
    ("never", "sometimes", "often", "always"),
    ("strongly against", "against", "neither", "for", "strongly for"),
)
DRAWN_AT_ONCE = 2_000
NOISE = 0.7


@dataclass
class MadeUpSurvey(Source):
    """*people* who answered *answered* of *questions* questions each, by their places on *traits* latent traits."""

    people: int
    questions: int = 40
    answered: int = 12
    traits: int = 4
    seed: int = 0
    name: str = "made-up"
    counts: Counts = field(default_factory=Counts)

    def asked(self) -> list[Question]:
        """Return the questions, of two, four and five options in order."""
        found = []
        for number in range(self.questions):
            options = OPTIONS[number % len(OPTIONS)]
            text = f"Should there be more {TOPICS[number % len(TOPICS)]}, by plan {number}?"
            places = tuple(float(place) for place in range(len(options)))
            found.append(Question(id=f"q{number:02}", text=text, options=options, ordinal=places))
        return found

    def read(self, quarantine: Quarantine) -> Iterator[Record]:  # noqa: ARG002  # nothing is wrong with what is made up
        """Yield the questions, then each person with their answers."""
        rng = np.random.default_rng(self.seed)
        questions = self.asked()
        yield from questions
        loadings = rng.choice([-1.2, -0.4, 0.0, 0.4, 1.2], size=(self.questions, self.traits))
        sizes = np.array([len(one.options) for one in questions])
        for start in range(0, self.people, DRAWN_AT_ONCE):
            here = min(DRAWN_AT_ONCE, self.people - start)
            places = rng.normal(size=(here, self.traits))
            latent = places @ loadings.T + NOISE * rng.normal(size=(here, self.questions))
            chosen = np.clip((latent + 1.5) / 3 * sizes, 0, sizes - 1).astype(int)
            said = rng.random((here, self.questions)).argsort(axis=1)[:, : self.answered]
            for row in range(here):
                yield from self._one(start + row, questions, chosen[row], said[row], leaning=places[row, 0] > 0)

    def test_answers(self, quarantine: Quarantine) -> Iterator[HeldOut]:  # noqa: ARG002
        """Nothing is held out."""
        yield from ()

    def _one(
        self, number: int, questions: list[Question], chosen: NDArray[np.int64], said: NDArray[np.int64], *,
        leaning: bool,
    ) -> Iterator[Record]:  # fmt: skip
        user = f"u{number:06d}"
        attributes = {"PARTY": "right" if leaning else "left", "REGION": REGIONS[number % len(REGIONS)]}
        yield Person(id=user, name=f"{NAMES[number % len(NAMES)]} {user}", attributes=attributes)
        for place in said:
            question, option = questions[place], int(chosen[place])
            text = f'Asked "{question.text}", answered "{question.options[option]}"'
            yield HistoryItem(id=f"{user}/{question.id}", user=user, text=text, question=question.id, option=option)
