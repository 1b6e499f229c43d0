"""JOIN, recall and prediction as LangChain Runnables: `Join(...) | Recall(...) | Predict(...)`.

Each takes whole batches to the graph in a fixed number of queries, and passes `config` through.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.callbacks import CallbackManagerForChainRun
from langchain_core.language_models import LanguageModelLike
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import run_in_executor
from pydantic import ConfigDict, Field, PrivateAttr, SkipValidation, ValidationError

from persona_db.chains.calls import CallRecord, runs_of
from persona_db.chains.engine import Engine
from persona_db.chains.engines import engine_of
from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.snapshot import open_snapshot
from persona_db.chains.language.models import LanguageModel, model_of
from persona_db.chains.language.predict import stream_explanation
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.prediction.predict import as_asked, cannot_tell, unknown
from persona_db.chains.results import Collaborator, Context, Prediction
from persona_db.chains.retrieval.join import TOP_K, Match, explained, join_many
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.recall import BorrowFrom, RecallSettings, recall_many
from persona_db.chains.runnables.stages import Stage, Work
from persona_db.graph.embedding import Embedder
from persona_db.graph.errors import ConfigError
from persona_db.graph.ledger import now, store_runs
from persona_db.graph.models import Model, Question, Sharing
from persona_db.graph.session import Graph

__all__ = ["Ask", "Explain", "Join", "Joined", "Predict", "Recall", "Recollection", "persona_chain"]

if TYPE_CHECKING:
    ModelLike = str | LanguageModelLike | LanguageModel
else:
    ModelLike = Any  # pydantic would go through all that a model holds

Given = TypeVar("Given")
Made = TypeVar("Made")
Shape = TypeVar("Shape", bound=Model)


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

    graph: SkipValidation[Graph]
    dataset: str
    top_k: int = TOP_K
    sharing: Sharing = Field(default=Sharing.INDUCED, description="The least that a collaborator shares.")

    def _work(self) -> Work[Ask, Joined]:
        return lambda asked, configs: _alike(self._join, [_given(Ask, one) for one in asked], configs, key=_as_of)

    def _join(self, asked: Sequence[Ask], _: Sequence[RunnableConfig]) -> list[Joined]:
        snapshot = open_snapshot(self.graph, self.dataset, as_of=asked[0].as_of)
        users = list(dict.fromkeys(ask.user for ask in asked))
        found = explained(snapshot, join_many(snapshot, users, top_k=self.top_k, sharing=self.sharing))
        return [Joined(ask=ask, collaborators=tuple(found.get(ask.user, ()))) for ask in asked]


class Recall(Stage[Joined, Recollection]):
    """Fill the r places with what tells most, own and borrowed."""

    graph: SkipValidation[Graph]
    dataset: str
    settings: RecallSettings = RecallSettings()
    embedder: SkipValidation[Embedder | None] = Field(
        default=None, description="For new questions; that of the graph's settings unless given."
    )

    def _work(self) -> Work[Joined, Recollection]:
        return lambda joined, configs: _alike(
            self._recall, [_given(Joined, one) for one in joined], configs, key=lambda one: _asked_alike(one.ask)
        )

    def _recall(self, joined: Sequence[Joined], _: Sequence[RunnableConfig]) -> list[Recollection]:
        asked, correlations = _prepared(self.graph, self.dataset, [one.ask for one in joined], self.embedder)
        borrow_from = [
            BorrowFrom([Match(who.user, who.name, who.score) for who in one.collaborators]) for one in joined
        ]
        contexts = recall_many(correlations, asked, settings=self.settings, texts=True, borrow_from=borrow_from)
        return [Recollection(ask=one.ask, context=context) for one, context in zip(joined, contexts, strict=True)]


class Predict(Stage[Recollection, Prediction]):
    """Turn what was recalled into a distribution over the options; with *model*, by a language model."""

    graph: SkipValidation[Graph]
    dataset: str
    embedder: SkipValidation[Embedder | None] = Field(
        default=None, description="For new questions; that of the graph's settings unless given."
    )
    model: ModelLike | None = Field(
        default=None, description="A chat model, or its name; the statistical engine unless given."
    )
    model_settings: ModelSettings | None = Field(default=None, description="How it is asked.")
    token_budget: int | None = Field(default=None, description="Most tokens of recalled items in a prompt.")
    _engine: Engine | None = PrivateAttr(default=None)

    def _work(self) -> Work[Recollection, Prediction]:
        return lambda recalled, configs: _alike(
            self._predict,
            [_given(Recollection, one) for one in recalled],
            configs,
            key=lambda one: _asked_alike(one.ask),
        )

    def _predict(self, recalled: Sequence[Recollection], configs: Sequence[RunnableConfig]) -> list[Prediction]:
        if self._engine is None:
            self._engine = engine_of(
                self.graph, self.model, model_settings=self.model_settings, token_budget=self.token_budget
            )
        asked = [one.ask for one in recalled]
        correlations = _prepared(self.graph, self.dataset, asked, self.embedder)[1]
        made = self._engine.predict(correlations, [one.context for one in recalled], configs=configs)
        return [
            unknown(correlations, one.context, why, options=one.ask.options)
            if not self._engine.reads_texts and (why := cannot_tell(correlations, one.context.question))
            else as_asked(predicted.prediction, one.ask.options)
            for one, predicted in zip(recalled, made, strict=True)
        ]


class Explain(RunnableSerializable[Recollection, str]):
    """Turn what was recalled into a language model's explanation of how the user would answer; it can be streamed."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    graph: SkipValidation[Graph]
    dataset: str
    model: ModelLike = Field(description="A chat model, or its name.")
    model_settings: ModelSettings | None = Field(default=None, description="How it is asked.")
    _opened: LanguageModel | None = PrivateAttr(default=None)

    def invoke(self, input: Recollection, config: RunnableConfig | None = None, **kwargs: Any) -> str:
        """Return the whole explanation."""
        return "".join(self.stream(input, config, **kwargs))

    def stream(self, input: Recollection, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[str]:
        """Yield the explanation in pieces, as the model says them."""
        yield from self._transform_stream_with_config(iter([input]), self._explained, config, **kwargs)

    async def astream(
        self, input: Recollection, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[str]:
        """Yield the same pieces as they come, each waited for in a thread."""
        pieces = self.stream(input, config, **kwargs)
        while (piece := await run_in_executor(config, next, pieces, None)) is not None:
            yield piece

    def _explained(
        self,
        recalled: Iterator[Recollection],
        run_manager: CallbackManagerForChainRun,  # noqa: ARG002  LangChain passes it by this name
        config: RunnableConfig,
    ) -> Iterator[str]:

        if self._opened is None:
            self._opened = model_of(self.graph, self.model, self.model_settings)
        calls: list[CallRecord] = []
        for one in recalled:
            context = _given(Recollection, one).context
            yield from stream_explanation(self._opened, context, calls=calls, config=config)
        store_runs(self.graph, self.dataset, runs_of(calls, fit="", at=now()))
        self._opened.recorded(calls)


def persona_chain(
    graph: Graph,
    dataset: str,
    *,
    model: ModelLike | None = None,
    model_settings: ModelSettings | None = None,
    settings: RecallSettings | None = None,
    token_budget: int | None = None,
    embedder: Embedder | None = None,
) -> Runnable[Ask, Prediction]:
    """Return JOIN, recall and prediction as one Runnable, from an Ask to a Prediction.

    *model* is a chat model or its name, as of `init_chat_model`; the statistical engine predicts unless given.
    Callbacks, tags and metadata of its config reach every stage and every call of the model.

    >>> chain = persona_chain(graph, "town")
    >>> [made.answer for made in chain.batch([Ask(user="ada", question="buses"), Ask(user="ben", question="buses")])]
    ['yes', 'no']
    """
    settings = settings or RecallSettings()
    given: dict[str, Any] = {"graph": graph, "dataset": dataset}
    return (
        Join(**given, top_k=settings.top_k)
        | Recall(**given, settings=settings, embedder=embedder)
        | Predict(**given, embedder=embedder, model=model, model_settings=model_settings, token_budget=token_budget)
    )


def _prepared(
    graph: Graph, dataset: str, asked: Sequence[Ask], embedder: Embedder | None
) -> tuple[list[tuple[str, Question]], CorrelationModel]:
    """Return what is asked, all as of one time and with the same options, and what is known of it."""
    snapshot = open_snapshot(graph, dataset, as_of=asked[0].as_of)
    pairs = [(ask.user, ask.question) for ask in asked]
    return prepare(snapshot, pairs, options=asked[0].options, embedder=embedder)


def _given(shape: type[Shape], given: object) -> Shape:
    """Return an input, also where it comes as a mapping; ConfigError where that is none of its shape."""
    try:
        return shape.model_validate(given)
    except ValidationError as exc:
        wrong = exc.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in wrong["loc"])
        article = "an" if shape.__name__[0] in "AEIO" else "a"
        fields = ", ".join(shape.model_fields)
        raise ConfigError(f"{where or 'input'}: {wrong['msg']}; {article} {shape.__name__} has {fields}") from exc


def _asked_alike(ask: Ask) -> Hashable:
    return ask.as_of, ask.options


def _as_of(ask: Ask) -> str | None:
    return ask.as_of


def _alike(
    work: Work[Given, Made],
    given: Sequence[Given],
    configs: Sequence[RunnableConfig],
    *,
    key: Callable[[Given], Hashable],
) -> list[Made]:
    """Call *work* once for all that have the same key; results in the order given."""
    groups: dict[Hashable, list[int]] = {}
    for row, one in enumerate(given):
        groups.setdefault(key(one), []).append(row)
    results: dict[int, Made] = {}
    for rows in groups.values():
        results.update(zip(rows, work([given[row] for row in rows], [configs[row] for row in rows]), strict=True))
    return [results[row] for row in range(len(given))]
