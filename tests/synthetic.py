"""Made-up people whose answers follow a few latent traits, small enough to refine in a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from persona_db.chains.fit import learn
from persona_db.chains.fit.answers import AnswerTable, Signals, Wording
from persona_db.chains.fit.lexicon import MEASURED_WITH
from persona_db.chains.fit.settings import FittedSettings
from persona_db.chains.persona import UserHistory
from persona_db.graph.embedding import Embedder, HashEmbedder, embed_missing
from persona_db.graph.ingest import ensure_dataset, store_items, store_people, store_questions
from persona_db.graph.models import HistoryItem, Person, Question, Sharing

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

OPTIONS = (
    ("never", "sometimes", "often", "always"),
    ("no", "yes"),
    ("strongly against", "against", "neither", "for", "strongly for"),
)
TOPICS = ("taxes", "forests", "schools", "trains", "churches", "borders", "farms", "banks", "parks", "ports")
FIRST_YEAR = 2001
HASHED = HashEmbedder()


class SpeakingEmbedder(HashEmbedder):
    """A HashEmbedder by whose vectors free text is matched with the vocabularies: their own sentences match."""

    name = MEASURED_WITH


@dataclass(frozen=True)
class World:
    """Everything that is loaded: questions, people, and what they said."""

    questions: tuple[Question, ...]
    people: tuple[Person, ...]
    items: tuple[HistoryItem, ...]

    def without(self, user: str, question: str) -> World:
        """The same world where that question was not answered by that user."""
        left = tuple(item for item in self.items if (item.user, item.question) != (user, question))
        return replace(self, items=left)

    def only(self, users: Iterable[str]) -> World:
        """The same world with these people alone."""
        kept = set(users)
        return replace(
            self,
            people=tuple(person for person in self.people if person.id in kept),
            items=tuple(item for item in self.items if item.user in kept),
        )

    def until(self, at: str) -> World:
        """The world as it was at a date."""
        return replace(
            self,
            questions=tuple(question for question in self.questions if question.at <= at),
            items=tuple(item for item in self.items if item.at <= at),
        )

    def answer(self, user: str, question: str) -> int | None:
        """The option that the user chose; None where they did not answer."""
        found = (item.option for item in self.items if (item.user, item.question) == (user, question))
        return next(found, None)


def question(number: int) -> Question:
    """The numbered question: two, four or five options in order; questions have two words in common."""
    options = OPTIONS[number % len(OPTIONS)]
    topic = TOPICS[number % len(TOPICS)]
    return Question(
        id=f"q{number:02}",
        text=f"More {topic} for point{number}?",
        options=options,
        ordinal=tuple(float(place) for place in range(len(options))),
    )


def answer(user: str, asked: Question, option: int, *, at: str = "") -> HistoryItem:
    """An answer in the words that everybody who chose it has in common."""
    text = f'Asked "{asked.text}", answered "{asked.options[option]}"'
    return HistoryItem(id=f"{user}/{asked.id}", user=user, text=text, question=asked.id, option=option, at=at)


def make_world(
    *,
    seed: int = 0,
    people: int = 40,
    questions: int = 15,
    traits: int = 2,
    answered: float = 0.8,
    dated: bool = False,
) -> World:
    """Draw people of *traits* traits, each question leaning on one or two; PARTY follows the first trait.

    Dated worlds have the questions asked one a year from 2001 on, and answered in that year.
    """
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(people, traits))
    loadings = rng.choice([-1.2, -0.4, 0.4, 1.2], size=(questions, traits))
    asked = [question(number) for number in range(questions)]
    if dated:
        asked = [one.model_copy(update={"at": f"{FIRST_YEAR + row}-01-15"}) for row, one in enumerate(asked)]
    persons, items = [], []
    for row in range(people):
        party = "left" if places[row, 0] + 0.5 * rng.normal() < 0 else "right"
        attributes = {"PARTY": party, "REGION": str(rng.choice(["north", "south"]))}
        persons.append(Person(id=f"u{row:02}", name=f"Person {row}", attributes=attributes))
        for column, one in enumerate(asked):
            latent = loadings[column] @ places[row] + 0.7 * rng.normal()
            option = int(np.clip((latent + 1.5) / 3 * len(one.options), 0, len(one.options) - 1))
            said = rng.random() < answered
            if said:
                at = f"{FIRST_YEAR + column}-06-{1 + row % 28:02}" if dated else ""
                items.append(answer(f"u{row:02}", one, option, at=at))
    return World(tuple(asked), tuple(persons), tuple(items))


def make_survey(*, seed: int = 0, people: int = 80, questions: int = 80) -> World:
    """Draw people of four traits who answer nine in ten of the questions; some answers are rare, as in surveys."""
    rng = np.random.default_rng(seed)
    asked = tuple(question(3).model_copy(update={"id": f"q{n:02}", "text": f"More of {n}?"}) for n in range(questions))
    loadings = rng.normal(scale=0.5, size=(questions, 4))
    latent = rng.normal(size=(people, 4)) @ loadings.T + rng.normal(size=(people, questions))
    chosen = np.searchsorted([0.1, 1.0, 1.8], latent / np.sqrt(1 + (loadings**2).sum(axis=1)))
    chosen = np.where(rng.random(questions) < 0.5, chosen, 3 - chosen)
    said = rng.random((people, questions)) < 0.9
    persons = tuple(Person(id=f"u{row:03}", name=f"Person {row}") for row in range(people))
    items = tuple(
        answer(persons[row].id, asked[column], int(chosen[row, column])) for row, column in np.argwhere(said).tolist()
    )
    return World(asked, persons, items)


def store(
    graph: Graph,
    dataset: str,
    world: World,
    *,
    sharing: Sharing = Sharing.HISTORY,
    embed: bool = True,
    embedder: Embedder = HASHED,
) -> None:
    """Load a world, its texts with the vectors of *embedder*."""
    ensure_dataset(graph, dataset)
    store_questions(graph, dataset, world.questions)
    store_people(graph, dataset, world.people, sharing=sharing)
    stored = store_items(graph, dataset, world.items)
    assert stored.rejected == ()
    if embed:
        embed_missing(graph, dataset, embedder)


def histories(world: World) -> list[UserHistory]:
    """The world's people as the stages read them."""
    said: dict[str, list[HistoryItem]] = {person.id: [] for person in world.people}
    for item in world.items:
        said[item.user].append(item)
    return [
        UserHistory(
            user=person.id,
            items=tuple(sorted(said[person.id], key=lambda item: (item.at, item.id))),
            attributes=tuple(sorted(f"{name}={value}" for name, value in person.attributes.items())),
            version=1,
            sharing_rank=4,
        )
        for person in world.people
    ]


def signals_of(world: World, *, vectors: bool = True) -> Signals:
    """What a Fit is made of, without a graph."""
    people = histories(world)
    column = {asked.id: place for place, asked in enumerate(world.questions)}
    row = {history.user: place for place, history in enumerate(people)}
    choice = np.full((len(people), len(world.questions)), -1, dtype=np.int16)
    statements = {}
    for item in world.items:
        assert item.question is not None
        assert item.option is not None
        choice[row[item.user], column[item.question]] = item.option
        statements[item.question, item.option] = item.text
    embed = HashEmbedder().embed
    questions = embed([asked.text for asked in world.questions]).astype(np.float64)
    options = tuple(embed(asked.options).astype(np.float64) for asked in world.questions)
    return Signals(
        AnswerTable(tuple(row), world.questions, choice),
        tuple(history.attributes for history in people),
        Wording(questions, options) if vectors else None,
        statements,
    )


def rows(graph: Graph, query: str, **params: object) -> list[dict[str, Any]]:
    """The rows of a query that is in no file."""
    return [record.data() for record in graph.driver.execute_query(query, params, database_=graph.database).records]


_NODES = """
MATCH (n) WHERE n.dataset = $dataset
RETURN labels(n)[0] AS label, n.id AS id, n.user AS user,
       n {.*, dataset: null, created_at: null, token: null, profile: n.profile IS NOT NULL} AS properties
"""
_RELATIONSHIPS = """
MATCH (n)-[r]->(m) WHERE n.dataset = $dataset
RETURN type(r) AS label, n.id AS id, m.id AS other, labels(n)[0] + labels(m)[0] AS ends,
       coalesce(n.user, CASE WHEN n:User THEN n.id END) AS user, properties(r) AS properties
"""


@contextmanager
def unsearched() -> Iterator[None]:
    """Fits made meanwhile keep the settings they start from, and weigh items and all answers together alike.

    The search for the best ones takes long.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learn, "choose_settings", lambda *_, settings, **__: FittedSettings.of(settings))
        patch.setattr(learn, "choose_together", lambda *_, **__: (0.5, 0.5))
        yield


def dump(graph: Graph, dataset: str, *, versions: bool = True, leave_out: Iterable[str] = ()) -> list[str]:
    """Everything in a dataset as sorted lines, but its name, when it was made, and the random tokens of its keys.

    Without *versions* what counts batches is left out: users' versions, and the ids of personas. *leave_out* names
    users whose own nodes and relationships are not wanted.
    """
    apart = set(leave_out)
    lines = []
    for query in (_NODES, _RELATIONSHIPS):
        for row in rows(graph, query, dataset=dataset):
            if (row["user"] or (row["id"] if row["label"] == "User" else None)) in apart:
                continue
            if not versions:
                _forget_versions(row)
            lines.append(repr(_sorted(row)))
    return sorted(lines)


def _forget_versions(row: dict[str, Any]) -> None:
    row["properties"].pop("version", None)
    if row["label"] == "Persona":
        row["id"] = row["properties"]["id"] = row["user"]
    elif row["label"] == "HAS_PERSONA":
        row["other"] = row["id"]


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value) if value[key] is not None}
    return value


def pairs(world: World, *, every: int = 7) -> Iterator[tuple[str, str]]:
    """Some (user, question id) pairs, answered or not."""
    cells = [(person.id, asked.id) for person in world.people for asked in world.questions]
    yield from cells[::every]


def texts_of(items: Sequence[Any]) -> list[str]:
    """The texts of recalled items."""
    return [item.text for item in items]
