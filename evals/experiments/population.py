"""Some people's history as a dataset of its own, and predictions from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal, Protocol

from persona_db.chains.engine import Engine, Predicted
from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.keys import CacheKey
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.fit.snapshot import Snapshot, open_snapshot
from persona_db.chains.fit.store import read_keys
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.language.call import Budget
from persona_db.chains.prediction.predict import predict_each
from persona_db.chains.refinement.refine import refine
from persona_db.chains.refinement.report import RefineReport
from persona_db.chains.results import Context, Prediction
from persona_db.chains.retrieval.join import Match, join_many
from persona_db.chains.retrieval.own_items import Layer, Own, read_own_items
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.recall import RecallSettings, Sources
from persona_db.chains.statistical.engine import StatisticalEngine
from persona_db.evals.arms import settings_of
from persona_db.evals.evaluate import check_no_leak
from persona_db.evals.experiments.records import Records
from persona_db.evals.experiments.settings import ExperimentSettings
from persona_db.evals.items import Outcome, TestItem
from persona_db.evals.predict import engine_of_arm, outcome_of_prediction
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.models import Question, Sharing
from persona_db.graph.progress import Progress
from persona_db.loaders import load

if TYPE_CHECKING:
    from persona_db.chains.language.models import LanguageModel
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["Population"]


class PopulationContext(Protocol):
    """What a population takes from the experiments' context."""

    graph: Graph
    settings: ExperimentSettings
    name: str
    progress: Progress

    @property
    def hashes(self) -> dict[str, str]: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def model(self) -> LanguageModel | None: ...


@dataclass
class _Home:
    """The dataset that populations of the same people share, and the settings of its Fit."""

    name: str | None = None
    engine: EngineSettings | None = None


@dataclass
class _Kept:
    """What was read for some tests; every cell of an experiment that predicts them uses it."""

    pairs: list[tuple[str, str]]
    asked: list[tuple[str, Question]]
    correlations: CorrelationModel
    sources: Sources
    _own: dict[frozenset[Layer], Mapping[str, Own]] = field(default_factory=dict)

    def own_items_of(self, layers: frozenset[Layer]) -> Mapping[str, Own]:
        """Return the own items of the tests' users in these layers."""
        if layers not in self._own:
            users = list(dict.fromkeys(user for user, _ in self.pairs))
            self._own[layers] = read_own_items(self.correlations, users, layers)
        return self._own[layers]


class Population:
    """Some people's history as a dataset of its own: loaded and refined when first needed, dropped when closed.

    *guests* share nothing and are folded in afterwards: the Fit is not learned from them, and nobody borrows from them.
    """

    def __init__(
        self,
        context: PopulationContext,
        label: str,
        records: Records,
        *,
        engine: EngineSettings | None,
        guests: Records | None,
    ) -> None:
        self.context = context
        self.label = label
        self.records = records
        self._engine = engine
        self._guests = guests
        self._home = _Home()
        self._kept: _Kept | None = None
        self._joined: dict[tuple[str, int], dict[str, Sequence[Match]]] = {}
        self.refined: RefineReport | None = None

    @property
    def dataset(self) -> str:
        """The name of the dataset, which is loaded and refined with this population's settings by then."""
        if self._home.name is None:
            self._make()
        elif self._home.engine != self._engine:
            self._home.engine = self._engine
            self.refined = self._refine(str(self._home.name), refit=True)
        return str(self._home.name)

    def refitted(self, engine: EngineSettings) -> Population:
        """Return the same people with other settings; the shared dataset is refitted for whichever is used."""
        other = Population(self.context, self.label, self.records, engine=engine, guests=self._guests)
        other._home = self._home
        return other

    def _make(self) -> None:
        context = self.context
        identity = (context.settings.model_dump_json(), context.hashes, context.name, self.label, context.embedder.name)
        name = f"evaluation-{blake2b(repr(identity).encode(), digest_size=6).hexdigest()}"
        self._home.name = name  # so that it is dropped even when loading fails
        load(
            context.graph, self.records, dataset=name, sharing=context.settings.sharing, embedder=context.embedder,
            progress=context.progress, evaluation=True,
        )  # fmt: skip
        # a killed run may have left a Fit of other settings there
        self.refined = self._refine(name, refit=self._engine is not None)
        self._home.engine = self._engine
        if self._guests is not None:
            load(
                context.graph, self._guests, dataset=name, sharing=Sharing.NONE, embedder=context.embedder,
                progress=context.progress, evaluation=True,
            )  # fmt: skip
            refine(context.graph, name, embedder=context.embedder, progress=context.progress)

    def _refine(self, name: str, *, refit: bool = False) -> RefineReport:
        self._kept = None
        return refine(
            self.context.graph, name, refit=refit, seed=self.context.settings.seed,
            settings=(self._engine or EngineSettings()).model_copy(update={"lift_tests": 0}),  # cells set the ratio
            embedder=self.context.embedder, progress=self.context.progress,
        )  # fmt: skip

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the dataset, which is loaded and refined by then."""
        return open_snapshot(self.context.graph, self.dataset)

    def predict(
        self,
        arm: str,
        tests: Sequence[TestItem],
        *,
        size: int | None = None,
        ratio: float | None = None,
        top_k: int | None = None,
        recall: Mapping[str, Any] | None = None,
        collaborators: Sequence[Sequence[Match]] | None = None,
        model: LanguageModel | Literal["as set"] | None = "as set",
    ) -> list[Outcome]:
        """Return the outcome of each test by an arm of `evaluate`; what is None is as in the experiment's settings.

        *recall* overrides fields of RecallSettings, *collaborators* (matches for each test) those of the
        JOIN, and *model* the model of the settings. LeakError when an answer to be predicted is in the dataset.
        """
        given = self.context.settings
        check_no_leak(self.context.graph, self.dataset, tests)
        asked = RecallSettings(
            size=given.size if size is None else size,
            ratio=given.ratio if ratio is None else ratio,
            top_k=given.top_k if top_k is None else top_k,
        )
        settings = settings_of(arm, asked)
        if recall:
            settings = RecallSettings.model_validate({**settings.model_dump(), **recall})
        model = self.context.model if model == "as set" else model
        engine = engine_of_arm(arm, model, budget=Budget(budget_usd=given.budget_usd))
        made = {
            index: outcome_of_prediction(arm, tests[index], one)
            for index, _, one in self._each(tests, settings, collaborators, engine=engine)
        }
        return [made[index] for index in range(len(tests))]

    def recalled(self, tests: Sequence[TestItem], settings: RecallSettings) -> list[tuple[Context, Prediction]]:
        """Return each test's recalled context and prediction, in their order, all in memory."""
        made = {index: (context, one.prediction) for index, context, one in self._each(tests, settings)}
        return [made[index] for index in range(len(tests))]

    def _each(
        self,
        tests: Sequence[TestItem],
        settings: RecallSettings,
        collaborators: Sequence[Sequence[Match]] | None = None,
        *,
        engine: Engine | None = None,
    ) -> Iterator[tuple[int, Context, Predicted]]:
        """Yield what `predict_each` yields; cells that predict the same tests share what was read and joined."""
        kept = self._read(tests)
        if collaborators is None and settings.borrows:
            joined = self.joined([test.user for test in tests], top_k=settings.top_k)
            collaborators = [joined[test.user] for test in tests]
        with one_thread():
            yield from predict_each(
                kept.correlations, kept.asked, engine=engine or StatisticalEngine(), settings=settings,
                sources=replace(kept.sources, own=kept.own_items_of(settings.layers)),
                collaborators=collaborators, progress=self.context.progress,
            )  # fmt: skip

    def joined(self, users: Sequence[str], *, top_k: int) -> Mapping[str, Sequence[Match]]:
        """Return the matches of each user, with recall's settings; a Fit joins everybody once."""
        snapshot = self.snapshot()
        known = self._joined.setdefault((snapshot.fit, top_k), {})
        missing = [user for user in dict.fromkeys(users) if user not in known]
        found = join_many(snapshot, missing, top_k=top_k, sharing=Sharing.INDUCED)
        known.update((user, found.get(user, ())) for user in missing)
        return known

    def _read(self, tests: Sequence[TestItem]) -> _Kept:
        """Return what predictions of *tests* read; that of the last set of tests is kept."""
        snapshot = self.snapshot()
        pairs = [(test.user, test.question) for test in tests]
        if self._kept is None or (self._kept.correlations.snapshot.fit, self._kept.pairs) != (snapshot.fit, pairs):
            asked, correlations = prepare(snapshot, pairs)
            self._kept = _Kept(pairs, asked, correlations, Sources.of(correlations))
        return self._kept

    def keys(self) -> dict[str, CacheKey]:
        """Return the cache keys of the Fit, by id."""
        snapshot = self.snapshot()
        return read_keys(snapshot.graph, snapshot.dataset, snapshot.fit)

    def close(self) -> None:
        """Drop the dataset, if it was made."""
        if self._home.name is not None:
            drop_dataset(self.context.graph, self._home.name, progress=self.context.progress)
            self._home.name = None
