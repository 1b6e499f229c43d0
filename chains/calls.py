"""The records of a language model's calls, and the ledger's rows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal
from uuid import uuid4

from pydantic import Field

from persona_db.graph.ids import run_id
from persona_db.graph.ledger import Run
from persona_db.graph.models import Model

__all__ = ["CallOutcome", "CallRecord", "StageName", "runs_of"]

StageName = Literal["distil", "induce", "predict", "verify", "label"]
CallOutcome = Literal["answered", "invalid", "refused", "empty", "truncated", "outside", "failed"]


class CallRecord(Model):
    """The record of one call, answered by the model or by the cache."""

    stage: StageName
    user: str
    model: str
    prompt: str = Field(description="Name of the prompt file.")
    prompt_hash: str
    tokens_in: int = Field(ge=0, description="As the provider counted them; estimated where it does not say.")
    tokens_out: int = Field(ge=0)
    cost_usd: float | None = Field(description="None where no price is known; 0 when cached and on record.")
    seconds: float
    cached: bool = Field(description="Answered from the cache: nothing was sent and nothing paid.")
    unrecorded: bool = Field(
        default=False, description="Cached, but paid for by a run that was killed before it could put it on record."
    )
    answer: bytes | None = Field(default=None, exclude=True, description="Key of the answer in the cache.")
    repair: bool = Field(default=False, description="Repeated because the answer before it could not be used.")
    attempts: int = Field(default=1, description="Requests sent for it; more than 1 after faults of the transport.")
    outcome: CallOutcome

    @property
    def paid(self) -> bool:
        """Whether the ledger counts the call as made: it was sent, or a killed run sent it and left no record."""
        return not self.cached or self.unrecorded


def runs_of(
    calls: Sequence[CallRecord],
    *,
    fit: str,
    at: str,
    unit: str | None = None,
    quarantined: Mapping[StageName, int] = MappingProxyType({}),
) -> list[Run]:
    """Sum *calls* by user, stage, model and prompt, in their order.

    *quarantined* counts unusable answers by stage. A call that a killed run paid for and could not put on record counts
    as made here; it is found in the cache as well. With *unit* (a unit of work whose calls these all are) the ids are
    the same whenever the unit is done again; without, they are random.
    """
    grouped: dict[tuple[str, str, str, str], list[CallRecord]] = {}
    for call in calls:
        prompt = f"{call.prompt} {call.prompt_hash}"
        grouped.setdefault((call.user, call.stage, call.model, prompt), []).append(call)
    return [
        Run(
            id=run_id(unit, stage, model, prompt) if unit else uuid4().hex,
            fit=fit,
            user=user,
            stage=stage,
            model=model,
            prompt=prompt,
            calls=sum(call.paid for call in some),
            cached=sum(call.cached for call in some),
            repairs=sum(call.repair and call.paid for call in some),
            quarantined=quarantined.get(some[0].stage, 0),
            tokens_in=sum(call.tokens_in for call in some if call.paid),
            tokens_out=sum(call.tokens_out for call in some if call.paid),
            cost_usd=_cost(some),
            seconds=sum(call.seconds for call in some),
            outcome=some[-1].outcome,
            at=at,
        )
        for (user, stage, model, prompt), some in grouped.items()
    ]


def _cost(calls: Sequence[CallRecord]) -> float | None:
    costs = [call.cost_usd if call.paid else 0.0 for call in calls]
    return None if any(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None)
