"""Prediction by a language model from what is recalled, with its calls on record in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.chains.fit.snapshot import Reading
from persona_db.chains.language.call import Accounts, Call, runs_of
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.predict import Foretold, foretell_each
from persona_db.chains.results import Context
from persona_db.chains.retrieval.collaborator_items import Lenders
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.recall import RecallSettings, recall_many
from persona_db.graph.ledger import now, store_runs
from persona_db.graph.models import Model
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["Asking", "foretell_contexts", "foretell_many"]

_CONTEXTS_AT_ONCE = 200


class Asking(Model):
    """How a model is asked for predictions."""

    token_budget: int | None = Field(
        default=None, ge=1, description="Most tokens of recalled items in a prompt; None for all that it holds."
    )
    history: bool = Field(
        default=True, description="Whether it is shown what was recalled; without, it says what it knows by heart."
    )


def foretell_many(
    reading: Reading,
    asked: Sequence[tuple[str, str]],
    model: LanguageModel,
    *,
    settings: RecallSettings,
    asking: Asking | None = None,
    accounts: Accounts | None = None,
    progress: Progress = no_progress,
) -> list[Foretold]:
    """Predict many (user, question id) pairs, in their order, and put the calls on record.

    BudgetError when the budget of *accounts* is reached; what was answered by then is in the cache.
    """
    if not asked:
        return []
    pairs, knowledge = prepare(reading, asked)
    lenders = Lenders(knowledge)
    order = sorted(range(len(pairs)), key=lambda index: pairs[index][0])
    found: dict[int, Foretold] = {}
    for start in range(0, len(order), _CONTEXTS_AT_ONCE):
        chunk = order[start : start + _CONTEXTS_AT_ONCE]
        contexts = recall_many(
            knowledge, [pairs[index] for index in chunk], settings=settings, texts=True, lenders=lenders
        )
        made = foretell_contexts(reading, contexts, model, asking=asking, accounts=accounts)
        found.update(zip(chunk, made, strict=True))
        progress("predicting", start + len(chunk), len(order))
    return [found[index] for index in range(len(pairs))]


def foretell_contexts(
    reading: Reading,
    contexts: Sequence[Context],
    model: LanguageModel,
    *,
    asking: Asking | None = None,
    accounts: Accounts | None = None,
    configs: Sequence[RunnableConfig] | None = None,
) -> list[Foretold]:
    """Predict from each context, in their order, and put the calls on record.

    *configs* are those of the runs that each belongs to, so that its calls are seen as part of them.
    """
    asking, accounts = asking or Asking(), accounts or Accounts()

    made: dict[int, Foretold] = {}
    unfinished: list[Call] = []

    def ask(places: Sequence[int], config: RunnableConfig | None) -> None:
        some = foretell_each(
            model,
            [contexts[place] for place in places],
            accounts=accounts,
            token_budget=asking.token_budget,
            history=asking.history,
            config=config,
            unfinished=unfinished,
        )
        made.update((places[index], one) for index, one in some)

    try:
        if configs is None:
            ask(range(len(contexts)), None)
        else:
            from langchain_core.runnables.config import ContextThreadPoolExecutor

            with ContextThreadPoolExecutor(max_workers=model.settings.concurrency) as threads:
                list(threads.map(lambda place, config: ask([place], config), range(len(contexts)), configs))
    finally:
        calls = [*(call for one in made.values() for call in one.calls), *unfinished]
        store_runs(reading.graph, reading.dataset, runs_of(calls, fit=reading.fit, at=now()))
        model.recorded(calls)
    told = (made[place] for place in range(len(contexts)))
    return [Foretold(one.prediction.model_copy(update={"fit": reading.fit}), one.calls) for one in told]
