"""JOIN, recall and prediction as LangChain Runnables: `Join(...) | Recall(...) | Predict(...)`.

Each takes whole batches to the graph in a fixed number of queries, and passes `config` through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import Field

from persona_db.chains.asking import prepare
from persona_db.chains.join import TOP_K, explained, join_many
from persona_db.chains.predict import predict_contexts
from persona_db.chains.reading import open_reading
from persona_db.chains.recall import RecallSettings, recall_many
from persona_db.chains.stages import Stage
from persona_db.graph.models import Collaborator, Context, Model, Prediction, Sharing

__all__ = ["Ask", "Join", "Joined", "Predict", "Recall"]


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
        return self._join

    def _join(self, asked: Sequence[Ask]) -> list[Joined]:
        def at_once(as_of: str | None, some: Sequence[Ask]) -> list[Joined]:
            reading = open_reading(self.graph, self.dataset, as_of=as_of)
            users = list(dict.fromkeys(ask.user for ask in some))
            found = explained(reading, join_many(reading, users, top_k=self.top_k, sharing=self.sharing))
            return [Joined(ask=ask, collaborators=tuple(found.get(ask.user, ()))) for ask in some]

        return _by_time(asked, [ask.as_of for ask in asked], at_once)


class Recall(Stage[Joined, Recollection]):
    """Fill the r places with what tells most, own and borrowed."""

    graph: Any = Field(description="A Graph.")
    dataset: str
    settings: RecallSettings = RecallSettings()

    def _work(self) -> Callable[[Sequence[Joined]], list[Recollection]]:
        return self._recall

    def _recall(self, joined: Sequence[Joined]) -> list[Recollection]:
        def at_once(as_of: str | None, some: Sequence[Joined]) -> list[Recollection]:
            reading = open_reading(self.graph, self.dataset, as_of=as_of)
            results: list[Recollection | None] = [None] * len(some)
            for options in dict.fromkeys(one.ask.options for one in some):
                rows = [row for row, one in enumerate(some) if one.ask.options == options]
                pairs = [(some[row].ask.user, some[row].ask.question) for row in rows]
                asked, knowledge = prepare(reading, pairs, options=options)
                collaborators = {
                    some[row].ask.user: [
                        {"collaborator": one.user, "name": one.name, "score": one.score}
                        for one in some[row].collaborators
                    ]
                    for row in rows
                }
                contexts = recall_many(
                    knowledge, asked, settings=self.settings, texts=True, collaborators=collaborators
                )
                for row, context in zip(rows, contexts, strict=True):
                    results[row] = Recollection(ask=some[row].ask, context=context)
            return [result for result in results if result is not None]

        return _by_time(joined, [one.ask.as_of for one in joined], at_once)


class Predict(Stage[Recollection, Prediction]):
    """Turn what was recalled into a distribution over the options."""

    graph: Any = Field(description="A Graph.")
    dataset: str

    def _work(self) -> Callable[[Sequence[Recollection]], list[Prediction]]:
        return self._predict

    def _predict(self, recalled: Sequence[Recollection]) -> list[Prediction]:
        def at_once(as_of: str | None, some: Sequence[Recollection]) -> list[Prediction]:
            reading = open_reading(self.graph, self.dataset, as_of=as_of)
            results: list[Prediction | None] = [None] * len(some)
            for options in dict.fromkeys(one.ask.options for one in some):
                rows = [row for row, one in enumerate(some) if one.ask.options == options]
                pairs = [(some[row].ask.user, some[row].ask.question) for row in rows]
                _, knowledge = prepare(reading, pairs, options=options)
                made = predict_contexts(knowledge, [some[row].context for row in rows], explain=True)
                for row, prediction in zip(rows, made, strict=True):
                    results[row] = prediction
            return [result for result in results if result is not None]

        return _by_time(recalled, [one.ask.as_of for one in recalled], at_once)


def _by_time(
    given: Sequence[Given],
    times: Sequence[str | None],
    at_once: Callable[[str | None, Sequence[Given]], list[Made]],
) -> list[Made]:
    """Call *at_once* for each time with those that ask for it; results in the order given."""
    results: dict[int, Made] = {}
    for as_of in dict.fromkeys(times):
        rows = [row for row, time in enumerate(times) if time == as_of]
        results.update(zip(rows, at_once(as_of, [given[row] for row in rows]), strict=True))
    return [results[row] for row in range(len(given))]
