"""Refinement by a language model: a Fit whose facts and keys it makes, user by user, as far as the budget goes.

What is learned from everybody's answers (base rates, links, traits) is learned as by the statistical engine. Calls
run at once for many users; each user is written, with the record of the calls, when theirs have answered.
"""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import blake2b
from time import perf_counter
from typing import TYPE_CHECKING, Any

from persona_db.chains.fit.answers import AnswerTable, Signals
from persona_db.chains.fit.learn import fingerprint, learn_population
from persona_db.chains.fit.lifecycle import drop_obsolete, embed, finish_fit, require_people
from persona_db.chains.fit.population import Population, fit_population
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.fit.snapshot import until
from persona_db.chains.fit.store import store_excluded, store_population
from persona_db.chains.fit.trust import trusted
from persona_db.chains.language.call import Budget
from persona_db.chains.language.dry_run import estimate
from persona_db.chains.language.engine import LanguageEngine
from persona_db.chains.language.models import LanguageModel, model_of
from persona_db.chains.language.prompts import prompt_file
from persona_db.chains.language.scheduler import refine_people
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.persona import Persona, UserHistory
from persona_db.chains.refinement.history_reader import HistoryReader
from persona_db.chains.refinement.report import RefineReport
from persona_db.chains.refinement.reweight_keys import reweight_keys
from persona_db.chains.refinement.writer import ModelWriter
from persona_db.chains.statistical.engine import load_engine
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import BudgetError
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["ModelFit"]

log = logging.getLogger(__name__)


_USERS_AT_ONCE = 100
_PROMPTS = ("distil", "induce", "repair")
_HOW_IT_ANSWERS = frozenset({"temperature", "seed", "max_tokens_out", "context_tokens", "method"})
"""Settings on which answers depend; the others say how they are asked for."""


_OF_CHAT_MODELS = ("model_name", "model", "temperature", "seed")


@dataclass(frozen=True)
class _Waiting:
    """Who is to be refined in a Fit: users who are not, and those of whom a part is still to come."""

    new: tuple[str, ...]
    incomplete: tuple[str, ...]
    unknown: tuple[str, ...]
    """Those of `new` of whom the Fit has nothing at all."""
    unchanged: int

    def without(self, unusable: Set[str]) -> _Waiting:
        """The same, but users of whom nothing could be used count as incomplete: there is nothing to wait for."""
        new = tuple(user for user in self.new if user not in unusable)
        moved = tuple(user for user in self.new if user in unusable)
        return replace(self, new=new, incomplete=(*self.incomplete, *moved))

    def first(self, limit: int | None) -> list[str]:
        """The users of one run."""
        users = [*self.new, *self.incomplete]
        return users if limit is None else users[:limit]


@dataclass(frozen=True)
class _Place:
    """The Fit that a run refines into."""

    fit: str
    through: str
    settings: EngineSettings
    current: bool
    """Whether readers use it already."""
    settled: bool
    """Whether it is finished, so that nobody but those refined is touched."""
    signals: Signals | None = None
    """What it is made of, when it is not in the graph yet."""


@dataclass(frozen=True)
class ModelFit:
    """A refinement of a dataset by a language model, to be planned or made."""

    graph: Graph
    dataset: str
    model: str | BaseChatModel | LanguageModel
    model_settings: ModelSettings | None = None
    refit: bool = False
    as_of: str | None = None
    seed: int = 0
    settings: EngineSettings | None = None
    embedder: Embedder | None = None
    progress: Progress = field(default=no_progress)

    @cached_property
    def _language(self) -> LanguageModel:
        return model_of(self.graph, self.model, self.model_settings)

    @cached_property
    def _engine(self) -> LanguageEngine:
        return LanguageEngine(self._language, self.embedder)

    @cached_property
    def _how(self) -> str:
        """What the model's answers depend on beside the histories, as JSON."""
        settings = self._language.settings.model_dump(mode="json", include=set(_HOW_IT_ANSWERS))
        prompts = {name: prompt_file(name).hash for name in _PROMPTS}
        # Of a chat model that was given the name says the class alone, and it keeps settings of its own.
        own = {name: getattr(self._language.chat, name, None) for name in _OF_CHAT_MODELS}
        given = {name: value for name, value in own.items() if isinstance(value, str | int | float)}
        return json.dumps({"settings": settings, "chat": given, "prompts": prompts})

    @cached_property
    def _reader(self) -> HistoryReader:
        return HistoryReader(self.graph, self.dataset, as_of=until(self.as_of), embedder=None)

    def plan(self, *, limit: int | None = None) -> RefineReport:
        """Report what a refinement would take; no model is called and nothing is written."""
        started = perf_counter()
        place = self._place()
        waiting = self._waiting(place.fit)
        found = estimate(self._engine, self._histories(waiting.first(limit)))
        return RefineReport(
            dataset=self.dataset, dry_run=True, fit=place.fit, engine=self._engine.name,
            refitted=place.signals is not None, users=found.users, unchanged=waiting.unchanged, facts=0, keys_held=0,
            through=place.through, seconds=perf_counter() - started, settings=place.settings.model_dump(),
            model_settings=self._language.settings.model_dump(mode="json"), waiting=len(waiting.new),
            incomplete=len(waiting.incomplete), current=place.current, calls=found.calls, cached=found.cached,
            tokens_in=found.tokens_in, tokens_out=found.tokens_out, cost_usd=found.cost_usd,
        )  # fmt: skip

    def refine(self, *, limit: int | None = None, budget: Budget | None = None) -> RefineReport:
        """Refine those who wait, and finish the Fit; what the budget, the limit or a fault leaves is told.

        *budget* hold the budget.
        """
        started = perf_counter()
        drop_obsolete(self.graph, self.dataset, progress=self.progress)
        place = self._place()
        waiting = self._waiting(place.fit)
        users = waiting.first(limit)
        budget = budget or Budget()
        writer = self._refine_users(place, waiting, users, budget)
        population = writer.population
        left = self._waiting(place.fit).without(writer.unusable)
        replaces = place.current or not left.new or self._nothing_to_replace()
        chosen = population.settings
        with ThreadPoolExecutor(max_workers=1) as beside:  # all texts are there, and settling reads no vectors of them
            embedded = beside.submit(embed, self.graph, self.dataset, self.embedder, self.progress)
            if replaces and not place.settled:
                chosen = self._finish(place, population, left)
                drop_obsolete(self.graph, self.dataset, progress=self.progress)
        embedded.result()
        log.info("refined %s by %s: fit %s, %s users", self.dataset, self._engine.name, place.fit, writer.users)
        priced = self._language.price is not None or not budget.calls
        return RefineReport(
            dataset=self.dataset, fit=place.fit, engine=self._engine.name, refitted=place.signals is not None,
            users=writer.users, unchanged=waiting.unchanged, facts=writer.facts, keys_held=writer.keys_held,
            through=place.through, seconds=perf_counter() - started, settings=chosen.model_dump(),
            model_settings=self._language.settings.model_dump(mode="json"), waiting=len(left.new),
            incomplete=len(left.incomplete), stopped=self._why(writer, left, limit), current=replaces,
            calls=budget.calls, cached=budget.cached, repairs=budget.repairs, tokens_in=budget.tokens_in,
            tokens_out=budget.tokens_out, cost_usd=budget.cost_usd if priced else None,
            quarantined=writer.quarantined,
            quarantined_share=writer.asked_in_vain / writer.asked if writer.asked else None,
        )  # fmt: skip

    def _place(self) -> _Place:
        """The current Fit when it is this model's, asked as now; else a new one."""
        info = require_dataset(self.graph, self.dataset)
        found = self.graph.read("fit_for", dataset=self.dataset, as_of=None)
        if found and not (self.refit or self.as_of or info.refit_needed):
            current = found[0]
            if (current["engine"], current["model"]) == (self._engine.name, self._how):
                return _Place(
                    current["fit"],
                    current["through"],
                    EngineSettings.stored(current["settings"]),
                    current=True,
                    settled=current["waiting"] == 0,
                )
        people = require_people(self.graph, self.dataset)
        signals, newest = self._signals(people)
        through = until(self.as_of) if self.as_of else newest
        asked = self.settings or EngineSettings()
        digest = blake2b(fingerprint(signals, asked, seed=self.seed, through=through).encode(), digest_size=8)
        digest.update(repr((self._engine.name, self._how, [(row["user"], row["version"]) for row in people])).encode())
        fit = f"fit-{digest.hexdigest()}"
        current_fit = self.as_of is None and info.current_fit == fit
        return _Place(fit, through, asked, current=current_fit, settled=False, signals=signals)

    def _signals(self, people: Sequence[dict[str, Any]]) -> tuple[Signals, str]:
        sharing = [row["user"] for row in people if row["sharing_rank"] > 0]
        return self._reader.signals(sharing, embedder=self.embedder, progress=self.progress)

    def _begin(self, place: _Place) -> Population:
        """Return what is learned from everybody's answers, and write it where the Fit is new."""
        graph, dataset = self.graph, self.dataset
        if place.signals is None:
            return load_engine(graph, dataset, place.fit, place.settings).population
        begun = graph.write(
            "begin_fit", dataset=dataset, fit=place.fit, through=place.through, seed=self.seed,
            settings=place.settings.model_dump_json(), engine=self._engine.name, model=self._how,
            kept=self.as_of is not None,
        )  # fmt: skip
        signals, left_out = trusted(place.signals, place.settings)
        population = learn_population(signals, place.settings, seed=self.seed)
        if begun[0]["status"] != "ready":
            store_excluded(graph, dataset, place.fit, left_out)
            store_population(graph, dataset, place.fit, population)
        return population

    def _waiting(self, fit: str) -> _Waiting:
        rows = self.graph.read("user_versions", dataset=self.dataset, fit=fit)
        new = tuple(row["user"] for row in rows if row["refined"] != row["version"])
        incomplete = tuple(row["user"] for row in rows if row["refined"] == row["version"] and row["incomplete"])
        unknown = tuple(row["user"] for row in rows if row["refined"] is None)
        return _Waiting(new, incomplete, unknown, len(rows) - len(new) - len(incomplete))

    def _histories(self, users: Sequence[str]) -> Iterator[UserHistory]:
        for start in range(0, len(users), _USERS_AT_ONCE):
            yield from self._reader.histories(users[start : start + _USERS_AT_ONCE])

    def _refine_users(self, place: _Place, waiting: _Waiting, users: Sequence[str], budget: Budget) -> ModelWriter:
        """Ask the model about *users* and write each when theirs is answered, while others' calls run."""
        unknown = set(waiting.unknown)
        read: dict[str, UserHistory] = {}

        def histories() -> Iterator[UserHistory]:
            for history in self._histories(users):
                read[history.user] = history
                yield history

        done = 0
        begin, recorded = partial(self._begin, place), self._language.recorded
        with ModelWriter(self.graph, self.dataset, place.fit, begin, recorded=recorded) as writer:
            for refined in refine_people(self._engine, histories(), budget=budget):
                history = read.pop(refined.user)
                if refined.persona is None and refined.error is None and refined.user in unknown:
                    groups = self._engine.key([Persona(history=history)])[0]  # that much is known of them
                    writer.add(replace(refined, persona=groups))
                else:
                    writer.add(refined)
                done += 1
                self.progress("refining users", done, len(users))
        return writer

    def _nothing_to_replace(self) -> bool:
        """Whether readers have no Fit yet that they would lose for one that is not whole."""
        as_of = until(self.as_of) if self.as_of else None
        return not self.graph.read("fit_for", dataset=self.dataset, as_of=as_of)

    def _finish(self, place: _Place, population: Population, left: _Waiting) -> EngineSettings:
        """Settle the Fit and let readers use it."""
        graph, dataset, signals = self.graph, self.dataset, place.signals
        if signals is not None:
            signals, _ = trusted(signals, place.settings)
        else:
            signals, _ = self._signals(graph.read("user_versions", dataset=dataset, fit=""))
            signals = _on_questions_of(signals, population)
            signals, left_out = trusted(signals, place.settings)
            store_excluded(graph, dataset, place.fit, left_out)
            population = fit_population(signals.table, wording=signals.wording, settings=place.settings)
        chosen = reweight_keys(
            graph, dataset, place.fit, population, signals.table, seed=self.seed, progress=self.progress
        )
        waiting = len(left.new) + len(left.incomplete)
        finish_fit(graph, dataset, place.fit, chosen, current=self.as_of is None, waiting=waiting)
        return chosen

    def _why(self, writer: ModelWriter, left: _Waiting, limit: int | None) -> str | None:
        """Say why users wait whom this run was to refine, and what to do."""
        if not left.new or (limit is not None and writer.error is None):
            return None
        again = "the same call"
        if isinstance(self.model, str):
            words = ["persona-db", "refine", "--dataset", self.dataset, "--model", self.model]
            words += ["--refit"] if self.refit else []
            words += ["--as-of", self.as_of] if self.as_of else []
            warmth = self._language.settings.temperature
            words += ["--temperature", str(warmth)] if warmth else []
            again = f"`{shlex.join(words)}`"
        error = writer.error
        if isinstance(error, BudgetError):
            why = f"the budget of ${error.budget_usd:g} is used up (${error.spent_usd:.4f} spent)"
            again += " with another --budget-usd" if isinstance(self.model, str) else " with another budget"
        elif error is not None:
            why = f"the model was not there for them ({error})"
        else:
            why = "they said something new meanwhile"
        return f"{len(left.new)} users wait: {why}; {again} goes on"


def _on_questions_of(signals: Signals, population: Population) -> Signals:
    """The same signals over the Fit's questions alone, in their order."""
    column = {question.id: place for place, question in enumerate(signals.table.questions)}
    places = [column[question.id] for question in population.questions]
    table = AnswerTable(signals.table.users, population.questions, signals.table.choice[:, places])
    wording = None if signals.wording is None else signals.wording.of(places)
    return Signals(table, signals.attributes, wording, signals.statements)
