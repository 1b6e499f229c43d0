"""The ledger: usage of language models by user and stage, and their unusable answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from persona_db.graph.ids import quarantine_id
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["BadAnswer", "Run", "Spent", "bad_answer_rows", "now", "spent", "store_runs"]


class Run(Model):
    """The calls of one stage on one user: a node of the graph."""

    id: str
    fit: str = Field(default="", description="The Fit it was for.")
    user: str
    stage: str
    model: str
    prompt: str = Field(description="Name of the prompt and hash of its file.")
    calls: int
    cached: int = Field(default=0, description="How many of them the cache answered: no tokens and no money.")
    repairs: int = Field(default=0, description="Calls that asked for a repair.")
    quarantined: int = Field(default=0, description="Answers, or parts of them, that could not be used all the same.")
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = Field(default=0.0, description="None when the model's price is not known.")
    seconds: float = 0.0
    outcome: str
    at: str


class Spent(Model):
    """The sum of runs of one stage with one model."""

    stage: str
    model: str
    runs: int
    calls: int
    cached: int
    repairs: int
    quarantined: int = Field(description="Runs of whose answers a part, or all, could not be used.")
    tokens_in: int
    tokens_out: int
    cost_usd: float
    unpriced: int = Field(description="Runs of models whose price is not known: not in `cost_usd`.")
    seconds: float


class BadAnswer(Model):
    """An answer of a model about a user that was unusable after the repairs allowed."""

    user: str
    stage: str
    reason: str
    raw: str


def now() -> str:
    """Return the present time as runs store it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def spent(graph: Graph, dataset: str) -> list[Spent]:
    """Return the usage of a dataset's runs, by stage and model."""
    return [Spent.model_validate(row) for row in graph.read("ledger", dataset=dataset)]


def store_runs(graph: Graph, dataset: str, runs: Sequence[Run]) -> None:
    """Store runs, each once."""
    if runs:
        rows = [run.model_dump() for run in runs]
        graph.write_batches("store_runs", rows, what="ledger", dataset=dataset)


def bad_answer_rows(fit: str, found: Sequence[BadAnswer]) -> list[dict[str, Any]]:
    """Return bad answers as rows of `store_bad_answers`; equal ones of a Fit have the same id."""
    return [
        {
            "id": quarantine_id(fit, one.user, one.stage, one.reason, one.raw),
            "user": one.user,
            "source": one.stage,
            "reason": one.reason,
            "raw": one.raw,
        }
        for one in found
    ]
