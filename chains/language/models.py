"""The chat model that an engine asks, whoever provides it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from persona_db.chains.language.prices import Price
from persona_db.graph.models import Model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["LanguageModel", "ModelSettings", "open_model"]


class ModelSettings(Model):
    """How a model is asked; recorded with everything that comes of it."""

    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int = Field(default=0, description="Where the provider takes one.")
    timeout_s: float = Field(default=60.0, gt=0, description="Seconds that one request may take.")
    attempts: int = Field(default=5, ge=1, description="Requests at most for one call, when they fail in transport.")
    requests_per_second: float | None = Field(default=None, gt=0, description="Requests at most; None for no limit.")
    concurrency: int = Field(default=8, ge=1, le=256, description="Calls at once at most.")
    max_tokens_out: int = Field(default=1024, ge=16, description="Tokens of one answer at most.")
    context_tokens: int | None = Field(
        default=None, ge=512, description="Tokens of prompt and answer; None takes the model's profile, else 8,192."
    )
    method: Literal["json_schema", "function_calling", "json_mode"] | None = Field(
        default=None, description="How structure is asked for; None takes what suits the model."
    )


@dataclass(frozen=True)
class LanguageModel:
    """A chat model with its name, settings and price."""

    name: str
    chat: BaseChatModel = field(repr=False)
    settings: ModelSettings
    price: Price | None = None
    """US dollars per million tokens; None where unknown."""

    def count_tokens(self, text: str) -> int:
        """Return how many tokens *text* is, by the model's own tokenizer where it has one at hand."""
        raise NotImplementedError


def open_model(
    model: str | BaseChatModel, *, settings: ModelSettings | None = None, cache: Path | None = None
) -> LanguageModel:
    """Return the model named (`openai:gpt-4.1-mini`, `llama`, `llama:/path.gguf`) or given.

    *cache* is the file that keeps its answers; without one every call is made. ConfigError names the package, extra
    or key that is missing.
    """
    raise NotImplementedError
