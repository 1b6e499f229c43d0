"""Refining a dataset: history to distilled to induced facts to cache keys, as one Fit.

Work is done in batches of users, each marked as done in the transaction that holds its result: a run that was
killed goes on where it stopped, and one that is finished does nothing when run again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from persona_db.chains.persona import Fact, Persona, UserHistory
from persona_db.chains.reading import until
from persona_db.chains.statistical.engine import Lexicon, StatisticalEngine
from persona_db.chains.statistical.fit import Signals, fingerprint, learn, load_engine, question_of, store_learned
from persona_db.chains.statistical.keybook import key_vector, units
from persona_db.chains.statistical.population import AnswerTable
from persona_db.chains.statistical.settings import EngineSettings
from persona_db.chains.statistical.vocabulary import VOCABULARY
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import ConfigError
from persona_db.graph.ingest import statement_id
from persona_db.graph.models import HistoryItem, Model
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["RefineReport", "refine"]

log = logging.getLogger(__name__)

_Row = dict[str, Any]

_USERS_AT_ONCE = 400
_DROPPED_AT_ONCE = 5_000


class RefineReport(Model):
    """What a refinement did."""

    dataset: str
    fit: str
    engine: str = "statistical"
    refitted: bool = Field(description="False when users were folded into the Fit that was there.")
    users: int = Field(description="Users refined in this run.")
    unchanged: int = Field(description="Users who were up to date.")
    facts: int
    keys_held: int
    through: str
    seconds: float
    settings: dict[str, Any]


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
) -> RefineReport:
    """Bring the personas of a dataset up to date.

    Without a Fit, with *refit*, or when someone left it, all is learned anew and the new Fit becomes current in one
    transaction; otherwise those with something new are folded into the current Fit and nobody else is touched.
    *as_of* makes a Fit of the items up to that date, kept beside the current one. *embedder* is needed for free
    text and embeds the induced statements.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # many small solves: threads that wait for each other cost more than they bring
        return _refine(
            graph, dataset, refit=refit, as_of=as_of, seed=seed, settings=settings, embedder=embedder, progress=progress
        )


def _refine(
    graph: Graph,
    dataset: str,
    *,
    refit: bool,
    as_of: str | None,
    seed: int,
    settings: EngineSettings | None,
    embedder: Embedder | None,
    progress: Progress,
) -> RefineReport:
    started = perf_counter()
    info = require_dataset(graph, dataset)
    reader = _Reader(graph, dataset, as_of=until(as_of), embedder=embedder)
    current = graph.read("fit_for", dataset=dataset, as_of=None)
    if current and not (refit or as_of or info.refit_needed):
        fit, through = current[0]["fit"], current[0]["through"]
        chosen = EngineSettings.model_validate_json(current[0]["settings"])
        waiting, unchanged = _waiting(graph, dataset, fit)
        facts = keys = 0
        if waiting:
            engine = load_engine(graph, dataset, fit, chosen, lexicon=reader.lexicon)
            facts, keys = _refine_users(graph, dataset, fit, engine, waiting, reader, progress=progress)
            _embed(graph, dataset, embedder, progress)
        return RefineReport(
            dataset=dataset, fit=fit, refitted=False, users=len(waiting), unchanged=unchanged, facts=facts,
            keys_held=keys, through=through, seconds=perf_counter() - started, settings=chosen.model_dump(),
        )  # fmt: skip

    everybody = graph.read("user_versions", dataset=dataset, fit="")
    if not everybody:
        raise ConfigError(f"dataset {dataset!r} has no users; load something with `persona-db load` first")
    signals, newest = reader.signals([row["user"] for row in everybody if row["sharing_rank"] > 0], progress=progress)
    through = until(as_of) if as_of else newest
    asked = settings or EngineSettings()
    fit = fingerprint(signals, asked, seed=seed, through=through)
    status = graph.write(
        "begin_fit", dataset=dataset, fit=fit, through=through, seed=seed, settings=asked.model_dump_json(),
        kept=as_of is not None,
    )[0]["status"]  # fmt: skip
    progress("learning from everybody", 0, None)
    learned = learn(signals, asked, seed=seed, lexicon=reader.lexicon)
    if status != "ready":
        store_learned(graph, dataset, fit, learned)
    waiting, unchanged = _waiting(graph, dataset, fit)
    facts, keys = _refine_users(graph, dataset, fit, learned.engine, waiting, reader, progress=progress)
    chosen = learned.engine.population.settings
    obsolete = graph.write(
        "finish_fit", dataset=dataset, fit=fit, current=as_of is None, settings=chosen.model_dump_json()
    )[0]["obsolete"]
    for old in obsolete:
        _drop_fit(graph, dataset, old, progress=progress)
    _embed(graph, dataset, embedder, progress)
    log.info("refined %s: fit %s, %s users", dataset, fit, len(waiting))
    return RefineReport(
        dataset=dataset, fit=fit, refitted=True, users=len(waiting), unchanged=unchanged, facts=facts,
        keys_held=keys, through=through, seconds=perf_counter() - started, settings=chosen.model_dump(),
    )  # fmt: skip


class _Reader:
    """Reads histories out of the graph, some users at a time, each distinct statement once."""

    def __init__(self, graph: Graph, dataset: str, *, as_of: str, embedder: Embedder | None) -> None:
        self._graph, self._dataset, self._as_of, self._embedder = graph, dataset, as_of, embedder
        self._texts: dict[str, str] = {}
        self._vectors: dict[str, list[float]] = {}

    def histories(self, users: Sequence[str]) -> Iterator[UserHistory]:
        """Yield each user's history, items oldest first."""
        rows = self._graph.read("user_histories", dataset=self._dataset, users=list(users), as_of=self._as_of)
        self._fetch_texts({item[4] for row in rows for item in row["items"]})
        for row in rows:
            items = sorted(row["items"], key=lambda item: (item[3], item[0]))
            yield UserHistory.model_construct(
                user=row["user"],
                version=row["version"],
                sharing_rank=row["sharing_rank"],
                attributes=tuple(sorted(row["attributes"])),
                items=tuple(
                    HistoryItem.model_construct(
                        id=id_, user=row["user"], text=self._texts[said], question=question, option=option, at=at
                    )
                    for id_, question, option, at, said in items
                ),
            )

    def _fetch_texts(self, ids: set[str]) -> None:
        missing = sorted(ids - self._texts.keys())
        if missing:
            for row in self._graph.read("statement_texts", dataset=self._dataset, ids=missing):
                self._texts[row["id"]] = row["text"]

    def vectors_of(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the stored vectors of statements; ConfigError when one has none."""
        ids = [statement_id(text) for text in texts]
        missing = sorted(set(ids) - self._vectors.keys())
        if missing:
            for row in self._graph.read("statement_vectors", dataset=self._dataset, ids=missing):
                self._vectors[row["id"]] = row["vector"]
        without = sum(id_ not in self._vectors for id_ in ids)
        if without:
            raise ConfigError(
                f"{without} free texts of dataset {self._dataset!r} have no embedding; load them again with an embedder"
            )
        return np.array([self._vectors[id_] for id_ in ids], dtype=np.float64)

    @cached_property
    def lexicon(self) -> Lexicon | None:
        """What free text is matched with, or None without an embedder."""
        return None if self._embedder is None else Lexicon(self.vectors_of, self._embedder.embed)

    def signals(self, users: Sequence[str], *, progress: Progress) -> tuple[Signals, str]:
        """Return what a Fit is made of, and when the newest item of it was said."""
        rows = self._graph.read("questions_asked", dataset=self._dataset, as_of=self._as_of)
        rows = [row for row in rows if row["options"]]
        questions = tuple(question_of(row) for row in rows)
        place = {question.id: column for column, question in enumerate(questions)}
        choice = np.full((len(users), len(questions)), -1, dtype=np.int16)
        attributes: list[tuple[str, ...]] = []
        statements: dict[tuple[str, int], str] = {}
        terms: list[NDArray[np.float64] | None] = []
        newest = ""
        for start in range(0, len(users), _USERS_AT_ONCE):
            for row, history in enumerate(self.histories(users[start : start + _USERS_AT_ONCE]), start):
                for item in history.items:
                    newest = max(newest, item.at)
                    if item.question is not None and item.option is not None and item.question in place:
                        choice[row, place[item.question]] = item.option
                        statements.setdefault((item.question, item.option), item.text)
                attributes.append(history.attributes)
                terms.append(self.lexicon.scores(history) if self.lexicon else None)
            progress("reading histories", min(start + _USERS_AT_ONCE, len(users)), len(users))
        return (
            Signals(
                AnswerTable(tuple(users), questions, choice), tuple(attributes), _question_vectors(rows), statements,
                _stacked(terms),
            ),
            newest,
        )  # fmt: skip


def _question_vectors(rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float64] | None:
    if not rows or any(row["vector"] is None for row in rows):
        return None
    return np.array([row["vector"] for row in rows], dtype=np.float64)


def _stacked(terms: Sequence[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    if all(row is None for row in terms):
        return None
    blank = np.full(len(VOCABULARY), np.nan)
    return np.array([blank if row is None else row for row in terms])


def _waiting(graph: Graph, dataset: str, fit: str) -> tuple[list[str], int]:
    """Users whose newest version is not refined in the Fit, by id, and how many are up to date."""
    rows = graph.read("user_versions", dataset=dataset, fit=fit)
    waiting = [row["user"] for row in rows if row["refined"] != row["version"]]
    return waiting, len(rows) - len(waiting)


def _refine_users(
    graph: Graph,
    dataset: str,
    fit: str,
    engine: StatisticalEngine,
    users: Sequence[str],
    reader: _Reader,
    *,
    progress: Progress,
) -> tuple[int, int]:
    """Distil, induce and key *users* and write their personas, batch by batch; return facts and keys held."""
    from persona_db.chains.stages import Distil, Induce, Key

    stages = Distil(engine=engine) | Induce(engine=engine) | Key(engine=engine)
    facts = keys = 0
    for start in range(0, len(users), _USERS_AT_ONCE):
        personas = stages.batch(list(reader.histories(users[start : start + _USERS_AT_ONCE])))
        _store_personas(graph, dataset, fit, engine, personas)
        facts += sum(len(p.distilled) + len(p.induced) for p in personas)
        keys += sum(len(p.keys) for p in personas)
        progress("refining users", min(start + _USERS_AT_ONCE, len(users)), len(users))
    return facts, keys


def _store_personas(
    graph: Graph, dataset: str, fit: str, engine: StatisticalEngine, personas: Sequence[Persona]
) -> None:
    """Write what changed of some users, and mark them as done, in one transaction."""
    present = {
        row["user"]: row
        for row in graph.read("present_persona", dataset=dataset, fit=fit, users=[p.user for p in personas])
    }
    distilled: list[_Row] = []
    induced: list[_Row] = []
    holds: list[_Row] = []
    evidence: list[_Row] = []
    done: list[_Row] = []
    old_facts: list[_Row] = []
    old_holds: list[_Row] = []
    for persona in personas:
        before = present[persona.user]
        stored = {id_.split(".", 1)[0]: id_ for id_ in before["facts"]}
        facts = (*persona.distilled, *persona.induced)
        named = {fact.id: stored.get(fact.id, f"{fact.id}.{persona.history.version}") for fact in facts}
        new = [fact for fact in facts if fact.id not in stored]
        distilled += [_fact_row(persona, fact, named) for fact in new if fact.layer == "distilled"]
        induced += [_fact_row(persona, fact, named) for fact in new if fact.layer == "induced"]
        old_facts += [{"id": id_, "at": persona.at} for digest, id_ in stored.items() if digest not in named]

        unit = dict(
            zip(
                (held.key for held in persona.keys),
                units([(held.weight, engine.keys[held.key].idf) for held in persona.keys]),
                strict=True,
            )
        )
        held_before = dict(before["keys"])
        gone = [key for key, u in held_before.items() if unit.get(key) != u]
        fresh = [held for held in persona.keys if held_before.get(held.key) != unit[held.key]]
        old_holds += [{"user": persona.user, "key": key, "at": persona.at} for key in gone]
        if fresh:
            rows = [{"key": held.key, "weight": held.weight, "unit": unit[held.key]} for held in fresh]
            holds.append({"user": persona.user, "at": persona.at, "keys": rows})
        written = {fact.id for fact in new}
        evidence += [
            {"fact": named[support.id], "key": held.key, "share": support.share}
            for held in persona.keys
            for support in held.evidence
            if support.id in written or held.key not in held_before
        ]
        done.append(
            {
                "user": persona.user,
                "id": f"{persona.user}/{persona.history.version}",
                "version": persona.history.version,
                "key_vector": key_vector([(engine.keys[key], u) for key, u in unit.items()]) or None,
                "traits": list(persona.traits),
                "at": persona.at,
            }
        )
    with graph.transaction() as tx:
        for query, rows in (
            ("retire_facts", old_facts),
            ("retire_holds", old_holds),
            ("store_facts", distilled),
            ("store_facts", induced),
            ("store_holds", holds),
            ("store_evidence", evidence),
            ("store_personas", done),
        ):
            if rows:
                tx.run(query, dataset=dataset, fit=fit, rows=rows)


def _fact_row(persona: Persona, fact: Fact, named: Mapping[str, str]) -> _Row:
    """A fact as stored: its id tells the version it came with, so that one that comes back is another node."""
    return {
        "user": persona.user,
        "id": named[fact.id],
        "layer": fact.layer,
        "text": fact.text,
        "statement": statement_id(fact.text),
        "n_support": fact.n_support,
        "strength": fact.strength,
        "key": fact.key,
        "question": fact.question,
        "option": fact.option,
        "at": fact.at,
        "items": [[support.id, support.share] for support in fact.supports if support.id not in named],
        "facts": [[named[support.id], support.share] for support in fact.supports if support.id in named],
    }


def _drop_fit(graph: Graph, dataset: str, fit: str, *, progress: Progress) -> None:
    dropped = 0
    while gone := graph.write("drop_fit_nodes", dataset=dataset, fit=fit, most=_DROPPED_AT_ONCE)[0]["n"]:
        dropped += gone
        progress("removing the old Fit", dropped, None)
    graph.write("drop_fit", dataset=dataset, fit=fit)


def _embed(graph: Graph, dataset: str, embedder: Embedder | None, progress: Progress) -> None:
    if embedder is not None:
        from persona_db.graph.embedding import embed_missing

        embed_missing(graph, dataset, embedder, progress=progress)
