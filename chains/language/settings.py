"""The settings of calls of a language model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from persona_db.graph.models import Model

__all__ = ["AnswerForm", "Method", "ModelSettings", "Reasoning"]

Method = Literal["json_schema", "function_calling", "json_mode", "text"]
"""How structure is asked for; `text` by the words of the prompt alone."""
Reasoning = Literal["none", "minimal", "low", "medium", "high", "xhigh"]


AnswerForm = Literal["json", "letters"]
"""What a prediction asks for: the answer with its reasons, or the letter of an option alone."""


class ModelSettings(Model):
    """The settings of calls; they are recorded with every result."""

    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int = Field(default=0, description="Where the provider takes one.")
    timeout_s: float = Field(default=60.0, gt=0, description="Seconds that one request may take.")
    attempts: int = Field(default=5, ge=1, description="Requests at most for one call, when they fail in transport.")
    requests_per_second: float | None = Field(default=None, gt=0, description="Requests at most; None for no limit.")
    concurrency: int = Field(default=8, ge=1, le=256, description="Calls at once at most.")
    max_tokens_out: int = Field(
        default=1024, ge=16, description="Tokens of one answer at most; more where an answer needs them, unless set."
    )
    context_tokens: int | None = Field(
        default=None, ge=512, description="Tokens of prompt and answer; None takes the model's profile, else 8,192."
    )
    method: Method | None = Field(
        default=None, description="How structure is asked for; None takes what suits the model and its server."
    )
    reasoning: Reasoning | None = Field(default=None, description="How much it reasons; None leaves it to the model.")
    answer: AnswerForm = Field(
        default="json",
        description="letters: predictions ask for an option's letter alone, twice, and take the log-probabilities of "
        "the letters; without explanation and evidence.",
    )
    keeps_prompt: bool = Field(
        default=False,
        description="llama: keep the last prompt, so that the next is read from where it differs: faster where prompts "
        "begin alike. The last digits of an answer may then depend on the prompt before.",
    )

    @property
    def command(self) -> list[str]:
        """The options of the command line that set the same."""
        options = {
            "--temperature": self.temperature,
            "--concurrency": self.concurrency,
            "--method": self.method,
            "--max-tokens": self.max_tokens_out if "max_tokens_out" in self.model_fields_set else None,
            "--reasoning": self.reasoning,
            "--answer": None if self.answer == "json" else self.answer,
        }
        return [word for name, value in options.items() if value is not None for word in (name, str(value))]
