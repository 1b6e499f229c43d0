"""How the slots of recall are filled."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from persona_db.chains.retrieval.join import TOP_K
from persona_db.chains.retrieval.rows import Layer
from persona_db.graph.models import Model

__all__ = ["RecallSettings"]


class RecallSettings(Model):
    """How the slots are filled."""

    size: int = Field(default=40, ge=0, le=100_000, description="Slots in all (retrieval size r).")
    ratio: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of them for borrowed items (composition ratio x); None: the ratio by which the JOIN helped "
        "users with as many known answers when the Fit was made, 0.4 where that was not measured.",
    )
    top_k: int = Field(default=TOP_K, ge=0, description="Collaborators that may be borrowed from.")
    summaries: float = Field(default=0.8, ge=0, le=1, description="Share of the borrowed slots for key summaries.")
    one_share: float = Field(
        default=0.2, gt=0, le=1, description="Most of the borrowed slots that one collaborator fills, one at least."
    )
    layers: frozenset[Layer] = Field(
        default=frozenset({"history", "distilled", "induced", "cache"}), description="Layers of own items used."
    )
    order: Literal["relevance", "newest"] = Field(
        default="relevance", description="Which own items come first; by date those without relevance are used too."
    )

    @property
    def borrows(self) -> bool:
        """Whether collaborators are joined; the ratio of the Fit can still be 0."""
        return self.ratio != 0 and self.size > 0 and self.top_k > 0
