"""Refining a dataset: history to distilled to induced facts to cache keys, as one Fit.

The driver of both engines: begin a Fit, learn from everybody, refine users, reweight keys, measure the JOIN gain,
finish. Each batch of users is marked as done in the transaction that holds its result: a run that was killed resumes
where it stopped, and one that is finished does nothing when run again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import blake2b
from time import perf_counter
from typing import TYPE_CHECKING, Any

from persona_db.chains.engine import Refined, Refiner
from persona_db.chains.engines import engine_of
from persona_db.chains.fit.answers import Signals
from persona_db.chains.fit.learn import Learned, fingerprint, learn, learn_population, names_of
from persona_db.chains.fit.lifecycle import drop_obsolete, embed, finish_fit, require_people
from persona_db.chains.fit.population import fit_population
from persona_db.chains.fit.settings import EngineSettings, FittedSettings
from persona_db.chains.fit.snapshot import until
from persona_db.chains.fit.store import (
    load_learned,
    read_keys,
    store_excluded,
    store_learned,
    store_named,
    store_population,
)
from persona_db.chains.fit.threads import one_thread
from persona_db.chains.fit.trust import counted, trusted
from persona_db.chains.persona import Persona, UserHistory
from persona_db.chains.refinement.history_reader import HistoryReader
from persona_db.chains.refinement.join_gain import measure_join_gain
from persona_db.chains.refinement.place import Place, Waiting
from persona_db.chains.refinement.report import RefineReport, command, why_waiting
from persona_db.chains.refinement.reweight_keys import reweight_keys
from persona_db.chains.refinement.writer import PersonaWriter
from persona_db.chains.runnables.stages import Distil, Induce, Key
from persona_db.chains.segments.store import fold_in, segment_people, store_crosstabs
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import ConfigError
from persona_db.graph.ids import fit_id
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelLike

    from persona_db.chains.language.models import LanguageModel
    from persona_db.chains.language.settings import ModelSettings
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.errors import PersonaDBError
    from persona_db.graph.session import Graph

__all__ = ["Refinement", "refine"]

log = logging.getLogger(__name__)

_USERS_AT_ONCE = 400


def refine(
    graph: Graph,
    dataset: str,
    *,
    refit: bool = False,
    as_of: str | None = None,
    seed: int = 0,
    settings: EngineSettings | None = None,
    embedder: Embedder | None = None,
    progress: Progress = no_progress,
    model: str | LanguageModelLike | LanguageModel | None = None,
    model_settings: ModelSettings | None = None,
    budget_usd: float | None = None,
    limit: int | None = None,
    dry_run: bool = False,
) -> RefineReport:
    """Bring the personas of a dataset up to date.

    Without a Fit, with *refit*, or when someone left it, all is learned anew and the new Fit becomes current in one
    transaction; otherwise those with something new are folded into the current Fit and nobody else is touched.
    *as_of* makes a Fit of the items up to that date, kept beside the current one; those that counted somebody who was
    erased since, or who shares less now, are made again with the current one. *embedder* is needed for free
    text and embeds the induced statements.

    With *model* a language model distils, induces and keys; a Fit of another engine is refitted. *budget_usd* and
    *limit* (users) bound it: what is done is kept, and the same call resumes from there. *dry_run* reports what it
    would take, as far as that can be known, and neither calls a model nor writes anything.

    >>> report = refine(graph, "town")
    >>> report.users, report.facts
    (40, 490)
    >>> refine(graph, "town").users  # all personas are up to date
    0
    """
    bounded = budget_usd is not None or limit is not None or dry_run or model_settings is not None
    if model is None and bounded:
        raise ConfigError("a budget, a limit and a dry run are for a language model: name one with --model")
    if isinstance(model, str):
        from persona_db.chains.language.settings import ModelSettings

        model_settings = (model_settings or ModelSettings()).model_copy(update={"keeps_prompt": True})
    engine = engine_of(
        graph, model, model_settings=model_settings, budget_usd=budget_usd, embedder=embedder, dry_run=dry_run
    )
    refinement = Refinement(
        graph, dataset, engine, refit=refit, as_of=as_of, seed=seed, settings=settings or EngineSettings(),
        embedder=embedder, progress=progress, limit=limit, model=model if isinstance(model, str) else None,
    )  # fmt: skip
    with one_thread():
        if dry_run:
            return refinement.plan()
        report = refinement.run()
        if as_of is None and engine.identity is None:
            for row in graph.read("fits_to_renew", dataset=dataset):
                replace(refinement, as_of=row["through"], refit=False).run()
                graph.write("fit_renewed", dataset=dataset, through=row["through"])
        return report


@dataclass(frozen=True)
class Refinement:
    """A refinement of a dataset by an engine, to be planned or run.

    *limit* bounds the users of the run; *model* is the engine's name on the command line, for a remedy.
    """

    graph: Graph
    dataset: str
    engine: Refiner
    refit: bool = False
    as_of: str | None = None
    seed: int = 0
    settings: EngineSettings = field(default_factory=EngineSettings)
    embedder: Embedder | None = None
    progress: Progress = no_progress
    limit: int | None = None
    model: str | None = None

    @cached_property
    def _reader(self) -> HistoryReader:
        embedder = self.embedder if self.engine.reads_vectors else None
        return HistoryReader(self.graph, self.dataset, as_of=until(self.as_of), embedder=embedder)

    def plan(self) -> RefineReport:
        """Report what the refinement would take; no model is called and nothing is written."""
        started = perf_counter()
        place = self._place()
        waiting = self._waiting(place.fit)
        histories = (history for batch in self._batches(waiting.first(self.limit)) for history in batch)
        cost = self.engine.estimate(histories)
        return RefineReport(
            dry_run=True, users=cost.users, facts=0, keys_held=0, waiting=len(waiting.new),
            incomplete=len(waiting.incomplete), current=place.current, settings=place.settings.model_dump(),
            calls=cost.calls, cached=cost.cached, tokens_in=cost.tokens_in, tokens_out=cost.tokens_out,
            cost_usd=cost.cost_usd, **self._of(place, waiting, started),
        )  # fmt: skip

    def run(self) -> RefineReport:
        """Refine those who wait and finish the Fit; the report says what the budget, the limit or a fault leaves."""
        started = perf_counter()
        drop_obsolete(self.graph, self.dataset, progress=self.progress)
        place = self._place()
        waiting = self._waiting(place.fit)
        users = waiting.first(self.limit)
        if place.finished and not users:
            embed(self.graph, self.dataset, self.embedder, self.progress)
            return RefineReport(
                users=0, facts=0, keys_held=0, settings=place.settings.model_dump(),
                **self._of(place, waiting, started), **self._used(),
            )  # fmt: skip
        writer = self._refine_users(place, waiting, users)
        learned = writer.learned
        left = self._waiting(place.fit).without(writer.unusable)
        replaces = place.current or not left.new or self._nothing_to_replace()
        settings = learned.population.settings if place.signals is not None else place.settings
        if place.finished:
            fold_in(
                self.graph, self.dataset, place.fit, population=learned.population, batches=self._batches(users),
                left_out={one.user for one in writer.excluded},
            )  # fmt: skip
        with ThreadPoolExecutor(max_workers=1) as beside:  # all texts are there, and finishing reads no vectors of them
            embedded = beside.submit(embed, self.graph, self.dataset, self.embedder, self.progress)
            if replaces and not place.finished:
                settings = self._finish(place, learned, left)
                drop_obsolete(self.graph, self.dataset, progress=self.progress)
            embedded.result()
        log.info("refined %s by %s: fit %s, %s users", self.dataset, self.engine.name, place.fit, writer.users)
        return RefineReport(
            users=writer.users, facts=writer.facts, keys_held=writer.keys_held,
            left_out=counted([*learned.excluded, *writer.excluded]), settings=settings.model_dump(),
            waiting=len(left.new), incomplete=len(left.incomplete), stopped=self._why(writer.error, left),
            current=replaces, quarantined=writer.quarantined,
            quarantined_share=writer.asked_in_vain / writer.asked if writer.asked else None,
            **self._of(place, waiting, started), **self._used(),
        )  # fmt: skip

    def _of(self, place: Place, waiting: Waiting, started: float) -> dict[str, Any]:
        """What a report says of the run whatever it did."""
        return {
            "dataset": self.dataset, "fit": place.fit, "engine": self.engine.name, "through": place.through,
            "refitted": place.signals is not None, "unchanged": waiting.unchanged,
            "seconds": perf_counter() - started, "model_settings": self.engine.model_settings,
        }  # fmt: skip

    def _used(self) -> dict[str, Any]:
        return self.engine.usage._asdict()

    def fold(self, users: Sequence[str]) -> bool:
        """Fold *users* into the current Fit as they are now, and touch nobody else; say whether they are in it.

        Unlike `run` it does not look for who else waits, and never refits. False where there is no Fit, or one of
        another engine, or the engine's model gave nothing that could be used.
        """
        place = self._current(self.graph.read("fit_for", dataset=self.dataset, as_of=None))
        if place is None:
            return False
        writer = self._refine_users(place, Waiting(tuple(users), (), frozenset(), 0), users)
        fold_in(
            self.graph, self.dataset, place.fit, population=writer.learned.population, batches=self._batches(users),
            left_out={one.user for one in writer.excluded},
        )  # fmt: skip
        embed(self.graph, self.dataset, self.embedder, self.progress)
        return writer.users == len(users)

    def _current(self, found: Sequence[Mapping[str, Any]]) -> Place | None:
        """The current Fit as `fit_for` finds it, when it is this engine's, as it is set now."""
        for row in found:
            if (row["engine"], row["model"]) == (self.engine.name, self.engine.identity):
                settings = FittedSettings.stored(row["settings"])
                return Place(row["fit"], row["through"], settings, current=True, finished=not row["waiting"])
        return None

    def _place(self) -> Place:
        """The current Fit when it is this engine's, as it is set now; else a new one."""
        info = require_dataset(self.graph, self.dataset)
        found = self.graph.read("fit_for", dataset=self.dataset, as_of=None)
        if found and self.engine.identity is None and found[0]["engine"] != self.engine.name and not self.refit:
            other = found[0]["engine"]
            raise ConfigError(
                f"dataset {self.dataset!r} is refined by {other}; resume with --model {other}, or "
                "give --refit to refine it anew without a language model"
            )
        if not (self.refit or self.as_of or info.refit_needed) and (current := self._current(found)) is not None:
            return current
        people = require_people(self.graph, self.dataset)
        signals, newest = self._signals(people)
        through = until(self.as_of) if self.as_of else newest
        fit = fingerprint(signals, self.settings, seed=self.seed, through=through)
        if self.engine.identity is not None:
            versions = [(row["user"], row["version"]) for row in people]
            digest = blake2b(fit.encode(), digest_size=8)
            digest.update(repr((self.engine.name, self.engine.identity, versions)).encode())
            fit = fit_id(digest.digest())
        current_fit = self.as_of is None and info.current_fit == fit
        ranks = {row["user"]: row["sharing_rank"] for row in people}
        start = FittedSettings.of(self.settings)
        return Place(fit, through, start, current_fit, finished=False, signals=signals, sharing_ranks=ranks)

    def _signals(self, people: Sequence[Mapping[str, Any]]) -> tuple[Signals, str]:
        sharing = [row["user"] for row in people if row["sharing_rank"] > 0]
        return self._reader.signals(sharing, embedder=self.embedder, progress=self.progress)

    def _learn(self, place: Place) -> Learned:
        """Return what is learned from everybody, and write it where the Fit is new."""
        graph, dataset, fit = self.graph, self.dataset, place.fit
        if place.signals is None:
            return load_learned(graph, dataset, fit, place.settings)
        status = graph.write(
            "begin_fit", dataset=dataset, fit=fit, through=place.through, seed=self.seed,
            settings=place.settings.model_dump_json(), engine=self.engine.name, model=self.engine.identity,
            kept=self.as_of is not None,
        )[0]["status"]  # fmt: skip
        if self.engine.finds_keys:
            signals, excluded = trusted(place.signals, place.settings)
            population = learn_population(signals, place.settings, seed=self.seed)
            keys = read_keys(graph, dataset, fit)  # those that a killed run found
            learned = Learned(population, keys, names_of(signals), signals=signals, excluded=excluded)
            if status != "ready":
                store_excluded(graph, dataset, fit, excluded)
                store_population(graph, dataset, fit, population, learned.names)
        else:
            learned = learn(place.signals, place.settings, seed=self.seed)
            if status != "ready":
                store_learned(graph, dataset, fit, learned)
        if status != "ready":
            store_named(graph, dataset, fit, place.signals.table.questions)
        return learned

    def _waiting(self, fit: str) -> Waiting:
        rows = self.graph.read("user_versions", dataset=self.dataset, fit=fit)
        new = tuple(row["user"] for row in rows if row["refined"] != row["version"])
        incomplete = tuple(row["user"] for row in rows if row["refined"] == row["version"] and row["incomplete"])
        unknown = {row["user"] for row in rows if row["refined"] is None}
        return Waiting(new, incomplete, unknown, len(rows) - len(new) - len(incomplete))

    def _batches(self, users: Sequence[str]) -> Iterator[list[UserHistory]]:
        for start in range(0, len(users), _USERS_AT_ONCE):
            yield list(self._reader.histories(users[start : start + _USERS_AT_ONCE]))

    def _refine_users(self, place: Place, waiting: Waiting, users: Sequence[str]) -> PersonaWriter:
        """Refine *users* and write each batch while the next one is made."""
        read: dict[str, UserHistory] = {}

        def batches() -> Iterator[list[UserHistory]]:
            for batch in self._batches(users):
                read.update((history.user, history) for history in batch)
                yield batch

        finds_keys = self.engine.finds_keys
        if place.signals is not None:
            self.progress("learning from everybody", 0, None)
        with PersonaWriter(
            self.graph, self.dataset, place.fit, partial(self._learn, place), finds_keys=finds_keys,
            judges=place.signals is None, ahead=None if finds_keys else 1, recorded=self.engine.recorded,
            written=lambda done: self.progress("refining users", done, len(users)),
        ) as writer:  # fmt: skip
            engine = self.engine.under(place.settings)
            if not finds_keys:
                engine = engine.on(writer.learned, lexicon=self._reader.lexicon)
            stages = Distil(engine=engine) | Induce(engine=engine) | Key(engine=engine)
            for batch in engine.refine_users(batches(), stages=stages.batch):
                writer.add([self._with_groups(one, read.pop(one.user), waiting.unknown) for one in batch])
        return writer

    def _with_groups(self, refined: Refined, history: UserHistory, unknown: Set[str]) -> Refined:
        """Give a user of whom nothing is known, and nothing could be used, the keys of their attributes."""
        if refined.persona is not None or refined.error is not None or refined.user not in unknown:
            return refined
        return replace(refined, persona=self.engine.key([Persona(history=history)])[0])

    def _nothing_to_replace(self) -> bool:
        """Whether readers have no Fit yet that they would lose for one that is not complete."""
        as_of = until(self.as_of) if self.as_of else None
        return not self.graph.read("fit_for", dataset=self.dataset, as_of=as_of)

    def _finish(self, place: Place, learned: Learned, left: Waiting) -> FittedSettings:
        """Reweight keys or measure the JOIN gain, let readers use the Fit, and return its settings."""
        graph, dataset, population, signals = self.graph, self.dataset, learned.population, learned.signals
        excluded = learned.excluded
        if self.engine.finds_keys:
            if signals is None:
                signals, _ = self._signals(graph.read("user_versions", dataset=dataset, fit=""))
                signals, excluded = trusted(signals.on_questions(population.questions), place.settings)
                store_excluded(graph, dataset, place.fit, excluded)
                population = fit_population(signals.table, wording=signals.wording, settings=place.settings)
            settings = reweight_keys(
                graph, dataset, place.fit, population, signals.table, seed=self.seed, progress=self.progress
            )
        else:
            settings = population.settings
            if signals is not None:
                lifts = measure_join_gain(
                    graph, signals, settings, ranks=place.sharing_ranks, seed=self.seed, progress=self.progress
                )
                settings = settings.model_copy(update={"lifts": lifts})
        if signals is not None:
            segment_people(
                graph, dataset, place.fit, population=population, table=signals.table, names=learned.names,
                seed=self.seed,
            )  # fmt: skip
            out = [one.user for one in excluded]
            fold_in(graph, dataset, place.fit, population=population, batches=self._batches(out), left_out=set(out))
            store_crosstabs(graph, dataset, place.fit, table=signals.table, attributes=signals.attributes)
        waiting = len(left.new) + len(left.incomplete)
        finish_fit(graph, dataset, place.fit, settings, current=self.as_of is None, waiting=waiting)
        return settings

    def _why(self, error: PersonaDBError | None, left: Waiting) -> str | None:
        """Say why users wait whom this run was to refine, and what to do."""
        if not left.new or (self.limit is not None and error is None):
            return None
        again = None
        if self.model is not None or self.engine.identity is None:
            again = command(
                self.dataset,
                model=self.model,
                refit=self.refit,
                as_of=self.as_of,
                temperature=(self.engine.model_settings or {}).get("temperature"),
            )
        return why_waiting(len(left.new), error, again)
