"""JOIN, recall and prediction as LangChain Runnables: `Join(...) | Recall(...) | Predict(...)`.

Each takes whole batches to the graph in a fixed number of queries, and passes `config` through.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, TypeVar

from pydantic import Field

from persona_db.chains.asking import prepare
from persona_db.chains.join import TOP_K, explained, join_many
from persona_db.chains.predict import predict_contexts
from persona_db.chains.reading import open_reading
from persona_db.chains.recall import RecallSettings, recall_many
from persona_db.chains.stages import Stage
from persona_db.chains.statistical.knowledge import Knowledge
from persona_db.graph.models import Collaborator, Context, Model, Prediction, Question, Sharing

__all__ = ["Ask", "Join", "Joined", "Predict", "Recall", "Recollection"]

Given = TypeVar("Given")
Made = TypeVar("Made")


class Ask(Model):
    """A question to a user: the id of one in the dataset, or the text of a new one with its options."""

    user: str
    question: str
    options: tuple[str, ...] = ()
    as_of: str | None = None


class Joined(Model):
    """A question with the collaborators that may help to answer it, best first."""

    ask: Ask
    collaborators: tuple[Collaborator, ...]


class Recollection(Model):
    """A question with what was recalled for it."""

    ask: Ask
    context: Context


class Join(Stage[Ask, Joined]):
    """Find those who share most with the user."""

    graph: Any = Field(description="A Graph.")
    dataset: str
    top_k: int = TOP_K
    sharing: Sharing = Field(default=Sharing.INDUCED, description="The least that a collaborator shares.")

    def _work(self) -> Callable[[Sequence[Ask]], list[Joined]]:
        return partial(_alike, self._join, key=lambda ask: ask.as_of)

    def _join(self, asked: Sequence[Ask]) -> list[Joined]:
        reading = open_reading(self.graph, self.dataset, as_of=asked[0].as_of)
        users = list(dict.fromkeys(ask.user for ask in asked))
        found = explained(reading, join_many(reading, users, top_k=self.top_k, sharing=self.sharing))
        return [Joined(ask=ask, collaborators=tuple(found.get(ask.user, ()))) for ask in asked]


class Recall(Stage[Joined, Recollection]):
    """Fill the r places with what tells most, own and borrowed."""

    graph: Any = Field(description="A Graph.")
    dataset: str
    settings: RecallSettings = RecallSettings()
    embedder: Any = Field(default=None, description="An Embedder, for new questions; that of the graph's settings.")

    def _work(self) -> Callable[[Sequence[Joined]], list[Recollection]]:
        return partial(_alike, self._recall, key=lambda one: (one.ask.as_of, one.ask.options))

    def _recall(self, joined: Sequence[Joined]) -> list[Recollection]:
        asked, knowledge = _prepared(self.graph, self.dataset, [one.ask for one in joined], self.embedder)
        collaborators = [
            [{"collaborator": who.user, "name": who.name, "score": who.score} for who in one.collaborators]
            for one in joined
        ]
        contexts = recall_many(knowledge, asked, settings=self.settings, texts=True, collaborators=collaborators)
        return [Recollection(ask=one.ask, context=context) for one, context in zip(joined, contexts, strict=True)]


class Predict(Stage[Recollection, Prediction]):
    """Turn what was recalled into a distribution over the options."""

    graph: Any = Field(description="A Graph.")
    dataset: str
    embedder: Any = Field(default=None, description="An Embedder, for new questions; that of the graph's settings.")

    def _work(self) -> Callable[[Sequence[Recollection]], list[Prediction]]:
        return partial(_alike, self._predict, key=lambda one: (one.ask.as_of, one.ask.options))

    def _predict(self, recalled: Sequence[Recollection]) -> list[Prediction]:
        _, knowledge = _prepared(self.graph, self.dataset, [one.ask for one in recalled], self.embedder)
        return predict_contexts(knowledge, [one.context for one in recalled], explain=True)


def _prepared(
    graph: Any, dataset: str, asked: Sequence[Ask], embedder: Any
) -> tuple[list[tuple[str, Question]], Knowledge]:
    """Return what is asked, all as of one time and with the same options, and what is known of it."""
    reading = open_reading(graph, dataset, as_of=asked[0].as_of)
    pairs = [(ask.user, ask.question) for ask in asked]
    return prepare(reading, pairs, options=asked[0].options, embedder=embedder)


def _alike(
    work: Callable[[Sequence[Given]], list[Made]], given: Sequence[Given], *, key: Callable[[Given], Hashable]
) -> list[Made]:
    """Call *work* once for all that have the same key; results in the order given."""
    groups: dict[Hashable, list[int]] = {}
    for row, one in enumerate(given):
        groups.setdefault(key(one), []).append(row)
    results: dict[int, Made] = {}
    for rows in groups.values():
        results.update(zip(rows, work([given[row] for row in rows]), strict=True))
    return [results[row] for row in range(len(given))]
