"""What all experiments share: the data, the tests that were drawn, and datasets that are made when first asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from persona_db.chains.engine import Engine, Predicted
from persona_db.chains.fit.correlations import CorrelationModel
from persona_db.chains.fit.keys import CacheKey
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.fit.snapshot import Snapshot, open_snapshot
from persona_db.chains.fit.store import read_keys
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
from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.arms import places_of
from persona_db.evals.evaluate import (
    EvaluateSettings,
    check_no_leak,
    engine_of_arm,
    held_out,
    option_places,
    outcome_of_prediction,
    peer_outcomes,
    source_hashes,
)
from persona_db.evals.experiments.cold import Cold
from persona_db.evals.experiments.records import Records, read_records
from persona_db.evals.experiments.settings import ExperimentSettings
from persona_db.evals.items import Outcome, TestItem
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Question, Sharing
from persona_db.graph.progress import Progress, no_progress
from persona_db.loaders import load, open_source

if TYPE_CHECKING:
    from persona_db.chains.language.models import LanguageModel
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["Lab", "Population"]


class Lab:
    """The data set in memory, the tests drawn from it, and the graph in which populations are made."""

    def __init__(
        self,
        graph: Graph,
        settings: ExperimentSettings,
        *,
        out: Path,
        embedder: Embedder | None = None,
        name: str = "",
        progress: Progress = no_progress,
    ) -> None:
        """*name* tells its datasets from those of other labs that are open at the same time."""
        self.graph = graph
        self.settings = settings
        self.out = out
        self.name = name
        self.progress = progress
        self._embedder = embedder
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @cached_property
    def embedder(self) -> Embedder:
        if self._embedder is not None:
            return self._embedder
        from persona_db.graph.embedding import embedder_of

        return embedder_of(self.graph.settings)

    @cached_property
    def _read(self) -> tuple[Records, str]:
        given = self.settings
        source, split = held_out(
            EvaluateSettings(format=given.format, paths=given.paths, split=given.split, seed=given.seed)
        )
        self.progress(f"reading {given.format}", 0, None)
        records = read_records(source)
        if not records.tests:
            raise ConfigError(f"{given.format} holds nothing out to be predicted; give --split FILE")
        if given.people is not None and given.people < len(records.users):
            rng = np.random.default_rng(given.seed)
            records = records.of([records.users[i] for i in rng.permutation(len(records.users))[: given.people]])
        return records, split

    @property
    def records(self) -> Records:
        """The history part of the data, of the people who were drawn, and all that it holds out."""
        return self._read[0]

    @cached_property
    def everything(self) -> Records:
        """History and held-out answers alike, of the people who were drawn: for experiments that hold out others."""
        given = self.settings
        source = open_source(given.format, given.paths, split=given.split, keep="all")
        return read_records(source).of(self.records.users)

    @property
    def split(self) -> str:
        return self._read[1]

    @cached_property
    def tests(self) -> list[TestItem]:
        """The held-out answers that are predicted."""
        return self.records.sample(
            users=self.settings.users, tests_each=self.settings.tests_each, seed=self.settings.seed
        )

    @cached_property
    def ranks(self) -> dict[str, tuple[float | None, ...]]:
        return option_places(self.records.answers)

    @cached_property
    def hashes(self) -> dict[str, str]:
        return source_hashes((*self.settings.paths, *self.settings.split))

    @cached_property
    def code(self) -> str:
        """A hash of the code that predicts, so that rows of another version are made again."""
        import persona_db.chains
        import persona_db.cypher
        import persona_db.evals

        digest = blake2b(digest_size=8)
        for package in (persona_db.chains, persona_db.cypher, persona_db.evals):
            for folder in package.__path__:
                for path in sorted(Path(folder).rglob("*")):
                    if path.suffix in {".py", ".cypher", ".md"}:
                        digest.update(path.read_bytes())
        return digest.hexdigest()

    @cached_property
    def model(self) -> LanguageModel | None:
        if self.settings.model is None:
            return None
        from persona_db.chains.language.models import model_of

        return model_of(self.graph, self.settings.model, self.settings.model_settings)

    @cached_property
    def base(self) -> Population:
        """Everybody's history, with the settings as they are."""
        return self.population("everybody", self.records)

    @cached_property
    def cold(self) -> Cold:
        """The users of the tests taken out of the population and folded in with few known answers."""
        return Cold(self)

    def population(
        self,
        label: str,
        records: Records,
        *,
        engine: EngineSettings | None = None,
        guests: Records | None = None,
    ) -> Population:
        """Return people of whom a dataset is made when a prediction first needs it; it is dropped with the lab."""
        made = Population(self, label, records, engine=engine, guests=guests)
        self._open.callback(made.close)
        return made

    def peer(self, name: str, answers: AnswerMatrix, tests: Sequence[TestItem]) -> list[Outcome]:
        """Return a peer's outcome for each test."""
        return peer_outcomes(name, tests, answers=answers, seed=self.settings.seed)


@dataclass
class _Home:
    """The dataset that populations of the same people share, and which settings its Fit was made with."""

    name: str | None = None
    engine: EngineSettings | None = None


@dataclass
class _Kept:
    """What was read for some tests, for every cell of an experiment that predicts them."""

    pairs: list[tuple[str, str]]
    asked: list[tuple[str, Question]]
    correlations: CorrelationModel
    sources: Sources
    _own: dict[frozenset[Layer], Mapping[str, Own]] = field(default_factory=dict)

    def own_items_of(self, layers: frozenset[Layer]) -> Mapping[str, Own]:
        """What those asked have themselves in some layers."""
        if layers not in self._own:
            users = list(dict.fromkeys(user for user, _ in self.pairs))
            self._own[layers] = read_own_items(self.correlations, users, layers)
        return self._own[layers]


class Population:
    """Some people's history as a dataset of its own: loaded and refined when first asked, dropped when closed.

    *guests* share nothing and are folded in afterwards: the Fit knows nothing of them, and nobody borrows from them.
    """

    def __init__(
        self,
        lab: Lab,
        label: str,
        records: Records,
        *,
        engine: EngineSettings | None,
        guests: Records | None,
    ) -> None:
        self.lab = lab
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
        """The dataset's name; it is loaded and refined with this population's settings by now."""
        if self._home.name is None:
            self._make()
        elif self._home.engine != self._engine:
            self._home.engine = self._engine
            self.refined = self._refine(str(self._home.name), refit=True)
        return str(self._home.name)

    def refitted(self, engine: EngineSettings) -> Population:
        """Return the same people refined with other settings: one dataset, refitted whenever the other is asked."""
        other = Population(self.lab, self.label, self.records, engine=engine, guests=self._guests)
        other._home = self._home
        return other

    def _make(self) -> None:
        lab = self.lab
        told = (lab.settings.model_dump_json(), lab.hashes, lab.name, self.label, lab.embedder.name)
        name = f"evaluation-{blake2b(repr(told).encode(), digest_size=6).hexdigest()}"
        self._home.name = name  # so that it is dropped even when loading fails
        load(
            lab.graph, self.records, dataset=name, sharing=lab.settings.sharing, embedder=lab.embedder,
            progress=lab.progress, evaluation=True,
        )  # fmt: skip
        # a run that was killed may have left a Fit of other settings there
        self.refined = self._refine(name, refit=self._engine is not None)
        self._home.engine = self._engine
        if self._guests is not None:
            load(
                lab.graph, self._guests, dataset=name, sharing=Sharing.NONE, embedder=lab.embedder,
                progress=lab.progress, evaluation=True,
            )  # fmt: skip
            refine(lab.graph, name, embedder=lab.embedder, progress=lab.progress)

    def _refine(self, name: str, *, refit: bool = False) -> RefineReport:
        self._kept = None
        return refine(
            self.lab.graph, name, refit=refit, seed=self.lab.settings.seed,
            settings=(self._engine or EngineSettings()).model_copy(update={"lift_tests": 0}),  # each sets its ratio
            embedder=self.lab.embedder, progress=self.lab.progress,
        )  # fmt: skip

    def snapshot(self) -> Snapshot:
        """Return a reading of the dataset, which is loaded and refined by then."""
        return open_snapshot(self.lab.graph, self.dataset)

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
        """Return the outcome of each test by an arm of `evaluate`, at the settings' places unless told otherwise.

        *recall* changes settings of RecallSettings; *collaborators*, matches for each test, take the place
        of those that are joined; *model* that of the settings. LeakError when an answer to be predicted is in the
        dataset.
        """
        given = self.lab.settings
        check_no_leak(self.lab.graph, self.dataset, tests)
        asked = RecallSettings(
            size=given.size if size is None else size,
            ratio=given.ratio if ratio is None else ratio,
            top_k=given.top_k if top_k is None else top_k,
        )
        places = places_of(arm, asked)
        if recall:
            places = RecallSettings.model_validate({**places.model_dump(), **recall})
        model = self.lab.model if model == "as set" else model
        engine = engine_of_arm(arm, model, budget=Budget(budget_usd=given.budget_usd))
        made = {
            place: outcome_of_prediction(arm, tests[place], one)
            for place, _, one in self._each(tests, places, collaborators, engine=engine)
        }
        return [made[place] for place in range(len(tests))]

    def recalled(self, tests: Sequence[TestItem], places: RecallSettings) -> list[tuple[Context, Prediction]]:
        """Return what is recalled for each test and what is predicted from it, in their order; all of it in memory."""
        made = {place: (context, one.prediction) for place, context, one in self._each(tests, places)}
        return [made[place] for place in range(len(tests))]

    def _each(
        self,
        tests: Sequence[TestItem],
        places: RecallSettings,
        collaborators: Sequence[Sequence[Match]] | None = None,
        *,
        engine: Engine | None = None,
    ) -> Iterator[tuple[int, Context, Predicted]]:
        """As `predict_each`, and what was read and joined for one cell of an experiment serves the next."""
        from threadpoolctl import threadpool_limits

        kept = self._read(tests)
        if collaborators is None and places.borrows:
            joined = self.joined([test.user for test in tests], top_k=places.top_k)
            collaborators = [joined[test.user] for test in tests]
        with threadpool_limits(limits=1):
            yield from predict_each(
                kept.correlations, kept.asked, engine=engine or StatisticalEngine(), settings=places,
                sources=replace(kept.sources, own=kept.own_items_of(places.layers)),
                collaborators=collaborators, progress=self.lab.progress,
            )  # fmt: skip

    def joined(self, users: Sequence[str], *, top_k: int) -> Mapping[str, Sequence[Match]]:
        """Return the matches of each user, as recall asks for them; in one Fit everybody is joined once."""
        snapshot = self.snapshot()
        known = self._joined.setdefault((snapshot.fit, top_k), {})
        missing = [user for user in dict.fromkeys(users) if user not in known]
        found = join_many(snapshot, missing, top_k=top_k, sharing=Sharing.INDUCED)
        known.update((user, found.get(user, ())) for user in missing)
        return known

    def _read(self, tests: Sequence[TestItem]) -> _Kept:
        """What is read of the questions and of who is asked; that of one set of tests is kept."""
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
            drop_dataset(self.lab.graph, self._home.name, progress=self.lab.progress)
            self._home.name = None
