"""Prediction by a language model from what is recalled, with its calls on record in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from persona_db.chains.fit.snapshot import Snapshot
from persona_db.chains.language.call import Budget, CallRecord, runs_of
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.predict import ModelPrediction, predict_as_completed
from persona_db.chains.results import Context
from persona_db.chains.retrieval.collaborator_items import CollaboratorItems
from persona_db.chains.retrieval.questions import prepare
from persona_db.chains.retrieval.recall import RecallSettings, recall_many
from persona_db.graph.ledger import now, store_runs
from persona_db.graph.models import Model
from persona_db.graph.progress import Progress, no_progress

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["PredictOptions", "predict_many", "predict_on_record"]

_CONTEXTS_AT_ONCE = 200


class PredictOptions(Model):
    """How a model is asked for predictions."""

    token_budget: int | None = Field(
        default=None, ge=1, description="Most tokens of recalled items in a prompt; None for all that it holds."
    )
    history: bool = Field(
        default=True, description="Whether it is shown what was recalled; without, it says what it knows by heart."
    )


def predict_many(
    snapshot: Snapshot,
    asked: Sequence[tuple[str, str]],
    model: LanguageModel,
    *,
    settings: RecallSettings,
    predict_options: PredictOptions | None = None,
    budget: Budget | None = None,
    progress: Progress = no_progress,
) -> list[ModelPrediction]:
    """Predict many (user, question id) pairs, in their order, and put the calls on record.

    BudgetError when the budget of *budget* is reached; what was answered by then is in the cache.
    """
    if not asked:
        return []
    pairs, correlations = prepare(snapshot, asked)
    collaborator_items = CollaboratorItems(correlations)
    order = sorted(range(len(pairs)), key=lambda index: pairs[index][0])
    found: dict[int, ModelPrediction] = {}
    for start in range(0, len(order), _CONTEXTS_AT_ONCE):
        chunk = order[start : start + _CONTEXTS_AT_ONCE]
        contexts = recall_many(
            correlations,
            [pairs[index] for index in chunk],
            settings=settings,
            texts=True,
            collaborator_items=collaborator_items,
        )
        made = predict_on_record(snapshot, contexts, model, predict_options=predict_options, budget=budget)
        found.update(zip(chunk, made, strict=True))
        progress("predicting", start + len(chunk), len(order))
    return [found[index] for index in range(len(pairs))]


def predict_on_record(
    snapshot: Snapshot,
    contexts: Sequence[Context],
    model: LanguageModel,
    *,
    predict_options: PredictOptions | None = None,
    budget: Budget | None = None,
    configs: Sequence[RunnableConfig] | None = None,
) -> list[ModelPrediction]:
    """Predict from each context, in their order, and put the calls on record.

    *configs* are those of the runs that each belongs to, so that its calls are seen as part of them.
    """
    predict_options, budget = predict_options or PredictOptions(), budget or Budget()

    made: dict[int, ModelPrediction] = {}
    unfinished: list[CallRecord] = []

    def ask(places: Sequence[int], config: RunnableConfig | None) -> None:
        some = predict_as_completed(
            model,
            [contexts[place] for place in places],
            budget=budget,
            token_budget=predict_options.token_budget,
            history=predict_options.history,
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
        store_runs(snapshot.graph, snapshot.dataset, runs_of(calls, fit=snapshot.fit, at=now()))
        model.recorded(calls)
    told = (made[place] for place in range(len(contexts)))
    return [ModelPrediction(one.prediction.model_copy(update={"fit": snapshot.fit}), one.calls) for one in told]
