"""What a refinement did, and why users wait after it."""

from __future__ import annotations

import shlex
from typing import Any

from pydantic import Field

from persona_db.graph.errors import BudgetError, PersonaDBError
from persona_db.graph.models import Model

__all__ = ["RefineReport", "command", "why_waiting"]


class RefineReport(Model):
    """What a refinement did; of a dry run, what it would do."""

    dataset: str
    dry_run: bool = Field(default=False, description="Nothing was called or written; calls and tokens are estimates.")
    fit: str
    engine: str = "statistical"
    refitted: bool = Field(description="False when users were folded into the Fit that was there.")
    users: int = Field(description="Users refined in this run.")
    unchanged: int = Field(description="Users who were up to date.")
    facts: int
    keys_held: int
    left_out: dict[str, int] = Field(
        default_factory=dict,
        description="Users of this run whom the Fit does not learn or lend from, by reason: copy, noise, surprise.",
    )
    through: str
    seconds: float
    settings: dict[str, Any]
    model_settings: dict[str, Any] | None = Field(default=None, description="How a language model was asked.")
    waiting: int = Field(
        default=0, description="Users still to be refined, whom `stopped` tells of, or beyond the limit."
    )
    incomplete: int = Field(
        default=0, description="Users of whom a model's answer could not be used in part; the next run asks again."
    )
    stopped: str | None = Field(default=None, description="Why users wait whom this run was to refine, and what to do.")
    current: bool = Field(default=True, description="Whether readers use the Fit.")
    calls: int = Field(default=0, description="Calls of a language model that were made.")
    cached: int = Field(default=0, description="Calls that the cache answered, for nothing.")
    repairs: int = Field(default=0, description="How many of the calls asked again for what could not be used.")
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = Field(default=0.0, description="None when the model's price is not known.")
    quarantined: int = Field(default=0, description="Answers, or parts of them, that could not be used.")
    quarantined_share: float | None = Field(
        default=None, description="Of what a model was asked, a user's stage each, the share with one of these."
    )


def command(dataset: str, *, model: str | None, refit: bool, as_of: str | None, temperature: float | None) -> str:
    """Return the command line of a refinement, in backquotes."""
    words = ["persona-db", "refine", "--dataset", dataset]
    words += ["--model", model] if model is not None else []
    words += ["--refit"] if refit else []
    words += ["--as-of", as_of] if as_of else []
    words += ["--temperature", str(temperature)] if temperature else []
    return f"`{shlex.join(words)}`"


def why_waiting(users: int, error: PersonaDBError | None, again: str | None) -> str:
    """Say why so many users wait, and that *again* (a command line; None: a call in Python) goes on."""
    resume = again or "the same call"
    if isinstance(error, BudgetError):
        why = f"the budget of ${error.budget_usd:g} is used up (${error.spent_usd:.4f} spent)"
        resume += " with another --budget-usd" if again else " with another budget"
    elif error is not None:
        why = f"the model was not there for them ({error})"
    else:
        why = "they said something new meanwhile"
    return f"{users} users wait: {why}; {resume} goes on"
