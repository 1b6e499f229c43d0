"""Which engine refines and predicts: asked once, here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelLike

    from persona_db.chains.engine import Refiner
    from persona_db.chains.language.models import LanguageModel
    from persona_db.chains.language.settings import ModelSettings
    from persona_db.graph.embedding import Embedder
    from persona_db.graph.session import Graph

__all__ = ["engine_of"]


def engine_of(
    graph: Graph,
    model: str | LanguageModelLike | LanguageModel | None = None,
    *,
    model_settings: ModelSettings | None = None,
    budget_usd: float | None = None,
    token_budget: int | None = None,
    embedder: Embedder | None = None,
    dry_run: bool = False,
) -> Refiner:
    """Return the engine of a language model, its answers cached where the graph's settings say, or the statistical one.

    *budget_usd* bounds the cost of all that the engine does, *token_budget* the recalled items in a prompt; *embedder*
    finds ideologies by meaning. ConfigError names what a model lacks: package, key or extra; a *dry_run* needs no key.
    """
    if model is None:
        from persona_db.chains.statistical.engine import StatisticalEngine

        return StatisticalEngine()
    from persona_db.chains.language.call import Budget
    from persona_db.chains.language.engine import LanguageEngine
    from persona_db.chains.language.models import model_of
    from persona_db.chains.language.predict import PredictOptions

    opened = model_of(graph, model, model_settings, dry_run=dry_run)
    return LanguageEngine(opened, embedder, Budget(budget_usd=budget_usd), PredictOptions(token_budget=token_budget))
