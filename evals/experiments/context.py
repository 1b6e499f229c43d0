"""What all experiments share: the data, the tests drawn from it, and the datasets made for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

import numpy as np

from persona_db.chains.fit.settings import EngineSettings
from persona_db.evals.answers import AnswerMatrix
from persona_db.evals.evaluate import (
    held_out,
    option_places,
    source_hashes,
)
from persona_db.evals.experiments.population import Population
from persona_db.evals.experiments.records import Records, read_records
from persona_db.evals.experiments.settings import ExperimentSettings
from persona_db.evals.items import Outcome, TestItem
from persona_db.evals.predict import baseline_outcomes
from persona_db.evals.settings import EvaluateSettings
from persona_db.graph.errors import ConfigError
from persona_db.graph.progress import Progress, no_progress
from persona_db.loaders import open_source

if TYPE_CHECKING:
    from persona_db.chains.language.models import LanguageModel
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["ExperimentContext"]

T = TypeVar("T")


class ExperimentContext:
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
        """*name* keeps its datasets apart from those of other contexts that are open at the same time."""
        self.graph = graph
        self.settings = settings
        self.out = out
        self.name = name
        self.progress = progress
        self._embedder = embedder
        self._open = ExitStack()
        self._made: dict[object, object] = {}

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
        """The history part of the data, limited to the people who were drawn, and their held-out answers."""
        return self._read[0]

    @cached_property
    def everything(self) -> Records:
        """History and held-out answers of the people who were drawn, for experiments with a split of their own."""
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
        """A hash of the code that predicts, so that rows of another version are computed again."""
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
        """Everybody's history, with the default engine settings."""
        return self.population("everybody", self.records)

    def once(self, make: Callable[[ExperimentContext], T]) -> T:
        """Return what *make* returns for this context; it is called the first time only."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast("T", self._made[make])

    def population(
        self,
        label: str,
        records: Records,
        *,
        engine: EngineSettings | None = None,
        guests: Records | None = None,
    ) -> Population:
        """Return people whose dataset is made when a prediction first needs it, and dropped when the context closes."""
        made = Population(self, label, records, engine=engine, guests=guests)
        self._open.callback(made.close)
        return made

    def baseline(self, name: str, answers: AnswerMatrix, tests: Sequence[TestItem]) -> list[Outcome]:
        """Return a baseline's outcome for each test."""
        return baseline_outcomes(name, tests, answers=answers, seed=self.settings.seed)
