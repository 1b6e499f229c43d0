"""Refining a dataset: history to distilled to induced facts to cache keys, as one Fit.

Work is done in batches of users, each marked as done in the transaction that holds its result: a run that was
killed goes on where it stopped, and one that is finished does nothing when run again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING

from persona_db.chains.fit.learn import fingerprint, learn
from persona_db.chains.fit.lifecycle import drop_obsolete, embed, finish_fit, require_people
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.fit.snapshot import until
from persona_db.chains.fit.store import store_learned
from persona_db.chains.fit.trust import Excluded, counted, judge_one
from persona_db.chains.fit.unseen import common_words, named_in, own_words
from persona_db.chains.persona import Persona
from persona_db.chains.refinement.history_reader import HistoryReader
from persona_db.chains.refinement.join_gain import measure_join_gain
from persona_db.chains.refinement.persona_diff import Changes
from persona_db.chains.refinement.report import RefineReport
from persona_db.chains.statistical.engine import StatisticalEngine, load_engine
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import ConfigError
from persona_db.graph.models import Question
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from persona_db.chains.language.models import LanguageModel
    from persona_db.chains.language.settings import ModelSettings
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["refine"]

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
    model: str | BaseChatModel | LanguageModel | None = None,
    model_settings: ModelSettings | None = None,
    budget_usd: float | None = None,
    limit: int | None = None,
    dry_run: bool = False,
) -> RefineReport:
    """Bring the personas of a dataset up to date.

    Without a Fit, with *refit*, or when someone left it, all is learned anew and the new Fit becomes current in one
    transaction; otherwise those with something new are folded into the current Fit and nobody else is touched.
    *as_of* makes a Fit of the items up to that date, kept beside the current one. *embedder* is needed for free
    text and embeds the induced statements.

    With *model* a language model distils, induces and keys; a Fit of another engine is refitted. *budget_usd* and
    *limit* (users) bound it: what is done is kept, and the same call goes on from there. *dry_run* reports what it
    would take, as far as that can be known, and neither calls a model nor writes anything.

    >>> report = refine(graph, "town")
    >>> report.users, report.facts
    (40, 486)
    >>> refine(graph, "town").users  # all personas are up to date
    0
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # many small solves: threads that wait for each other cost more than they bring
        if model is not None:
            from persona_db.chains.language.call import Budget
            from persona_db.chains.refinement.model_fit import ModelFit

            made = ModelFit(
                graph, dataset, refit=refit, as_of=as_of, seed=seed, settings=settings, embedder=embedder,
                progress=progress, model=model, model_settings=model_settings,
            )  # fmt: skip
            budget = Budget(budget_usd=budget_usd)
            return made.plan(limit=limit) if dry_run else made.refine(limit=limit, budget=budget)
        if budget_usd is not None or limit is not None or dry_run or model_settings is not None:
            raise ConfigError("a budget, a limit and a dry run are for a language model: name one with --model")
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
    reader = HistoryReader(graph, dataset, as_of=until(as_of), embedder=embedder)
    drop_obsolete(graph, dataset, progress=progress)
    current = graph.read("fit_for", dataset=dataset, as_of=None)
    if current and current[0]["engine"] != "statistical" and not refit:
        raise ConfigError(
            f"dataset {dataset!r} is refined by {current[0]['engine']}; go on with --model {current[0]['engine']}, or "
            "give --refit to refine it anew without a language model"
        )
    if current and not (refit or as_of or info.refit_needed):
        fit, through = current[0]["fit"], current[0]["through"]
        chosen = EngineSettings.stored(current[0]["settings"])
        waiting, unchanged = _waiting(graph, dataset, fit)
        facts = keys = 0
        odd: list[Excluded] = []
        if waiting:
            engine = load_engine(graph, dataset, fit, chosen, lexicon=reader.lexicon)
            facts, keys = _refine_users(graph, dataset, fit, engine, waiting, reader, odd=odd, progress=progress)
        embed(graph, dataset, embedder, progress)
        return RefineReport(
            dataset=dataset, fit=fit, refitted=False, users=len(waiting), unchanged=unchanged, facts=facts,
            keys_held=keys, left_out=counted(odd), through=through, seconds=perf_counter() - started,
            settings=chosen.model_dump(),
        )  # fmt: skip

    everybody = require_people(graph, dataset)
    sharing = [row["user"] for row in everybody if row["sharing_rank"] > 0]
    signals, newest = reader.signals(sharing, embedder=embedder, progress=progress)
    through = until(as_of) if as_of else newest
    asked = settings or EngineSettings()
    fit = fingerprint(signals, asked, seed=seed, through=through)
    status = graph.write(
        "begin_fit", dataset=dataset, fit=fit, through=through, seed=seed, settings=asked.model_dump_json(),
        engine="statistical", model=None, kept=as_of is not None,
    )[0]["status"]  # fmt: skip
    progress("learning from everybody", 0, None)
    learned = learn(signals, asked, seed=seed)
    engine = StatisticalEngine.of(learned, lexicon=reader.lexicon)
    if status != "ready":
        store_learned(graph, dataset, fit, learned)
        _store_named(graph, dataset, fit, signals.table.questions)
    waiting, unchanged = _waiting(graph, dataset, fit)
    facts, keys = _refine_users(graph, dataset, fit, engine, waiting, reader, progress=progress)
    chosen = learned.population.settings
    ranks = {row["user"]: row["sharing_rank"] for row in everybody}
    lifts = measure_join_gain(graph, learned.signals, chosen, ranks=ranks, seed=seed, progress=progress)
    chosen = chosen.model_copy(update={"lifts": lifts})
    finish_fit(graph, dataset, fit, chosen, current=as_of is None, waiting=0)
    drop_obsolete(graph, dataset, progress=progress)
    embed(graph, dataset, embedder, progress)
    log.info("refined %s: fit %s, %s users", dataset, fit, len(waiting))
    return RefineReport(
        dataset=dataset, fit=fit, refitted=True, users=len(waiting), unchanged=unchanged, facts=facts,
        keys_held=keys, left_out=counted(learned.left_out), through=through, seconds=perf_counter() - started,
        settings=chosen.model_dump(),
    )  # fmt: skip


def _store_named(graph: Graph, dataset: str, fit: str, questions: Sequence[Question]) -> None:
    """Write which people the questions' texts name."""
    own = own_words({row["user"]: row["name"] for row in graph.read("names_of_people", dataset=dataset)})
    common = common_words(question.text for question in questions)
    rows = [
        {"question": question.id, "user": user}
        for question in questions
        for user in named_in(question.text, own, common=common)
    ]
    graph.write_batches("store_named", rows, what="people named", dataset=dataset, fit=fit)


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
    reader: HistoryReader,
    *,
    odd: list[Excluded] | None = None,
    progress: Progress,
) -> tuple[int, int]:
    """Distil, induce and key *users* and write their personas, batch by batch; return facts and keys held.

    Those folded into a Fit that is there are judged by it, and added to *odd* where nothing is to be lent from them.
    """
    from persona_db.chains.runnables.stages import Distil, Induce, Key

    stages = Distil(engine=engine) | Induce(engine=engine) | Key(engine=engine)
    facts = keys = 0
    with ThreadPoolExecutor(max_workers=1) as writer:
        writing: Future[None] | None = None  # the server works on one batch while the next one is made
        for start in range(0, len(users), _USERS_AT_ONCE):
            personas = stages.batch(list(reader.histories(users[start : start + _USERS_AT_ONCE])))
            left_out = {} if odd is None else _left_out(engine, personas)
            if writing is not None:
                writing.result()
                progress("refining users", start, len(users))
            writing = writer.submit(_store_personas, graph, dataset, fit, engine, personas, left_out)
            if odd is not None:
                odd += left_out.values()
            facts += sum(len(p.distilled) + len(p.induced) for p in personas)
            keys += sum(len(p.keys) for p in personas)
        if writing is not None:
            writing.result()
            progress("refining users", len(users), len(users))
    return facts, keys


def _left_out(engine: StatisticalEngine, personas: Sequence[Persona]) -> dict[str, Excluded]:
    """Those who share something and whom the Fit's own measure leaves out; copies are found by a refit."""
    found = {}
    for persona in personas:
        if persona.history.sharing_rank > 0:
            one = judge_one(engine.population, persona.user, engine.choice(persona.history))
            if one is not None:
                found[persona.user] = one
    return found


def _store_personas(
    graph: Graph,
    dataset: str,
    fit: str,
    engine: StatisticalEngine,
    personas: Sequence[Persona],
    left_out: Mapping[str, Excluded],
) -> None:
    """Write what changed of some users, and mark them as done, in one transaction.

    The users are locked in it: of two refinements at once the second sees what the first one wrote.
    """
    with graph.transaction() as tx:
        users = sorted(persona.user for persona in personas)
        present = {row["user"]: row for row in tx.run("present_persona", dataset=dataset, fit=fit, users=users)}
        changes = Changes()
        odd = []
        for persona in personas:
            before = present.get(persona.user)
            if before is not None and before["refined"] < persona.history.version:
                changes.add(persona, before, engine.keys)
                if persona.user in left_out:
                    odd.append({**left_out[persona.user].row, "at": persona.at})
        if odd:
            tx.run("store_distrusted", dataset=dataset, fit=fit, rows=odd)
        for query, rows in changes.rows.items():
            if rows:
                tx.run(query, dataset=dataset, fit=fit, rows=rows)
