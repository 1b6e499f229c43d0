"""Writing refined users to the graph, in a thread of its own, so that others are refined meanwhile."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from time import sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from persona_db.chains.calls import CallRecord, runs_of
from persona_db.chains.engine import Refined
from persona_db.chains.fit.keys import CacheKey, idf, key_row, opposite_rows
from persona_db.chains.fit.leanings import leanings
from persona_db.chains.fit.learn import Learned
from persona_db.chains.fit.trust import Excluded, judge_one
from persona_db.chains.language.facts_and_keys import opposite_of
from persona_db.chains.refinement.persona_diff import Changes
from persona_db.chains.statistical.engine import StatisticalEngine
from persona_db.graph.errors import BudgetError, GraphUnavailableError, PersonaDBError
from persona_db.graph.ledger import BadAnswer, Run, bad_answer_rows, now

if TYPE_CHECKING:
    from persona_db.chains.persona import Persona
    from persona_db.graph.session import Graph

__all__ = ["KeyBook", "PersonaWriter"]

log = logging.getLogger(__name__)

_TRIES = 3
_SECONDS_BETWEEN = 0.2
_LAYERS = {"distil": "distilled", "induce": "induced"}


class KeyBook:
    """The cache keys of a Fit, and those that come up while users are refined."""

    def __init__(self, graph: Graph, dataset: str, keys: Iterable[CacheKey]) -> None:
        self.keys = {key.id: replace(key, opposite=key.opposite or opposite_of(key.id)) for key in keys}
        people = graph.read("user_versions", dataset=dataset, fit="")
        self._people = max(sum(row["sharing_rank"] > 0 for row in people), 1)
        self._stored = set(self.keys)

    def meet(self, personas: Iterable[Persona]) -> None:
        """Take in the keys that *personas* hold; a new one counts as one person's until keys are reweighted."""
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


class PersonaWriter:
    """Writes batches of users: personas, facts, keys, calls and bad answers of a batch in one transaction.

    *begin* is called first, in the writing thread, and returns what the Fit has learned; *recorded* is called with the
    calls that were written, *written* with the number of users written so far. With *judges* users whose answers do not
    fit everybody's are excluded from what others borrow. At most *ahead* batches wait to be written (None: any number).
    Use as a context manager: what was added is written when the block ends, however it ends.
    """

    def __init__(
        self,
        graph: Graph,
        dataset: str,
        fit: str,
        begin: Callable[[], Learned],
        *,
        finds_keys: bool,
        judges: bool,
        ahead: int | None,
        recorded: Callable[[Iterable[CallRecord]], None],
        written: Callable[[int], None],
    ) -> None:
        self._graph, self._dataset, self._fit, self._begin = graph, dataset, fit, begin
        self._finds_keys, self._judges, self._ahead = finds_keys, judges, ahead
        self._recorded, self._written = recorded, written
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="persona-db-writer")
        self._waiting: deque[tuple[Future[None], int]] = deque()
        self._done = 0
        self.users = self.facts = self.keys_held = self.quarantined = 0
        self.asked = self.asked_in_vain = 0
        """Stages of users that a model was asked about, and those of them with something in quarantine."""
        self.excluded: list[Excluded] = []
        """Users of this run whom others borrow nothing from, of those folded into a Fit."""
        self.unusable: set[str] = set()
        """Users of whom nothing that the model said could be used."""
        self.error: PersonaDBError | None = None
        """The last fault that left a user waiting; one of the budget before any other."""

    def add(self, batch: Sequence[Refined]) -> None:
        """Take in what came of some users, to be written together."""
        for one in batch:
            if one.error is not None and not isinstance(self.error, BudgetError):
                self.error = one.error
            if one.error is None and one.persona is None:
                self.unusable.add(one.user)
        self._settle(len(self._waiting) if self._ahead is None else self._ahead - 1)
        self._waiting.append((self._thread.submit(self._write_again, batch), len(batch)))

    def _settle(self, most: int) -> None:
        """Raise what went wrong in a batch that is done, and wait until *most* batches are left at most."""
        while self._waiting and (len(self._waiting) > most or self._waiting[0][0].done()):
            future, users = self._waiting[0]
            future.result()
            self._waiting.popleft()
            self._done += users
            self._written(self._done)

    @property
    def learned(self) -> Learned:
        """What *begin* returned, once it has."""
        return self._opened.result()[0]

    def __enter__(self) -> Self:
        self._opened = self._thread.submit(self._open)
        return self

    def _open(self) -> tuple[Learned, KeyBook]:
        learned = self._begin()
        return learned, KeyBook(self._graph, self._dataset, learned.keys.values())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()
        if kind is None:
            self._opened.result()
            self._settle(0)

    def _write_again(self, batch: Sequence[Refined]) -> None:
        """Write a batch, again when another refinement was in the way of one whose calls are paid for."""
        for _ in range(_TRIES - 1 if any(one.calls for one in batch) else 0):
            try:
                return self._write(batch)
            except GraphUnavailableError as exc:
                log.info("writing %s users again: %s", len(batch), exc)
                sleep(_SECONDS_BETWEEN)
        return self._write(batch)

    def _write(self, batch: Sequence[Refined]) -> None:
        """Write some users in one transaction, in which they are locked.

        Of two refinements at once the second sees what the first one wrote.
        """
        refined = {one.user: one for one in sorted(batch, key=lambda one: one.user)}
        at = now()
        learned, book = self._opened.result()
        fitted = StatisticalEngine(learned.population)
        with self._graph.transaction() as tx:
            scope = {"dataset": self._dataset, "fit": self._fit}
            present = {row["user"]: row for row in tx.run("present_persona", **scope, users=list(refined))}
            new = {
                user: one.persona
                for user, one in refined.items()
                if one.persona is not None and _is_new(one.persona, present.get(user))
            }
            if self._finds_keys:
                new = {user: _placed(persona, fitted) for user, persona in new.items()}
            excluded = self._excluded(new.values(), fitted)
            if excluded:
                tx.run("store_distrusted", **scope, rows=[{**one.row, "at": new[one.user].at} for one in excluded])
            book.meet(new.values())
            if new_keys := book.rows():
                tx.run("store_new_keys", **scope, rows=new_keys)
            if opposed := book.opposites():
                tx.run("store_opposites", **scope, rows=opposed)
            changes = Changes()
            runs: list[Run] = []
            bad: list[BadAnswer] = []
            for user, one in refined.items():
                if user not in present:  # erased meanwhile: nothing of them is kept
                    continue
                own = self._runs(one, at=at, first=user in new and not present[user]["incomplete"])
                runs += own
                bad += [BadAnswer(user=user, stage=q.stage, reason=q.reason, raw=q.raw) for q in one.quarantined]
                if user in new:
                    changes.add(
                        new[user], present[user], book.keys,
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
        self._recorded(call for user, one in refined.items() if user in present for call in one.calls)
        book.stored()
        self.excluded += excluded
        self.users += len(new)
        self.facts += sum(len(persona.distilled) + len(persona.induced) for persona in new.values())
        self.keys_held += sum(len(persona.keys) for persona in new.values())
        self.quarantined += len(bad)
        self.asked += len(runs)
        self.asked_in_vain += sum(run.quarantined > 0 for run in runs)

    def _excluded(self, personas: Iterable[Persona], fitted: StatisticalEngine) -> list[Excluded]:
        """Judge those who share something by the Fit's own measure; copies are found by a refit."""
        if not self._judges:
            return []
        judged = (
            judge_one(fitted.population, persona.user, fitted.choice(persona.history))
            for persona in personas
            if persona.history.sharing_rank > 0
        )
        return [one for one in judged if one is not None]

    def _runs(self, one: Refined, *, at: str, first: bool) -> list[Run]:
        version = one.persona.history.version if one.persona else 0
        return runs_of(
            one.calls,
            fit=self._fit,
            at=at,
            unit=f"{self._fit}\0{one.user}\0{version}" if first else None,
            quarantined=Counter(answer.stage for answer in one.quarantined),
        )


def _placed(persona: Persona, fitted: StatisticalEngine) -> Persona:
    """Return a model's persona with the trait scores that its answers give, and its keys by id.

    So sums over its keys are the same every time.
    """
    keys = tuple(sorted(persona.keys, key=lambda held: held.key))
    choice = fitted.choice(persona.history)
    own = leanings(fitted.population, choice, ())
    numbers = {
        "traits": tuple(map(float, own.traits)),
        "style": tuple(own.style.row),
        "scores": tuple(map(float, fitted.population.response.scores(choice))),
    }
    return persona.model_copy(update={"keys": keys, **numbers})


def _is_new(persona: Persona, before: dict[str, Any] | None) -> bool:
    """Whether a persona is still to be written: nobody else has done it meanwhile."""
    if before is None:
        return False
    version = persona.history.version
    return bool(before["refined"] < version or (before["refined"] == version and before["incomplete"]))
