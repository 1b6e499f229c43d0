"""Writing what a language model made of users, some at a time, in a thread of its own so that calls go on meanwhile."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from persona_db.chains.fit.keys import CacheKey, idf, key_row, opposite_rows
from persona_db.chains.fit.leanings import leanings
from persona_db.chains.fit.store import read_keys
from persona_db.chains.language.call import runs_of
from persona_db.chains.language.facts_and_keys import opposite_of
from persona_db.chains.refinement.persona_diff import Changes
from persona_db.chains.statistical.engine import StatisticalEngine
from persona_db.graph.errors import BudgetError, GraphUnavailableError, PersonaDBError
from persona_db.graph.ledger import BadAnswer, Run, bad_answer_rows, now

if TYPE_CHECKING:
    from persona_db.chains.fit.population import Population
    from persona_db.chains.language.call import CallRecord
    from persona_db.chains.language.outcomes import Refined
    from persona_db.chains.persona import Persona, UserHistory
    from persona_db.graph.session import Graph

__all__ = ["KeyBook", "ModelWriter"]

log = logging.getLogger(__name__)


_USERS_AT_ONCE = 20
_SECONDS_HELD = 1.0
"""How long a user who is refined waits for others to be written with."""


_TRIES = 3
_SECONDS_BETWEEN = 0.2
_LAYERS = {"distil": "distilled", "induce": "induced"}


class KeyBook:
    """The cache keys of a Fit, and those that come up while users are refined."""

    def __init__(self, graph: Graph, dataset: str, fit: str) -> None:
        self.keys: dict[str, CacheKey] = {
            id_: replace(key, opposite=key.opposite or opposite_of(id_))
            for id_, key in read_keys(graph, dataset, fit).items()
        }
        people = graph.read("user_versions", dataset=dataset, fit="")
        self._people = max(sum(row["sharing_rank"] > 0 for row in people), 1)

        self._stored = set(self.keys)

    def meet(self, personas: Iterable[Persona]) -> None:
        """Take in the keys that *personas* hold; one that is new counts as one person's until the Fit is settled."""
        for persona in personas:
            for held in persona.keys:
                if held.key not in self.keys:
                    self.keys[held.key] = CacheKey(
                        held.key, held.kind, held.name, 1, idf(1, self._people), 1 / self._people,
                        opposite=opposite_of(held.key),
                    )  # fmt: skip

    def stored(self) -> None:
        """Note that the graph has all of them."""
        self._stored = set(self.keys)

    def rows(self) -> list[dict[str, Any]]:
        """The rows of those that the graph has not, by id."""
        return [key_row(self.keys[id_]) for id_ in self._new()]

    def opposites(self) -> list[dict[str, str]]:
        """The rows of the pairs of opposites that come with them."""
        return opposite_rows(self.keys, self._new())

    def _new(self) -> list[str]:
        return sorted(self.keys.keys() - self._stored)


class ModelWriter:
    """Writes users as they are refined: persona, facts, keys, calls and bad answers of one in one transaction.

    *begin* is called first, in the writing thread, and returns what is known of everybody's answers; *recorded* with
    the calls that were written. Use as a context manager: what was added is written when the block ends, however it
    ends.
    """

    def __init__(
        self,
        graph: Graph,
        dataset: str,
        fit: str,
        begin: Callable[[], Population],
        *,
        recorded: Callable[[Iterable[CallRecord]], None],
    ) -> None:
        self._graph, self._dataset, self._fit, self._begin, self._recorded = graph, dataset, fit, begin, recorded
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="persona-db-writer")
        self._batch: list[Refined] = []
        self._written: list[Future[None]] = []
        self._flushed = monotonic()
        self.users = self.facts = self.keys_held = self.quarantined = 0
        self.asked = self.asked_in_vain = 0
        """Stages of users that the model was asked about, and those of them of which something is in quarantine."""
        self.unusable: set[str] = set()
        """Users of whom nothing that the model said could be used."""
        self.error: PersonaDBError | None = None
        """The last fault that left a user waiting; one of the budget before any other."""

    def add(self, refined: Refined) -> None:
        """Take in what came of a user; it is written soon."""
        if refined.error is not None and not isinstance(self.error, BudgetError):
            self.error = refined.error
        if refined.error is None and refined.persona is None:
            self.unusable.add(refined.user)
        self._batch.append(refined)
        if len(self._batch) >= _USERS_AT_ONCE or monotonic() - self._flushed >= _SECONDS_HELD:
            self._flush()

    def _flush(self) -> None:
        for written in self._written:
            if written.done():
                written.result()
        self._written = [one for one in self._written if not one.done()]
        if self._batch:
            self._written.append(self._thread.submit(self._write_again, self._batch))
            self._batch = []
        self._flushed = monotonic()

    @property
    def population(self) -> Population:
        """What *begin* returned, once it has."""
        return self._opened.result()[0]

    def __enter__(self) -> Self:
        self._opened = self._thread.submit(self._open)
        return self

    def _open(self) -> tuple[Population, KeyBook]:
        population = self._begin()
        return population, KeyBook(self._graph, self._dataset, self._fit)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._flush()
        finally:
            self._thread.shutdown()
        self._opened.result()
        for written in self._written:
            written.result()

    def _write_again(self, batch: Sequence[Refined]) -> None:
        """Write a batch, again when another refinement was in the way: its calls are paid for."""
        for _ in range(_TRIES - 1):
            try:
                return self._write(batch)
            except GraphUnavailableError as exc:
                log.info("writing %s users again: %s", len(batch), exc)
                sleep(_SECONDS_BETWEEN)
        return self._write(batch)

    def _write(self, batch: Sequence[Refined]) -> None:
        """Write some users in one transaction; the users are locked in it, as in the statistical refinement."""
        made = {one.user: one for one in sorted(batch, key=lambda one: one.user)}
        at = now()
        population, book = self._opened.result()
        placed = StatisticalEngine(population)
        with self._graph.transaction() as tx:
            scope = {"dataset": self._dataset, "fit": self._fit}
            present = {row["user"]: row for row in tx.run("present_persona", **scope, users=list(made))}
            wanted = {user: _prepared(one, placed) for user, one in made.items() if _is_new(one, present.get(user))}
            book.meet(wanted.values())
            if new_keys := book.rows():
                tx.run("store_new_keys", **scope, rows=new_keys)
            if opposed := book.opposites():
                tx.run("store_opposites", **scope, rows=opposed)
            changes = Changes()
            runs: list[Run] = []
            bad: list[BadAnswer] = []
            for user, one in made.items():
                if user not in present:  # erased meanwhile: nothing of them is kept
                    continue
                first = user in wanted and not present[user]["incomplete"]
                unusable = Counter(answer.stage for answer in one.quarantined)
                own = runs_of(
                    one.calls, fit=self._fit, at=at, unit=self._unit(one) if first else None, quarantined=unusable
                )
                runs += own
                bad += [BadAnswer(user=user, stage=q.stage, reason=q.reason, raw=q.raw) for q in one.quarantined]
                if user in wanted:
                    changes.add(
                        wanted[user], present[user], book.keys,
                        runs={_LAYERS[run.stage]: run.id for run in own if run.stage in _LAYERS},
                        complete=one.complete,
                    )  # fmt: skip
            for query, rows in changes.rows.items():
                if rows:
                    tx.run(query, **scope, rows=rows)
            if runs:
                tx.run("store_runs", dataset=self._dataset, rows=[run.model_dump() for run in runs])
            if bad:
                tx.run("store_bad_answers", dataset=self._dataset, rows=bad_answer_rows(self._fit, bad))
        self._recorded(call for user, one in made.items() if user in present for call in one.calls)
        book.stored()
        self.users += len(wanted)
        self.facts += sum(len(persona.distilled) + len(persona.induced) for persona in wanted.values())
        self.keys_held += sum(len(persona.keys) for persona in wanted.values())
        self.quarantined += len(bad)
        self.asked += len(runs)
        self.asked_in_vain += sum(run.quarantined > 0 for run in runs)

    def _unit(self, one: Refined) -> str:
        version = one.persona.history.version if one.persona else 0
        return f"{self._fit}\0{one.user}\0{version}"


def _prepared(one: Refined, placed: StatisticalEngine) -> Persona:
    """The persona with its place on the traits, its keys by id: so its parts add up the same at every time."""
    persona = one.persona
    if persona is None:
        raise ValueError(f"nothing came of user {one.user!r}")
    keys = tuple(sorted(persona.keys, key=lambda held: held.key))
    return persona.model_copy(update={"keys": keys, "traits": _traits(placed, persona.history)})


def _is_new(one: Refined, before: dict[str, Any] | None) -> bool:
    """Whether a user's persona is still to be written: nobody else has done it meanwhile."""
    if one.persona is None or before is None:
        return False
    version = one.persona.history.version
    return bool(before["refined"] < version or (before["refined"] == version and before["incomplete"]))


def _traits(placed: StatisticalEngine, history: UserHistory) -> tuple[float, ...]:
    """The place on the latent traits that a user's answers give, as the statistical engine has it."""
    return tuple(float(place) for place in leanings(placed.population, placed.choice(history), ()).traits)
