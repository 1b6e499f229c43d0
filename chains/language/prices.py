"""What tokens cost: a small table that a file can override."""

from __future__ import annotations

from pydantic import Field

from persona_db.graph.models import Model

__all__ = ["Price"]


class Price(Model):
    """US dollars per million tokens."""

    tokens_in: float = Field(ge=0)
    tokens_out: float = Field(ge=0)

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars for so many tokens."""
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1_000_000
