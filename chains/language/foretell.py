"""Predicting by a language model, from what was recalled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from persona_db.chains.language.calls import Accounts, Call
from persona_db.chains.language.models import LanguageModel
from persona_db.graph.models import Context, Prediction

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["Foretold", "foretell", "stream_explanation"]


@dataclass(frozen=True)
class Foretold:
    """A prediction and the calls it took."""

    prediction: Prediction
    calls: tuple[Call, ...]


def foretell(
    model: LanguageModel,
    contexts: Sequence[Context],
    *,
    accounts: Accounts | None = None,
    token_budget: int | None = None,
    history: bool = True,
    config: RunnableConfig | None = None,
) -> list[Foretold]:
    """Predict from each context, in their order, many at once; `fit` of the predictions is left empty.

    *token_budget* bounds the tokens of the items in a prompt: those that tell least are left out first. Without
    *history* no item is shown: what the model knows by heart. BudgetError when the budget is reached.
    """
    raise NotImplementedError


def stream_explanation(
    model: LanguageModel, context: Context, *, config: RunnableConfig | None = None
) -> Iterator[str]:
    """Yield in pieces, as they come, the model's explanation of how the user would answer."""
    raise NotImplementedError
